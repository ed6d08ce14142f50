"""A table in shards, and the folder that copies go to. Start at :func:`open_shards`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from foureyes import __version__
from foureyes.batch.disk import reading
from foureyes.batch.json_text import dump
from foureyes.batch.shards.folder import ShardFolder, is_mark
from foureyes.batch.shards.inputs import Inputs
from foureyes.batch.shards.places import open_folder
from foureyes.batch.shards.plan import input_files, inputs_identity, plan_shards
from foureyes.batch.shards.room import RUN, require_apart, require_same, throw_away, told_run, undamaged, whole_shards
from foureyes.batch.tables.crew import Crew, LocalCrew
from foureyes.batch.tables.table import ShardedTable
from foureyes.errors import InputError

__all__ = ["CopyPlace", "open_shards"]

_FORMAT: Final = "copies 2"


@dataclass(frozen=True, slots=True)
class CopyPlace:
    """Where copies of shards go.

    Args:
        out: folder, or address of one.
        resume: go on with an unfinished run; its copies that are whole stay.
        force: without ``resume``, throw away what an earlier run made there; with it, take the claim of one on a machine that is dead.
    """

    out: str
    resume: bool = False
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
        InputError: the input cannot be read or cut, copies cannot be put there, another run is writing there, or the one that is to be
            gone on with was of other input.
    """
    files = input_files(sources)
    shards = plan_shards(files, rows, None)
    if not shards:
        raise InputError(f"{' '.join(sources)} holds no rows")
    with ExitStack() as stack:
        copies = None
        if to is not None:
            folder = open_folder(to.out)
            require_apart(sources, files, folder)
            identity = {"inputs": inputs_identity(files), "rows_per_shard": rows}
            told = {"shards": [shard.to_dict() for shard in shards]}
            copies = stack.enter_context(_claimed(to, folder, identity, told))
        work = copies.work if copies else Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="foureyes-")))
        inputs = Inputs(files, None, work, is_cut=rows is not None)
        stack.callback(inputs.close)
        crew = crew_of(inputs)
        stack.callback(crew.close)
        yield ShardedTable(" ".join(sources), shards, crew, work, copies)


class _FolderCopies:
    """Copies of the shards of one table, in a folder that is claimed.

    Args:
        folder: of them.
        manifest: what the run is about, but for what copies are to have.
        told: what the run says of itself that is gone on with; ``None`` where this one begins.
        by_force: as for :func:`~foureyes.batch.shards.room.throw_away`.
    """

    def __init__(
        self, folder: ShardFolder, manifest: Mapping[str, Any], told: Mapping[str, Any] | None, *, by_force: bool
    ) -> None:
        self._folder, self._manifest, self._told, self._by_force = folder, manifest, told, by_force
        self.work = folder.work

    def begin(self, names: Collection[str], identity: Mapping[str, Any]) -> set[str]:
        """Which copies are to be made: all, or those that the run which is gone on with did not make."""
        if self._told is None:
            throw_away(self._folder, by_force=self._by_force)
            self._folder.clear(but=lambda name: not is_mark(name))
            self._folder.tell(dump({**self._manifest, **identity}).encode())
            return set(names)
        with undamaged(self._folder, RUN):
            then = {"added": dict(self._told["added"]), "rows_kept": self._told["rows_kept"]}
        require_same(self._folder, then, identity, _other_copies)
        missing = set(names) - whole_shards(self._folder, names).keys()
        if missing:
            self._folder.say_unfinished()
        return missing

    def put(self, made: Path) -> None:
        """Puts a copy in its place, whole: first what is kept of it, by which it is not there yet."""
        with reading(made):
            size = made.stat().st_size
        self._folder.keep(made.name, dump({"size": size}).encode())
        self._folder.publish(made, made.name)

    def end(self) -> None:
        """Every copy is in its place."""
        self._folder.say_whole()


@contextmanager
def _claimed(
    to: CopyPlace, folder: ShardFolder, inputs: Mapping[str, Any], shards: Mapping[str, Any]
) -> Iterator[_FolderCopies]:
    identity = {"format": _FORMAT, "version": __version__, **inputs}
    with folder.claimed(by_force=to.force and to.resume):
        told = told_run(folder, identity, resume=to.resume, force=to.force)
        folder.clear(but=is_mark)
        try:
            yield _FolderCopies(folder, {**identity, **shards}, told, by_force=to.force)
        finally:
            folder.clear(but=is_mark)


def _other_copies(then: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """What copies were to have and are not to have now, in words: of columns and rows only digests are known."""
    before, after = then["added"], now["added"]
    if before.keys() != after.keys():
        names = [", ".join(sorted(columns)) or "none" for columns in (before, after)]
        return f"the columns that are added were {names[0]} and are {names[1]}"
    if changed := [name for name in after if before[name] != after[name]]:
        return f"the values of the column {changed[0]!r} are others than they were: other options, another calibrator or another machine"
    if then["rows_kept"] != now["rows_kept"]:
        return "the rows that are kept are others than they were: other options, other decisions or another machine"
    return None
