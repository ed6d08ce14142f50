"""Looks through long texts in a process of its own: Python's lock is held while one is looked through, and nobody waits for it.

Short texts are looked through where they are, as sending them would take longer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from foureyes.errors import PrivacyError
from foureyes.own_process import OwnProcess, ProcessGone, WorkFailed
from foureyes.privacy.findings import Finding
from foureyes.privacy.patterns import PatternDetector

__all__ = ["ProcessDetector"]

_SHORT: Final = 8_192
_GRACE_S: Final = 5.0
"""How much longer than it may take a text is waited for before its process is ended."""


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
        self._here = make()
        self._process = OwnProcess(partial(_finder, make), name="foureyes-privacy")

    def find(self, text: str) -> list[Finding]:
        """Every piece of personal data in the text.

        Raises:
            PrivacyError: it took too long, or the process ended.
        """
        if len(text) <= _SHORT:
            return self._here.find(text)
        try:
            found = self._process.ask(text, self._here.most_seconds(text) + _GRACE_S)
        except ProcessGone as gone:
            raise PrivacyError(f"looking for personal data in a long text {gone}") from None
        except WorkFailed as failed:
            raise PrivacyError(f"looking for personal data failed: {failed}") from None
        if isinstance(found, str):
            raise PrivacyError(found)
        return [Finding(*finding) for finding in found]

    def close(self) -> None:
        """Ends the process; a text that is looked through then fails."""
        self._process.close()


def _finder(make: Callable[[], PatternDetector]) -> Callable[[str], list[tuple[int, int, str, float]] | str]:
    return partial(_found, make())


def _found(detector: PatternDetector, text: str) -> list[tuple[int, int, str, float]] | str:
    """What is found, or why nothing could be."""
    try:
        return [(f.start, f.end, f.kind, f.score) for f in detector.find(text)]
    except PrivacyError as error:
        return str(error)
