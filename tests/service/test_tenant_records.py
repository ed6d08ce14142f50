"""A tenant's records: the same events in the same order make the same, in whichever process, from the start or a snapshot."""

from __future__ import annotations

import json
from typing import Any

import pytest

from foureyes.errors import InputError
from foureyes.guard.gate import ActionOutcome, AgentGate, GateMemory, GatePolicy, GateRules
from foureyes.monitoring import Monitor, MonitorSettings, Promise, PromiseWatch
from foureyes.service import tenant_records as module
from foureyes.service.event_json import decode, encode
from foureyes.service.formats import NewerFormat
from foureyes.service.tenant_events import ActionReported, OutcomeReported, Suspended, TenantEvent
from foureyes.service.tenant_records import TenantRecords
from tests.service.journal_events import AT, one_of_each, verified

SIZE = 1000


def records() -> TenantRecords:
    return TenantRecords("acme", gate=AgentGate(), monitor=Monitor(MonitorSettings(max_error_rate=0.05)))


def stream(n: int) -> list[TenantEvent]:
    """A stream with everything in it, in which a verifier fails more often than it may."""
    found = one_of_each()
    for i in range(n):
        found.append(verified(f"s-{i}", unsafe=i % 3 == 0, confidence=(i % 10) / 10, at=AT + i))
        if i % 4 == 0:
            found.append(OutcomeReported(f"s-{i}", ActionOutcome(correct=i % 8 == 0), AT + i))
    return found


def applied(events: list[TenantEvent], to: TenantRecords, *, first: int = 1) -> TenantRecords:
    for number, event in enumerate(events, first):
        to.apply(event, number=number, size=SIZE)
    return to


def shown(found: TenantRecords) -> list[tuple[int, str, Any]]:
    return [(entry.id, entry.kind, entry.value) for entry in found.feed.after(0)]


def test_the_same_events_make_the_same_records() -> None:
    events = stream(200)
    one, other = applied(events, records()), applied([decode(encode(e, texts=True), e.at) for e in events], records())
    assert one.to_json() == other.to_json()
    assert shown(one) == shown(other)
    assert "alarm" in {kind for _, kind, _ in shown(one)}


@pytest.mark.parametrize("kept", [0, 1, 60, 250])
def test_from_a_snapshot_on_they_go_on_as_those_that_lived_through_it(kept: int) -> None:
    events = stream(200)
    live = applied(events[:kept], records())
    fresh = TenantRecords.from_json(live.to_json(), name="acme")
    fresh.recall((number, SIZE, event) for number, event in enumerate(events[:kept], 1))
    assert shown(fresh) == shown(live)
    applied(events[kept:], live, first=kept + 1)
    applied(events[kept:], fresh, first=kept + 1)
    assert fresh.to_json() == live.to_json()
    assert shown(fresh) == shown(live)
    names = [f"s-{i}" for i in range(200)]
    assert [bool(fresh.remembered(n) and fresh.remembered(n).reported) for n in names] == [  # type: ignore[union-attr]
        bool(live.remembered(n) and live.remembered(n).reported)  # type: ignore[union-attr]
        for n in names
    ]


def test_an_outcome_counts_once_and_only_of_what_is_remembered() -> None:
    found, outcome = records(), ActionOutcome(correct=True)
    assert found.apply(OutcomeReported("v", outcome, AT), number=1).refused
    found.apply(verified("v"), number=2)
    refused = [found.apply(OutcomeReported("v", outcome, AT), number=n).refused for n in (3, 4)]
    assert refused == [False, True]
    assert found.gate.record("agent-7").outcomes == 1


def test_what_is_too_old_in_the_journal_is_forgotten_whatever_came_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_EVENTS", 3)
    found, outcome = records(), ActionOutcome(correct=True)
    found.apply(verified("v"), number=1)
    for number in (2, 3):
        found.apply(ActionReported("agent-8", outcome, AT), number=number)
    assert found.remembered("v")
    found.apply(ActionReported("agent-8", outcome, AT), number=4)
    assert found.remembered("v") is None
    assert found.apply(OutcomeReported("v", outcome, AT), number=5).refused


@pytest.mark.parametrize("how", ["lived through", "recalled"])
def test_what_lies_too_many_bytes_back_is_forgotten_also_by_one_that_came_later(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT_BYTES", 50)
    events: list[TenantEvent] = [
        verified("v"),
        verified("w"),
        ActionReported("agent-8", ActionOutcome(correct=True), AT),
    ]
    sizes, found = [1000, 40, 10], records()
    if how == "recalled":
        found.recall((7 + i, size, event) for i, (size, event) in enumerate(zip(sizes, events, strict=True)))
    else:
        for i, (size, event) in enumerate(zip(sizes, events, strict=True)):
            found.apply(event, number=7 + i, size=size)
    assert found.remembered("v") is None, "50 bytes came after it"
    assert found.remembered("w")
    outcome = ActionOutcome(correct=True)
    assert found.apply(OutcomeReported("v", outcome, AT), number=10, size=1).refused
    assert not found.apply(OutcomeReported("w", outcome, AT), number=11, size=1).refused


def test_a_feeds_numbers_are_the_journals() -> None:
    found = records()
    found.apply(verified("v"), number=7)
    found.apply(verified("w"), number=9)
    assert [entry.id for entry in found.feed.after(0)] == [7 * 256, 9 * 256]
    plain = records()
    plain.apply(verified("v"))
    plain.apply(verified("w"))
    assert [entry.id for entry in plain.feed.after(0)] == [1, 2]


def test_records_take_the_place_of_others_under_whoever_watches() -> None:
    old, new = applied(stream(5), records()), applied(stream(50), records())
    feed = old.feed
    old.become(new)
    assert old.feed is feed
    assert (old.to_json(), shown(old)) == (new.to_json(), shown(new))


@pytest.mark.parametrize(
    "broken", ["", "{", "[]", "null", "[" * 100_000, '{"format": "foureyes.tenant"}', '{"gate": "{}"}']
)
def test_what_is_no_snapshot_is_refused(broken: str) -> None:
    with pytest.raises(InputError, match=r"foureyes\.tenant"):
        TenantRecords.from_json(broken, name="acme")


@pytest.mark.parametrize(("part", "value"), [("gate", "{}"), ("monitor", 7), ("alarms", [[1, {}]]), ("alarms", 7)])
def test_a_snapshot_of_which_a_part_is_broken_is_refused(part: str, value: object) -> None:
    document = json.loads(applied(stream(5), records()).to_json())
    with pytest.raises(InputError):
        TenantRecords.from_json(json.dumps(document | {part: value}), name="acme")


def test_a_snapshot_of_a_newer_version_is_said_to_be_one() -> None:
    document = json.loads(records().to_json())
    with pytest.raises(NewerFormat, match=r"a foureyes\.tenant of version 2, by a newer version of foureyes"):
        TenantRecords.from_json(json.dumps(document | {"version": 2, "gate": "other"}), name="acme")


def test_whoever_takes_over_goes_on_watching_and_deciding_as_before() -> None:
    promise = Promise(0.8, "error_rate", 0.05, "at most 5 % wrong")
    watch = PromiseWatch(promise, (), name="p/a")
    policy = GatePolicy(rules=GateRules(least=3), memory=GateMemory(window=3))
    old = TenantRecords("acme", gate=AgentGate(policy), monitor=Monitor(promises=[watch]))
    new = TenantRecords("acme", gate=AgentGate(), monitor=Monitor(promises=[watch.begun_anew()]))
    for number in range(1, 6):
        new.apply(ActionReported("agent-7", ActionOutcome(correct=True), AT), number=number)
    new.apply(Suspended("a test", AT), number=6)
    assert watch.status.holds
    old.become(new)
    assert not watch.status.holds
    assert old.monitor.watches == (watch,)
    assert old.gate.record("agent-7").outcomes == 3


def test_the_alarms_of_an_event_are_found_where_they_are_shown_or_stand() -> None:
    watch = PromiseWatch(Promise(0.8, "error_rate", 0.05, "at most 5 % wrong"), (), name="p/a")
    found = TenantRecords("acme", gate=AgentGate(), monitor=Monitor(promises=[watch]))
    [alarm] = found.apply(Suspended("a test", AT + 1 / 3), number=7).alarms
    again = TenantRecords.from_json(found.to_json(), name="acme")
    assert again.alarms_of({7: AT + 1 / 3}) == [alarm]
    assert again.alarms_of({7: AT + 1, 8: AT}) == []
    again.monitor.acknowledge(alarm.key)
    assert again.alarms_of({7: AT + 1 / 3}) == [alarm]
    assert found.alarms_of({3: AT + 1 / 3}) == [alarm], "it stands"
