"""Decides whether an agent may act on its own, by the outcomes of its earlier actions. No I/O, no clock.

:meth:`AgentGate.report` takes an outcome, :meth:`AgentGate.decide` says allow, review or deny with its reasons, and the whole state
goes into JSON and back. The rule that holds throughout: nothing is allowed on hope. An agent nobody knows, or knows too
little of, is reviewed; so is one whose record has been forgotten for lack of room.

What is kept of an agent: its last ``window`` outcomes. Of them

- *reliability*: share that was right, with an exact 95 % interval;
- *risk*: share that did harm;
- *calibration*: mean Brier score (stated confidence − right)² over those with a stated confidence; 0 is perfect, 0.25 is
  what always saying one half gets.
"""

from __future__ import annotations

import json
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal, TypeAlias

from foureyes.display import plural
from foureyes.errors import InputError
from foureyes.json_text import parsed_json
from foureyes.maths.bounds import clopper_pearson

__all__ = ["ActionOutcome", "AgentGate", "AgentRecord", "GateAction", "GateDecision", "GateReason", "GateRules"]

GateAction: TypeAlias = Literal["allow", "review", "deny"]
GateReason: TypeAlias = Literal[
    "good_record", "unknown_agent", "too_few_outcomes", "unsure", "miscalibrated", "risky", "unreliable", "harmful"
]

_FORMAT: Final = "foureyes.gate"
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class ActionOutcome:
    """The outcome of one action of an agent.

    Args:
        correct: whether it was right.
        confidence: the agent's own P(correct) at the time, in [0, 1]; ``None`` where it stated none.
        harmful: whether it did damage.

    Raises:
        InputError: a confidence outside [0, 1].
    """

    correct: bool
    confidence: float | None = None
    harmful: bool = False

    def __post_init__(self) -> None:
        if self.confidence is not None and not 0 <= self.confidence <= 1:
            raise InputError(f"a stated confidence must lie in [0, 1] or be None; got {self.confidence}")


@dataclass(frozen=True, slots=True)
class GateRules:
    """What an agent's record must show before it may act alone.

    Args:
        window: outcomes kept of each agent, ≥ 1.
        agents: agents kept; the one heard of least recently is forgotten for a new one, ≥ 1.
        least: outcomes below which every action is reviewed, 1 … ``window``.
        reliability: the lower end of the interval must reach this to be allowed; an agent whose upper end is below it is
            denied.
        review_risk, deny_risk: share of harmful outcomes above which actions are reviewed, and denied.
        brier: mean Brier score above which actions are reviewed: the agent does not know what it knows.

    Raises:
        InputError: a number outside its range.
    """

    window: int = 200
    agents: int = 10_000
    least: int = 20
    reliability: float = 0.8
    review_risk: float = 0.02
    deny_risk: float = 0.1
    brier: float = 0.25

    def __post_init__(self) -> None:
        laws = {
            f"1 ≤ least ≤ window, got {self.least} and {self.window}": 1 <= self.least <= self.window,
            f"agents ≥ 1, got {self.agents}": self.agents >= 1,
            f"0 < reliability < 1, got {self.reliability}": 0 < self.reliability < 1,
            f"0 ≤ review_risk ≤ deny_risk ≤ 1, got {self.review_risk} and {self.deny_risk}": (
                0 <= self.review_risk <= self.deny_risk <= 1
            ),
            f"0 ≤ brier ≤ 1, got {self.brier}": 0 <= self.brier <= 1,
        }
        broken = [law for law, holds in laws.items() if not holds]
        if broken:
            raise InputError(f"rules of a gate want {'; '.join(broken)}")


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """Statistics of an agent's recent outcomes.

    Attributes:
        outcomes: how many are counted, at most the window.
        reliability: share that was right; ``None`` where none is known.
        reliability_low, reliability_high: exact 95 % interval of it; 0 and 1 where nothing is known.
        risk: share that did harm; ``None`` where none is known.
        brier: mean Brier score; ``None`` where no confidence was stated.
    """

    outcomes: int
    reliability: float | None
    reliability_low: float
    reliability_high: float
    risk: float | None
    brier: float | None


@dataclass(frozen=True, slots=True)
class GateDecision:
    """Allow, review or deny, with reasons.

    Attributes:
        action: allow, review (a person decides) or deny.
        code: the weightiest reason, as a word a program can act on.
        reasons: all of them, as sentences, the weightiest first.
        record: what they rest on.
    """

    action: GateAction
    code: GateReason
    reasons: tuple[str, ...]
    record: AgentRecord


class AgentGate:
    """Keeps each agent's recent outcomes and decides whether it may act. Not thread-safe: one owner.

    Args:
        rules: what an agent needs.

    Example:
        >>> gate = AgentGate()
        >>> gate.decide("agent-7").code
        'unknown_agent'
        >>> for _ in range(30):
        ...     _ = gate.report("agent-7", ActionOutcome(correct=True, confidence=0.9))
        >>> gate.decide("agent-7").action
        'allow'
    """

    def __init__(self, rules: GateRules | None = None) -> None:
        self._rules = rules or GateRules()
        self._kept: OrderedDict[str, deque[ActionOutcome]] = OrderedDict()

    @property
    def rules(self) -> GateRules:
        """What an agent needs."""
        return self._rules

    @property
    def agents(self) -> tuple[str, ...]:
        """The agents something is known of, the one heard of least recently first."""
        return tuple(self._kept)

    def report(self, agent: str, outcome: ActionOutcome) -> int:
        """Counts an outcome; returns how many are now counted of this agent."""
        kept = self._kept.setdefault(agent, deque(maxlen=self._rules.window))
        kept.append(outcome)
        self._kept.move_to_end(agent)
        if len(self._kept) > self._rules.agents:
            self._kept.popitem(last=False)
        return len(kept)

    def record(self, agent: str) -> AgentRecord:
        """What is known of an agent; nothing, of a stranger."""
        return _record(self._kept.get(agent, ()))

    def decide(self, agent: str) -> GateDecision:
        """Whether an agent may act on its own.

        Deny: its risk is above ``deny_risk``, or its whole interval of reliability is below what is needed. Review: too
        few outcomes, an interval that does not lie above what is needed, a risk above ``review_risk``, a Brier score
        above ``brier``. Allow: none of these.
        """
        record = self.record(agent)
        found = _objections(record, self._rules)
        if not found:
            low, high = record.reliability_low, record.reliability_high
            reason = f"{plural(record.outcomes, 'outcome')}, reliability between {low:.2f} and {high:.2f}"
            return GateDecision("allow", "good_record", (reason,), record)
        action: GateAction = "deny" if found[0][0] in ("harmful", "unreliable") else "review"
        return GateDecision(action, found[0][0], tuple(reason for _, reason in found), record)

    def to_json(self) -> str:
        """Rules and records as JSON that :meth:`from_json` reads back to an equal state."""
        kept = {
            agent: [[o.correct, o.confidence, o.harmful] for o in outcomes] for agent, outcomes in self._kept.items()
        }
        document = {"format": _FORMAT, "version": _VERSION, "rules": asdict(self._rules), "agents": kept}
        return json.dumps(document, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> AgentGate:
        """Reads what :meth:`to_json` wrote.

        Raises:
            InputError: not such JSON, or of another version.
        """
        try:
            document = parsed_json(text)
            if (document["format"], document["version"]) != (_FORMAT, _VERSION):
                raise InputError(f"wanted a {_FORMAT} of version {_VERSION}; got {str(document)[:60]}")
            gate = cls(_rules(document["rules"]))
            for agent, outcomes in document["agents"].items():
                for outcome in outcomes:
                    gate.report(agent, _outcome(outcome))
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"not a {_FORMAT}: {text[:60]!r}") from error
        return gate


def _record(outcomes: Iterable[ActionOutcome]) -> AgentRecord:
    kept = list(outcomes)
    n, right = len(kept), sum(o.correct for o in kept)
    low, high = clopper_pearson(right, n)
    squares = [(o.confidence - o.correct) ** 2 for o in kept if o.confidence is not None]
    return AgentRecord(
        outcomes=n,
        reliability=right / n if n else None,
        reliability_low=low,
        reliability_high=high,
        risk=sum(o.harmful for o in kept) / n if n else None,
        brier=sum(squares) / len(squares) if squares else None,
    )


def _objections(record: AgentRecord, rules: GateRules) -> list[tuple[GateReason, str]]:
    """What speaks against acting alone, the weightiest first."""
    if record.reliability is None or record.risk is None:
        return [("unknown_agent", "nothing is known of this agent")]
    n, low, high = record.outcomes, record.reliability_low, record.reliability_high
    interval = f"reliability lies between {low:.2f} and {high:.2f}; wanted {rules.reliability:.2f}"
    few = n < rules.least
    checks: list[tuple[bool, GateReason, str]] = [
        (
            not few and record.risk > rules.deny_risk,
            "harmful",
            f"{record.risk:.3f} of its actions did harm; denied above {rules.deny_risk:g}",
        ),
        (not few and high < rules.reliability, "unreliable", interval),
        (
            few,
            "too_few_outcomes",
            f"{plural(n, 'outcome')} {'is' if n == 1 else 'are'} known; a decision needs {rules.least}",
        ),
        (
            record.risk > rules.review_risk,
            "risky",
            f"{record.risk:.3f} of its actions did harm; reviewed above {rules.review_risk:g}",
        ),
        (low < rules.reliability <= high, "unsure", interval),
        (
            record.brier is not None and record.brier > rules.brier,
            "miscalibrated",
            f"its stated confidences have a Brier score of {record.brier or 0:.3f}; reviewed above {rules.brier:g}",
        ),
    ]
    return [(code, reason) for holds, code, reason in checks if holds]


def _rules(document: dict[str, Any]) -> GateRules:
    if set(document) != {field.name for field in fields(GateRules)}:
        raise InputError(f"not the rules of a gate: {str(document)[:60]}")
    return GateRules(**document)


def _outcome(parts: list[Any]) -> ActionOutcome:
    match parts:
        case [bool(correct), None | int() | float() as confidence, bool(harmful)] if not isinstance(confidence, bool):
            return ActionOutcome(correct, confidence, harmful)
        case _:
            raise InputError(f"not an outcome: {str(parts)[:60]}")
