"""Who works on shards. Start at :class:`Crew`; :class:`LocalCrew` is this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar

from foureyes.batch.shards.inputs import Inputs
from foureyes.batch.shards.plan import Shard
from foureyes.errors import InputError

__all__ = ["Crew", "LocalCrew", "ShardTask", "Work", "done_there"]

X = TypeVar("X")
R = TypeVar("R")

Work: TypeAlias = Callable[[Path, X, Path | None], R]
"""What is done with a shard: its file, what is asked, and where a file may be put; it must be picklable, as must be what goes in and out."""


@dataclass(frozen=True, slots=True)
class ShardTask:
    """One shard to work on.

    Attributes:
        shard: of the input.
        out: where the file that is made of it goes, on this machine; ``None`` where none is.
    """

    shard: Shard
    out: Path | None = None


class Crew(Protocol):
    """Works on shards."""

    def work(
        self, what: Callable[[Path, X, Path | None], R], tasks: Sequence[ShardTask], asked: Iterable[X]
    ) -> Iterator[R]:
        """Does something with each shard.

        Args:
            what: is done: a function that can be pickled.
            tasks: the shards.
            asked: what each is asked; taken no further ahead than there is work.

        Returns:
            What it comes to, in the order of the shards, each as soon as it and all before it are done.

        Raises:
            InputError: a shard cannot be read, or what is done with it fails so; names the file.
        """
        ...

    def close(self) -> None:
        """Lets go of whoever works."""
        ...


class LocalCrew:
    """This process, one shard after the other.

    Args:
        inputs: bring the shards' rows.
    """

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs

    def work(
        self, what: Callable[[Path, X, Path | None], R], tasks: Sequence[ShardTask], asked: Iterable[X]
    ) -> Iterator[R]:
        """Each when it is asked for."""
        for task, one in zip(tasks, asked, strict=True):
            place = self._inputs.bring(task.shard)
            try:
                found = done_there(what, place, one, task.out, self._inputs.named(task.shard))
                self._inputs.check(task.shard)  # before a copy is put anywhere
            finally:
                self._inputs.drop(task.shard)
            yield found

    def close(self) -> None:
        """Nobody else works."""


def done_there(what: Callable[[Path, X, Path | None], R], place: Path, asked: X, out: Path | None, name: str) -> R:
    """Does something with a shard, and calls it by its own name where that fails.

    Args:
        what: is done.
        place: of the shard's rows.
        asked: of it.
        out: where a file may be put.
        name: of the shard, for a person.

    Raises:
        InputError: it fails.
    """
    try:
        return what(place, asked, out)
    except InputError as error:
        raise InputError(str(error).replace(str(place), name)) from error
