"""Who reads: pieces of rows go in, in order; the same pieces with a result per row come out, in the same order.

Which files rows come from, how they are cut, what survives a kill and what is written is no business of an engine. So
every engine ends in the same bytes. Start at :class:`Engine`; :class:`LocalEngine` is this process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Protocol

from foureyes.batch.pieces import pieces
from foureyes.batch.results import OWN, result_of
from foureyes.batch.window import Result, RowWindow, WindowLimits
from foureyes.layouts import LoggedAnswer
from foureyes.models.roles import Reader
from foureyes.signals.catalog import signal
from foureyes.signals.cross import score
from foureyes.types import Exchange, Scored, Unscored

__all__ = ["Engine", "LocalEngine", "RowPiece", "ScoredPiece", "cut", "numbered", "score_rows"]


@dataclass(frozen=True, slots=True)
class RowPiece:
    """Rows of one window that every verifier reads in one call.

    Attributes:
        window: of the rows.
        answers: one per row; what cannot be read holds an ``Unscored``.
        places: one per row, where it stands in the input.
        kept: one result per row where an earlier run had them; otherwise empty.
        ends_window: whether these are the last rows of the window.
    """

    window: RowWindow
    answers: Sequence[LoggedAnswer]
    places: Sequence[str]
    kept: Sequence[Result]
    ends_window: bool

    @property
    def exchanges(self) -> list[Exchange | Unscored]:
        """What is to be read, one per row."""
        return [answer.exchange for answer in self.answers]


@dataclass(frozen=True, slots=True)
class ScoredPiece:
    """A piece, and what became of its rows.

    Attributes:
        piece: as it was handed in.
        results: one per row; for a piece that an earlier run had read, those that it kept.
    """

    piece: RowPiece
    results: list[Result]


class Engine(Protocol):
    """Reads pieces with the verifiers it has opened."""

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """What each verifier's numbers depend on, by the name it goes by in the results, in their order."""
        ...

    def read(self, found: Iterable[RowPiece], *, signals: Sequence[str], tokens: bool) -> Iterator[ScoredPiece]:
        """Reads pieces and hands all of them back, in order, those that hold their results already among them.

        Args:
            found: the pieces, taken no further ahead than the engine needs them.
            signals: which to take, by their names.
            tokens: keep the per-token arrays.

        Raises:
            ModelError: a verifier as a whole failed.
        """
        ...

    def close(self) -> None:
        """Lets go of what it has opened."""
        ...


class LocalEngine:
    """Reads in this process, one piece after the other.

    Args:
        readers: the verifiers; of several with one name the later ones get a number.
    """

    def __init__(self, readers: Sequence[Reader]) -> None:
        self._readers = numbered(readers)

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """Of the readers."""
        return {name: reader.fingerprint for name, reader in self._readers.items()}

    def read(self, found: Iterable[RowPiece], *, signals: Sequence[str], tokens: bool) -> Iterator[ScoredPiece]:
        """Reads each piece when it is asked for."""
        for piece in found:
            results = list(piece.kept) or score_rows(piece.exchanges, self._readers, signals=signals, tokens=tokens)
            yield ScoredPiece(piece, results)

    def close(self) -> None:
        """Readers belong to whoever opened them."""


def cut(windows: Iterable[RowWindow], kept: Iterator[Result], limits: WindowLimits) -> Iterator[RowPiece]:
    """Cuts windows into pieces, lazily.

    Args:
        windows: of the input, in order.
        kept: results of the first rows, from an earlier run.
        limits: of a piece.
    """
    for window in windows:
        answers, places = window.answers(), window.places()
        for rows in pieces(answers, limits):
            found = list(islice(kept, rows.stop - rows.start))
            yield RowPiece(window, answers[rows], places[rows], found, ends_window=rows.stop == len(answers))


def score_rows(
    exchanges: Sequence[Exchange | Unscored],
    readers: Mapping[str, Reader],
    *,
    signals: Sequence[str] | None = None,
    tokens: bool = False,
) -> list[Result]:
    """Lets every verifier read some rows in one call.

    Args:
        exchanges: of rows, or why they cannot be read.
        readers: verifiers, by the name they go by in the results.
        signals: which to take, by their names; those of one reading when ``None``.
        tokens: keep the per-token arrays.

    Returns:
        One result per row, in order.

    Raises:
        ModelError: a verifier as a whole failed, or did not return one reading per answer.
    """
    columns = {name: _scored(exchanges, reader, signals or ()) for name, reader in readers.items()}
    return [
        {name: result_of(column[i], signals=signals, tokens=tokens) for name, column in columns.items()}
        for i in range(len(exchanges))
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
