"""What is known of a tenant by what happened to it: its agents' records, its monitor, its feed, and which outcomes may come.

A state machine without clock or I/O: :meth:`TenantRecords.apply` takes the next event and says what came of it. The same
events in the same order make the same records, in whichever process. Everything remembered is bounded: the feed, the
verifications whose outcome may still be reported, the gate's agents, the monitor's window.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, assert_never, cast

from foureyes.errors import InputError
from foureyes.guard.deadline import log_bug
from foureyes.guard.gate import AgentGate, GatePolicy
from foureyes.json_text import parsed_json
from foureyes.monitoring import Alarm, AnswerOutcome, Monitor, Observation
from foureyes.monitoring.alarms import AlarmKind
from foureyes.service.feed import Event, Feed, Later
from foureyes.service.formats import NewerFormat, require_known
from foureyes.service.tenant_events import (
    Acknowledged,
    ActionReported,
    OutcomeReported,
    ReadAfresh,
    Suspended,
    TenantEvent,
    Verified,
)
from foureyes.service.wire.decisions import AlarmItem, FeedItem, rfc3339
from foureyes.shared_state.journal import KEPT_BYTES, KEPT_EVENTS

__all__ = ["NOT_WATCHED", "Applied", "RememberedVerification", "TenantRecords"]

_SHOWN_AT_MOST: Final = 256
"""Items of a feed that one event of a journal may lead to: a decision, and its alarms."""

_FORMAT: Final = "foureyes.tenant"
_VERSION: Final = 1
"""Raised with those of the gate and the monitor, which are within."""

NOT_WATCHED: Final = "the monitor failed"
"""Why promises are suspended where something happened of which the monitor was not told."""


@dataclass(slots=True)
class RememberedVerification:
    """A verification whose outcome may be reported, once.

    Attributes:
        seen: what the monitor was told of it.
        number: of its event; 0 where events have none.
        end: bytes of the journal up to the end of its event, from wherever these records began.
        reported: whether its outcome was.
    """

    seen: Observation
    number: int = 0
    end: int = 0
    reported: bool = False


@dataclass(slots=True)
class Applied:
    """What came of an event.

    Attributes:
        alarms: that it raised.
        failures: bugs that were met on the way; what a monitor was not told it has not watched, so promises are suspended.
        refused: whether it counts for nothing, as there is no such verification, outcome to come, or alarm.
    """

    alarms: list[Alarm] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    refused: bool = False


class TenantRecords:
    """What is known of one tenant. One event loop uses it.

    Args:
        name: of the tenant.
        gate: its agents' records.
        monitor: its rolling figures and alarms.

    Attributes:
        feed: its latest verifications and alarms.
    """

    def __init__(self, name: str, *, gate: AgentGate, monitor: Monitor) -> None:
        self.name: Final = name
        self.gate = gate
        self.monitor = monitor
        self.feed: Final[Feed[FeedItem | AlarmItem]] = Feed()
        self._seen: OrderedDict[str, RememberedVerification] = OrderedDict()
        self._number = self._end = self._shown = 0

    def remembered(self, verification: str) -> RememberedVerification | None:
        """What is remembered of a verification; ``None`` once it is forgotten."""
        found = self._seen.get(verification)
        return None if found is None or self._is_old(found) else found

    def apply(self, event: TenantEvent, *, number: int = 0, size: int = 0) -> Applied:
        """Takes the next event; alarms go to whoever watches the feed as well. A bug in a monitor suspends every promise.

        Args:
            event: what happened.
            number: its place in a journal, from 1, by which verifications are forgotten and the feed is numbered; 0 for none.
            size: bytes that it has there.
        """
        applied, self._number, self._shown = Applied(), number, 0
        self._end += size
        try:
            self._take(event, applied)
        except Exception as error:  # noqa: BLE001 - whatever it is, the monitor was not told
            applied.failures.append(error)
            applied.alarms += self.monitor.suspend(NOT_WATCHED, event.at)
        if applied.alarms:
            applied.alarms = [replace(alarm, tenant=self.name) for alarm in applied.alarms]
            for alarm in applied.alarms:
                self._show("alarm", AlarmItem.of(alarm), applied)
        return applied

    def recall(self, journaled: Iterable[tuple[int, int, TenantEvent]]) -> None:
        """Remembers the verifications of events that gate and monitor know already, for the feed and for outcomes.

        Args:
            journaled: events with their numbers and sizes, in order.
        """
        shown = self.feed.after(0)
        for number, size, event in journaled:
            self._number = number
            self._end += size
            if isinstance(event, Verified):
                if event.item is not None:
                    shown.append(Event(number * _SHOWN_AT_MOST, "decision", event.item))
                if event.seen is not None:
                    self._remember(event.verification, event.seen)
            elif isinstance(event, OutcomeReported) and (known := self.remembered(event.verification)) is not None:
                known.reported = True
        self.feed.replace(sorted(shown, key=lambda entry: entry.id))

    def become(self, other: TenantRecords) -> None:
        """Takes over all that other records know; whoever watches the feed is let go, and comes back.

        What watches promises here goes on watching, from where the other's stood; the gate decides as it did here.
        """
        watches, policy = self.monitor.watches, self.gate.policy
        self.gate, self.monitor, self._seen = other.gate, other.monitor, other._seen
        self._number, self._end = other._number, other._end
        self.gate.change(policy)
        self.monitor.watch(watches)
        self.feed.replace(other.feed.after(0), last=(other._number + 1) * _SHOWN_AT_MOST - 1 if other._number else 0)

    def alarms_of(self, events: Mapping[int, float]) -> list[Alarm]:
        """The alarms that events raised, as far as they still stand or are shown.

        Args:
            events: by their numbers, when each was added, seconds since 1970.
        """
        times = set(events.values())
        found = {
            alarm.key: replace(alarm, tenant=self.name) for alarm in self.monitor.active_alarms if alarm.at in times
        }
        for entry in self.feed.after(0):
            at = events.get(entry.id // _SHOWN_AT_MOST)
            if isinstance(entry.held, AlarmItem) and at is not None and entry.held.at == rfc3339(at):
                found[entry.held.key] = _alarm(entry.held, at)
        return list(found.values())

    def to_json(self) -> str:
        """All but single verifications, as JSON that :meth:`from_json` reads back."""
        alarms = [[entry.id, entry.value.model_dump()] for entry in self.feed.after(0) if entry.kind == "alarm"]
        told = {"gate": self.gate.to_json(), "monitor": self.monitor.to_json(), "alarms": alarms}
        return json.dumps({"format": _FORMAT, "version": _VERSION, **told}, allow_nan=False)

    @classmethod
    def from_json(cls, text: str, *, name: str, policy: GatePolicy | None = None) -> TenantRecords:
        """Reads what :meth:`to_json` wrote.

        Args:
            text: the JSON.
            name: of the tenant.
            policy: what its gate decides by.

        Raises:
            NewerFormat: a newer version wrote it.
            InputError: not such JSON.
        """
        try:
            document = parsed_json(text)
            if document["format"] == _FORMAT:
                require_known(f"a {_FORMAT} of version", document["version"], _VERSION)
            if (document["format"], document["version"]) != (_FORMAT, _VERSION):
                raise InputError(f"wanted a {_FORMAT} of version {_VERSION}; got {str(document)[:60]}")
            gate, monitor = AgentGate.from_json(document["gate"], policy), Monitor.from_json(document["monitor"])
            records = cls(name, gate=gate, monitor=monitor)
            alarms: list[Event[FeedItem | AlarmItem]] = [
                Event(int(number), "alarm", AlarmItem.model_validate(item)) for number, item in document["alarms"]
            ]
            records.feed.replace(sorted(alarms, key=lambda entry: entry.id))
        except NewerFormat:
            raise
        except (json.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"not a {_FORMAT}: {text[:60]!r}") from error
        return records

    def _take(self, event: TenantEvent, applied: Applied) -> None:
        match event:
            case Verified():
                self._verified(event, applied)
            case OutcomeReported():
                self._reported(event, applied)
            case ActionReported(agent, outcome, _):
                self.gate.report(agent, outcome)
            case ReadAfresh(reading):
                applied.alarms += self.monitor.report_fresh(reading)
            case Suspended(reason, at):
                applied.alarms += self.monitor.suspend(reason, at)
            case Acknowledged(key, _):
                self._acknowledged(key, applied)
            case _:
                assert_never(event)

    def _verified(self, event: Verified, applied: Applied) -> None:
        if event.item is not None:
            self._show("decision", event.item, applied)
        if event.seen is None:
            applied.alarms += self.monitor.suspend(NOT_WATCHED, event.at)
            return
        self._remember(event.verification, event.seen)
        if event.seen.agent is not None and event.unsafe is not None:
            self._hear(event.seen.agent, event.verification, unsafe=event.unsafe)
        applied.alarms += self.monitor.observe(event.seen)

    def _remember(self, verification: str, seen: Observation) -> None:
        """Keeps it for its outcome; forgets what is too old, by the journal where there is one, so that all forget the same."""
        self._seen[verification] = RememberedVerification(seen, self._number, self._end)
        while len(self._seen) > KEPT_EVENTS or self._is_old(next(iter(self._seen.values()))):
            self._seen.popitem(last=False)

    def _is_old(self, remembered: RememberedVerification) -> bool:
        is_far = self._number - remembered.number >= KEPT_EVENTS or self._end - remembered.end >= KEPT_BYTES
        return is_far and self._number > 0

    def _reported(self, event: OutcomeReported, applied: Applied) -> None:
        """Counts what came of a verification, once: for the monitor, and for the agent it was for."""
        remembered = self.remembered(event.verification)
        if remembered is None or remembered.reported:
            applied.refused = True
            return
        remembered.reported = True
        if remembered.seen.agent is not None:
            self.gate.report(remembered.seen.agent, event.outcome, verification=event.verification)
        applied.alarms += self.monitor.report(AnswerOutcome(event.at, event.outcome.correct, remembered.seen))

    def _acknowledged(self, key: str, applied: Applied) -> None:
        try:
            self.monitor.acknowledge(key)
        except InputError:  # no such alarm stands
            applied.refused = True

    def _hear(self, agent: str, verification: str, *, unsafe: bool) -> None:
        """Tells the gate; an agent whose record could not be kept has none, and is reviewed."""
        try:
            self.gate.hear(agent, verification, unsafe=unsafe)
        except Exception as error:  # noqa: BLE001 - whatever it is, the record is not whole
            log_bug(error, "the gate")
            self.gate.forget(agent)

    def _show(self, kind: str, item: FeedItem | AlarmItem | Later[FeedItem], applied: Applied) -> None:
        """Shows it to whoever watches; what cannot be shown is watched by the monitor all the same."""
        number = self._number * _SHOWN_AT_MOST + self._shown if self._number else None
        self._shown += 1
        try:
            self.feed.add(kind, item, number=number)
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody but those who look misses something
            applied.failures.append(error)


def _alarm(item: AlarmItem, at: float) -> Alarm:
    """The alarm that is shown so; the moment that is shown is rounded."""
    return Alarm(
        key=item.key,
        kind=cast("AlarmKind", item.kind),
        at=at,
        statement=item.statement,
        false_alarms=item.false_alarms,
        resume=item.resume,
        tenant=item.tenant,
        agent=item.agent_id,
        session=item.session_id,
    )
