"""The driver: a piece of a window, each verifier in turn, the results kept, the next piece; then the next window.

All that can be refused is refused before a model is loaded. Start at :func:`score_file`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Literal, TypeAlias

from foureyes import __version__
from foureyes.batch.disk import reading, writing
from foureyes.batch.jsonl import JsonlSink, JsonlSource
from foureyes.batch.output import FileOutput, StreamOutput
from foureyes.batch.pieces import pieces
from foureyes.batch.results import RowTally, Tallies, result_of
from foureyes.batch.rows import Fields
from foureyes.batch.window import Result, RowSink, RowSource, WindowLimits
from foureyes.errors import InputError, ModelError
from foureyes.models.roles import Reader
from foureyes.signals.catalog import one_pass, require_reader_enough, signal
from foureyes.signals.cross import score
from foureyes.types import Exchange, Scored, Unscored

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Format", "Job", "numbered", "score_file", "score_piece"]

Format: TypeAlias = Literal["jsonl", "parquet"]

_MANIFEST_FORMAT: Final = 1
_SUFFIXES: Final[Mapping[str, Format]] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}


@dataclass(frozen=True, slots=True)
class Job:
    """What to do.

    Args:
        source: the input file, or an open stream of JSON lines.
        out: the output file, or an unbuffered stream that takes JSON lines.
        fields: where rows keep their prompts and answers.
        form: of both files whatever their suffixes say; ``None`` to believe the suffixes.
        signals: which to write, by their names in the catalogue; those of one reading by default.
        tokens: write the per-token arrays too.
        overwrite_field: replace a field ``foureyes`` that rows have already.
        limits: of what is in hand, and read, at once.
        resume: go on with an unfinished run.
        force: replace an OUT that exists; without ``resume``, throw an unfinished run away too.

    Raises:
        InputError: these options cannot go together.
    """

    source: Path | IO[bytes]
    out: Path | IO[bytes]
    fields: Fields = field(default_factory=Fields)
    form: Format | None = None
    signals: tuple[str, ...] = field(default_factory=lambda: tuple(row.name for row in one_pass()))
    tokens: bool = False
    overwrite_field: bool = False
    limits: WindowLimits = field(default_factory=WindowLimits)
    resume: bool = False
    force: bool = False

    def __post_init__(self) -> None:
        streams = [place for place in (self.source, self.out) if not isinstance(place, Path)]
        if streams and self.resume:
            raise InputError("--resume needs an input that can be read again and an output that was kept: two files")
        if streams and self.form == "parquet":
            raise InputError("Parquet needs files: it cannot be read from standard input or written to standard output")
        require_reader_enough(self.signals)
        _ = self.source_form, self.out_form

    @property
    def source_form(self) -> Format:
        """Format of the input."""
        return _form(self.source, self.form)

    @property
    def out_form(self) -> Format:
        """Format of the output."""
        return _form(self.out, self.form)

    def options(self) -> dict[str, Any]:
        """What the rows' results and their form depend on: a resumed run must have the same."""
        return {
            "fields": asdict(self.fields),
            "from": self.source_form,
            "to": self.out_form,
            "signals": list(self.signals),
            "tokens": self.tokens,
            "overwrite_field": self.overwrite_field,
            "window": asdict(self.limits),
        }


def score_file(
    job: Job,
    open_readers: Callable[[], Sequence[Reader]],
    *,
    on_piece: Callable[[Tallies, int | None], None] = lambda _tallies, _rows: None,
) -> Tallies:
    """Scores every row of a file.

    1. Look at the input and at where the output goes; refuse what cannot work.
    2. Open the verifiers.
    3. Piece by piece: take the results an earlier run kept, or let each verifier read and keep them. Write the rows.
    4. Let the output appear.

    Args:
        job: what to do.
        open_readers: opens the verifiers; called once, after everything else was checked.
        on_piece: called after every piece with the counts so far and, if known, how many rows there are at most.

    Returns:
        What became of the rows.

    Raises:
        InputError: an input, output or option cannot be used, or a file could not be read or written.
        ModelError: a verifier as a whole failed. Finished rows are kept.
    """
    _check_places(job)
    source = _source(job)
    schema = source.schema() if job.out_form == "parquet" else None
    identity = _identity(job, source)
    with _output(job, source) as output:
        output.expect(identity)
        readers = numbered(open_readers())
        kept = output.begin(_manifest(identity, readers), partial(_sink, schema, tuple(readers), job))
        tallies = Tallies({name: RowTally() for name in readers})
        for window in source.windows(job.limits):
            results: list[Result] = []
            for piece, resumed in _read_pieces(window.exchanges(), kept, readers, job):
                if not resumed:
                    output.keep(piece)
                results += piece
                tallies.add(piece, resumed=resumed)
                on_piece(tallies, source.rows)
            output.write(window, results)
        source.check_unchanged()
        output.finish()
    return tallies


def _read_pieces(
    exchanges: Sequence[Exchange | Unscored], kept: Iterator[Result], readers: Mapping[str, Reader], job: Job
) -> Iterator[tuple[list[Result], bool]]:
    """Results of a window piece by piece, and whether an earlier run had them."""
    for piece in pieces(exchanges, job.limits):
        found = list(islice(kept, len(piece)))
        yield found or score_piece(piece, readers, signals=job.signals, tokens=job.tokens), bool(found)


def score_piece(
    exchanges: Sequence[Exchange | Unscored],
    readers: Mapping[str, Reader],
    *,
    signals: Sequence[str] | None = None,
    tokens: bool = False,
) -> list[Result]:
    """Lets every verifier read one piece.

    Args:
        exchanges: rows, or why they cannot be read.
        readers: verifiers, by the name they go by in the results.
        signals: which to take, by their names; those of one reading when ``None``.
        tokens: keep the per-token arrays.

    Returns:
        One result per row, in order.

    Raises:
        ModelError: a verifier as a whole failed, or did not return one reading per answer.
    """
    columns = {name: _scored(exchanges, reader, signals or ()) for name, reader in readers.items()}
    rows = zip(*columns.values(), strict=True)
    return [
        {name: result_of(cell, signals=signals, tokens=tokens) for name, cell in zip(columns, row, strict=True)}
        for row in rows
    ]


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
        while name in named:
            n += 1
            name = f"{reader.name}#{n}"
        named[name] = reader
    return named


def _scored(
    exchanges: Sequence[Exchange | Unscored], reader: Reader, signals: Sequence[str]
) -> list[Scored | Unscored]:
    readable = [exchange for exchange in exchanges if isinstance(exchange, Exchange)]
    scores = score(readable, reader) if readable else []
    if len(scores) != len(readable):
        raise ModelError(f"{reader.name} returned {len(scores)} readings of {len(readable)} answers", model=reader.name)
    for name in signals:
        if (ask := signal(name).ask) is not None:
            scores = [_with(row, name, value) for row, value in zip(scores, ask(readable, reader), strict=True)]
    rest = iter(scores)
    return [next(rest) if isinstance(exchange, Exchange) else exchange for exchange in exchanges]


def _with(row: Scored | Unscored, name: str, value: float | Unscored) -> Scored | Unscored:
    """The row with one signal more; one that could not be told is ``None``, as the others are."""
    if isinstance(row, Unscored):
        return row
    return replace(row, signals={**row.signals, name: None if isinstance(value, Unscored) else value})


def _check_places(job: Job) -> None:
    if isinstance(job.source, Path):
        with reading(job.source):
            _check_source(job.source)
    if isinstance(job.out, Path):
        with writing(job.out):
            _check_out(job.out, job.source)


def _check_source(source: Path) -> None:
    if not source.exists():
        raise InputError(f"{source}: no such file")
    if source.is_dir():
        raise InputError(f"{source} is a folder; wanted a file")


def _check_out(out: Path, source: Path | IO[bytes]) -> None:
    if out.exists() and not out.is_file():
        raise InputError(f"{out} is not a regular file; - stands for standard output")
    if not out.resolve().parent.is_dir():
        raise InputError(f"{out.parent} is not a folder")
    if isinstance(source, Path) and out.exists() and out.samefile(source):
        raise InputError(f"{out} is the input itself; the output wants a file of its own")


def _source(job: Job) -> RowSource:
    if isinstance(job.source, Path) and job.source_form == "parquet":
        from foureyes.batch.parquet import ParquetSource  # noqa: PLC0415 - pyarrow is an extra

        return ParquetSource(job.source, job.fields, overwrite=job.overwrite_field)
    return JsonlSource(job.source, job.fields, overwrite=job.overwrite_field)


def _output(job: Job, source: RowSource) -> FileOutput | StreamOutput:
    if not isinstance(job.out, Path):
        return StreamOutput(job.out)
    if job.resume and source.survey is None:
        raise InputError(f"--resume needs an input that can be read again; {job.source} is a pipe")
    out = job.out.resolve()  # a link stays one: the file it leads to is replaced
    return FileOutput(out, resume=job.resume, force=job.force, repeatable=source.survey is not None)


def _sink(schema: pa.Schema | None, verifiers: Sequence[str], job: Job, file: IO[bytes]) -> RowSink:
    if schema is None:
        return JsonlSink(file.write)
    from foureyes.batch.parquet import ParquetSink  # noqa: PLC0415 - pyarrow is an extra

    return ParquetSink(file, schema, (verifiers, job.signals), tokens=job.tokens)


def _identity(job: Job, source: RowSource) -> dict[str, Any]:
    return {
        "format": _MANIFEST_FORMAT,
        "version": __version__,
        "input": source.survey.identity() if source.survey else None,
        "options": job.options(),
    }


def _manifest(identity: Mapping[str, Any], readers: Mapping[str, Reader]) -> dict[str, Any]:
    fingerprints = {name: reader.fingerprint for name, reader in readers.items()}
    return {**identity, "verifiers": list(readers), "fingerprints": fingerprints}


def _form(place: Path | IO[bytes], form: Format | None) -> Format:
    if form is not None:
        return form
    if not isinstance(place, Path):
        return "jsonl"
    if place.suffix.lower() not in _SUFFIXES:
        raise InputError(f"cannot tell the format of {place} from its suffix; say it with --format jsonl or parquet")
    return _SUFFIXES[place.suffix.lower()]
