"""Events as bytes: what comes back is what happened, at the journal's time, and without words where none may be kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from foureyes.errors import InputError
from foureyes.service.event_json import decode, encode
from foureyes.service.tenant_events import TenantEvent, Verified
from tests.service.journal_events import AT, one_of_each, verified


@pytest.mark.parametrize("event", one_of_each(), ids=lambda event: type(event).__name__)
def test_what_comes_back_is_what_happened(event: TenantEvent) -> None:
    assert decode(encode(event, texts=True), AT) == event


@pytest.mark.parametrize("event", one_of_each(), ids=lambda event: type(event).__name__)
def test_it_happened_when_it_was_added(event: TenantEvent) -> None:
    moved = decode(encode(event, texts=True), AT + 60)
    assert moved.at == AT + 60
    if isinstance(moved, Verified) and moved.seen is not None and moved.item is not None:
        assert (moved.seen.at, moved.item.at) == (AT + 60, "2027-01-15T08:01:00.000+00:00")


def test_no_two_events_are_the_same_bytes() -> None:
    assert encode(verified("v"), texts=True) != encode(verified("v"), texts=True)


def test_without_texts_nobodys_words_are_kept_but_ours() -> None:
    event = verified("v")
    assert event.item is not None
    without = replace(event, item=event.item.model_copy(update={"prompt": None, "response": None}))
    raw = encode(without, texts=False)
    assert b"canary" not in raw
    found = decode(raw, AT)
    assert isinstance(found, Verified)
    assert found.item is not None
    assert [vote.reason for vote in found.item.verification.votes] == ["", "was not done in time"]


def test_an_event_that_is_too_large_loses_its_texts() -> None:
    event = verified("v")
    assert event.item is not None
    large = replace(event, item=event.item.model_copy(update={"prompt": "x" * (1 << 20)}))
    found = decode(encode(large, texts=True), AT)
    assert isinstance(found, Verified)
    assert found.item is not None
    assert (found.item.prompt, found.item.response, found.seen) == (None, None, event.seen)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 5000,
        b'{"kind": "verified"}',
        b'{"kind": "other", "event": {}}',
        b'{"kind": "verified", "event": {"verification": "v", "seen": {"safe": 1}, "unsafe": null, "item": null}}',
        b'{"kind": "verified", "event": {"verification": "v", "seen": null, "unsafe": null, "item": {"at": 1}}}',
        b'{"kind": "outcome", "event": {"verification": "v", "outcome": {"correct": true, "confidence": 7}}}',
        b'{"kind": ["verified"], "event": {}}',
    ],
)
def test_what_is_no_event_is_refused(raw: bytes) -> None:
    with pytest.raises(InputError, match="not an event of a tenant"):
        decode(raw, AT)
