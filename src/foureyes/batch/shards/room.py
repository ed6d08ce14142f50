"""Whether shards may be put into a folder, and what an earlier run left there: to go on with, or to make room.

Start at :func:`told_run`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from foureyes.batch.journal import difference
from foureyes.batch.shards.folder import ShardFolder
from foureyes.batch.shards.plan import InputFile
from foureyes.errors import InputError

__all__ = [
    "RUN",
    "require_apart",
    "require_room",
    "require_same",
    "shard_name",
    "throw_away",
    "told_run",
    "undamaged",
    "whole_shards",
]

RUN: Final = ".foureyes/run.json"

_SUFFIXES: Final = ("jsonl", "parquet", "json", "csv", "arrow", "npz")
_SHARD: Final = re.compile(rf"shard-\d{{5}}\.({'|'.join(_SUFFIXES)})")


def shard_name(index: int, suffix: str) -> str:
    """What a shard is called.

    Example:
        >>> shard_name(17, "jsonl")
        'shard-00017.jsonl'
    """
    return f"shard-{index:05}.{suffix}"


def require_apart(sources: Sequence[str], files: Sequence[InputFile], folder: ShardFolder) -> None:
    """Refuses to read what a run writes: it would be deleted, or be read as input by the run that goes on.

    Args:
        sources: paths, patterns, folders or addresses of the input.
        files: that they mean.
        folder: that is written.

    Raises:
        InputError: one lies in the other.
    """
    for file in files:
        if folder.holds(file.place):
            raise InputError(
                f"{file.place} lies in {folder.name}, where the shards go; the output wants a folder of its own"
            )
    for source in sources:
        if folder.read_by(source):
            raise InputError(f"{folder.name} lies in {source}, which is read; the output wants a folder of its own")


def require_room(folder: ShardFolder, *, by_force: bool) -> None:
    """Refuses a folder in which other files would be taken for shards, or shards be lost among other files.

    Args:
        folder: that is to be written.
        by_force: let files be that have not the name of a shard.

    Raises:
        InputError: there are such files.
    """
    _require_room(folder, folder.sizes(), by_force=by_force)


def _require_room(folder: ShardFolder, names: Iterable[str], *, by_force: bool) -> None:
    foreign = [name for name in names if not name.startswith(".")]
    if taken := [name for name in foreign if _SHARD.fullmatch(name)]:
        raise InputError(
            f"{folder.name} holds {min(taken)}, which is of no run and has the name of a shard; move it, or choose another OUT"
        )
    if foreign and not by_force:
        raise InputError(
            f"{folder.name} holds {min(foreign)}, which is of no run; wanted an empty folder, or --force, which lets it be"
        )


def told_run(folder: ShardFolder, identity: Mapping[str, Any], *, resume: bool, force: bool) -> dict[str, Any] | None:
    """What an earlier run says of itself, if it is to be gone on with.

    Args:
        folder: that is to be written.
        identity: what of that run must be as it is now.
        resume: go on with it.
        force: without ``resume``, let it be thrown away; let files be that are of no run.

    Raises:
        InputError: files are in the way, or the run was about something else, or is damaged.
    """
    said = folder.told()
    if said is None:
        require_room(folder, by_force=force)
        return None
    if resume:
        with undamaged(folder, RUN):
            told: dict[str, Any] = json.loads(said)
            then = {name: told.get(name) for name in identity}
        require_same(folder, then, identity)
        return told
    if not force:
        raise InputError(f"{folder.name} holds the shards of a run; --resume goes on with it, --force throws them away")
    _thrown_away(folder, said, by_force=force)
    return None


def require_same(
    folder: ShardFolder,
    then: Mapping[str, Any],
    now: Mapping[str, Any],
    differs: Callable[[Mapping[str, Any], Mapping[str, Any]], str | None] = difference,
) -> None:
    """Refuses to go on with a run of something else.

    Args:
        folder: of the run.
        then: what it was about.
        now: what it would be about.
        differs: what differs between the two, in words; ``None`` where nothing does.

    Raises:
        InputError: it was; says what differs first.
    """
    if what := differs(then, now):
        raise InputError(f"cannot resume {folder.name}: {what}; --force without --resume starts again")


def whole_shards(folder: ShardFolder, names: Collection[str]) -> dict[str, dict[str, Any]]:
    """Those of these shards that are whole, which is to say as large as they were made, with what is kept of each.

    Raises:
        InputError: what is kept of one is damaged.
    """
    kept, sizes = folder.kept(names), folder.sizes()
    whole = {}
    for name, content in kept.items():
        with undamaged(folder, f".foureyes/shards/{name}.json"):
            record = json.loads(content)
            if record["size"] == sizes.get(name):
                whole[name] = record
    return whole


def throw_away(folder: ShardFolder, *, by_force: bool) -> None:
    """Throws away what an earlier run made; of one that does not say which, every shard.

    Args:
        folder: that is to be written.
        by_force: as for :func:`require_room`, which holds of what would be left.

    Raises:
        InputError: by that; nothing is thrown away then.
    """
    said = folder.told()
    if said is not None:
        folder.forget(_thrown_away(folder, said, by_force=by_force))


def _thrown_away(folder: ShardFolder, said: bytes, *, by_force: bool) -> list[str]:
    """Names of the shards of a run, by what it says of itself, if what else is there may stay beside others."""
    try:
        with undamaged(folder, RUN):
            n = len(json.loads(said)["shards"])
        known = folder.known()
        names = [name for name in (shard_name(i, suffix) for i in range(n) for suffix in _SUFFIXES) if name in known]
    except InputError:
        names = [name for name in folder.known() if _SHARD.fullmatch(name)]
    _require_room(folder, folder.sizes().keys() - set(names), by_force=by_force)
    return names


@contextmanager
def undamaged(folder: ShardFolder, name: str) -> Iterator[None]:
    """Names what is kept of a run and cannot be read as such."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{folder.name}{name} is damaged ({type(error).__name__}); --force without --resume starts again"
        ) from error
