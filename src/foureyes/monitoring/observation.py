"""The records a monitor takes: a decision with its votes, and later perhaps whether the answer was right.

No texts and no request bodies: numbers, words of a fixed vocabulary, and the names that a caller gives its verifiers,
agents, sessions and memories.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

from foureyes.errors import InputError
from foureyes.types import VoteVerdict

__all__ = ["AnswerOutcome", "FreshReading", "Observation", "ObservedVote", "Origin", "OriginKind", "origins_of"]

OriginKind: TypeAlias = Literal["agent", "session", "source"]
Origin: TypeAlias = tuple[OriginKind, str]
"""Where an answer came from: the agent that gave it, the session it was given in, a memory it drew on."""

_WORDS: Final[tuple[str, ...]] = get_args(VoteVerdict)


@dataclass(frozen=True, slots=True)
class ObservedVote:
    """One verifier's vote as a monitor is told of it.

    Args:
        verifier: its name.
        verdict: safe, unsafe, abstain or error.
        confidence: P(the answer is right), in [0, 1]; ``None`` where it stated none.
        log_cmp: mean surprise per token where it read the answer, nats, ≥ 0; ``None`` for a judge.
        latency_ms: how long it took, ≥ 0.

    Raises:
        InputError: a value is outside its range.
    """

    verifier: str
    verdict: VoteVerdict
    confidence: float | None = None
    log_cmp: float | None = None
    latency_ms: float = 0.0

    def __post_init__(self) -> None:
        if self.verdict not in _WORDS:
            raise InputError(f"a verdict is one of {', '.join(_WORDS)}; got {self.verdict!r}")
        _require_confidence(self.confidence)
        if self.log_cmp is not None and not 0 <= self.log_cmp < math.inf:
            raise InputError(f"log_cmp must be finite and not negative; got {self.log_cmp}")
        if not 0 <= self.latency_ms < math.inf:
            raise InputError(f"latency_ms must be finite and not negative; got {self.latency_ms}")

    @property
    def definite(self) -> bool:
        """Whether it took a side."""
        return self.verdict in ("safe", "unsafe")


class _OfAnAnswer:
    """What is told of an answer that came from somewhere."""

    __slots__ = ()
    agent: str | None
    session: str | None
    sources: tuple[str, ...]

    @property
    def origins(self) -> list[Origin]:
        """Where the answer came from, as far as that was said."""
        return origins_of(self.agent, self.session, self.sources)

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return _values(self)


@dataclass(frozen=True, slots=True)
class Observation(_OfAnAnswer):
    """One decision of the guard as a monitor is told of it: time, verdict and votes.

    Args:
        at: when, in seconds since 1970.
        safe: whether the answer was let through.
        consensus: whether a majority was reached.
        opinions: the verifiers' votes.
        confidence: the calibrated P(the answer is right) the decision rests on; ``None`` where there is none.
        latency_ms: of the whole decision, ≥ 0.
        agent: who gave the answer; ``None`` where nobody said.
        session: the conversation it was given in.
        sources: names of the memories it drew on.
        enforced: false where the verdict only informs: nothing is held back.

    Raises:
        InputError: a value is outside its range, or an answer was let through without a majority.

    Example:
        >>> seen = Observation(0.0, safe=True, consensus=True, opinions=(ObservedVote("a", "safe"), ObservedVote("b", "unsafe")))
        >>> seen.disagreement
        True
    """

    at: float
    safe: bool
    consensus: bool
    opinions: tuple[ObservedVote, ...] = ()
    confidence: float | None = None
    latency_ms: float = 0.0
    agent: str | None = None
    session: str | None = None
    sources: tuple[str, ...] = ()
    enforced: bool = True

    def __post_init__(self) -> None:
        if not math.isfinite(self.at):
            raise InputError(f"a moment must be finite; got {self.at}")
        if self.safe and not self.consensus:
            raise InputError("an answer is let through by a majority only; got safe without consensus")
        if not 0 <= self.latency_ms < math.inf:
            raise InputError(f"latency_ms must be finite and not negative; got {self.latency_ms}")
        _require_confidence(self.confidence)

    @property
    def disagreement(self) -> bool | None:
        """Whether verifiers took different sides; ``None`` where fewer than two took one."""
        safe = unsafe = 0
        for opinion in self.opinions:
            safe += opinion.verdict == "safe"
            unsafe += opinion.verdict == "unsafe"
        return safe > 0 < unsafe if safe + unsafe > 1 else None

    @property
    def disputed(self) -> bool | None:
        """Whether a verifier contradicted the answer; ``None`` where none took a side."""
        found = None
        for opinion in self.opinions:
            if opinion.verdict == "unsafe":
                return True
            if opinion.verdict == "safe":
                found = False
        return found

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {**_values(self), "opinions": [_values(opinion) for opinion in self.opinions]}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Observation:
        """Reads what :meth:`to_dict` wrote.

        Raises:
            InputError: not such a document.
        """
        try:
            opinions = tuple(ObservedVote(**opinion) for opinion in document["opinions"])
            return cls(**{**document, "opinions": opinions, "sources": tuple(document.get("sources", ()))})
        except (KeyError, TypeError) as error:
            raise InputError(f"not an observation: {error}") from error


@dataclass(frozen=True, slots=True)
class FreshReading(_OfAnAnswer):
    """What a clean model made of the question: one that never saw the memory the answer was given from.

    Args:
        at: when, in seconds since 1970.
        shift: log_cmp of the given answer minus that of the clean model's own, both read by the clean model without any
            context, nats a token; above 0 = the given answer surprises it more. ``None`` where it does not read.
        differs: whether its own answer says something else; ``None`` where the two could not be compared.
        agent, session, sources: of the decision, as in :class:`Observation`.

    Raises:
        InputError: a number is not finite.
    """

    at: float
    shift: float | None = None
    differs: bool | None = None
    agent: str | None = None
    session: str | None = None
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not math.isfinite(self.at) or (self.shift is not None and not math.isfinite(self.shift)):
            raise InputError(f"a fresh reading wants finite numbers; got at {self.at}, shift {self.shift}")

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> FreshReading:
        """Reads what :meth:`to_dict` wrote.

        Raises:
            InputError: not such a document.
        """
        try:
            return cls(**{**document, "sources": tuple(document["sources"])})
        except (KeyError, TypeError) as error:
            raise InputError(f"not a fresh reading: {error}") from error


@dataclass(frozen=True, slots=True)
class AnswerOutcome:
    """Whether an answer turned out right, learnt after the decision on it.

    Args:
        at: when it was reported, in seconds since 1970.
        right: whether the answer was right and safe to act on.
        observation: the decision it is about.
    """

    at: float
    right: bool
    observation: Observation

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {**_values(self), "observation": self.observation.to_dict()}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> AnswerOutcome:
        """Reads what :meth:`to_dict` wrote.

        Raises:
            InputError: not such a document.
        """
        try:
            return cls(document["at"], document["right"], Observation.from_dict(document["observation"]))
        except (KeyError, TypeError) as error:
            raise InputError(f"not an outcome: {error}") from error


def origins_of(agent: str | None, session: str | None, sources: tuple[str, ...]) -> list[Origin]:
    """The agent, the session and the memories that were named, each once."""
    named: list[Origin] = [("source", name) for name in dict.fromkeys(sources)]
    if session is not None:
        named.insert(0, ("session", session))
    if agent is not None:
        named.insert(0, ("agent", agent))
    return named


def _values(record: Any) -> dict[str, Any]:
    """The fields of a record with slots. They never change, so that none is copied, as ``asdict`` would."""
    return {name: getattr(record, name) for name in record.__slots__}


def _require_confidence(value: float | None) -> None:
    if value is not None and not 0 <= value <= 1:
        raise InputError(f"a confidence must lie in [0, 1]; got {value}: None where there is none")
