"""Which shards a run is to make. Start at :func:`plan_shards`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path, PurePath
from typing import IO, Any, Final, Self

import numpy as np

from foureyes.batch.disk import reading
from foureyes.errors import InputError
from foureyes.records.folders import data_files
from foureyes.records.forms import PACKED, Form, form_of_name
from foureyes.records.reading import paths_of
from foureyes.records.streams import is_packed
from foureyes.storage.addresses import has_signs, is_remote, joined

__all__ = ["MOST_SHARDS", "InputFile", "Shard", "input_files", "inputs_identity", "plan_shards"]

MOST_SHARDS: Final = 100_000
"""Of a run: their numbers have five digits, and what is kept of each is looked at when a run goes on."""

_CHUNK: Final = 1 << 22

_UNCUT: Final = "only JSON lines and Parquet that are not packed can be cut into shards of rows"


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file of the input, here or on an object store.

    Attributes:
        place: path or address.
        size: in bytes.
        version: its time of change in nanoseconds, or the store's own mark of what it holds.
    """

    place: str
    size: int
    version: str


@dataclass(frozen=True, slots=True)
class Shard:
    """What one file of the output is made of.

    Attributes:
        index: from 0.
        file: of the input, by its index there.
        start: where its rows begin: bytes of JSON lines, rows of Parquet; ``None`` where it is the whole file.
        stop: where they end.
        first: rows of the file before them; lines, of JSON lines.
    """

    index: int
    file: int
    start: int | None = None
    stop: int | None = None
    first: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> Self:
        """The way back."""
        return cls(**told)


def input_files(sources: Sequence[str]) -> list[InputFile]:
    """The files that paths, patterns, folders and addresses mean, in their order.

    Raises:
        InputError: one of them means none, is named twice, or cannot be read.
    """
    found = [file for source in sources for file in (_remote(source) if is_remote(source) else _local(source))]
    place, n = next(iter(Counter(file.place for file in found).most_common(1)), ("", 0))
    if n > 1:
        raise InputError(f"{place} is named twice")
    return found


def inputs_identity(files: Sequence[InputFile]) -> dict[str, Any]:
    """What must be the same for a run to go on: which files, in which order, and what they hold."""
    return {file.place: {"at": at, "size": file.size, "version": file.version} for at, file in enumerate(files)}


def plan_shards(files: Sequence[InputFile], rows: int | None, form: Form | None) -> list[Shard]:
    """The shards of these files.

    Args:
        files: of the input.
        rows: of each shard at most (lines, of JSON lines); ``None`` for a shard a file.
        form: of the files, where their names are not to say.

    Raises:
        InputError: a file cannot be read, or is of a kind that cannot be cut, or there would be more than :data:`MOST_SHARDS`.
    """
    if rows is None:
        if len(files) > MOST_SHARDS:
            raise InputError(f"wanted at most {MOST_SHARDS:,} files, since each makes a shard; got {len(files):,}")
        return [Shard(i, i) for i in range(len(files))]
    if rows < 1:
        raise InputError(f"wanted at least one row a shard; got {rows}")
    found = (cut for i, file in enumerate(files) for cut in _cuts(i, file, rows, form))
    cuts = list(islice(found, MOST_SHARDS + 1))
    if len(cuts) > MOST_SHARDS:
        raise InputError(
            f"shards of {rows:,} rows would be more than {MOST_SHARDS:,}; give --rows-per-shard a larger number"
        )
    return [Shard(index, *cut) for index, cut in enumerate(cuts)]


def _local(source: str) -> Iterator[InputFile]:
    for path in paths_of(source) or []:
        with reading(path):
            if not path.exists():
                raise InputError(f"{path}: no such file")
            if not path.is_file():
                raise InputError(f"{path} is no regular file: a folder of shards wants input that can be read again")
            stat = path.stat()
        if not _is_text(path):
            raise InputError(f"{str(path)!a} is no UTF-8, and results name their file; give the file another name")
        yield InputFile(str(path), stat.st_size, str(stat.st_mtime_ns))


def _is_text(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _remote(source: str) -> list[InputFile]:
    from foureyes.storage.store import ObjectStore  # noqa: PLC0415 - an extra

    found = ObjectStore(source).find(source)
    is_folder = not has_signs(source) and [one.address for one in found] != [source]
    if is_folder:
        below = defaultdict(list)
        for one in found:  # of a store a//b is another object than a/b
            below[PurePath(one.address.removeprefix(joined(source, "")))].append(one)
        found = [one for path in data_files(source, list(below)) for one in below[path]]
    return [InputFile(one.address, one.size, one.version) for one in found]


def _cuts(index: int, file: InputFile, rows: int, form: Form | None) -> Iterator[tuple[int, int, int, int]]:
    path = PurePath(file.place)
    form = form or form_of_name(path)
    if form not in ("jsonl", "parquet") or path.suffix.lower() in PACKED:
        raise InputError(f"{file.place}: {_UNCUT}")
    with _opened(file.place) as source:
        if is_packed(source.read(4)):
            raise InputError(f"{file.place}: {_UNCUT}")
        source.seek(0)
        edges = _lines(source, rows) if form == "jsonl" else _row_ranges(source, rows, file.place)
        yield from ((index, *edge) for edge in edges)


@contextmanager
def _opened(place: str) -> Iterator[IO[bytes]]:
    if is_remote(place):
        from foureyes.storage.store import ObjectStore  # noqa: PLC0415 - an extra

        with ObjectStore(place).opened(place) as source:
            yield source
        return
    with reading(place), Path(place).open("rb") as source:
        yield source


def _lines(source: IO[bytes], rows: int) -> Iterator[tuple[int, int, int]]:
    """Runs of so many lines: where each begins and ends, in bytes, and how many lines stand before it."""
    start = at = lines = first = 0
    while chunk := source.read(_CHUNK):
        ends = np.flatnonzero(np.frombuffer(chunk, np.uint8) == ord("\n")) + 1
        for end in ends[rows - 1 - lines % rows :: rows]:
            yield start, at + int(end), first
            start, first = at + int(end), first + rows
        lines += len(ends)
        at += len(chunk)
    if at > start:
        yield start, at, first


def _row_ranges(source: IO[bytes], rows: int, name: str) -> Iterator[tuple[int, int, int]]:
    from foureyes.records.row_groups import parquet_rows  # noqa: PLC0415 - an extra

    n = parquet_rows(source, name)
    return ((start, min(start + rows, n), start) for start in range(0, n, rows))
