"""A verifier made of a reader: it compares P(correct), calibrated from the reader's surprise, with a cut.

The reader reads every claim of the answer (:mod:`foureyes.signals.worst`), so that words round a claim do not hide it; a
calibrator turns the surprise of the worst one into P(correct), and the answer is safe from a cut on. What could not be read is an abstention. The confidence it states is the calibrator's: as good as
the rows that was fitted on, and no better.

For the models of the catalog a calibration is shipped, so that a guard runs out of the box: :func:`shipped_judge`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final, TypeAlias

from foureyes.calibration import Calibrator, FlagRate, Threshold
from foureyes.calibration.calibrator import ScoreCalibrator
from foureyes.calibration.provenance import Source
from foureyes.errors import ConfigError, InputError
from foureyes.guard.batched import BatchedReading
from foureyes.guard.batcher import ReaderBatcher
from foureyes.models.roles import Reader
from foureyes.types import Exchange, Unscored, Vote, VoteVerdict

__all__ = [
    "READER_SIGNAL",
    "SHIPPED_MODELS",
    "Cut",
    "ReaderJudge",
    "ShippedCalibration",
    "shipped_calibration",
    "shipped_judge",
]

Cut: TypeAlias = Threshold | FlagRate | float

SHIPPED_MODELS: Final = ("smollm2-135m", "gemma3-270m", "qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b")
"""Models of the catalog that a calibration is shipped for."""

_FORMAT: Final = "foureyes.reading_judge"
READER_SIGNAL: Final = "worst_claim"
_SHOWN: Final = 60

_TOLD: Final[Mapping[str, str]] = {
    "unavailable": "the reader's server cannot be had now",
    "bad_reply": "the reader's server answered something that is not a reading",
    "template": "the reader's chat template refuses these messages",
}
"""What is said where the detail holds a server's or a template's own words, which are for whoever runs this."""


class ReaderJudge(BatchedReading):
    """Votes safe or unsafe by how much the most surprising claim of an answer surprises a reader.

    Short answers take one reading; longer ones two rounds of readings, each a batch.

    Args:
        reader: the verifier; or a batcher in front of it, for judges that share one reader. Whoever made a batcher closes it.
        calibrator: of its ``worst_claim``; P(correct) of what it is given.
        cut: the confidence from which on an answer is safe: a promise, a flag rate, or a number in [0, 1] of your own.
        provider: who it is called.

    Raises:
        ConfigError: the calibrator was fitted on another signal or another model.
        InputError: a cut outside [0, 1], or a calibrator by which more surprising answers are surer, which was not
            accepted when it was fitted.

    Example:
        >>> import asyncio
        >>> from foureyes.calibration import Platt
        >>> from foureyes.models.scripted import ScriptedReader
        >>> platt = Platt.fit([0.2, 0.9, 1.4, 0.5, 3.1, 2.2], [1, 1, 1, 0, 0, 0])
        >>> judge = ReaderJudge(ScriptedReader({"Sydney": 0.05}), platt, 0.5)
        >>> vote = asyncio.run(judge.vote(Exchange("Capital of Australia?", "Sydney")))
        >>> vote.verdict, round(vote.confidence, 2)
        ('unsafe', 0.24)
    """

    def __init__(
        self,
        reader: Reader | ReaderBatcher,
        calibrator: ScoreCalibrator,
        cut: Cut,
        *,
        provider: str = "foureyes",
    ) -> None:
        super().__init__(reader)
        calibrator.require_direction(READER_SIGNAL)
        if calibrator.fitted_on.source is not None:
            calibrator.fitted_on.require(Source(READER_SIGNAL, self._batcher.name))
        self._cut = cut if isinstance(cut, int | float) else cut.cut
        if not 0 <= self._cut <= 1:
            raise InputError(f"a cut is a confidence in [0, 1]; got {self._cut}")
        self._calibrator = calibrator
        self._provider = provider

    @property
    def provider(self) -> str:
        """Who it is called."""
        return self._provider

    @property
    def cut(self) -> float:
        """The confidence from which on an answer is safe."""
        return self._cut

    @property
    def direction_note(self) -> str:
        """What has to be said of a calibrator that was accepted against the catalogue of signals; or empty."""
        return self._calibrator.direction_note

    async def vote(self, exchange: Exchange) -> Vote:
        """Votes once; see :class:`~foureyes.models.roles.Judge`.

        Raises:
            ModelUnavailable: the reader is gone, or too many wait for it.
        """
        found = await self._worst_claim(exchange)
        if isinstance(found, Unscored):
            return Vote(self._provider, self.name, "abstain", None, _TOLD.get(found.reason, str(found)))
        confidence = float(self._calibrator.predict_proba([found.surprise])[0])
        digits = 3 if abs(confidence - self._cut) >= 0.001 else 6  # so that a near miss does not read as a hit
        claims = "its claim" if found.n_claims == 1 else f"the worst of {found.n_claims} claims"
        reason = (
            f"confidence {confidence:.{digits}f}, wanted {self._cut:.{digits}f} or more "
            f"({claims}, {found.claim.text[:_SHOWN]!r}: surprise {found.surprise:.2f} nats a token)"
        )
        if self.direction_note:
            reason += f"; {self.direction_note}"
        verdict: VoteVerdict = "safe" if confidence >= self._cut else "unsafe"
        return Vote(self._provider, self.name, verdict, confidence, reason, log_cmp=found.whole.mean_nll)


@dataclass(frozen=True, slots=True)
class ShippedCalibration:
    """A calibration that comes with the package.

    Attributes:
        model: name in the catalog.
        calibrator: of its ``worst_claim``.
        cut: a flag rate: no error rate is promised.
        provenance: what it was fitted on, with which command, and how well it tells right from wrong.
    """

    model: str
    calibrator: ScoreCalibrator
    cut: FlagRate
    provenance: dict[str, Any]


def shipped_calibration(model: str) -> ShippedCalibration:
    """The shipped calibration of a model known by name.

    It was fitted on the demo's 240 answers, half of them wrong, to short questions of general knowledge;
    ``provenance["auroc"]`` says how well the model tells right from wrong there, the two smallest hardly better than
    chance. This shows how a guard works; it does not make an agent safe. Fit your own on your own answers with
    ``foureyes calibrate``.

    Args:
        model: one of :data:`SHIPPED_MODELS`.

    Raises:
        ConfigError: none is shipped for this model.
    """
    if model not in SHIPPED_MODELS:
        raise ConfigError(f"calibrations are shipped for {', '.join(SHIPPED_MODELS)}; got {model!r}")
    document = json.loads(files(__package__).joinpath("shipped", f"{model}.json").read_text(encoding="utf-8"))
    calibrator = Calibrator.from_json(json.dumps(document["calibrator"]))
    if document["format"] != _FORMAT or not isinstance(calibrator, ScoreCalibrator):
        raise ConfigError(f"the shipped calibration of {model} is not a {_FORMAT}")
    return ShippedCalibration(model, calibrator, FlagRate(**document["cut"]), document["provenance"])


def shipped_judge(
    model: str, open_reader: Callable[[str], Reader | ReaderBatcher], *, provider: str = "foureyes"
) -> ReaderJudge:
    """A verifier that works out of the box; see :func:`shipped_calibration` for what it is worth.

    Args:
        model: one of :data:`SHIPPED_MODELS`.
        open_reader: loads it, say :func:`foureyes.open_reader`, or gives a batcher in front of it.
        provider: who it is called.

    Raises:
        ConfigError: no calibration is shipped for this model.
        ModelUnavailable: its weights cannot be had.
    """
    calibration = shipped_calibration(model)
    return ReaderJudge(open_reader(model), calibration.calibrator, calibration.cut, provider=provider)
