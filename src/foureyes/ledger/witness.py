"""Remembers the newest checkpoint of a log in a place that whoever can change the log cannot reach.

Inside its own database, a log that was put back to an earlier state is as good as new: every signature in it is right.
Only somebody who remembers a later checkpoint can tell. A :class:`Witness` is that memory: one file.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from foureyes.errors import LedgerError
from foureyes.ledger.audit import follows
from foureyes.ledger.checkpoint import Checkpoint
from foureyes.ledger.log import Log

__all__ = ["Witness"]


class Witness:
    """The memory of one log's newest checkpoint. Any thread may use it.

    Args:
        path: of the file that keeps it; it appears when the log is seen for the first time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._looking = threading.Lock()

    def last(self) -> str | None:
        """The checkpoint seen last, a signed note; ``None`` before the first.

        Raises:
            LedgerError: the file cannot be read.
        """
        try:
            return self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise LedgerError(f"cannot read the checkpoint seen last from {self._path}: {error}") from error

    def see(self, log: Log) -> Checkpoint:
        """Looks at a log's newest checkpoint, and remembers it if the log has only grown since the last look.

        Raises:
            LedgerTampered: the log was rolled back, forked or rewritten; what was seen before stays remembered.
            LedgerError: the log or the memory cannot be read or written.
        """
        with self._looking:
            note, seen = log.head(), self.last()
            new = Checkpoint.opened(note, log.keys)
            if seen is not None:
                old = Checkpoint.opened(seen, log.keys)
                hashes = log.prove_consistency(old.size, new.size).hashes if old.size <= new.size else ()
                follows(old, new, [bytes.fromhex(digest) for digest in hashes])
            if note != seen:
                self._remember(note)
        return new

    def _remember(self, note: str) -> None:
        """Replaces the file in one step; afterwards it survives a power cut."""
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            with draft.open("w", encoding="utf-8") as file:
                file.write(note)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path)
            _sync(self._path.absolute().parent)
        except OSError as error:
            raise LedgerError(f"cannot remember a checkpoint in {self._path}: {error.strerror or error}") from error


def _sync(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
