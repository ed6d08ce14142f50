"""The witness beside a log: a small file that holds the newest checkpoint, apart from the database.

A database that lost its last commits is as good as new: what is left is in order, and signed. A write-ahead log that was
damaged, or not copied with its database, leaves just that. So every commit is noted here as well, and whoever opens or verifies
the log compares. It catches accidents; whoever can put the database back can put this file back too, and only a
:class:`~foureyes.ledger.witness.Witness` out of that person's reach helps against it.

The file is written in place and not forced to the disk: that would cost as much as the commit. It is as new as the log unless
the machine itself went down, and then a few seconds older, never newer. The note is followed by a zero byte and padded to
whole blocks, so that of two processes that write at once none cuts off what the other wrote.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from foureyes.errors import LedgerError

__all__ = ["WitnessFile"]

_LARGEST: Final = 1 << 16
_BLOCK: Final = 512
_LOOKS: Final = 100


class WitnessFile:
    """The file that holds a log's newest checkpoint.

    Args:
        path: of the file; it appears with the first note.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> str | None:
        """The newest checkpoint, a signed note; ``None`` where there is no such file.

        Raises:
            LedgerError: the file cannot be read.
        """
        try:
            seen = self._look()
            for _ in range(_LOOKS):  # somebody may be writing: what was read twice is whole
                before, seen = seen, self._look()
                if seen == before:
                    return seen.partition(b"\0")[0].decode()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise LedgerError(f"cannot read the witness {self._path}: {error}") from error
        raise LedgerError(f"cannot read the witness {self._path}: it changes all the time")

    def write(self, note: str) -> None:
        """Notes a checkpoint in place of the one before.

        Raises:
            LedgerError: the file cannot be written.
        """
        raw = note.encode()
        padded = raw + bytes(_BLOCK - len(raw) % _BLOCK)
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o644)
            try:
                os.write(handle, padded)
            finally:
                os.close(handle)
        except OSError as error:
            raise LedgerError(
                f"the entries are in the log, but the witness {self._path} cannot be written, and nobody may rely on "
                f"them: {error.strerror or error}"
            ) from error

    def _look(self) -> bytes:
        with self._path.open("rb") as file:
            return file.read(_LARGEST)
