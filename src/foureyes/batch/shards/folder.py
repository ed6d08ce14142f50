"""The folder that shards go to, on this machine or on an object store, and what is kept there of a run.

Beside the shards, in ``.foureyes``: ``run.json`` says what the run is about, ``shards/NAME.json`` how large each shard is and what became of it,
and as long as shards may be missing there is ``unfinished``.
What is being made lies in a folder of this machine: ``.foureyes/work``, or, of an object store's, one in the cache; there each run has a folder
of its own, by its mark.

Start at :class:`ShardFolder`; :func:`foureyes.batch.shards.places.open_folder` opens one.
"""

from __future__ import annotations

import re
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from foureyes.batch.disk import writing
from foureyes.errors import InputError
from foureyes.records.folders import UNFINISHED

__all__ = ["CLAIM", "OWN", "ShardFolder", "is_mark"]

OWN: Final = UNFINISHED.parent.name
"""Folder in it for what is kept of a run."""

CLAIM: Final = "claim"

_MARK: Final = re.compile(r"[0-9a-f]{16}")
_RUN: Final = "run.json"
_SHARDS: Final = "shards"
_MISSING: Final = (
    b"Shards may be missing: the run that makes them has not ended. foureyes goes on with it by --resume.\n"
)


def is_mark(name: str) -> bool:
    """Whether a name is a run's mark, and so that of the folder in which the run makes its shards.

    Example:
        >>> is_mark("00ff00ff00ff00ff"), is_mark("rows-00000.jsonl")
        (True, False)
    """
    return _MARK.fullmatch(name) is not None


class ShardFolder(ABC):
    """Where shards go.

    Attributes:
        name: path or address.
        work: folder of this machine for what is being made.
    """

    def __init__(self, name: str, work: Path) -> None:
        self.name, self.work = name, work

    @contextmanager
    def claimed(self, *, by_force: bool) -> Iterator[None]:
        """Keeps other runs out.

        Args:
            by_force: take the claim of a run on another machine, which is known to be dead.

        Raises:
            InputError: another run has it, or the folder cannot be written.
        """
        with writing(self.work):
            self.work.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.work.parent / f"{self.work.name}.lock")
        with writing(self.work):
            self._acquire(lock)
        try:
            self._claim(by_force=by_force)
            try:
                yield
            finally:
                self._let_go()
        finally:
            lock.release()

    def _acquire(self, lock: FileLock) -> None:
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise InputError(f"another run is writing {self.name}") from error

    def told(self) -> bytes | None:
        """What ``run.json`` says; ``None`` where there is none."""
        return self._read([_RUN]).get(_RUN)

    def tell(self, run: bytes) -> None:
        """Writes ``run.json``, of a run that begins."""
        self.say_unfinished()
        self._write(_RUN, run)

    def say_unfinished(self) -> None:
        """Says, for whoever reads the folder, that shards may be missing."""
        self._write(UNFINISHED.name, _MISSING)

    def say_whole(self) -> None:
        """Takes that back: every shard is in its place."""
        self._delete([UNFINISHED.as_posix()])

    def known(self) -> set[str]:
        """Names of the files right in the folder, and of the shards of which something is kept."""
        return {*self.sizes(), *(name.removesuffix(".json") for name in self._sizes(_SHARDS))}

    def kept(self, names: Iterable[str]) -> dict[str, bytes]:
        """What is kept of those of these shards that are whole."""
        there = self._sizes(_SHARDS)
        records = {f"{_SHARDS}/{name}.json": name for name in names if f"{name}.json" in there}
        return {records[record]: content for record, content in self._read(list(records)).items()}

    def keep(self, name: str, record: bytes) -> None:
        """Says that a shard is whole, and what became of it."""
        self._write(f"{_SHARDS}/{name}.json", record)

    def sizes(self) -> dict[str, int]:
        """Names and sizes of the files right in the folder."""
        return self._sizes(None)

    def clear(self, *, but: Callable[[str], bool] = lambda _name: False) -> None:
        """Deletes what lies in the work folder: what bears such a name, and a claim, stay."""
        for content in list(self.work.iterdir()):
            if content.name == CLAIM or but(content.name):
                continue
            with writing(content):
                if content.is_dir() and not content.is_symlink():
                    shutil.rmtree(content)
                else:
                    content.unlink(missing_ok=True)

    def forget(self, names: Iterable[str]) -> None:
        """Deletes these shards and all that is kept of a run; the folder is unfinished from then on."""
        names = list(names)
        self.say_unfinished()
        self._delete([f"{OWN}/{_SHARDS}/{name}.json" for name in names] + names + [f"{OWN}/{_RUN}"])

    @abstractmethod
    def holds(self, place: str) -> bool:
        """Whether a file, by its path or address, lies in the folder."""

    @abstractmethod
    def read_by(self, source: str) -> bool:
        """Whether a source, be it a folder or a pattern, means shards that will lie in the folder."""

    @abstractmethod
    def publish(self, place: Path, name: str) -> None:
        """Moves a whole file of this machine into the folder, at once."""

    @abstractmethod
    def _claim(self, *, by_force: bool) -> None:
        """Keeps runs on other machines out, where a lock of this one cannot."""

    @abstractmethod
    def _let_go(self) -> None:
        """Gives the claim back."""

    @abstractmethod
    def _read(self, names: list[str]) -> dict[str, bytes]: ...

    @abstractmethod
    def _write(self, name: str, content: bytes) -> None: ...

    @abstractmethod
    def _sizes(self, folder: str | None) -> dict[str, int]: ...

    @abstractmethod
    def _delete(self, names: list[str]) -> None: ...
