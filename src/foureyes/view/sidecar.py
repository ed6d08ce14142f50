"""A file of JSON lines that several pages append to and read at once.

A line is one append, made under a lock, and on the disk before its writer is told so; a line that a crash cut costs no other.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from foureyes.batch.disk import reading, writing
from foureyes.errors import InputError
from foureyes.models.weights.store import cache_folder

__all__ = ["Followed", "Sidecar"]


class Sidecar:
    """Lines that others may write to meanwhile.

    Args:
        path: of the file; it need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._end = 0

    def changed(self) -> bool:
        """Whether there is something that was not read."""
        return self._size() != self._end

    def cut(self) -> bool:
        """Whether the file is shorter than what was read of it; if so, all of it is read anew."""
        if self._size() >= self._end:
            return False
        self._end = 0
        return True

    def news(self) -> Iterator[Any]:
        """The whole lines that were not read yet, as JSON; ``None`` for one that is no JSON."""
        if not self.path.exists():
            return
        with reading(self.path), self.path.open("rb") as file:
            file.seek(self._end)
            for raw in file:
                if not raw.endswith(b"\n"):
                    return
                self._end += len(raw)
                if raw.strip():
                    yield _told(raw)

    def append(self, told: Mapping[str, Any]) -> None:
        """Adds a line with the time; when this returns, it is on the disk.

        Raises:
            InputError: it cannot be written.
        """
        line = json.dumps({**told, "at": datetime.now(UTC).isoformat(timespec="seconds")}, ensure_ascii=False)
        with writing(self.path), self._lock(), self.path.open("ab") as file:
            file.write(self._gap() + line.encode(errors="backslashreplace") + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _size(self) -> int:
        with reading(self.path):
            return self.path.stat().st_size if self.path.exists() else 0

    def _lock(self) -> FileLock:
        """In the cache, so that nothing is left beside the user's files."""
        folder = cache_folder() / "view"
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(os.fsencode(self.path.resolve())).hexdigest()[:24]
        return FileLock(folder / f"{name}.lock")

    def _gap(self) -> bytes:
        """A line end after a line that a crash cut, so that the next one is not lost with it."""
        if not self.path.stat().st_size:
            return b""
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return b"" if file.read(1) == b"\n" else b"\n"


class Followed(ABC):
    """What the lines of a sidecar say, kept up with whoever else writes to it.

    Args:
        path: of the file; it need not be there yet.

    Attributes:
        broken: lines that say nothing.
        version: goes up with every change.

    Raises:
        InputError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.broken = self.version = 0
        self._file = Sidecar(path)
        self._reading = threading.Lock()
        self.refresh()

    def refresh(self) -> bool:
        """Takes up what was written since, by whomever.

        Returns:
            Whether there was something.
        """
        with self._reading:
            if self._file.cut():  # somebody cleaned it up
                self._forget()
                self.broken = 0
            if not self._file.changed():
                return False
            for told in self._file.news():
                try:
                    self._take(told if isinstance(told, dict) else {})
                except InputError:
                    self.broken += 1
            self.version += 1
            return True

    def _append(self, told: Mapping[str, Any]) -> None:
        """Saves a line: when this returns, it is on the disk."""
        self._file.append(told)
        self.refresh()

    @abstractmethod
    def _forget(self) -> None:
        """Empties what was kept."""

    @abstractmethod
    def _take(self, told: dict[str, Any]) -> None:
        """Keeps what a line says.

        Raises:
            InputError: it says nothing.
        """


def _told(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None
