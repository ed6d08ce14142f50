"""What a run is to do. Start at :class:`Job`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Final, Literal, TypeAlias

from foureyes.batch.rows import ReadAs
from foureyes.batch.window import WindowLimits
from foureyes.errors import InputError
from foureyes.records import Form, Record
from foureyes.records.reading import paths_of
from foureyes.signals.catalog import one_pass, require_reader_enough

__all__ = ["Job", "Origin", "OutForm"]

OutForm: TypeAlias = Literal["jsonl", "parquet"]

_OUT_SUFFIXES: Final[Mapping[str, OutForm]] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the rows of an input file come from, if it is a copy: messages name that place.

    Attributes:
        name: of the file that they were copied from.
        before: rows of it, or lines, that stand before the first.
    """

    name: str
    before: int = 0

    def place(self, place: str) -> str:
        """What a place in the copy is in that file.

        Example:
            >>> Origin("s3://b/a.jsonl", 1000).place("line 17")
            's3://b/a.jsonl, line 1017'
        """
        kind, _, number = place.rpartition(" ")
        if self.before and number.isdecimal():
            place = f"{kind} {int(number) + self.before}"
        return f"{self.name}, {place}"

    def placed(self, records: Iterable[Record]) -> Iterator[Record]:
        """Records of the copy, each with its place in that file."""
        return (replace(record, place=self.place(record.place)) for record in records)


@dataclass(frozen=True, slots=True)
class Job:
    """What to do.

    Args:
        source: the input: a path, a pattern, a list of either, or an open stream.
        out: the output file, JSON lines or Parquet by its suffix, or an unbuffered stream that takes JSON lines.
        read_as: what the records of the input mean.
        form: of the input, where its name and content are not to say.
        signals: which to write, by their names in the catalogue; those of one reading by default.
        tokens: write the per-token arrays too.
        overwrite_field: replace a field ``foureyes`` that rows have already.
        limits: of what is in hand, and read, at once.
        resume: go on with an unfinished run.
        force: replace an OUT that exists; without ``resume``, throw an unfinished run away too.
        origin: what messages call the rows of the one input file; ``None`` for its own name.
        own: whether Parquet gets the column of the authors' own log-probabilities, and rows without any are let be where nobody else
            reads; ``None`` to look at the rows, and to refuse where they have none.
        references: of the verifiers, in their order. Those that no fingerprint tells apart are told apart by these when a run is gone on
            with; none where nobody knows them.

    Raises:
        InputError: these options cannot go together, or no file fits a pattern.
    """

    source: Path | str | Sequence[Path | str] | IO[bytes]
    out: Path | IO[bytes]
    read_as: ReadAs = field(default_factory=ReadAs)
    form: Form | None = None
    signals: tuple[str, ...] = field(default_factory=lambda: tuple(row.name for row in one_pass()))
    tokens: bool = False
    overwrite_field: bool = False
    limits: WindowLimits = field(default_factory=WindowLimits)
    resume: bool = False
    force: bool = False
    origin: Origin | None = None
    own: bool | None = None
    references: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.resume and not (isinstance(self.out, Path) and isinstance(self.place, list)):
            raise InputError("--resume needs an input that can be read again and an output that was kept: files")
        require_reader_enough(self.signals)
        _ = self.out_form

    @property
    def place(self) -> list[Path] | IO[bytes]:
        """The input's files, or its stream."""
        if not isinstance(self.source, Path | str | Sequence):
            return self.source
        return paths_of(self.source) or []

    @property
    def out_form(self) -> OutForm:
        """Format of the output."""
        if not isinstance(self.out, Path):
            return "jsonl"
        form = _OUT_SUFFIXES.get(self.out.suffix.lower())
        if form is None:
            raise InputError(f"cannot tell the format of {self.out} from its suffix; wanted .jsonl or .parquet")
        return form

    def options(self) -> dict[str, Any]:
        """What the rows' results and their form depend on: a resumed run must have the same."""
        return {
            "read_as": self.read_as.to_dict(),
            "from": self.form,
            "to": self.out_form,
            "signals": list(self.signals),
            "tokens": self.tokens,
            "overwrite_field": self.overwrite_field,
            "window": asdict(self.limits),
        }
