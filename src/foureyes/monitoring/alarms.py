"""Alarms as plain values; whether one is mailed, counted or shown is the caller's business."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from foureyes.errors import InputError

__all__ = ["Alarm", "AlarmKind"]

AlarmKind: TypeAlias = Literal["drift", "rate", "promise", "threshold", "origin"]


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that a monitor noticed: a figure that changed, or a promise that no longer holds.

    Attributes:
        key: what it is about, such as ``"drift:confidence"``; as long as it stands it is not raised again.
        kind: a stream changed, a rate rose, a promise is suspended, a rolling mean lies above its limit, or the answers of
            one agent, session or memory are disputed more often than the others.
        at: when, in seconds since 1970.
        statement: what happened, for a person.
        false_alarms: how often such an alarm is raised for nothing.
        resume: what ends it.
        tenant: whose monitor raised it; ``None`` where there are no tenants.
        agent, session: of the decision it was raised at; ``None`` where that named none.

    Example:
        >>> alarm = Alarm("rate:errors:a", "rate", 0.0, "a fails more often", "1 in 10 000", "ends by itself")
        >>> Alarm.from_dict(alarm.to_dict()) == alarm
        True
    """

    key: str
    kind: AlarmKind
    at: float
    statement: str
    false_alarms: str
    resume: str
    tenant: str | None = None
    agent: str | None = None
    session: str | None = None

    @property
    def signal(self) -> str:
        """The key without the name of an agent, session or memory, for figures that strangers may read."""
        return ":".join(self.key.split(":")[:2]) if self.kind == "origin" else self.key

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Alarm:
        """Reads what :meth:`to_dict` wrote.

        Raises:
            InputError: not such a document.
        """
        try:
            return cls(**document)
        except TypeError as error:
            raise InputError(f"not an alarm: {error}") from error
