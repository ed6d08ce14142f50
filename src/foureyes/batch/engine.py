"""Who reads: pieces of rows go in, in order; the same pieces with a result per row come out, in the same order.

Which files rows come from, how they are cut, what survives a kill and what is written is no business of an engine. So
every engine ends in the same bytes. Start at :class:`Engine`; :class:`LocalEngine` is this process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import Final, Protocol

from foureyes.batch.pieces import RowPiece, ScoredPiece, pieces
from foureyes.batch.results import OWN, result_of
from foureyes.batch.window import Result, RowWindow, WindowLimits
from foureyes.errors import ModelUnavailable
from foureyes.models.ahead import in_order
from foureyes.models.roles import ConcurrentReader, Reader
from foureyes.signals.catalog import signal
from foureyes.signals.cross import score
from foureyes.types import Exchange, Scored, Unscored

__all__ = ["Engine", "LocalEngine", "cut", "numbered", "read_whole"]


_MOST_PIECES: Final = 256
"""Read at once, each by a thread."""

_READ_AGAIN: Final = 2
"""Times that rows are read again which were lost."""


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
    """Reads in this process: one piece after the other, or as many as servers take where all verifiers are behind some.

    Args:
        readers: the verifiers; of several with one name the later ones get a number.
        on_close: called when the engine is closed: to close the readers, which ends what is under way at servers.
    """

    def __init__(self, readers: Sequence[Reader], on_close: Callable[[], None] = lambda: None) -> None:
        self._on_close = on_close
        self._readers = numbered(readers)
        self._behind_servers = [reader for reader in readers if isinstance(reader, ConcurrentReader)]

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """Of the readers."""
        return {name: reader.fingerprint for name, reader in self._readers.items()}

    def read(self, found: Iterable[RowPiece], *, signals: Sequence[str], tokens: bool) -> Iterator[ScoredPiece]:
        """Reads each piece when it is asked for; servers go on reading the next ones meanwhile."""

        def read(piece: RowPiece) -> ScoredPiece:
            results = list(piece.kept) or read_whole(piece.exchanges, self._readers, signals=signals, tokens=tokens)
            return ScoredPiece(piece, results)

        if self._readers and len(self._behind_servers) == len(self._readers):
            return self._ahead(found, read)
        return map(read, found)

    def _ahead(self, found: Iterable[RowPiece], read: Callable[[RowPiece], ScoredPiece]) -> Iterator[ScoredPiece]:
        pool = ThreadPoolExecutor(_MOST_PIECES, thread_name_prefix="foureyes-piece")
        try:
            yield from in_order(
                found,
                lambda piece: pool.submit(read, piece),
                at_once=lambda: max(one.rows_at_once for one in self._behind_servers),
                size=lambda piece: len(piece.answers),
            )
        finally:
            pool.shutdown(wait=False)  # a server may hang for minutes, and whoever is interrupted does not wait for it

    def close(self) -> None:
        """Readers belong to whoever opened them, and are closed as they said."""
        self._on_close()


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


def read_whole(
    exchanges: Sequence[Exchange | Unscored], readers: Mapping[str, Reader], *, signals: Sequence[str], tokens: bool
) -> list[Result]:
    """Lets every verifier read some rows; those that were lost since all servers of one were gone, again: no row is given up for that.

    Args:
        exchanges: of rows, or why they cannot be read.
        readers: verifiers, by the name they go by in the results.
        signals: which to take, by their names.
        tokens: keep the per-token arrays.

    Returns:
        One result per row, in order.

    Raises:
        ModelUnavailable: servers are not back, or gone again and again.
        ModelError: a verifier as a whole failed, or did not return one reading per answer.
    """
    columns = {name: _column(exchanges, reader, signals) for name, reader in readers.items()}
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


def _column(
    exchanges: Sequence[Exchange | Unscored], reader: Reader, signals: Sequence[str]
) -> list[Scored | Unscored]:
    """What one verifier makes of the rows. Servers read each by itself, so that what was lost there may be read without the others."""
    if not isinstance(reader, ConcurrentReader):
        return [row for row, _ in _scored(exchanges, reader, signals)]
    rows: dict[int, Scored | Unscored] = {}
    wanted: Sequence[int] = range(len(exchanges))
    for _ in range(_READ_AGAIN + 1):
        before = reader.outages
        found = dict(zip(wanted, _scored([exchanges[i] for i in wanted], reader, signals), strict=True))
        rows |= {i: row for i, (row, _) in found.items()}
        wanted = [i for i, (_, is_lost) in found.items() if is_lost]
        if not wanted or reader.outages == before:
            return [rows[i] for i in range(len(exchanges))]
    raise ModelUnavailable(
        f"{reader.name}: its servers stop answering again and again", model=reader.name, retryable=True
    )


def _scored(
    exchanges: Sequence[Exchange | Unscored], reader: Reader, signals: Sequence[str]
) -> list[tuple[Scored | Unscored, bool]]:
    """Each row, and whether something of it was unavailable."""
    rows = score(exchanges, reader)
    lost = [isinstance(e, Exchange) and _is_unavailable(row) for e, row in zip(exchanges, rows, strict=True)]
    places = [i for i, exchange in enumerate(exchanges) if isinstance(exchange, Exchange)]
    readable = [exchange for exchange in exchanges if isinstance(exchange, Exchange)]
    for name in signals:
        if (ask := signal(name).ask) is not None:
            for i, value in zip(places, ask(readable, reader), strict=True):
                rows[i] = _with(rows[i], name, value)
                lost[i] |= _is_unavailable(value)
    return list(zip(rows, lost, strict=True))


def _is_unavailable(found: object) -> bool:
    return isinstance(found, Unscored) and found.reason == "unavailable"


def _with(row: Scored | Unscored, name: str, value: float | Unscored) -> Scored | Unscored:
    """The row with one signal more; one that could not be told is ``None``, as the others are."""
    if isinstance(row, Unscored):
        return row
    return replace(row, signals={**row.signals, name: None if isinstance(value, Unscored) else value})
