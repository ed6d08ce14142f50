"""A shard's rows as a file of this machine: the input file itself, or a copy of what is wanted of it. Start at :class:`Inputs`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Final

from foureyes.batch.disk import reading, writing
from foureyes.batch.job import Origin
from foureyes.batch.shards.plan import InputFile, Shard
from foureyes.errors import InputError
from foureyes.records.forms import Form, form_of_name
from foureyes.storage.addresses import is_remote

__all__ = ["Inputs"]

_CHUNK: Final = 1 << 22


class Inputs:
    """Brings shards' rows to this machine; besides what is in use, one file of the input is kept at a time.

    Args:
        files: of the input.
        form: of them, where their names are not to say.
        work: folder for copies.
        is_cut: whether files make several shards.
    """

    def __init__(self, files: Sequence[InputFile], form: Form | None, work: Path, *, is_cut: bool) -> None:
        self._files, self._form, self._work, self._is_cut = files, form, work, is_cut
        self._fetched: tuple[int, Path] | None = None

    def bring(self, shard: Shard) -> Path:
        """Where the shard's rows are.

        Raises:
            InputError: the file cannot be read, was written to since the run began, or there is no room for a copy.
        """
        file = self._files[shard.file]
        place = self._here(shard.file)
        if shard.start is None or shard.stop is None:
            self._check(file)
            return place
        copy = self._copy_of(shard)
        with reading(file.place), writing(copy):
            if (self._form or form_of_name(PurePath(file.place))) == "parquet":
                from foureyes.records.row_groups import write_range  # noqa: PLC0415 - an extra

                write_range(place, copy, shard.start, shard.stop)
            else:
                _copy_bytes(place, copy, shard.start, shard.stop)
        self._check(file)
        return copy

    def check(self, shard: Shard) -> None:
        """Makes sure, where a shard's rows are read in their place, that it is what :meth:`bring` found.

        Raises:
            InputError: somebody wrote to it since.
        """
        file = self._files[shard.file]
        if shard.start is None and not is_remote(file.place):
            self._check(file)

    def named(self, shard: Shard) -> str:
        """What a person calls these rows, where they are counted from the shard's first."""
        place = self._files[shard.file].place
        return f"{place} from row {shard.first:,} on" if shard.first else place

    def origin(self, shard: Shard) -> Origin:
        """What messages call these rows."""
        return Origin(self._files[shard.file].place, shard.first)

    def drop(self, shard: Shard) -> None:
        """Deletes the copy of a shard's rows, and that of a file which no later shard wants."""
        if shard.start is not None:
            self._copy_of(shard).unlink(missing_ok=True)
        elif is_remote(self._files[shard.file].place):
            self._file_of(shard.file).unlink(missing_ok=True)
            if self._fetched is not None and self._fetched[0] == shard.file:
                self._fetched = None

    def close(self) -> None:
        """Deletes every copy."""
        for pattern in ("input-*", "rows-*"):
            for copy in self._work.glob(pattern):
                copy.unlink(missing_ok=True)

    def _here(self, index: int) -> Path:
        file = self._files[index]
        if not is_remote(file.place):
            return Path(file.place)
        if self._fetched is not None and self._fetched[0] == index:
            return self._fetched[1]
        from foureyes.storage.store import ObjectStore  # noqa: PLC0415 - an extra

        if self._fetched is not None and self._is_cut:
            self._fetched[1].unlink(missing_ok=True)  # its rows were copied, one shard after the other
        place = self._file_of(index)
        with writing(place):
            ObjectStore(file.place).fetch(file.place, place)
            size = place.stat().st_size
        if size != file.size:
            raise InputError(f"{file.place} came as {size:,} bytes; wanted {file.size:,}")
        self._fetched = index, place
        return place

    def _check(self, file: InputFile) -> None:
        if is_remote(file.place):
            from foureyes.storage.store import ObjectStore  # noqa: PLC0415 - an extra

            now = ObjectStore(file.place).look(file.place)
            same = now is not None and (now.size, now.version) == (file.size, file.version)
        else:
            with reading(file.place):
                stat = Path(file.place).stat()
            same = (stat.st_size, str(stat.st_mtime_ns)) == (file.size, file.version)
        if not same:
            raise InputError(f"{file.place} was written to while it was being read")

    def _file_of(self, index: int) -> Path:
        return self._work / f"input-{index:05}{''.join(PurePath(self._files[index].place).suffixes[-2:])}"

    def _copy_of(self, shard: Shard) -> Path:
        return self._work / f"rows-{shard.index:05}{PurePath(self._files[shard.file].place).suffix}"


def _copy_bytes(place: Path, copy: Path, start: int, stop: int) -> None:
    with place.open("rb") as source, copy.open("wb") as target:
        source.seek(start)
        left = stop - start
        while left and (chunk := source.read(min(_CHUNK, left))):
            target.write(chunk)
            left -= len(chunk)
