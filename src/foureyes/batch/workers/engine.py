"""The engine: one worker a slot, pieces handed out, results put back in order.

Every slot has a worker, whatever happened before: that replaces what is lost, and takes in slots that are new.
Start at :class:`WorkersEngine`; workers are kept in :mod:`foureyes.batch.workers.pool`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Self

from foureyes.batch.pieces import RowPiece, ScoredPiece
from foureyes.batch.window import Result
from foureyes.batch.workers.narrowing import Careful, Lost, Rows, careful
from foureyes.batch.workers.patience import Patience
from foureyes.batch.workers.pool import WorkerPool
from foureyes.batch.workers.workplace import Workplace

__all__ = ["WorkersEngine"]

_AHEAD: Final = 8
"""Pieces a worker that may be in hand: read, being read, or waiting for one before them."""


class WorkersEngine:
    """Reads with the workers of a workplace.

    Args:
        workplace: where they run; it is closed with the engine.
        on_left_out: told of a place that is given up, in a sentence.
        patience: how long a worker may take over rows; one that takes longer counts as lost.

    Raises:
        ConfigError: no worker starts, or one is not what the others are.
        ModelError: the verifiers cannot be opened.
    """

    def __init__(
        self,
        workplace: Workplace[Any],
        on_left_out: Callable[[str], None] = lambda _words: None,
        patience: Patience | None = None,
    ) -> None:
        self._pool: WorkerPool[_Turn] = WorkerPool(workplace, on_left_out, patience)
        try:
            self._fingerprints = self._pool.opened().fingerprints
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """Of the verifiers, the same in all workers."""
        return self._fingerprints

    def read(self, found: Iterable[RowPiece], *, signals: Sequence[str], tokens: bool) -> Iterator[ScoredPiece]:
        """Reads pieces on all workers at once, a few pieces ahead of those that come out."""
        line: deque[_Turn] = deque()
        pieces = iter(found)
        more = True
        while more or line:
            while more and len(line) < _AHEAD * self._pool.size:
                piece = next(pieces, None)
                more = piece is not None
                if piece is not None:
                    line.append(_Turn(piece))
            while line and line[0].results is not None:
                yield ScoredPiece(line[0].piece, line.popleft().results or [])
            if line and line[0].results is None:
                self._step(line, tuple(signals), tokens=tokens)

    def close(self) -> None:
        """Ends the workers, and lets go of the workplace."""
        self._pool.close()

    def _step(self, line: Iterable[_Turn], signals: tuple[str, ...], *, tokens: bool) -> None:
        """Hands out what is to be read as far as workers are free, and waits for news."""
        waiting = (turn for turn in line if turn.wanted is not None and not turn.out)
        while self._pool.free and (turn := next(waiting, None)) is not None:
            self._pool.read(turn, turn.wanted or (), signals, tokens=tokens)
            turn.out = True
        for turn, news in self._pool.news():
            turn.out = False
            if news is not None:
                turn.go_on(news)


class _Turn:
    """A piece in hand.

    Attributes:
        piece: as it was handed in.
        results: once they are all there.
        wanted: rows to be read next; ``None`` once all are.
        out: whether a worker has them.
    """

    def __init__(self, piece: RowPiece) -> None:
        self.piece = piece
        self.results: list[Result] | None = list(piece.kept) or None
        self.wanted: Rows | None = None
        self.out = False
        self._steps: Careful = careful(piece.exchanges)
        if self.results is None:
            self.wanted = next(self._steps)

    def go_on(self, news: list[Result] | Lost) -> None:
        """Takes what became of the rows that were wanted."""
        try:
            self.wanted = self._steps.send(news)
        except StopIteration as end:
            self.wanted, self.results = None, end.value
