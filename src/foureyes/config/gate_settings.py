"""What can be configured of the gate for agents: the rules for every action, and rules of their own for some.

::

    [gate]                        # of every tenant; [tenants.NAME.gate] for one
    least = 30

    [[gate.actions]]
    resource_type = "wire_transfer"
    decision = "review"           # what is left out is as in [gate]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import ValidationInfo, field_validator

from foureyes.config.fields import Inline, Known, SettingsTable, Text
from foureyes.errors import InputError
from foureyes.guard.gate_rules import ActionRule, GateMemory, GatePolicy, GateRules

__all__ = ["ActionSettings", "GateSettings"]


class ActionSettings(SettingsTable):
    """What an agent's record must show before some actions; what is left out is as in the gate's own table.

    Attributes:
        action_type, resource_type: the actions these are for, as they are named when the gate is asked; ``None`` for any,
            in one of the two at most.
        rules: what the record must show.
    """

    action_type: Text | None = None
    resource_type: Text | None = None
    rules: Annotated[GateRules, Inline()] = GateRules()


class GateSettings(SettingsTable):
    """What an agent's record must show before it may act on its own.

    Attributes:
        memory: how much is remembered of how many agents.
        rules: what the record must show before any action.
        actions: rules of their own for some actions; the most precise one that fits is used.
    """

    memory: Annotated[GateMemory, Inline()] = GateMemory()
    rules: Annotated[GateRules, Inline()] = GateRules()
    actions: tuple[ActionSettings, ...] = ()

    @field_validator("actions", mode="before")
    @classmethod
    def _are_as_the_gate(cls, rows: Any, info: ValidationInfo) -> Any:
        own = asdict(info.data["rules"]) if "rules" in info.data else {}
        return tuple(own | row if isinstance(row, dict) else row for row in rows) if isinstance(rows, list) else rows

    @classmethod
    def objections(cls, key: str, value: Any, known: Known) -> Iterator[str]:
        """What rules must be to one another."""
        if key == "actions" and known.keys() >= {"memory", "rules"}:
            try:
                _gate_policy(known["memory"], known["rules"], value)
            except InputError as error:
                yield str(error)

    @property
    def policy(self) -> GatePolicy:
        """What a gate decides by."""
        return _gate_policy(self.memory, self.rules, self.actions)


def _gate_policy(memory: GateMemory, rules: GateRules, actions: Iterable[ActionSettings]) -> GatePolicy:
    own = tuple(ActionRule(one.rules, one.action_type, one.resource_type) for one in actions)
    return GatePolicy(rules, own, memory)
