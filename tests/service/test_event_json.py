"""Events as bytes: what comes back is what happened, at the journal's time, and without words where none may be kept."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest

from foureyes.errors import InputError, StateError
from foureyes.guard.gate import ActionOutcome
from foureyes.monitoring import FreshReading, Observation, ObservedVote
from foureyes.service.event_json import FORMAT, decode, encode
from foureyes.service.feed import Later
from foureyes.service.formats import NewerFormat
from foureyes.service.tenant_events import TenantEvent, Verified
from foureyes.service.wire.decisions import FeedItem
from tests.service.journal_events import AT, one_of_each, verified


def looked_at(event: TenantEvent) -> TenantEvent:
    """The same, with what only the page shows made."""
    if not isinstance(event, Verified) or event.item is None:
        return event
    return replace(event, item=shown(event))


def shown(event: TenantEvent) -> FeedItem:
    assert isinstance(event, Verified)
    assert event.item is not None
    return event.item.value if isinstance(event.item, Later) else event.item


@pytest.mark.parametrize("event", one_of_each(), ids=lambda event: type(event).__name__)
def test_what_comes_back_is_what_happened(event: TenantEvent) -> None:
    assert looked_at(decode(encode(event, texts=True), AT)) == event


@pytest.mark.parametrize("event", one_of_each(), ids=lambda event: type(event).__name__)
def test_it_happened_when_it_was_added(event: TenantEvent) -> None:
    moved = decode(encode(event, texts=True), AT + 60)
    assert moved.at == AT + 60
    if isinstance(moved, Verified) and moved.seen is not None:
        assert (moved.seen.at, shown(moved).at) == (AT + 60, "2027-01-15T08:01:00.000+00:00")


def test_what_comes_back_can_be_written_again() -> None:
    found = decode(encode(verified("v"), texts=True), AT)
    assert looked_at(decode(encode(found, texts=True), AT)) == verified("v")


def test_no_two_events_are_the_same_bytes() -> None:
    assert encode(verified("v"), texts=True) != encode(verified("v"), texts=True)


def test_without_texts_nobodys_words_are_kept_but_ours() -> None:
    event = verified("v")
    without = replace(event, item=shown(event).model_copy(update={"prompt": None, "response": None}))
    raw = encode(without, texts=False)
    assert b"canary" not in raw
    assert [vote.reason for vote in shown(decode(raw, AT)).verification.votes] == ["", "was not done in time"]


def test_an_event_that_is_too_large_loses_its_texts() -> None:
    event = verified("v")
    large = replace(event, item=shown(event).model_copy(update={"prompt": "x" * (1 << 20)}))
    found = decode(encode(large, texts=True), AT)
    assert isinstance(found, Verified)
    assert (shown(found).prompt, shown(found).response, found.seen) == (None, None, event.seen)


def test_one_that_is_too_large_without_them_is_refused() -> None:
    event = verified("v")
    assert event.seen is not None
    with pytest.raises(InputError, match="at most 1,048,576 bytes"):
        encode(replace(event, seen=replace(event.seen, sources=tuple("x" * 100 for _ in range(20_000)))), texts=False)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 5000,
        b'{"format": 1, "kind": "verified"}',
        b'{"format": 1, "kind": "other", "event": {}}',
        b'{"format": "2", "kind": "suspended", "event": {"reason": "r"}}',
        b'{"kind": "suspended", "event": {"reason": "r"}}',
        b'{"format": 1, "kind": "verified", "event": {"verification": "v", "seen": {"safe": 1}, "unsafe": null}}',
        b'{"format": 1, "kind": "outcome", "event": {"verification": "v", "outcome": {"correct": true, "confidence": 7}}}',
        b'{"format": 1, "kind": ["verified"], "event": {}}',
    ],
)
def test_what_is_no_event_is_refused(raw: bytes) -> None:
    with pytest.raises(InputError, match="not an event of a tenant") as refused:
        decode(raw, AT)
    assert not isinstance(refused.value, NewerFormat)


def test_what_only_the_page_shows_is_read_when_somebody_looks() -> None:
    broken = decode(encode(replace(verified("v"), item=None), texts=True) + b'\n{"at": 1}', AT)
    assert isinstance(broken, Verified)
    assert broken.seen == verified("v").seen
    with pytest.raises(StateError, match=r"the verification at 2027-01-15T08:00:00\.000\+00:00 cannot be read"):
        shown(broken)


def test_what_a_newer_version_shows_besides_is_left_out() -> None:
    told, _, item = encode(verified("v"), texts=True).partition(b"\n")
    newer = told + b"\n" + json.dumps({**json.loads(item), "mood": "calm"}).encode()
    assert looked_at(decode(newer, AT)) == verified("v")


@pytest.mark.parametrize("event", one_of_each(), ids=lambda event: type(event).__name__)
def test_what_a_newer_version_counts_otherwise_is_refused_and_said_to_be_newer(event: TenantEvent) -> None:
    document = json.loads(encode(event, texts=True).partition(b"\n")[0])
    document |= {"format": FORMAT + 1, "kind": f"new {document['kind']}"}
    with pytest.raises(NewerFormat, match="an event of format 2, by a newer version of foureyes; this one reads 1"):
        decode(json.dumps(document).encode(), AT)


def test_another_field_of_what_counts_has_another_format() -> None:
    """Whoever changes one of these raises FORMAT: replicas of the version before would misread it, or leave it out."""
    known = {kind.__name__: [one.name for one in fields(kind)] for kind in (Observation, ObservedVote, FreshReading)}
    assert (FORMAT, known, [one.name for one in fields(ActionOutcome)]) == (
        1,
        {
            "Observation": [
                "at",
                "safe",
                "consensus",
                "opinions",
                "confidence",
                "latency_ms",
                "agent",
                "session",
                "sources",
                "enforced",
            ],
            "ObservedVote": ["verifier", "verdict", "confidence", "log_cmp", "latency_ms"],
            "FreshReading": ["at", "shift", "differs", "agent", "session", "sources"],
        },
        ["correct", "confidence", "harmful"],
    )
    document = json.loads(encode(verified("v"), texts=True).partition(b"\n")[0])
    document["event"]["seen"]["mood"] = "calm"
    with pytest.raises(InputError):
        decode(json.dumps(document).encode(), AT)
