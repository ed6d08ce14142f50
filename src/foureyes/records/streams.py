"""Bytes of a file, unpacked, whose beginning may be looked at without being lost."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import shutil
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Final

from foureyes.errors import ConfigError, InputError

__all__ = [
    "BUFFER",
    "LONGEST",
    "checksum",
    "is_packed",
    "non_empty_lines",
    "opened",
    "reading",
    "replayed",
    "seekable",
    "unpacked_zstd",
]

BUFFER: Final = 1 << 18
"""Bytes that are read at once."""

LONGEST: Final = 64 * 1024 * 1024
"""Bytes that a record may have, or characters where it is text already."""

_LOOKED_AT: Final = 1 << 22
"""Bytes of a line that are looked at before it is read."""

_IN_MEMORY: Final = 1 << 26
"""Bytes of a stream that are kept in memory, and not in a file, where its end must be read first."""

_DAMAGED: Final = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)


@contextmanager
def reading(what: object) -> Iterator[None]:
    """Names what could not be read."""
    try:
        yield
    except _DAMAGED as error:
        raise InputError(f"cannot read {what}: it is cut or damaged: {error}") from error
    except OSError as error:
        raise InputError(f"cannot read {what}: {error.strerror or error}") from error


@contextmanager
def opened(source: Path | IO[bytes], name: str) -> Iterator[tuple[IO[bytes], bool]]:
    """What a file or stream holds, unpacked where it is packed with gzip, zstd, bzip2 or xz; and whether it is.

    Raises:
        InputError: it cannot be read; whatever goes wrong within the block, too.
        ConfigError: zstd, and nothing here unpacks it.
    """
    with ExitStack() as stack, reading(name):
        file = stack.enter_context(source.open("rb", buffering=BUFFER)) if isinstance(source, Path) else source
        start = file.read(4)
        whole = replayed([start], file)
        unpack = next((unpack for magic, unpack in _PACKED.items() if start.startswith(magic)), None)
        yield (whole, False) if unpack is None else (io.BufferedReader(unpack(whole), BUFFER), True)


def is_packed(start: bytes) -> bool:
    """Whether a file with this beginning is packed.

    Example:
        >>> is_packed(b"BZh91AY"), is_packed(b"{}")
        (True, False)
    """
    return any(start.startswith(magic) for magic in _PACKED)


def checksum(path: Path) -> str:
    """sha256 of a file as it is stored, lower-case hexadecimal.

    Raises:
        InputError: it cannot be read.
    """
    with reading(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def seekable(source: Path | IO[bytes]) -> Iterator[Path | IO[bytes]]:
    """A file; what a stream holds is put into one first, or into memory where it is small."""
    if isinstance(source, Path):
        yield source
        return
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as aside:
        shutil.copyfileobj(source, aside, BUFFER)
        aside.seek(0)
        yield aside


def replayed(start: Sequence[bytes], rest: IO[bytes]) -> io.BufferedReader:
    """A stream that says again what was read from its beginning."""
    return io.BufferedReader(_Replayed(b"".join(start), rest), BUFFER)


def non_empty_lines(file: IO[bytes], n: int) -> tuple[list[bytes], list[bytes]]:
    """Reads on until there are n lines that hold something, or a very long one, or no more.

    Returns:
        Those lines, and all that was read.
    """
    found: list[bytes] = []
    seen: list[bytes] = []
    while len(found) < n and (line := file.readline(_LOOKED_AT)):
        seen.append(line)
        if line.removeprefix(b"\xef\xbb\xbf").strip():
            found.append(line)
        if len(line) == _LOOKED_AT and not line.endswith(b"\n"):
            break
    return found, seen


class _Replayed(io.RawIOBase):
    """Bytes that were read already, then the rest; closing it leaves the rest open."""

    def __init__(self, start: bytes, rest: IO[bytes]) -> None:
        self._start, self._rest = memoryview(start), rest

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any, /) -> int:
        room = memoryview(into)
        got = self._start[: len(room)] if self._start else self._more(len(room))
        self._start = self._start[len(got) :]
        room[: len(got)] = got
        return len(got)

    def _more(self, n: int) -> bytes:
        read = getattr(self._rest, "read1", self._rest.read)  # of a pipe, what is there
        found: bytes = read(n)
        return found


def _gzip(packed: IO[bytes]) -> Any:
    return gzip.GzipFile(fileobj=packed)


def unpacked_zstd(packed: IO[bytes]) -> Any:
    """A stream of what was packed with zstd.

    Raises:
        ConfigError: nothing here unpacks it.
    """
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415

        return zstd.ZstdFile(packed)
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigError("zstd needs Python 3.14 or pyarrow: pip install 'foureyes[parquet]'") from error
    return pa.CompressedInputStream(pa.PythonFile(packed, mode="r"), "zstd")


_PACKED: Final[Mapping[bytes, Callable[[IO[bytes]], Any]]] = {
    b"\x1f\x8b": _gzip,
    b"\x28\xb5\x2f\xfd": unpacked_zstd,
    b"BZh": bz2.BZ2File,
    b"\xfd7zX": lzma.LZMAFile,
}
