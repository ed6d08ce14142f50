"""The driver: a piece of a window, each verifier in turn, the results kept, the next piece; then the next window.

All that can be refused is refused before a model is loaded. Start at :func:`score_file`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from foureyes import __version__
from foureyes.batch.disk import reading, writing
from foureyes.batch.job import Job
from foureyes.batch.jsonl import JsonlSink
from foureyes.batch.output import FileOutput, StreamOutput
from foureyes.batch.pieces import pieces
from foureyes.batch.results import OWN, Columns, RowTally, Tallies, own_result_of, result_of
from foureyes.batch.source import RecordSource
from foureyes.batch.window import Result, RowSink, RowSource, RowWindow
from foureyes.errors import InputError
from foureyes.layouts import LoggedAnswer
from foureyes.models.roles import Reader
from foureyes.records.forms import form_of_name
from foureyes.signals.catalog import signal
from foureyes.signals.cross import score
from foureyes.types import Exchange, Scored, Unscored

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["numbered", "score_file", "score_piece"]

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
    _check_places(job)
    source = _source(job)
    own = _require_own(source, job) if open_readers is None else job.out_form == "parquet" and _holds_own(source, job)
    schema = source.schema() if job.out_form == "parquet" else None
    identity = _identity(job, source)
    with _output(job, source) as output:
        output.expect(identity)
        readers = {} if open_readers is None else numbered(open_readers())
        columns = Columns(tuple(readers), job.signals, own, job.tokens)
        kept = output.begin(_manifest(identity, readers), partial(_sink, schema, columns))
        tallies = Tallies({name: RowTally() for name in readers})
        for window in source.windows(job.limits):
            results: list[Result] = []
            answers, places = window.answers(), window.places()
            for piece, resumed in _read_pieces(window, kept, readers, job):
                if not resumed:
                    output.keep(piece)
                now = slice(len(results), len(results) + len(piece))
                tallies.add(piece, places[now], answers[now], resumed=resumed)
                results += piece
                on_piece(tallies, source.rows)
            output.write(window, results)
        source.check_unchanged()
        output.finish()
    tallies.read_as = source.said()
    return tallies


def _read_pieces(
    window: RowWindow, kept: Iterator[Result], readers: Mapping[str, Reader], job: Job
) -> Iterator[tuple[list[Result], bool]]:
    """Results of a window piece by piece, and whether an earlier run had them."""
    answers, places = window.answers(), window.places()
    for piece in pieces(answers, job.limits):
        found = list(islice(kept, piece.stop - piece.start))
        if found:
            yield found, True
            continue
        results = score_piece(answers[piece], readers, signals=job.signals, tokens=job.tokens)
        _add_own(results, answers[piece], places[piece], tokens=job.tokens)
        yield results, False


def score_piece(
    answers: Sequence[LoggedAnswer],
    readers: Mapping[str, Reader],
    *,
    signals: Sequence[str] | None = None,
    tokens: bool = False,
) -> list[Result]:
    """Lets every verifier read one piece.

    Args:
        answers: of rows, or why they cannot be read.
        readers: verifiers, by the name they go by in the results.
        signals: which to take, by their names; those of one reading when ``None``.
        tokens: keep the per-token arrays.

    Returns:
        One result per row, in order.

    Raises:
        ModelError: a verifier as a whole failed, or did not return one reading per answer.
    """
    exchanges = [answer.exchange for answer in answers]
    columns = {name: _scored(exchanges, reader, signals or ()) for name, reader in readers.items()}
    return [
        {name: result_of(column[i], signals=signals, tokens=tokens) for name, column in columns.items()}
        for i in range(len(exchanges))
    ]


def _add_own(
    results: Sequence[Result], answers: Sequence[LoggedAnswer], places: Sequence[str], *, tokens: bool
) -> None:
    """What the authors saw, of every row that says it; where nobody else reads, of every row."""
    for result, answer, place in zip(results, answers, places, strict=True):
        if answer.author is not None or not result:
            result[OWN] = own_result_of(answer, place, tokens=tokens)


def numbered(readers: Sequence[Reader]) -> dict[str, Reader]:
    """Readers by name, in order; of several with one name the later ones get a number.

    Example:
        >>> from foureyes.models.scripted import ScriptedReader
        >>> list(numbered([ScriptedReader(name="a"), ScriptedReader(name="b"), ScriptedReader(name="a")]))
        ['a', 'b', 'a#2']
    """
    named: dict[str, Reader] = {}
    for reader in readers:
        name, n = reader.name, 1
        while name in named or name == OWN:
            n += 1
            name = f"{reader.name}#{n}"
        named[name] = reader
    return named


def _scored(
    exchanges: Sequence[Exchange | Unscored], reader: Reader, signals: Sequence[str]
) -> list[Scored | Unscored]:
    rows = score(exchanges, reader)
    readable = [exchange for exchange in exchanges if isinstance(exchange, Exchange)]
    for name in signals:
        if (ask := signal(name).ask) is not None:
            values = iter(ask(readable, reader))
            asked = zip(exchanges, rows, strict=True)
            rows = [_with(row, name, next(values)) if isinstance(e, Exchange) else row for e, row in asked]
    return rows


def _with(row: Scored | Unscored, name: str, value: float | Unscored) -> Scored | Unscored:
    """The row with one signal more; one that could not be told is ``None``, as the others are."""
    if isinstance(row, Unscored):
        return row
    return replace(row, signals={**row.signals, name: None if isinstance(value, Unscored) else value})


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

        return ParquetSource(place[0], job.read_as, overwrite=job.overwrite_field)
    return RecordSource(place, job.read_as, form=job.form, overwrite=job.overwrite_field)


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


def _manifest(identity: Mapping[str, Any], readers: Mapping[str, Reader]) -> dict[str, Any]:
    fingerprints = {name: reader.fingerprint for name, reader in readers.items()}
    return {**identity, "verifiers": list(readers), "fingerprints": fingerprints}
