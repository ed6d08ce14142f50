"""A reader of answers: one signal of a verifier's reading, and a calibrator that makes it P(correct).

Requests of an event loop are gathered into batches for a reader that works in a thread, so that one reader serves many requests
and the loop waits for none.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence

import numpy as np

from foureyes.calibration.calibrator import ScoreCalibrator
from foureyes.calibration.provenance import Source
from foureyes.errors import ConfigError, InputError
from foureyes.guard.batched import BatchedReading
from foureyes.guard.batcher import ReaderBatcher
from foureyes.models.roles import Reader
from foureyes.route.joint import (
    JointCalibrator,
    Known,
    RouteCalibrator,
    confidences_of,
    question_features,
    question_text,
)
from foureyes.signals.catalog import require_one_pass, signal
from foureyes.types import Exchange, Reading, Unscored

__all__ = ["CalibratedReader"]

_WORST: str = "worst_claim"

_UNFITTED = Unscored("unavailable", "no calibrator makes a probability of it")


class CalibratedReader(BatchedReading):
    """Reads answers with one signal; see :class:`~foureyes.route.roles.RouteReader`.

    Args:
        reader: the verifier; or a batcher in front of it, for routes and guards that share one. Whoever made it closes it.
        signal: by its name in the catalogue: one of one reading, or ``worst_claim``.
        calibrators: of that signal of that reader: one for all writers, or one for each by its name. ``None`` takes signals
            and states no probability, which is enough for a route that only watches.

    Raises:
        InputError: there is no such signal, or a calibrator contradicts what is known of it.
        ConfigError: a calibrator was fitted on another signal, or on another reader, or on other weights.

    Example:
        >>> import asyncio
        >>> from foureyes.calibration import Platt
        >>> from foureyes.models.scripted import ScriptedReader
        >>> platt = Platt.fit([0.2, 0.9, 1.4, 0.5, 3.1, 2.2], [1, 1, 1, 0, 0, 0])
        >>> reader = CalibratedReader(ScriptedReader({"Sydney": 0.05}), "log_cmp", platt)
        >>> [(seen, sure)] = asyncio.run(reader.read([Exchange("Capital of Australia?", "Sydney")], writer="small"))
        >>> round(seen, 2), round(sure, 2)
        (3.0, 0.24)
    """

    def __init__(
        self,
        reader: Reader | ReaderBatcher,
        signal: str = "log_cmp",
        calibrators: RouteCalibrator | Mapping[str, RouteCalibrator] | None = None,
    ) -> None:
        if signal != _WORST:
            require_one_pass([signal])
        super().__init__(reader)
        self._signal = signal
        self._one = calibrators if isinstance(calibrators, ScoreCalibrator | JointCalibrator) else None
        self._each = dict(calibrators) if isinstance(calibrators, Mapping) else {}
        for writer, calibrator in {"": self._one, **self._each}.items():
            if calibrator is not None:
                self._require(calibrator, writer)

    @property
    def signal(self) -> str:
        """What is taken of a reading."""
        return self._signal

    @property
    def fingerprint(self) -> str:
        """The verifier's: what its numbers depend on."""
        return self._batcher.fingerprint

    def states_probabilities(self, writer: str) -> bool:
        """Whether there is a calibrator for this writer's answers."""
        return self._one is not None or writer in self._each

    async def read(
        self, exchanges: Sequence[Exchange], *, writer: str, own: Sequence[float | None] = ()
    ) -> list[tuple[float | Unscored, float | Unscored]]:
        """The signal and P(correct) of each; see :class:`~foureyes.route.roles.RouteReader`."""
        seen = await asyncio.gather(*(self._seen(exchange) for exchange in exchanges))
        return list(zip(seen, self._confidences(seen, exchanges, writer, own), strict=True))

    async def reading(self, exchange: Exchange) -> Reading | Unscored:
        """All that the verifier sees in an answer, token by token."""
        return await self._batcher.read(exchange)

    async def _seen(self, exchange: Exchange) -> float | Unscored:
        if self._signal == _WORST:
            found = await self._worst_claim(exchange)
            return found if isinstance(found, Unscored) else found.surprise
        reading = await self._batcher.read(exchange)
        return reading if isinstance(reading, Unscored) else self._taken(reading)

    def _taken(self, reading: Reading) -> float | Unscored:
        take = signal(self._signal).take
        value = None if take is None else take(reading)
        if value is None:
            return Unscored("bad_reply", f"this reading cannot tell {self._signal}")
        return value if math.isfinite(value) else Unscored("not_finite", f"{self._signal} is no number here")

    def _confidences(
        self, seen: Sequence[float | Unscored], exchanges: Sequence[Exchange], writer: str, own: Sequence[float | None]
    ) -> list[float | Unscored]:
        calibrator = self._each.get(writer, self._one)
        if calibrator is None:
            return [one if isinstance(one, Unscored) else _UNFITTED for one in seen]
        doubts = own or [None] * len(seen)
        rows = [
            (one, doubt, exchange)
            for one, doubt, exchange in zip(seen, doubts, exchanges, strict=True)
            if not isinstance(one, Unscored)
        ]
        stated = iter(confidences_of(calibrator, _known(rows, calibrator)).tolist() if rows else ())
        return [one if isinstance(one, Unscored) else next(stated) for one in seen]

    def _require(self, given: RouteCalibrator, writer: str) -> None:
        """Refuses what was fitted on something else; a calibrator may know the verifier by its name or by its fingerprint."""
        of = f" of the writer {writer}" if writer else ""
        calibrator = given.alone if isinstance(given, JointCalibrator) else given
        try:
            calibrator.require_direction(self._signal)
        except InputError as error:
            raise InputError(f"the calibrator{of}: {error}") from error
        source = calibrator.fitted_on.source
        known = [Source(self._signal, self.name), Source(self._signal, self.fingerprint)]
        if source is not None and source not in known:
            raise ConfigError(
                f"the calibrator{of} was fitted on {source}; the reader gives {known[0]} ({known[1].model})"
            )


def _known(rows: Sequence[tuple[float, float | None, Exchange]], calibrator: RouteCalibrator) -> Known:
    """What is known of answers that were read; the question is looked at only where it counts."""
    looked = isinstance(calibrator, JointCalibrator) and calibrator.takes_question
    return Known(
        np.array([signal for signal, _, _ in rows]),
        np.array([np.nan if doubt is None else doubt for _, doubt, _ in rows], np.float64),
        question_features([question_text(exchange.prompt) for _, _, exchange in rows]) if looked else None,
    )
