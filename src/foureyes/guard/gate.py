"""Decides whether an agent may act on its own, by what came of its earlier actions and answers. No I/O, no clock.

:meth:`AgentGate.report` takes an outcome, :meth:`AgentGate.hear` a verification, :meth:`AgentGate.decide` says allow, review or
deny with its reasons, and what is remembered goes into JSON and back. The rule that holds throughout: nothing is allowed on
hope. An agent nobody knows, or knows too little of, is reviewed; so is one whose record has been forgotten for lack of room.

What is kept of an agent: its last outcomes and its last verifications. Of them

- *reliability*: share of outcomes that was right, with an exact 95 % interval;
- *risk*: share of outcomes that did harm;
- *calibration*: mean Brier score (stated confidence − right)² over those with a stated confidence; 0 is perfect, 0.25 is
  what always saying one half gets;
- *unsafe*: share of verifications that came out unsafe, with an exact 95 % interval. They only speak against an agent:
  verifiers' opinions allow nothing. Once an outcome of a verification is reported, the outcome counts in its place.

The rules stand in :mod:`foureyes.guard.gate_rules`.
"""

from __future__ import annotations

import json
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any, Final

from foureyes.display import plural
from foureyes.errors import InputError
from foureyes.guard.gate_rules import (
    ActionRule,
    AgentRecord,
    GateAction,
    GateMemory,
    GatePolicy,
    GateReason,
    GateRules,
    objections,
)
from foureyes.json_text import parsed_json
from foureyes.maths.bounds import clopper_pearson

__all__ = [
    "ActionOutcome",
    "ActionRule",
    "AgentGate",
    "AgentRecord",
    "GateAction",
    "GateDecision",
    "GateMemory",
    "GatePolicy",
    "GateReason",
    "GateRules",
]

_FORMAT: Final = "foureyes.gate"
_VERSION: Final = 2
_DENYING: Final = frozenset({"harmful", "unreliable", "often_unsafe"})


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


@dataclass(slots=True)
class _Kept:
    """What is kept of one agent: outcomes, and whether each verification came out unsafe, by its name."""

    outcomes: deque[ActionOutcome] = field(default_factory=deque)
    unsafe: OrderedDict[str, bool] = field(default_factory=OrderedDict)

    def shorten(self, memory: GateMemory) -> None:
        while len(self.outcomes) > memory.window:
            self.outcomes.popleft()
        while len(self.unsafe) > memory.verdicts:
            self.unsafe.popitem(last=False)


class AgentGate:
    """Keeps each agent's recent outcomes and verifications, and decides whether it may act. Not thread-safe: one owner.

    Args:
        policy: what an agent needs, for which action, and how much is remembered.

    Example:
        >>> gate = AgentGate()
        >>> gate.decide("agent-7").code
        'unknown_agent'
        >>> for _ in range(30):
        ...     _ = gate.report("agent-7", ActionOutcome(correct=True, confidence=0.9))
        >>> gate.decide("agent-7").action
        'allow'
        >>> for number in range(30):
        ...     gate.hear("agent-7", f"verification-{number}", unsafe=True)
        >>> gate.decide("agent-7").code
        'often_unsafe'
    """

    def __init__(self, policy: GatePolicy | None = None) -> None:
        self._policy = policy or GatePolicy()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    @property
    def policy(self) -> GatePolicy:
        """What an agent needs."""
        return self._policy

    @property
    def agents(self) -> tuple[str, ...]:
        """The agents something is known of, the one heard of least recently first."""
        return tuple(self._kept)

    def change(self, policy: GatePolicy) -> None:
        """Decides by another policy from now on; what it does not remember is forgotten."""
        self._policy = policy
        while len(self._kept) > policy.memory.agents:
            self._kept.popitem(last=False)
        for kept in self._kept.values():
            kept.shorten(policy.memory)

    def report(self, agent: str, outcome: ActionOutcome, *, verification: str | None = None) -> int:
        """Counts an outcome; returns how many are now counted of this agent.

        Args:
            agent: whose action it was.
            outcome: what came of it.
            verification: name of the verification it is about; the outcome counts in its place.
        """
        kept = self._known(agent)
        if verification is not None:
            kept.unsafe.pop(verification, None)
        kept.outcomes.append(outcome)
        kept.shorten(self._policy.memory)
        return len(kept.outcomes)

    def hear(self, agent: str, verification: str, *, unsafe: bool) -> None:
        """Counts a verification on which the verifiers agreed.

        Args:
            agent: whose answer was verified.
            verification: its name.
            unsafe: whether they called the answer unsafe.
        """
        kept = self._known(agent)
        kept.unsafe[verification] = unsafe
        kept.shorten(self._policy.memory)

    def forget(self, agent: str) -> None:
        """Forgets all of an agent, which is then reviewed like any that nobody knows."""
        self._kept.pop(agent, None)

    def record(self, agent: str) -> AgentRecord:
        """What is known of an agent; nothing, of a stranger."""
        return _record(self._kept.get(agent) or _Kept())

    def decide(self, agent: str, action_type: str | None = None, resource_type: str | None = None) -> GateDecision:
        """Whether an agent may act on its own, by the rules for this action.

        Deny: its risk is above ``deny_risk``, its whole interval of reliability is below what is needed, or its interval of
        unsafe verifications is above ``deny_unsafe``. Review: too few outcomes, an interval that does not lie above what is
        needed, a risk above ``review_risk``, an interval of unsafe verifications above ``review_unsafe``, a Brier score
        above ``brier``. Allow: none of these. A rule may review or deny an action whatever the record.
        """
        record, rules = self.record(agent), self._policy.rules_for(action_type, resource_type)
        found = objections(record, rules)
        if not found:
            low, high = record.reliability_low, record.reliability_high
            reason = f"{plural(record.outcomes, 'outcome')}, reliability between {low:.2f} and {high:.2f}"
            return GateDecision("allow", "good_record", (reason,), record)
        denied = rules.decision == "deny" or found[0][0] in _DENYING
        return GateDecision("deny" if denied else "review", found[0][0], tuple(reason for _, reason in found), record)

    def to_json(self) -> str:
        """The records as JSON that :meth:`from_json` reads back. The policy is not in it: it is configured."""
        agents = {
            agent: {
                "outcomes": [[o.correct, o.confidence, o.harmful] for o in kept.outcomes],
                "unsafe": list(kept.unsafe.items()),
            }
            for agent, kept in self._kept.items()
        }
        return json.dumps({"format": _FORMAT, "version": _VERSION, "agents": agents}, allow_nan=False)

    @classmethod
    def from_json(cls, text: str, policy: GatePolicy | None = None) -> AgentGate:
        """Reads what :meth:`to_json` wrote, of this version or the one before, which knew no verifications.

        Args:
            text: the JSON.
            policy: what the gate decides by.

        Raises:
            InputError: not such JSON, or of another version.
        """
        gate = cls(policy)
        try:
            document = parsed_json(text)
            if document["format"] != _FORMAT or document["version"] not in (1, _VERSION):
                raise InputError(f"wanted a {_FORMAT} of version {_VERSION}; got {str(document)[:60]}")
            for agent, kept in document["agents"].items():
                outcomes, unsafe = (kept, []) if document["version"] == 1 else (kept["outcomes"], kept["unsafe"])
                for entry in unsafe:
                    gate.hear(agent, **_verification(entry))
                for outcome in outcomes:
                    gate.report(agent, _outcome(outcome))
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"not a {_FORMAT}: {text[:60]!r}") from error
        return gate

    def _known(self, agent: str) -> _Kept:
        """What is kept of an agent, as the one heard of last; forgets another one for lack of room."""
        kept = self._kept.setdefault(agent, _Kept())
        self._kept.move_to_end(agent)
        if len(self._kept) > self._policy.memory.agents:
            self._kept.popitem(last=False)
        return kept


def _record(kept: _Kept) -> AgentRecord:
    outcomes, verdicts = kept.outcomes, kept.unsafe
    n, right, unsafe = len(outcomes), sum(o.correct for o in outcomes), sum(verdicts.values())
    low, high = clopper_pearson(right, n)
    squares = [(o.confidence - o.correct) ** 2 for o in outcomes if o.confidence is not None]
    return AgentRecord(
        outcomes=n,
        reliability=right / n if n else None,
        reliability_low=low,
        reliability_high=high,
        risk=sum(o.harmful for o in outcomes) / n if n else None,
        brier=sum(squares) / len(squares) if squares else None,
        verifications=len(verdicts),
        unsafe=unsafe / len(verdicts) if verdicts else None,
        unsafe_low=clopper_pearson(unsafe, len(verdicts))[0],
    )


def _outcome(parts: list[Any]) -> ActionOutcome:
    match parts:
        case [bool(correct), None | int() | float() as confidence, bool(harmful)] if not isinstance(confidence, bool):
            return ActionOutcome(correct, confidence, harmful)
        case _:
            raise InputError(f"not an outcome: {str(parts)[:60]}")


def _verification(parts: list[Any]) -> dict[str, Any]:
    match parts:
        case [str(name), bool(unsafe)]:
            return {"verification": name, "unsafe": unsafe}
        case _:
            raise InputError(f"not a verification: {str(parts)[:60]}")
