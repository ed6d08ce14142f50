"""Watches whether a threshold's promised error rate still holds, and suspends the promise when it may not.

A threshold promises that "of the answers let through, at most α are wrong" for answers drawn like the labelled ones it
was chosen on. A :class:`PromiseWatch` bets against both halves of that sentence:

* the confidences that come are not drawn like those of the labelled answers (an exchangeability test), which needs no
  label and is usually first to know;
* the promised risk is exceeded among the outcomes reported (a test by betting), which asks the promise itself.

Each has half of ``alpha``: the chance that a promise is *ever* suspended for nothing is at most ``alpha``. Whoever
decides asks :attr:`PromiseWatch.status`; a suspended one says since when, why, and how to resume it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol

from numpy.typing import ArrayLike

from foureyes.errors import InputError
from foureyes.json_text import parsed_json
from foureyes.maths.change import MeanTest
from foureyes.maths.columns import fraction
from foureyes.maths.exchangeability import ExchangeabilityTest
from foureyes.monitoring.alarms import Alarm

__all__ = ["Promise", "PromiseStatus", "PromiseWatch", "ThresholdLike"]

_FORMAT: Final = "foureyes.promise_watch"
_VERSION: Final = 1
_RESUME: Final = (
    "To resume it, calibrate and choose the threshold anew on recent labels (renew), or acknowledge it: confidences "
    "like those that come from then on count as normal."
)


class ThresholdLike(Protocol):
    """What a promise is taken from: :class:`foureyes.calibration.Threshold` fits."""

    @property
    def cut(self) -> float:
        """Let through from this confidence on."""
        ...

    @property
    def risk(self) -> str:
        """``"error_rate"``, ``"mean_cost"`` or ``"false_block_rate"``."""
        ...

    @property
    def limit(self) -> float:
        """The risk not to be exceeded."""
        ...

    @property
    def in_sample(self) -> bool:
        """Whether nothing is promised after all."""
        ...

    @property
    def statement(self) -> str:
        """The promise in words."""
        ...


@dataclass(frozen=True, slots=True)
class Promise:
    """What was promised of a threshold: at most this share of wrong answers among those let through.

    Attributes:
        cut: answers with at least this confidence are let through.
        risk: what is bounded: ``"error_rate"``, ``"mean_cost"`` or ``"false_block_rate"``.
        limit: the risk not to be exceeded.
        statement: in words.
    """

    cut: float
    risk: str
    limit: float
    statement: str

    @classmethod
    def of(cls, threshold: ThresholdLike) -> Promise:
        """The promise of a threshold.

        Raises:
            InputError: the threshold was chosen on the rows its calibrator was fitted on, so it promises nothing.
        """
        if threshold.in_sample:
            raise InputError("a threshold chosen in sample promises nothing, so there is nothing to watch")
        return cls(threshold.cut, threshold.risk, threshold.limit, threshold.statement)


@dataclass(frozen=True, slots=True)
class PromiseStatus:
    """Whether a promise holds at the moment, and why not.

    Attributes:
        name: whose promise it is.
        holds: false while it is suspended.
        statement: the promise in words.
        reason: why it is suspended; ``None`` while it holds.
        since: when it was suspended, in seconds since 1970; ``None`` while it holds.
        resume: what makes it hold again; ``None`` while it holds.
    """

    name: str
    holds: bool
    statement: str
    reason: str | None = None
    since: float | None = None
    resume: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


class PromiseWatch:
    """Suspends a promise when the answers or confidences it rests on have changed.

    Args:
        promise: from :meth:`Promise.of`.
        reference: (N,) the confidences of the labelled answers the threshold was chosen on. ``()`` takes the first that
            come, and so presumes that the promise held when the watch began.
        name: whose promise it is, usually a verifier's name.
        alpha: chance that the promise is ever suspended for nothing, in (0, 1).
        seed: of the lots that break ties.

    Raises:
        InputError: a value is outside its range.

    Example:
        >>> promise = Promise(0.8, "error_rate", 0.05, "at most 5 % wrong")
        >>> watch = PromiseWatch(promise, [i / 100 for i in range(50, 100)])
        >>> watch.status.holds
        True
        >>> for t in range(100):
        ...     alarm = watch.observe(0.51, float(t))
        >>> watch.status.holds
        False
    """

    def __init__(
        self, promise: Promise, reference: ArrayLike, *, name: str = "", alpha: float = 0.01, seed: int = 0
    ) -> None:
        self._name, self._alpha = name, fraction("alpha", alpha)
        self._promise, self._begin = promise, (reference, seed)
        self._rounds = 1
        self._test = ExchangeabilityTest(reference, alpha=self._alpha / 2, seed=seed)
        self._risk = self._open_risk()
        self._alarm: Alarm | None = None

    @property
    def promise(self) -> Promise:
        """What was promised."""
        return self._promise

    @property
    def alarm(self) -> Alarm | None:
        """What suspended it; ``None`` while it holds."""
        return self._alarm

    @property
    def status(self) -> PromiseStatus:
        """Whether it holds."""
        if self._alarm is None:
            return PromiseStatus(self._name, holds=True, statement=self._promise.statement)
        return PromiseStatus(
            self._name,
            holds=False,
            statement=self._promise.statement,
            reason=self._alarm.statement,
            since=self._alarm.at,
            resume=self._alarm.resume,
        )

    def observe(self, confidence: float, at: float) -> Alarm | None:
        """Takes the confidence of the next answer, let through or not.

        Returns:
            The alarm, when this suspends the promise.
        """
        if not 0 <= confidence <= 1:
            raise InputError(f"a confidence must lie in [0, 1]; got {confidence}: leave out what has none")
        if not self._test.observe(confidence):
            return None
        return self.suspend("confidences are no longer distributed as when it was made", at)

    def outcome(self, confidence: float, at: float, *, right: bool) -> Alarm | None:
        """Takes what became of an answer. A promise about costs is not tested: costs are not reported.

        Returns:
            The alarm, when this suspends the promise.
        """
        loss = self._loss(confidence, right=right)
        if loss is None or self._risk is None or not self._risk.observe(loss):
            return None
        return self.suspend(f"outcomes show a risk above the promised {self._promise.limit:.3g}", at)

    def suspend(self, reason: str, at: float) -> Alarm | None:
        """Suspends the promise for a reason of the caller's.

        Returns:
            The alarm; ``None`` where it is suspended already: a second reason is no second alarm.
        """
        if self._alarm is not None:
            return None
        statement = f"The promise of {self._name or 'the threshold'} is suspended: {reason}."
        often = f"a chance of at most {100 * self._alpha:.2g} %, ever, while answers come as they did"
        self._alarm = Alarm(f"promise:{self._name}", "promise", at, statement, often, _RESUME)
        return self._alarm

    def acknowledge(self) -> None:
        """Lets the promise hold again, on somebody's word: confidences from now on are the new normal.

        Raises:
            InputError: it is not suspended.
        """
        if self._alarm is None:
            raise InputError("the promise holds; there is nothing to acknowledge")
        self._resume(self._promise, ())

    def renew(self, promise: Promise, reference: ArrayLike) -> None:
        """Replaces the promise by one made on recent labels.

        Args:
            promise: the new one.
            reference: the confidences it was made on, of the new calibrator.
        """
        self._begin = (reference, self._begin[1])
        self._resume(promise, reference)

    def take_over(self, earlier: PromiseWatch) -> None:
        """Goes on where an earlier watch stood: its evidence, its suspension, and what it may still spend of its alpha.

        Where this one's promise is another, that renews it, as :meth:`renew` would; the confidences it was made on are
        then learnt from what comes.
        """
        promise = self._promise
        self._alpha, self._promise, self._rounds = earlier._alpha, earlier._promise, earlier._rounds
        self._test, self._risk, self._alarm = earlier._test, earlier._risk, earlier._alarm
        if promise != earlier._promise:
            self.renew(promise, ())

    def begun_anew(self) -> PromiseWatch:
        """A watch of the same promise that has seen nothing, and begins as this one did."""
        return PromiseWatch(self._promise, self._begin[0], name=self._name, alpha=self._alpha, seed=self._begin[1])

    def to_json(self) -> str:
        """All of it, to go on after a restart."""
        document = {
            "format": _FORMAT,
            "version": _VERSION,
            "name": self._name,
            "alpha": self._alpha,
            "promise": asdict(self._promise),
            "rounds": self._rounds,
            "test": self._test.state(),
            "risk": self._risk and self._risk.state(),
            "alarm": self._alarm and self._alarm.to_dict(),
        }
        return json.dumps(document, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> PromiseWatch:
        """Goes on from what :meth:`to_json` wrote.

        Raises:
            InputError: not such JSON, or of another version.
        """
        document = _document(text)
        try:
            watch = cls(Promise(**document["promise"]), (), name=document["name"], alpha=document["alpha"])
            watch._rounds = document["rounds"]
            watch._test = ExchangeabilityTest.from_state(document["test"])
            watch._risk = document["risk"] and MeanTest.from_state(document["risk"])
            watch._alarm = document["alarm"] and Alarm.from_dict(document["alarm"])
        except (KeyError, TypeError) as error:
            raise InputError(f"not the state of a promise's watch: {error!r}") from error
        return watch

    def _loss(self, confidence: float, *, right: bool) -> float | None:
        """What the outcome adds to the promised risk; ``None`` where it says nothing about it."""
        through = confidence >= self._promise.cut
        if self._promise.risk == "error_rate" and through:
            return float(not right)
        if self._promise.risk == "false_block_rate" and right:
            return float(not through)
        return None

    def _resume(self, promise: Promise, reference: ArrayLike) -> None:
        self._promise = promise
        self._rounds += 1
        self._test.restart(reference)
        self._risk = self._open_risk()
        self._alarm = None

    def _open_risk(self) -> MeanTest | None:
        """Round r of the test of outcomes gets α / (2r(r + 1)), so that all rounds together stay within α / 2."""
        if self._promise.risk == "mean_cost":
            return None
        return MeanTest(self._promise.limit, alpha=self._alpha / (2 * self._rounds * (self._rounds + 1)))


def _document(text: str) -> Mapping[str, Any]:
    try:
        document = parsed_json(text)
    except json.JSONDecodeError as error:
        raise InputError(f"not the state of a promise's watch: not JSON at character {error.pos}") from error
    found = (document.get("format"), document.get("version")) if isinstance(document, dict) else (None, None)
    if found != (_FORMAT, _VERSION):
        raise InputError(f"wanted {_FORMAT} version {_VERSION}; got {found[0]!r} version {found[1]!r}")
    return dict(document)
