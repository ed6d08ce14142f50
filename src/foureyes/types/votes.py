"""What verifiers think of an answer: one vote each, one verdict together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from foureyes.display import Result
from foureyes.errors import InputError
from foureyes.types.parts import require_text

__all__ = ["Verdict", "Vote", "VoteVerdict"]

VoteVerdict: TypeAlias = Literal["safe", "unsafe", "abstain", "error"]

_VERDICTS: Final[tuple[str, ...]] = get_args(VoteVerdict)


@dataclass(frozen=True, slots=True)
class Vote:
    """What one verifier says of one exchange.

    Args:
        provider: who runs the verifier, as configured.
        model: which verifier, as configured.
        verdict: ``"safe"`` or ``"unsafe"`` to act on; ``"abstain"`` where the verifier could not tell; ``"error"`` where
            it did not answer, or not in the form asked for.
        confidence: P(the answer is right and safe to act on), in [0, 1]: near 0 for a sure ``"unsafe"``. ``None``
            where the verifier states none; never stated by an error.
        reason: why, in a sentence for a person. May quote the exchange.
        latency_ms: from being asked to having voted, ≥ 0.
        log_cmp: mean surprise per token of the answer, nats, ≥ 0; ``None`` where the verifier read no log-probabilities.

    Raises:
        InputError: a value is outside its range.

    Example:
        >>> Vote("openai", "gpt-5", "unsafe", 0.02, "Canberra, not Sydney").verdict
        'unsafe'
    """

    provider: str
    model: str
    verdict: VoteVerdict
    confidence: float | None = None
    reason: str = ""
    latency_ms: float = 0.0
    log_cmp: float | None = None

    def __post_init__(self) -> None:
        require_text("vote provider", self.provider)
        require_text("vote model", self.model)
        require_text("vote reason", self.reason)
        if self.verdict not in _VERDICTS:
            raise InputError(f"a verdict is one of {', '.join(_VERDICTS)}; got {self.verdict!r}")
        if self.confidence is not None and not 0 <= self.confidence <= 1:
            raise InputError(f"a vote's confidence must lie in [0, 1] or be None; got {self.confidence}")
        if self.verdict == "error" and self.confidence is not None:
            raise InputError(f"an error is not confident of anything; got {self.confidence}")
        if not 0 <= self.latency_ms < math.inf:
            raise InputError(f"latency_ms must be a time, at least 0; got {self.latency_ms}")
        if self.log_cmp is not None and not 0 <= self.log_cmp < math.inf:
            raise InputError(f"log_cmp must be finite and at least 0, or None; got {self.log_cmp}")


@dataclass(frozen=True, slots=True, repr=False)
class Verdict(Result):
    """What a council of verifiers decided of one answer, with every vote.

    Args:
        consensus_reached: whether more of the configured verifiers than the rule asks for agree on safe, or on unsafe.
        safe: whether they agree on safe. ``False`` says "not verified", not "harmful".
        votes: one per verifier that was asked, in their order.
        agreement_ratio: share of the configured verifiers' weight behind the more common of safe and unsafe, in
            [0, 1], to six decimals; 0 when nobody decided.
        latency_ms: from the question to the count, to the microsecond, ≥ 0.
        reason: why, in a sentence for a person. Quotes nothing of the exchange.
        unasked: (provider, model) of the configured verifiers that were not asked. They count as configured.

    Raises:
        InputError: safe without consensus, or a number outside its range.
    """

    consensus_reached: bool
    safe: bool
    votes: tuple[Vote, ...]
    agreement_ratio: float
    latency_ms: float
    reason: str
    unasked: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.safe and not self.consensus_reached:
            raise InputError("a verdict cannot be safe without consensus")
        if not 0 <= self.agreement_ratio <= 1:
            raise InputError(f"agreement_ratio must lie in [0, 1]; got {self.agreement_ratio}")
        if not 0 <= self.latency_ms < math.inf:
            raise InputError(f"latency_ms must be a time, at least 0; got {self.latency_ms}")

    @property
    def asked(self) -> int:
        """How many verifiers were asked."""
        return len(self.votes)

    @property
    def configured(self) -> int:
        """How many verifiers were configured, asked or not."""
        return len(self.votes) + len(self.unasked)
