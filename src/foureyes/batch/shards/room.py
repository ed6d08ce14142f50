"""Whether shards may be put into a folder, and what of an earlier run makes room for them. Start at :func:`require_room`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from foureyes.batch.shards.folder import ShardFolder
from foureyes.batch.shards.plan import InputFile
from foureyes.errors import InputError

__all__ = ["RUN", "require_apart", "require_room", "shard_name", "throw_away", "undamaged"]

RUN: Final = ".foureyes/run.json"

_SCORED: Final = ("jsonl", "parquet")  # of these something may be kept although the shard itself is gone
_SUFFIXES: Final = (*_SCORED, "json", "csv", "arrow", "npz")
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
    foreign = [name for name in folder.sizes() if not name.startswith(".")]
    if taken := [name for name in foreign if _SHARD.fullmatch(name)]:
        raise InputError(
            f"{folder.name} holds {min(taken)}, which is of no run and has the name of a shard; move it, or choose another OUT"
        )
    if foreign and not by_force:
        raise InputError(
            f"{folder.name} holds {min(foreign)}, which is of no run; wanted an empty folder, or --force, which lets it be"
        )


def throw_away(folder: ShardFolder, *, by_force: bool) -> None:
    """Throws away what an earlier run made; of one that does not say which, every shard.

    Args:
        folder: that is to be written.
        by_force: as for :func:`require_room`, which holds of what is left.
    """
    said = folder.told()
    if said is None:
        return
    try:
        with undamaged(folder, RUN):
            n = len(json.loads(said)["shards"])
        there = folder.sizes()
        made = ((shard_name(index, suffix), suffix) for index in range(n) for suffix in _SUFFIXES)
        names = [name for name, suffix in made if suffix in _SCORED or name in there]
    except InputError:
        names = [name for name in folder.sizes() if _SHARD.fullmatch(name)]
    folder.forget(names)
    require_room(folder, by_force=by_force)


@contextmanager
def undamaged(folder: ShardFolder, name: str) -> Iterator[None]:
    """Names what is kept of a run and cannot be read as such."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{folder.name}{name} is damaged ({type(error).__name__}); --force without --resume starts again"
        ) from error
