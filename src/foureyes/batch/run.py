"""The driver: windows are cut into pieces, an engine reads them, results are kept piece by piece and written by window.

All that can be refused is refused before a model is loaded. Start at :func:`score_file`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from foureyes import __version__
from foureyes.batch.disk import reading, writing
from foureyes.batch.engine import Engine, LocalEngine, cut
from foureyes.batch.job import Job
from foureyes.batch.jsonl import JsonlSink
from foureyes.batch.output import FileOutput, Output, StreamOutput
from foureyes.batch.pieces import ScoredPiece
from foureyes.batch.results import OWN, Columns, RowTally, Tallies, own_result_of
from foureyes.batch.source import RecordSource
from foureyes.batch.window import Result, RowSink, RowSource
from foureyes.errors import InputError
from foureyes.models.roles import Reader
from foureyes.records.forms import form_of_name

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["score_file", "score_with", "who_reads"]

_MANIFEST_FORMAT: Final = 2


def score_file(
    job: Job,
    open_readers: Callable[[], Sequence[Reader]] | None,
    *,
    on_piece: Callable[[Tallies, int | None], None] = lambda _tallies, _rows: None,
) -> Tallies:
    """Scores every answer of a file.

    1. Look at the input and at where the output goes; refuse what cannot work.
    2. Open the verifiers.
    3. Piece by piece: take the results an earlier run kept, or let each verifier read and keep them. Write the rows.
    4. Let the output appear.

    Args:
        job: what to do.
        open_readers: opens the verifiers; called once, after everything else was checked. ``None`` where there are none,
            and what the authors' own log-probabilities say is all that is wanted.
        on_piece: called after every piece with the counts so far and, if known, how many rows there are.

    Returns:
        What became of the rows.

    Raises:
        InputError: an input, output or option cannot be used, a file could not be read or written, or there is neither
            a verifier nor a log-probability in the input.
        ModelError: a verifier as a whole failed. Finished rows are kept.
    """
    opened = None if open_readers is None else lambda: LocalEngine(open_readers())
    return score_with(job, opened, on_piece=on_piece)


def score_with(
    job: Job,
    open_engine: Callable[[], Engine] | None,
    *,
    on_piece: Callable[[Tallies, int | None], None] = lambda _tallies, _rows: None,
    on_end: Callable[[Tallies], None] = lambda _tallies: None,
) -> Tallies:
    """Scores every answer of a file with an engine: :func:`score_file` tells how, and what may be raised.

    Args:
        job: what to do.
        open_engine: opens it, with its verifiers; called once, after everything else was checked. It is closed at the end.
            ``None`` where there are no verifiers.
        on_piece: called after every piece.
        on_end: called with the counts when every row is written, before the output appears.
    """
    _check_places(job)
    source = _source(job)
    own = _own(source, job, alone=open_engine is None)
    schema = source.schema() if job.out_form == "parquet" else None
    identity = _identity(job, source)
    with _output(job, source) as output:
        output.expect(identity)
        with closing(LocalEngine([]) if open_engine is None else open_engine()) as engine:
            verifiers = engine.fingerprints
            columns = Columns(tuple(verifiers), job.signals, own, job.tokens)
            manifest = {**identity, **who_reads(verifiers, job.references)}
            kept = output.begin(manifest, partial(_sink, schema, columns))
            found = engine.read(
                cut(source.windows(job.limits), kept, job.limits), signals=job.signals, tokens=job.tokens
            )
            tallies = Tallies({name: RowTally() for name in verifiers})
            for scored in _write(found, output, job):
                piece = scored.piece
                tallies.add(scored.results, piece.places, piece.answers, resumed=bool(piece.kept))
                on_piece(tallies, source.rows)
        source.check_unchanged()
        tallies.read_as = source.said()
        on_end(tallies)
        output.finish()
    return tallies


def _write(found: Iterable[ScoredPiece], output: Output, job: Job) -> Iterator[ScoredPiece]:
    """Keeps the results of each piece, writes each window when it is whole, and hands the pieces on."""
    results: list[Result] = []
    for scored in found:
        piece = scored.piece
        if not piece.kept:
            _add_own(scored, tokens=job.tokens)
            output.keep(scored.results)
        results += scored.results
        yield scored
        if piece.ends_window:
            output.write(piece.window, results)
            results = []


def _add_own(scored: ScoredPiece, *, tokens: bool) -> None:
    """What the authors saw, of every row that says it; where nobody else reads, of every row."""
    piece = scored.piece
    for result, answer, place in zip(scored.results, piece.answers, piece.places, strict=True):
        if answer.author is not None or not result:
            result[OWN] = own_result_of(answer, place, tokens=tokens)


def _check_places(job: Job) -> None:
    paths = job.place if isinstance(job.place, list) else []
    for path in paths:
        with reading(path):
            _check_source(path)
    if isinstance(job.out, Path):
        with writing(job.out):
            _check_out(job.out, paths)


def _check_source(source: Path) -> None:
    if not source.exists():
        raise InputError(f"{source}: no such file")


def _check_out(out: Path, sources: Sequence[Path]) -> None:
    if out.exists() and not out.is_file():
        raise InputError(f"{out} is not a regular file; - stands for standard output")
    if not out.resolve().parent.is_dir():
        raise InputError(f"{out.parent} is not a folder")
    if out.exists() and any(out.samefile(source) for source in sources):
        raise InputError(f"{out} is the input itself; the output wants a file of its own")


def _source(job: Job) -> RowSource:
    place = job.place
    if isinstance(place, list) and len(place) == 1 and (job.form or form_of_name(place[0])) == "parquet":
        from foureyes.batch.parquet import ParquetSource  # noqa: PLC0415 - pyarrow is an extra

        return ParquetSource(place[0], job.read_as, overwrite=job.overwrite_field, origin=job.origin)
    return RecordSource(place, job.read_as, form=job.form, overwrite=job.overwrite_field, origin=job.origin)


def _own(source: RowSource, job: Job, *, alone: bool) -> bool:
    """Whether there is to be a column of what the authors' own log-probabilities say."""
    if job.own is not None:
        return job.own
    return _require_own(source, job) if alone else job.out_form == "parquet" and _holds_own(source, job)


def _require_own(source: RowSource, job: Job) -> bool:
    """Makes sure, where it can be, that there is anything to say without a verifier."""
    if source.surveys is not None and not _holds_own(source, job):
        named = " and ".join(map(str, job.place)) if isinstance(job.place, list) else "the input"
        raise InputError(
            f"{named} holds no log-probabilities of its answers' tokens; say with --verifier which model is to read them"
        )
    return True


def _holds_own(source: RowSource, job: Job) -> bool:
    """Whether a row shows what its author saw: as much is read as this takes."""
    windows = source.windows(job.limits)
    return any(answer.author is not None for window in windows for answer in window.answers())


def _output(job: Job, source: RowSource) -> FileOutput | StreamOutput:
    if not isinstance(job.out, Path):
        return StreamOutput(job.out)
    if job.resume and source.surveys is None:
        raise InputError(f"--resume needs an input that can be read again; {job.source} is a pipe")
    out = job.out.resolve()  # a link stays one: the file it leads to is replaced
    return FileOutput(out, resume=job.resume, force=job.force, repeatable=source.surveys is not None)


def _sink(schema: pa.Schema | None, columns: Columns, file: IO[bytes]) -> RowSink:
    if schema is None:
        return JsonlSink(file.write)
    from foureyes.batch.parquet import ParquetSink  # noqa: PLC0415 - pyarrow is an extra

    return ParquetSink(file, schema, columns)


def _identity(job: Job, source: RowSource) -> dict[str, Any]:
    return {
        "format": _MANIFEST_FORMAT,
        "version": __version__,
        "input": source.surveys.identity() if source.surveys else None,
        "options": job.options(),
    }


def who_reads(fingerprints: Mapping[str, str], references: Sequence[str] = ()) -> dict[str, Any]:
    """What of the verifiers must be the same for a run to go on: their names in the results, in order, and their fingerprints.

    Of those that have one fingerprint, as one model has at two servers, the references too: named in another order they would write into
    each other's columns.

    Args:
        fingerprints: of the verifiers, by their names in the results.
        references: by which they were named, in that order; none where nobody knows.
    """
    found: dict[str, Any] = {"verifiers": list(fingerprints), "fingerprints": dict(fingerprints)}
    n = Counter(fingerprints.values())
    if references and max(n.values(), default=0) > 1:
        named = zip(fingerprints, references, strict=True)
        found["references"] = {name: reference for name, reference in named if n[fingerprints[name]] > 1}
    return found
