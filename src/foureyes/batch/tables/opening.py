"""A table in shards, and the folder that copies go to. Start at :func:`open_shards`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from foureyes import __version__
from foureyes.batch.json_text import dump
from foureyes.batch.shards.folder import ShardFolder, open_folder
from foureyes.batch.shards.inputs import Inputs
from foureyes.batch.shards.plan import InputFile, Shard, input_files, plan_shards
from foureyes.batch.shards.room import require_apart, require_room, throw_away
from foureyes.batch.tables.crew import Crew, LocalCrew
from foureyes.batch.tables.table import ShardedTable
from foureyes.errors import InputError

__all__ = ["CopyPlace", "open_shards"]

_FORMAT: Final = "copies 1"


@dataclass(frozen=True, slots=True)
class CopyPlace:
    """Where copies of shards go.

    Args:
        out: folder, or address of one.
        force: throw away what an earlier run made there.
    """

    out: str
    force: bool = False


@contextmanager
def open_shards(
    sources: Sequence[str],
    to: CopyPlace | None,
    rows: int | None = None,
    crew_of: Callable[[Inputs], Crew] = LocalCrew,
) -> Iterator[ShardedTable]:
    """A table of many files, or of a large one.

    Args:
        sources: paths, patterns, folders or addresses of the input.
        to: where copies go: other runs are kept out as long as the table is open; ``None`` where none are made.
        rows: of each shard at most; ``None`` for a shard a file.
        crew_of: who works on shards.

    Raises:
        InputError: the input cannot be read or cut, copies cannot be put there, or another run is writing there.
    """
    files = input_files(sources)
    shards = plan_shards(files, rows, None)
    if not shards:
        raise InputError(f"{' '.join(sources)} holds no rows")
    with ExitStack() as stack:
        copies = None if to is None else stack.enter_context(_claimed(to, sources, files, shards))
        work = copies.work if copies else Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="foureyes-")))
        inputs = Inputs(files, None, work, is_cut=rows is not None)
        stack.callback(inputs.close)
        crew = crew_of(inputs)
        stack.callback(crew.close)
        yield ShardedTable(" ".join(sources), shards, crew, work, copies)


class _FolderCopies:
    """Copies of the shards of one table, in a folder that is claimed."""

    def __init__(self, folder: ShardFolder, shards: Sequence[Shard], *, by_force: bool) -> None:
        self._folder, self._shards, self._by_force = folder, shards, by_force
        self.work = folder.work

    def begin(self) -> None:
        """Throws away what an earlier run made, and says which shards there are to be."""
        throw_away(self._folder, by_force=self._by_force)
        told = {"format": _FORMAT, "version": __version__, "shards": [shard.to_dict() for shard in self._shards]}
        self._folder.tell(dump(told).encode())

    def put(self, made: Path) -> None:
        """Puts a copy in its place, whole."""
        self._folder.publish(made, made.name)


@contextmanager
def _claimed(
    to: CopyPlace, sources: Sequence[str], files: Sequence[InputFile], shards: Sequence[Shard]
) -> Iterator[_FolderCopies]:
    folder = open_folder(to.out)
    require_apart(sources, files, folder)
    with folder.claimed(by_force=to.force):
        if folder.told() is None:
            require_room(folder, by_force=to.force)
        elif not to.force:
            raise InputError(f"{folder.name} holds the shards of a run; --force throws them away")
        folder.clear()
        try:
            yield _FolderCopies(folder, shards, by_force=to.force)
        finally:
            folder.clear()
