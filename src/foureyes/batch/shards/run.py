"""The driver: shard after shard, each as a file is scored, while the next one's rows are fetched and the last one is put in its place.

Start at :func:`score_shards`.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any, Final

from foureyes import __version__
from foureyes.batch.disk import reading, write_whole, writing
from foureyes.batch.engine import Engine, LocalEngine
from foureyes.batch.job import Job, OutForm
from foureyes.batch.json_text import dump
from foureyes.batch.results import Tallies
from foureyes.batch.run import score_with, who_reads
from foureyes.batch.shards.folder import ShardFolder, is_mark
from foureyes.batch.shards.inputs import Inputs
from foureyes.batch.shards.places import open_folder
from foureyes.batch.shards.plan import InputFile, Shard, input_files, inputs_identity, plan_shards
from foureyes.batch.shards.room import (
    RUN,
    require_apart,
    require_same,
    shard_name,
    throw_away,
    told_run,
    undamaged,
    whole_shards,
)
from foureyes.records.forms import Form, form_of_name

__all__ = ["Sharding", "score_shards"]

_FORMAT: Final = 2

OnPiece = Callable[[Tallies, int | None], None]


@dataclass(frozen=True, slots=True)
class Sharding:
    """A run that makes a folder of shards.

    Args:
        sources: paths, patterns, folders or addresses of the input.
        out: folder, or address of one.
        job_of: what is done with one shard: its rows and its output are given.
        to: format of the shards; ``None`` for Parquet where all of the input is, else JSON lines.
        rows: of each shard at most; ``None`` for a shard a file.
        work: folder of this machine, in which an object store's gets one for what is being made; ``None`` for one in the cache.
        readers: how the readers are named and opened. A run is gone on with by readers of the same fingerprints, however they are
            named; where every shard is whole they are opened, to find out, only if they are named in another way.
    """

    sources: Sequence[str]
    out: str
    job_of: Callable[[Path, Path], Job]
    to: OutForm | None = None
    rows: int | None = None
    work: Path | None = None
    readers: Mapping[str, Any] = field(default_factory=dict)

    def form_of(self, files: Sequence[InputFile], form: Form | None = None) -> OutForm:
        """Format of the shards, of files whose format is given or told by their names."""
        if self.to is not None:
            return self.to
        forms = {form or form_of_name(PurePath(file.place)) for file in files}
        return "parquet" if forms == {"parquet"} else "jsonl"


def score_shards(
    sharding: Sharding,
    open_engine: Callable[[], Engine] | None,
    *,
    on_piece: OnPiece = lambda _tallies, _rows: None,
) -> Tallies:
    """Scores every answer of many files into a folder of shards.

    1. Look at the input, take the folder, and refuse to go on with a run of something else.
    2. Find the shards that are whole already: they are neither read nor counted again. As long as others are missing the folder says so.
    3. Shard by shard: fetch its rows, score them as a file, put it in its place, say that it is whole.

    Args:
        sharding: what to do.
        open_engine: as for :func:`~foureyes.batch.run.score_with`; not called where every shard is whole. What ``force`` throws away
            is there until it has returned.
        on_piece: as for that.

    Returns:
        What became of all rows, those of earlier runs too.

    Raises:
        InputError: an input, output or option cannot be used, or another run is writing the folder.
        ConfigError: a package that reads an address is not installed.
        ModelError: a verifier as a whole failed. Finished shards and rows are kept.
    """
    files = input_files(sharding.sources)
    folder = open_folder(sharding.out, sharding.work)
    require_apart(sharding.sources, files, folder)
    template = _template(sharding, files, folder.work)
    with folder.claimed(by_force=template.force and template.resume):
        return _Run(sharding, template, folder, files, on_piece).score(open_engine)


def _template(sharding: Sharding, files: Sequence[InputFile], work: Path) -> Job:
    """What is done with every shard: of its input only the format counts."""
    source = Path(os.devnull)
    form = sharding.form_of(files, sharding.job_of(source, work / "any.jsonl").form)
    return sharding.job_of(source, work / f"any.{form}")


class _KeptOpen:
    """An engine that one shard after the other reads with: closing it is the run's business."""

    def __init__(self, engine: Engine) -> None:
        self.fingerprints, self.read = engine.fingerprints, engine.read

    def close(self) -> None:
        """It stays open."""


class _Run:
    """One run on one folder that is claimed."""

    def __init__(
        self, sharding: Sharding, template: Job, folder: ShardFolder, files: Sequence[InputFile], on_piece: OnPiece
    ) -> None:
        self._sharding, self._template, self._folder, self._files = sharding, template, folder, files
        self._on_piece = on_piece
        self._form = template.out_form
        self._tallies = Tallies({})
        self._identity = {
            "format": _FORMAT,
            "version": __version__,
            "inputs": inputs_identity(files),
            "rows_per_shard": sharding.rows,
            "options": template.options(),
        }
        self._readers = dict(sharding.readers)
        self._work = folder.work
        self._engine: Engine | None = None

    def score(self, open_engine: Callable[[], Engine] | None) -> Tallies:
        """All shards that are not whole."""
        template = self._template
        told = told_run(self._folder, self._identity, resume=template.resume, force=template.force)
        shards = plan_shards(self._files, self._sharding.rows, template.form) if told is None else self._shards_of(told)
        mark = secrets.token_hex(8) if told is None else told["mark"]
        self._enter(mark, begins=told is None)
        manifest = {
            **self._identity,
            "readers": self._readers,
            "mark": mark,
            "shards": [shard.to_dict() for shard in shards],
        }
        pending = shards if told is None else self._pending(shards)
        named_anew = told is not None and told.get("readers") != self._readers

        def opened() -> Engine:
            if self._engine is None:
                self._engine = LocalEngine([]) if open_engine is None else open_engine()
                self._begin(manifest, told)
            return _KeptOpen(self._engine)

        try:
            if named_anew or (told is None and not shards):
                opened()
            self._make(pending, opened, shards, alone=open_engine is None)
        finally:
            if self._engine is not None:
                self._engine.close()
        self._folder.say_whole()
        self._folder.clear()
        return self._tallies

    def _shards_of(self, told: Mapping[str, Any]) -> list[Shard]:
        """Those of an earlier run; what it says becomes names of files, and is looked at first."""
        with undamaged(self._folder, RUN):
            shards = [Shard.from_dict(shard) for shard in told["shards"]]
            in_order = [shard.index for shard in shards] == list(range(len(shards)))
            if not (
                in_order and is_mark(told["mark"]) and {shard.file for shard in shards} <= set(range(len(self._files)))
            ):
                raise ValueError
        return shards

    def _enter(self, mark: str, *, begins: bool) -> None:
        """The folder of what this run makes; copies of input that other runs left, which may be of another one, are thrown away.

        What they made is too, unless this run is yet to begin.
        """
        self._folder.clear(but=lambda name: name == mark or (begins and is_mark(name)))
        self._work = self._folder.work / mark
        with writing(self._work):
            self._work.mkdir(exist_ok=True)

    def _begin(self, manifest: dict[str, Any], told: dict[str, Any] | None) -> None:
        """Says what the run is about, once that is known; whoever goes on must read with the same verifiers.

        Only now, when the verifiers are open, is an earlier run thrown away: what cannot begin destroys nothing.
        """
        now = who_reads(self._engine.fingerprints if self._engine else {}, self._template.references)
        if told is None:
            throw_away(self._folder, by_force=self._template.force)
            self._folder.clear(but=lambda name: name == self._work.name or not is_mark(name))
            self._folder.tell(dump({**manifest, **now}).encode())
            return
        with undamaged(self._folder, RUN):
            then = who_reads(told["fingerprints"])
            then["references"] = told.get("references")
        require_same(self._folder, then, now)

    def _pending(self, shards: Sequence[Shard]) -> list[Shard]:
        """The shards that are not whole; the others are counted."""
        names = {shard.index: shard_name(shard.index, self._form) for shard in shards}
        whole = whole_shards(self._folder, names.values())
        for name, record in whole.items():
            with undamaged(self._folder, f".foureyes/shards/{name}.json"):
                self._count(record["tallies"], shards, resumed=True)
        pending = [shard for shard in shards if names[shard.index] not in whole]
        if pending:
            self._folder.say_unfinished()
        return pending

    def _count(self, told: dict[str, Any], shards: Sequence[Shard], *, resumed: bool) -> None:
        tallies = Tallies.from_dict(told)
        self._tallies.include(replace(tallies, resumed=tallies.rows) if resumed else tallies)
        more = f" (the first of {len(shards):,} shards)" if len(shards) > 1 else ""
        self._tallies.read_as = self._tallies.read_as or tallies.read_as + more

    def _make(
        self, pending: Sequence[Shard], opened: Callable[[], Engine], shards: Sequence[Shard], *, alone: bool
    ) -> None:
        is_cut = self._sharding.rows is not None
        inputs = Inputs(self._files, self._template.form, self._folder.work, is_cut=is_cut)
        with (
            closing(inputs),
            ThreadPoolExecutor(1, "foureyes-fetch") as fetching,
            ThreadPoolExecutor(1, "foureyes-publish") as publishing,
        ):
            fetched = fetching.submit(inputs.bring, pending[0]) if pending else None
            published: Future[None] | None = None
            for i, shard in enumerate(pending):
                place = fetched.result() if fetched else Path()
                fetched = fetching.submit(inputs.bring, pending[i + 1]) if i + 1 < len(pending) else None
                self._one(shard, place, inputs, opened, alone=alone)
                self._count(json.loads(self._record(shard).read_bytes())["tallies"], shards, resumed=False)
                if published is not None:
                    published.result()
                published = publishing.submit(self._publish, shard)
                inputs.drop(shard)
            if published is not None:
                published.result()

    def _one(self, shard: Shard, place: Path, inputs: Inputs, opened: Callable[[], Engine], *, alone: bool) -> None:
        """Makes a shard and its record; one that a killed run made, and had no time to put in its place, is taken as it is."""
        out, record = self._made(shard), self._record(shard)
        if out.exists() and record.exists():
            return
        job = self._sharding.job_of(place, out)
        job = replace(
            job,
            resume=True,
            force=True,
            origin=inputs.origin(shard),
            own=True if self._form == "parquet" or alone else None,
        )
        score_with(job, opened, on_piece=self._show, on_end=lambda tallies: self._end(shard, inputs, tallies))

    def _show(self, tallies: Tallies, _rows: int | None) -> None:
        so_far = Tallies({}, read_as=tallies.read_as)
        so_far.include(self._tallies)
        so_far.include(tallies)
        self._on_piece(so_far, None)

    def _end(self, shard: Shard, inputs: Inputs, tallies: Tallies) -> None:
        inputs.check(shard)
        write_whole(self._record(shard), dump({"tallies": tallies.to_dict(whole=True)}).encode())

    def _publish(self, shard: Shard) -> None:
        """First what is kept, by which the shard is not whole yet: what fails leaves it here, to be put in its place by the next run."""
        made, record = self._made(shard), self._record(shard)
        with reading(made):
            size = made.stat().st_size
        kept = {"size": size, **json.loads(record.read_bytes())}
        self._folder.keep(made.name, dump(kept).encode())
        self._folder.publish(made, made.name)
        record.unlink(missing_ok=True)

    def _made(self, shard: Shard) -> Path:
        return self._work / shard_name(shard.index, self._form)

    def _record(self, shard: Shard) -> Path:
        return self._work / f"{shard_name(shard.index, self._form)}.json"
