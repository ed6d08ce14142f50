"""Results that survive a kill: one checked record per finished window, on disk before the next window begins.

A record is one line, ``CRC-32 in hex, space, JSON``. The first is the *manifest*: what was read, by whom, how. Then
come the windows' results in order, and when all rows are written one last record says so. A kill can only tear the
last record; whatever follows the longest run of whole records is cut off and done again. Start at :class:`Journal`.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from foureyes.batch.disk import reading, write_all, writing
from foureyes.batch.json_text import dump
from foureyes.batch.window import Result

__all__ = ["Journal", "difference"]

_END: Final = {"end": True}


class Journal:
    """Finished windows of one run.

    Attributes:
        path: of the file.
        manifest: what the run that began it was about; ``None`` when nothing was begun.
        rows: finished rows in it.
        ended: whether every row is finished and written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest: dict[str, Any] | None = None
        self.rows = 0
        self.ended = False
        self._finished_windows = 0
        self._first_window = 0
        with writing(path):
            self._file = path.open("ab", buffering=0)  # so that closing after a failed write does not try again
            self._file.truncate(self._take_stock())

    def begin(self, manifest: Mapping[str, Any]) -> None:
        """Writes the manifest, unless an earlier run did."""
        if self.manifest is None:
            self.manifest = dict(manifest)
            self._append(self.manifest)

    def finished(self) -> Iterator[list[Result]]:
        """The windows that earlier runs finished, in order; lazily, each read once more from disk."""
        with reading(self.path), self.path.open("rb") as file:
            file.seek(self._first_window)
            for _ in range(self._finished_windows):
                yield _record(file.readline())

    def append(self, results: Sequence[Result]) -> None:
        """Keeps a window's results; when this returns they survive a power cut."""
        self._append(list(results), rows=len(results))

    def end(self) -> None:
        """Says that all rows are finished, and written where they belong but for the last rename."""
        if not self.ended:
            self._append(_END)
            self.ended = True

    def close(self) -> None:
        """Lets go of the file."""
        self._file.close()

    def _append(self, record: object, *, rows: int = 0) -> None:
        payload = dump(record).encode()
        with writing(self.path):
            write_all(self._file, b"%08x %s\n" % (zlib.crc32(payload), payload))
            self.rows += rows  # they survive a kill from here on; the rest is for power cuts, and takes a while
            os.fsync(self._file.fileno())

    def _take_stock(self) -> int:
        """Reads the longest run of whole records and returns where it ends."""
        end = 0
        with self.path.open("rb") as file:
            while (record := _record(file.readline())) is not None:
                end = file.tell()
                self._note(record, end)
        return end

    def _note(self, record: Any, end: int) -> None:
        if isinstance(record, list):
            self.rows += len(record)
            self._finished_windows += 1
        elif record == _END:
            self.ended = True
        else:
            self.manifest, self._first_window = record, end


def difference(then: Mapping[str, Any], now: Mapping[str, Any], path: str = "") -> str | None:
    """What the first thing is that two manifests disagree on, in words; ``None`` when there is none.

    Example:
        >>> difference({"input": {"size": 3}, "verifiers": []}, {"input": {"size": 4}, "verifiers": []})
        'input.size was 3 and is 4'
    """
    for name in dict.fromkeys([*then, *now]):
        before, after = then.get(name), now.get(name)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            deeper = difference(before, after, f"{path}{name}.")
            if deeper:
                return deeper
        elif before != after:
            return f"{path}{name} was {dump(before)} and is {dump(after)}"
    return None


def _record(line: bytes) -> Any:
    """The record on a line, ``None`` for a line that is torn or altered."""
    checksum, _, payload = line.removesuffix(b"\n").partition(b" ")
    if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(payload):
        return None
    return json.loads(payload)
