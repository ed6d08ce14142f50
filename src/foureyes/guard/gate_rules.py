"""What an agent's record must show before the agent may act on its own, and what speaks against it. Pure.

A :class:`GatePolicy` holds the rules for every action, rules of their own for some actions, and how much is remembered. Of
several rules that fit an action the most precise one is used: both types, then the resource's, then the action's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

from foureyes.display import plural
from foureyes.errors import InputError

__all__ = [
    "ActionRule",
    "AgentRecord",
    "GateAction",
    "GateMemory",
    "GatePolicy",
    "GateReason",
    "GateRules",
    "RuleDecision",
    "objections",
]

GateAction: TypeAlias = Literal["allow", "review", "deny"]
GateReason: TypeAlias = Literal[
    "good_record",
    "by_rule",
    "unknown_agent",
    "too_few_outcomes",
    "unsure",
    "miscalibrated",
    "risky",
    "some_unsafe",
    "unreliable",
    "often_unsafe",
    "harmful",
]
RuleDecision: TypeAlias = Literal["by_record", "review", "deny"]
"""Whether an agent's record decides, or the action is reviewed or denied whatever the record."""


def _require(laws: dict[str, bool], wanted: str) -> None:
    if broken := [law for law, holds in laws.items() if not holds]:
        raise InputError(f"{wanted} {'; '.join(broken)}")


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """Statistics of an agent's recent outcomes and verifications.

    Attributes:
        outcomes: how many are counted, at most the window.
        reliability: share that was right; ``None`` where none is known.
        reliability_low, reliability_high: exact 95 % interval of it; 0 and 1 where nothing is known.
        risk: share that did harm; ``None`` where none is known.
        brier: mean Brier score; ``None`` where no confidence was stated.
        verifications: how many recent answers verifiers agreed on, and no outcome was reported of.
        unsafe: share of these that they called unsafe; ``None`` where there are none.
        unsafe_low: lower end of the exact 95 % interval of it; 0 where there are none.
    """

    outcomes: int
    reliability: float | None
    reliability_low: float
    reliability_high: float
    risk: float | None
    brier: float | None
    verifications: int = 0
    unsafe: float | None = None
    unsafe_low: float = 0.0


@dataclass(frozen=True, slots=True)
class GateRules:
    """What an agent's record must show before it may act alone.

    Args:
        least: outcomes below which every action is reviewed, ≥ 1.
        reliability: the lower end of the interval must reach this to be allowed; an agent whose upper end is below it is
            denied.
        review_risk, deny_risk: share of harmful outcomes above which actions are reviewed, and denied.
        brier: mean Brier score above which actions are reviewed: the agent does not know what it knows.
        review_unsafe, deny_unsafe: share of unsafe verifications; where the lower end of its interval is above, actions are
            reviewed, and denied.
        decision: ``"review"`` and ``"deny"`` do that whatever the record; a record may still deny what is reviewed.

    Raises:
        InputError: a number outside its range.
    """

    least: int = 20
    reliability: float = 0.8
    review_risk: float = 0.02
    deny_risk: float = 0.1
    brier: float = 0.25
    review_unsafe: float = 0.25
    deny_unsafe: float = 0.5
    decision: RuleDecision = "by_record"

    def __post_init__(self) -> None:
        laws = {
            f"least ≥ 1, got {self.least}": self.least >= 1,
            f"0 < reliability < 1, got {self.reliability}": 0 < self.reliability < 1,
            f"0 ≤ review_risk ≤ deny_risk ≤ 1, got {self.review_risk} and {self.deny_risk}": (
                0 <= self.review_risk <= self.deny_risk <= 1
            ),
            f"0 ≤ brier ≤ 1, got {self.brier}": 0 <= self.brier <= 1,
            f"0 ≤ review_unsafe ≤ deny_unsafe ≤ 1, got {self.review_unsafe} and {self.deny_unsafe}": (
                0 <= self.review_unsafe <= self.deny_unsafe <= 1
            ),
        }
        _require(laws, "rules of a gate want")


@dataclass(frozen=True, slots=True)
class ActionRule:
    """Rules for some actions.

    Args:
        rules: what the record must show before such an action.
        action_type, resource_type: the actions they are for; ``None`` for any, in one of the two at most.

    Raises:
        InputError: it is for any action, which is what the policy's own rules are.
    """

    rules: GateRules
    action_type: str | None = None
    resource_type: str | None = None

    def __post_init__(self) -> None:
        if self.action_type is None and self.resource_type is None:
            raise InputError("a rule for some actions wants an action_type, a resource_type, or both; got neither")


@dataclass(frozen=True, slots=True)
class GateMemory:
    """How much a gate remembers.

    Args:
        window: outcomes kept of each agent, ≥ 1.
        verdicts: verifications kept of each agent, ≥ 1.
        agents: agents kept; the one heard of least recently is forgotten for a new one, ≥ 1.

    Raises:
        InputError: a number outside its range.
    """

    window: int = 200
    verdicts: int = 50
    agents: int = 10_000

    def __post_init__(self) -> None:
        laws = {f"{name} ≥ 1, got {value}": value >= 1 for name, value in asdict(self).items()}
        _require(laws, "the memory of a gate wants")


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """Everything a gate decides by.

    Args:
        rules: for every action that has none of its own.
        actions: for some actions.
        memory: how much is remembered.

    Raises:
        InputError: two rules for the same actions, or one that wants more outcomes than are remembered.

    Example:
        >>> policy = GatePolicy(actions=(ActionRule(GateRules(decision="review"), resource_type="send_email"),))
        >>> policy.rules_for("tool_call", "send_email").decision, policy.rules_for("tool_call", None).decision
        ('review', 'by_record')
    """

    rules: GateRules = GateRules()
    actions: tuple[ActionRule, ...] = ()
    memory: GateMemory = GateMemory()

    def __post_init__(self) -> None:
        places = [(rule.action_type, rule.resource_type) for rule in self.actions]
        if twice := [place for place in places if places.count(place) > 1]:
            raise InputError(f"two rules are for the same actions: {_named(*twice[0])}")
        most = max(rules.least for rules in (self.rules, *(rule.rules for rule in self.actions)))
        if most > self.memory.window:
            raise InputError(f"wanted least ≤ window; got {most} and {self.memory.window}")

    def rules_for(self, action_type: str | None, resource_type: str | None) -> GateRules:
        """The rules for an action: the most precise of those that fit."""
        places = {(rule.action_type, rule.resource_type): rule.rules for rule in self.actions}
        wanted = ((action_type, resource_type), (None, resource_type), (action_type, None))
        return next((places[place] for place in wanted if place in places), self.rules)


def objections(record: AgentRecord, rules: GateRules) -> list[tuple[GateReason, str]]:
    """What speaks against acting alone, the weightiest first; what denies comes before what is reviewed."""
    found = [*_denials(record, rules), *_doubts(record, rules)]
    return [(code, reason) for holds, code, reason in found if holds]


def _denials(record: AgentRecord, rules: GateRules) -> Iterator[tuple[bool, GateReason, str]]:
    enough = record.outcomes >= rules.least
    yield rules.decision == "deny", "by_rule", "this action is never left to an agent"
    yield (
        enough and (record.risk or 0.0) > rules.deny_risk,
        "harmful",
        f"{record.risk or 0.0:.3f} of its actions did harm; denied above {rules.deny_risk:g}",
    )
    yield enough and record.reliability_high < rules.reliability, "unreliable", _interval(record, rules)
    yield record.unsafe_low > rules.deny_unsafe, "often_unsafe", _unsafe(record, "denied", rules.deny_unsafe)


def _doubts(record: AgentRecord, rules: GateRules) -> Iterator[tuple[bool, GateReason, str]]:
    n, known = record.outcomes, record.outcomes > 0
    yield rules.decision == "review", "by_rule", "this action is always reviewed"
    yield not known, "unknown_agent", "nothing is known of what came of this agent's actions"
    few = f"{plural(n, 'outcome')} {'is' if n == 1 else 'are'} known; a decision needs {rules.least}"
    yield known and n < rules.least, "too_few_outcomes", few
    yield (
        (record.risk or 0.0) > rules.review_risk,
        "risky",
        f"{record.risk or 0.0:.3f} of its actions did harm; reviewed above {rules.review_risk:g}",
    )
    yield record.unsafe_low > rules.review_unsafe, "some_unsafe", _unsafe(record, "reviewed", rules.review_unsafe)
    unsure = record.reliability_low < rules.reliability <= record.reliability_high
    yield known and unsure, "unsure", _interval(record, rules)
    yield (
        (record.brier or 0.0) > rules.brier,
        "miscalibrated",
        f"its stated confidences have a Brier score of {record.brier or 0.0:.3f}; reviewed above {rules.brier:g}",
    )


def _interval(record: AgentRecord, rules: GateRules) -> str:
    low, high = record.reliability_low, record.reliability_high
    return f"reliability lies between {low:.2f} and {high:.2f}; wanted {rules.reliability:.2f}"


def _unsafe(record: AgentRecord, what: str, above: float) -> str:
    share = f"{record.unsafe or 0.0:.2f} of {plural(record.verifications, 'verification')} came out unsafe"
    return f"{share}, {record.unsafe_low:.2f} at the least; {what} above {above:g}"


def _named(action_type: str | None, resource_type: str | None) -> str:
    return f"action_type {action_type or 'any'}, resource_type {resource_type or 'any'}"
