"""What files may do to us, in one table: errors of the operating system become :class:`~foureyes.errors.InputError`.

A pipe whose reader went away is the one exception: it is no error and passes through as it is.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from foureyes.errors import InputError
from foureyes.records.forms import PACKED

__all__ = ["Survey", "Surveys", "reading", "survey", "sync_folder", "write_all", "write_whole", "writing"]

_CHUNK: Final = 1 << 20


@contextmanager
def reading(what: object) -> Iterator[None]:
    """Names what could not be read."""
    try:
        yield
    except OSError as error:
        raise InputError(f"cannot read {what}: {error.strerror or error}") from error


@contextmanager
def writing(what: object) -> Iterator[None]:
    """Names what could not be written: a full disk, a folder without permission."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputError(f"cannot write {what}: {error.strerror or error}") from error


@dataclass(frozen=True, slots=True)
class Survey:
    """A file's identity, and how many lines it has.

    Attributes:
        size: in bytes.
        sha256: of the whole content, in hex.
        lines: newline characters, and one more when the last line has none.
        modified_ns: when it was last written, nanoseconds since the epoch.
    """

    size: int
    sha256: str
    lines: int
    modified_ns: int

    def identity(self) -> dict[str, Any]:
        """What must be the same for a run to be resumed."""
        return {"size": self.size, "sha256": self.sha256}

    def check(self, path: Path) -> None:
        """Makes sure nobody wrote to the file since.

        Raises:
            InputError: somebody did.
        """
        with reading(path):
            now = path.stat()
        if (now.st_size, now.st_mtime_ns) != (self.size, self.modified_ns):
            raise InputError(f"{path} was written to while it was being read")


def survey(path: Path) -> Survey:
    """Reads a file once from end to end, in constant memory."""
    digest, lines, size, last = hashlib.sha256(), 0, 0, b"\n"
    with reading(path), path.open("rb") as file:
        modified_ns = os.fstat(file.fileno()).st_mtime_ns
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            lines += chunk.count(b"\n")
            size += len(chunk)
            last = chunk[-1:]
    return Survey(size, digest.hexdigest(), lines + (last != b"\n"), modified_ns)


class Surveys:
    """The identity of files that are read as one.

    Args:
        paths: of them, in order.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._found = {path: survey(path) for path in paths}

    @property
    def lines(self) -> int:
        """Of all of them."""
        return sum(found.lines for found in self._found.values())

    @property
    def packed(self) -> bool:
        """Whether one of them is compressed, as far as its name says."""
        return any(path.suffix.lower() in PACKED for path in self._found)

    def identity(self) -> dict[str, Any]:
        """What must be the same for a run to be resumed."""
        if len(self._found) == 1:
            return next(iter(self._found.values())).identity()
        return {str(path): found.identity() for path, found in self._found.items()}

    def check(self) -> None:
        """Makes sure nobody wrote to one of them since.

        Raises:
            InputError: somebody did.
        """
        for path, found in self._found.items():
            found.check(path)


def write_all(file: IO[bytes], data: bytes) -> None:
    """Writes every byte to an unbuffered file, which by itself may take only some."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def write_whole(path: Path, content: bytes) -> None:
    """Writes a small file that a kill or a power cut leaves as it was, or as it is to be.

    Raises:
        InputError: it cannot be written.
    """
    beside = path.with_name(f"{path.name}.new")
    with writing(path):
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes a rename in the folder survive a power cut, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
