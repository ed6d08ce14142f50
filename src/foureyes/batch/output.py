"""OUT, and until it is complete the folder ``OUT.part`` beside it.

The folder holds all there is of an unfinished run: ``journal`` (the results, see :mod:`foureyes.batch.journal`), ``rows``
(the output as far as it goes, written anew by every run) and ``lock``. The rules:

- OUT changes once, by a rename, after everything is on disk.
- An OUT that exists is replaced only with ``force``; an unfinished run is continued only with ``resume`` and thrown away
  only with ``force``, by a run that begins: one whose verifiers cannot be opened leaves it.
- Two processes never write the same folder.

Start at :class:`FileOutput`; :class:`StreamOutput` is the same for standard output, which can be neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain
from os import fsync
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import IO, Any, Final, Protocol, Self, TypeAlias

from filelock import FileLock, Timeout

from foureyes.batch.disk import sync_folder, write_all, writing
from foureyes.batch.journal import Journal, difference
from foureyes.batch.jsonl import JsonlSink
from foureyes.batch.window import Result, RowSink, RowWindow
from foureyes.errors import InputError

__all__ = ["FileOutput", "Found", "Output", "SinkOf", "StreamOutput", "refusal"]

SinkOf: TypeAlias = Callable[[IO[bytes]], RowSink]

_SAVE_EVERY: Final = 1.0
"""Seconds of reading between two saves, so that waiting for the disk takes a hundredth of the time at most."""

_IDENTITY: Final = ("format", "version", "input", "options")


@dataclass(frozen=True, slots=True)
class Found:
    """What stands where the output is to go.

    Attributes:
        out: whether OUT exists.
        unfinished: whether an earlier run left something.
        ended: whether that run got as far as writing every row, so that OUT may be its own.
    """

    out: bool
    unfinished: bool
    ended: bool


def refusal(out: Path, found: Found, *, resume: bool, force: bool) -> str | None:
    """Why a run may not start, ``None`` when it may.

    Example:
        >>> refusal(Path("o.jsonl"), Found(out=True, unfinished=False, ended=False), resume=False, force=False)
        'o.jsonl exists; --force replaces it'
    """
    if found.unfinished and not resume and not force:
        return f"{out}.part holds an unfinished run; --resume goes on with it, --force throws it away"
    if found.out and not force and not (resume and found.ended):
        return f"{out} exists; --force replaces it"
    return None


class Output(Protocol):
    """Where a run puts its rows."""

    def expect(self, identity: Mapping[str, Any]) -> None:
        """Refuses to continue a run of something else; called before a model is loaded."""
        ...

    def begin(self, manifest: Mapping[str, Any], sink_of: SinkOf) -> Iterator[Result]:
        """Starts writing.

        Returns:
            The results that earlier runs kept, in order.
        """
        ...

    def keep(self, results: Sequence[Result]) -> None:
        """Takes the results of the next rows, other than those from :meth:`begin`."""
        ...

    def write(self, window: RowWindow, results: Sequence[Result]) -> None:
        """Takes one window's rows with their results, all of which were kept."""
        ...

    def finish(self) -> None:
        """Makes the output complete and visible."""
        ...


class StreamOutput:
    """Rows go to standard output as they come; nothing is kept."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._sink = JsonlSink(partial(write_all, stream))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        """There is nothing to let go of."""

    def expect(self, identity: Mapping[str, Any]) -> None:
        """There is no earlier run."""

    def begin(self, manifest: Mapping[str, Any], sink_of: SinkOf) -> Iterator[Result]:  # noqa: ARG002 - lines whatever is asked
        """Nothing is finished yet."""
        return iter(())

    def keep(self, results: Sequence[Result]) -> None:
        """Nothing is kept but what is written."""

    def write(self, window: RowWindow, results: Sequence[Result]) -> None:
        """Writes one window."""
        with writing("standard output"):
            self._sink.write(window, results)

    def finish(self) -> None:
        """Every row is out already."""


class FileOutput:
    """Rows go to a file that appears when it is complete.

    Args:
        out: the file, in a folder that exists.
        resume: continue the unfinished run, if there is one.
        force: replace what is there.
        repeatable: whether the input can be read again, which resuming needs.

    Raises:
        InputError: (on entering) the file may not be replaced, an unfinished run is in the way, another process is
            writing, or the folder cannot be written.
    """

    def __init__(self, out: Path, *, resume: bool, force: bool, repeatable: bool) -> None:
        self._out, self._resume, self._force, self._repeatable = out, resume, force, repeatable
        self._anew = force and not resume
        self.folder = out.with_name(out.name + ".part")
        self._rows = self.folder / "rows"
        self._journal_path = self.folder / "journal"
        self._lock = FileLock(self.folder / "lock")
        self._journal: Journal | None = None
        self._file: IO[bytes] | None = None
        self._sink: RowSink | None = None
        self._began = False
        self._unsaved: list[Result] = []
        self._saved = 0.0

    def __enter__(self) -> Self:
        if not self.folder.exists():
            self._refuse()
        with writing(self.folder):
            self.folder.mkdir(exist_ok=True)
            self._acquire()
        try:
            self._enter_locked()
        except BaseException:
            self._let_go()
            self._lock.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._let_go()
        kept = self._journal.rows if self._journal else 0
        if error is None or kept == 0:
            self._discard()
        elif self._began:
            error.add_note(f"{kept} finished rows are kept in {self.folder}; --resume goes on from there")
        self._lock.release()

    def expect(self, identity: Mapping[str, Any]) -> None:
        """Refuses to continue a run of another input, with other options, or of another version."""
        if self._journal and self._journal.manifest is not None:
            self._compare({name: self._journal.manifest.get(name) for name in _IDENTITY}, identity)

    def begin(self, manifest: Mapping[str, Any], sink_of: SinkOf) -> Iterator[Result]:
        """Starts writing rows anew; results of earlier runs are handed back, or thrown away."""
        if self._anew:
            self._remove_contents()
            self._anew = False  # what is there from now on is this run's
            self._journal = Journal(self._journal_path) if self._repeatable else None
        if self._journal:
            self._compare(self._journal.manifest or manifest, manifest)
            self._journal.begin(manifest)
        with writing(self._rows):
            self._file = self._rows.open("wb")
            self._sink = sink_of(self._file)
        self._began = True
        self._saved = monotonic()
        return chain.from_iterable(self._journal.finished()) if self._journal else iter(())

    def keep(self, results: Sequence[Result]) -> None:
        """Remembers results, and now and then saves them."""
        self._unsaved += results
        if monotonic() - self._saved >= _SAVE_EVERY:
            self._save()

    def write(self, window: RowWindow, results: Sequence[Result]) -> None:
        """Results first, since they are what took the time."""
        self._save()
        if self._sink:
            with writing(self._rows):
                self._sink.write(window, results)

    def finish(self) -> None:
        """All rows to disk, then one rename."""
        if self._sink and self._file:
            with writing(self._rows):
                self._sink.close()
                self._file.flush()
                fsync(self._file.fileno())
                self._file.close()
        if self._journal:
            self._journal.end()
        with writing(self._out):
            self._rows.replace(self._out)
            sync_folder(self._out.parent)

    def _save(self) -> None:
        if self._journal and self._unsaved:
            self._journal.append(self._unsaved)
        self._unsaved = []
        self._saved = monotonic()

    def _acquire(self) -> None:
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise InputError(f"another process is writing {self._out}") from error

    def _enter_locked(self) -> None:
        unfinished = self._is_unfinished
        self._refuse(unfinished=unfinished, ended=True)  # what may be refused before the journal is opened
        if self._repeatable and not self._anew:
            self._journal = Journal(self._journal_path)
        self._refuse(unfinished=unfinished, ended=bool(self._journal and self._journal.ended))

    @property
    def _is_unfinished(self) -> bool:
        """Whether an earlier run left something, as long as this one has not begun."""
        return self._journal_path.exists() or self._rows.exists()

    def _refuse(self, *, unfinished: bool = False, ended: bool = False) -> None:
        found = Found(out=self._out.exists(), unfinished=unfinished, ended=ended)
        why = refusal(self._out, found, resume=self._resume, force=self._force)
        if why:
            raise InputError(why)

    def _compare(self, then: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        what = difference(then, now)
        if what:
            raise InputError(f"cannot resume {self.folder}: {what}; --force starts again")

    def _let_go(self) -> None:
        if self._sink:
            self._sink.abandon()
        if self._file:
            with suppress(OSError):  # after a full disk its buffer cannot be written; that error is on its way already
                self._file.close()
        if self._journal:
            self._journal.close()

    def _discard(self) -> None:
        if self._anew and not self._began and self._is_unfinished:
            return
        self._remove_contents()
        with suppress(OSError):  # another process may have opened the lock meanwhile: then the folder is its own now
            (self.folder / "lock").unlink(missing_ok=True)
            self.folder.rmdir()

    def _remove_contents(self) -> None:
        with writing(self.folder):
            self._rows.unlink(missing_ok=True)
            self._journal_path.unlink(missing_ok=True)
