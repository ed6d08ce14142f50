"""Work on shards of a table by tasks of Ray. Start at :class:`RayCrew`.

A task gets its shard's bytes from the machine that runs the command, and returns what it made; so no other machine reads the input, or
writes the output. A task that is lost is done again, by Ray, as its result hangs on nothing else.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from foureyes import __version__
from foureyes.batch.disk import reading, writing
from foureyes.batch.ray.cluster import RayCluster
from foureyes.batch.ray.failures import cause_of
from foureyes.batch.shards.inputs import Inputs
from foureyes.batch.tables.crew import ShardTask, done_there
from foureyes.batch.workers.workplace import NO_FOUREYES
from foureyes.errors import ConfigError, InputError

__all__ = ["RayCrew"]

_TRIES: Final = 3
"""How often a task is done again that was lost."""

_AHEAD: Final = 2
"""Shards in hand for each processor: worked on, or waiting for one before them."""

_ANY_S: Final = 1800.0
"""Seconds in which any task is done once all before it are: a cluster may have to make room for it first."""

_BYTES_A_SECOND: Final = 100_000
"""And besides, for its shard."""

X = TypeVar("X")
R = TypeVar("R")


class RayCrew:
    """The processors of a cluster.

    Args:
        inputs: bring the shards' rows to this machine.
        address: of the cluster, as for :class:`~foureyes.batch.ray.cluster.RayCluster`.

    Raises:
        ConfigError: Ray is not installed, or the cluster cannot be used from here.
    """

    def __init__(self, inputs: Inputs, address: str | None = None) -> None:
        self._inputs, self._cluster = inputs, RayCluster(address)
        self._there = self._cluster.ray.remote(_work_there).options(num_cpus=1, max_retries=_TRIES)

    def work(
        self, what: Callable[[Path, X, Path | None], R], tasks: Sequence[ShardTask], asked: Iterable[X]
    ) -> Iterator[R]:
        """As many at once as there are processors, in the order of the shards."""
        most = _AHEAD * max(1, int(self._cluster.ray.cluster_resources().get("CPU", 1)))
        line: deque[tuple[ShardTask, Any, float]] = deque()
        try:
            for task, one in zip(tasks, asked, strict=True):
                line.append((task, *self._sent(what, task, one)))
                if len(line) >= most:
                    yield self._first(line)
            while line:
                yield self._first(line)
        finally:
            self._end([call for _, call, _ in line])

    def close(self) -> None:
        """Lets go of the cluster, which ends if it is our own."""
        self._cluster.close()

    def _sent(self, what: Callable[[Path, X, Path | None], R], task: ShardTask, asked: X) -> tuple[Any, float]:
        """The call, and seconds in which it is to be done."""
        place = self._inputs.bring(task.shard)
        try:
            with reading(place):
                content = place.read_bytes()
            self._inputs.check(task.shard)
        finally:
            self._inputs.drop(task.shard)
        makes = "" if task.out is None else task.out.name
        sent = _Sent(place.name, self._inputs.named(task.shard), content, makes)
        return self._there.remote(__version__, what, sent, asked), _ANY_S + len(content) / _BYTES_A_SECOND

    def _first(self, line: deque[tuple[ShardTask, Any, float]]) -> Any:
        """What the first call comes to, which leaves the line once that is known."""
        found = self._result(*line[0])
        line.popleft()
        return found

    def _end(self, calls: Iterable[Any]) -> None:
        """Ends tasks for which nobody waits any more: on a cluster that is not our own they would run on."""
        from ray.exceptions import RayError  # noqa: PLC0415 - an extra

        if not self._cluster.ray.is_initialized():  # they ended with it, and Ray would start another to be asked
            return
        for call in calls:
            with suppress(RayError):  # a cluster that is gone runs nothing, and why the work ended is to be told
                self._cluster.ray.cancel(call, force=True)

    def _result(self, task: ShardTask, call: Any, most_s: float) -> Any:
        from ray.exceptions import GetTimeoutError, RayError  # noqa: PLC0415 - an extra

        try:
            problem, found, made = self._cluster.ray.get(call, timeout=most_s)
        except GetTimeoutError as error:
            raise ConfigError(
                f"no worker finished {self._inputs.named(task.shard)} within {most_s:,.0f} s: it hangs, or its node lends no processor"
            ) from error
        except RayError as error:
            cause = cause_of(error)
            if NO_FOUREYES in cause:
                raise ConfigError(f"a node has no foureyes {__version__}: every node needs it installed") from error
            raise ConfigError(
                f"no worker could finish {self._inputs.named(task.shard)}: {cause}; smaller shards may help: --rows-per-shard"
            ) from error
        if problem:
            raise InputError(problem)
        if task.out is not None:
            with writing(task.out):
                task.out.write_bytes(made)
        return found


@dataclass(frozen=True, slots=True)
class _Sent:
    """A shard on its way.

    Attributes:
        file: name of its file, whose suffix says what it is.
        name: what a person calls it.
        content: of the file.
        makes: name of the file that is made of it; empty where none is.
    """

    file: str
    name: str
    content: bytes
    makes: str


def _work_there(
    version: str, what: Callable[[Path, X, Path | None], R], sent: _Sent, asked: X
) -> tuple[str, R | None, bytes | None]:
    """The task: what was wrong, what it comes to, and the file that was made."""
    if version != __version__:
        return f"a node has foureyes {__version__}, and this is {version}; every node needs the same", None, None
    with tempfile.TemporaryDirectory(prefix="foureyes-") as folder:
        place = Path(folder, sent.file)
        out = Path(folder, f"made-{sent.makes}") if sent.makes else None
        place.write_bytes(sent.content)
        try:
            found = done_there(what, place, asked, out, sent.name)
        except InputError as error:
            return str(error), None, None
        return "", found, None if out is None else out.read_bytes()
