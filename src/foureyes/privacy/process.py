"""Looks through long texts in a process of its own: Python's lock is held while one is looked through, and nobody waits for it.

A text that takes long also keeps no processor from whoever else asks, as the process gives way to every other; and it can be
ended, whatever it is doing. Short texts are looked through where they are, as sending them would take longer.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Final

from foureyes.errors import PrivacyError
from foureyes.privacy.findings import Finding
from foureyes.privacy.patterns import PatternDetector

__all__ = ["ProcessDetector"]

_SHORT: Final = 8_192
_GRACE_S: Final = 5.0
"""How much longer than it may take a text is waited for before its process is ended."""

_START_S: Final = 60.0
_WAY: Final = 5  # of 19 that a process can give way


class ProcessDetector:
    """Finds what another detector finds, in long texts with a process of its own.

    One text at a time is looked through there. The process is started with the first of them, and again should it die.

    Args:
        make: makes the detector; called here and in the process, so it must be one that can be pickled.

    Example:
        >>> detector = ProcessDetector(PatternDetector)
        >>> [finding.kind for finding in detector.find("Write to ana@example.org.")]
        ['EMAIL_ADDRESS']
    """

    def __init__(self, make: Callable[[], PatternDetector]) -> None:
        self._make = make
        self._here = make()
        self._turn = threading.Lock()
        self._child: _Child | None = None

    def find(self, text: str) -> list[Finding]:
        """Every piece of personal data in the text.

        Raises:
            PrivacyError: it took too long, or the process ended.
        """
        if len(text) <= _SHORT:
            return self._here.find(text)
        with self._turn:
            if self._child is None:
                self._child = _Child(self._make)
            try:
                return self._child.find(text, self._here.most_seconds(text) + _GRACE_S)
            except PrivacyError:
                raise
            except BaseException as error:  # whatever it is, an answer that comes later must answer no other text
                self.close()
                if isinstance(error, _Gone):
                    raise PrivacyError(f"looking for personal data in a long text {error}") from None
                raise

    def close(self) -> None:
        """Ends the process; a text that is looked through then fails."""
        child, self._child = self._child, None
        if child is not None:
            child.end()


class _Gone(Exception):
    """The process is of no use any more."""


class _Child:
    """The process, and the way to it."""

    def __init__(self, make: Callable[[], PatternDetector]) -> None:
        context = get_context("spawn")  # a fork of a process with threads may never wake
        self._pipe, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(
            target=_look_for_ever, args=(make, theirs), name="foureyes-privacy", daemon=True
        )
        self._process.start()
        theirs.close()
        self._is_ready = False

    def find(self, text: str, seconds: float) -> list[Finding]:
        try:
            if not self._is_ready:
                self._answer(_START_S)
                self._is_ready = True
            self._pipe.send(text)
            found = self._answer(seconds)
        except (EOFError, OSError):
            raise _Gone("failed: its process ended") from None
        if isinstance(found, str):
            raise PrivacyError(found)
        return [Finding(*finding) for finding in found]

    def _answer(self, seconds: float) -> list[tuple[int, int, str, float]] | str:
        if not self._pipe.poll(seconds):
            raise _Gone(f"took over {seconds:.3g} s: it was not read to its end")
        answer: list[tuple[int, int, str, float]] | str = self._pipe.recv()
        return answer

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()


def _look_for_ever(make: Callable[[], PatternDetector], pipe: Connection) -> None:
    """The process: findings for texts, until nobody is there any more."""
    with suppress(OSError):
        os.nice(_WAY)
    with suppress(EOFError, OSError, KeyboardInterrupt):
        detector = make()
        pipe.send([])
        while True:
            pipe.send(_found(detector, pipe.recv()))


def _found(detector: PatternDetector, text: str) -> list[tuple[int, int, str, float]] | str:
    """What is found, or why nothing could be."""
    try:
        return [(f.start, f.end, f.kind, f.score) for f in detector.find(text)]
    except PrivacyError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - a bug blocks the text; its message may quote it
        return f"looking for personal data failed: {type(error).__name__}"
