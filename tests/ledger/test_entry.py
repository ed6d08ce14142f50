import json
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError, LedgerTampered
from foureyes.ledger.entry import LARGEST_ENTRY, TIME_LENGTH, Draft, Entry, genesis, prefix, stamp, text_hash
from foureyes.maths.merkle import leaf_hash

TIME = "2026-01-02T03:04:05.000000Z"
ID = "0" * 31 + "7"
GENESIS = genesis("example.com/guard")

numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
payloads = st.dictionaries(st.text(), values, max_size=5)


def sealed(payload, event="tested", index=0, previous=GENESIS):
    return Draft.of(event, payload, id=ID).sealed(index, previous, TIME)


def test_the_bytes_are_these():
    previous = GENESIS.hex()
    assert sealed({"b": [1, 2.5, None, True], "a": "é"}).decode() == (
        f'{{"v":1,"index":0,"previous":"{previous}","time":"{TIME}","id":"{ID}","event":"tested",'
        '"payload":{"a":"é","b":[1,2.5,null,true]}}'
    )


@given(payloads)
def test_what_is_read_is_what_was_written(payload):
    raw = sealed(payload, index=12)
    entry = Entry.parse(raw)
    assert entry.payload == payload
    assert (entry.index, entry.previous, entry.time, entry.id, entry.event) == (12, GENESIS.hex(), TIME, ID, "tested")
    assert entry.hash == leaf_hash(raw).hex()
    assert entry.to_dict() == {**json.loads(raw), "hash": entry.hash}
    assert b"\n" not in raw


def in_other_forms(value):
    """The same JSON in types of other libraries: mappings that are no dict, tuples, subclasses."""
    if isinstance(value, dict):
        return MappingProxyType({derived(key): in_other_forms(item) for key, item in value.items()})
    if isinstance(value, list):
        return tuple(map(in_other_forms, value))
    return value if value is None or isinstance(value, bool) else derived(value)


def derived(value):
    return type("Derived", (type(value),), {})(value)


@given(payloads)
def test_the_types_that_json_comes_in_do_not_matter(payload):
    assert sealed(in_other_forms(payload)) == sealed(payload)


@pytest.mark.parametrize("form", [lambda value: value, in_other_forms])
def test_how_deep_a_payload_may_be(form):
    def nested(levels):
        return {"x": nested(levels - 1)} if levels > 1 else {"x": 1}

    assert Entry.parse(sealed(form(nested(32)))).payload == nested(32)
    with pytest.raises(InputError, match="at most 32 levels deep"):
        sealed(form(nested(33)))


@given(payloads)
def test_the_order_of_keys_does_not_matter(payload):
    assert sealed(payload) == sealed(dict(reversed(payload.items())))


def test_the_time_stands_right_after_the_prefix():
    raw, start = sealed({}, index=1234), prefix(1234, GENESIS)
    assert raw.startswith(start)
    assert raw[len(start) :][:TIME_LENGTH].decode() == TIME


def test_logs_of_other_names_begin_elsewhere():
    assert genesis("a") != genesis("b")


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({"x": float("nan")}, r"payload\.x must be finite; got nan"),
        ({"x": [1, float("-inf")]}, r"payload\.x\[1\] must be finite; got -inf"),
        ({"x": 2**53}, r"payload\.x must lie within"),
        ({"x": -(2**53)}, r"payload\.x must lie within"),
        ({"x": 10**5000}, "got one of 16610 bits"),
        ({"x": {"y": b"bytes"}}, r"payload\.x\.y must be JSON.*got bytes"),
        ({"x": {1, 2}}, "got set"),
        ({"x": datetime(2026, 1, 1, tzinfo=UTC)}, "got datetime"),
        ({1: "x"}, "keys of payload must be text; got 1"),
        ({"x": {None: 1}}, r"keys of payload\.x must be text; got None"),
        ({"x": "\ud800"}, "lone surrogate"),
        ({"\udfff": 1}, "lone surrogate"),
        ({"x": "a" * LARGEST_ENTRY}, "hashes of texts, not texts"),
        ([1], "a payload is a mapping; got list"),
    ],
)
def test_what_is_not_json_is_refused(payload, message):
    with pytest.raises(InputError, match=message):
        Draft.of("tested", payload, id=ID)


def test_what_nests_without_end_is_refused():
    payload = {}
    payload["x"] = payload
    with pytest.raises(InputError, match="levels deep"):
        Draft.of("tested", payload, id=ID)


@pytest.mark.parametrize("event", ["", "Tested", "a b", 'a"', "1a", "a" * 65, None, "a\n"])
def test_an_event_needs_a_plain_name(event):
    with pytest.raises(InputError, match="an event is named by"):
        Draft.of(event, {}, id=ID)


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw[:-1],
        lambda _: b"[]",
        lambda _: b"",
        lambda raw: b"\xff" + raw,
        lambda raw: raw.replace(b'"v":1', b'"v":2'),
        lambda raw: raw.replace(b'"index":0', b'"index":-0'),
        lambda raw: raw.replace(b'"index":0', b'"index":"0"'),
        lambda raw: raw.replace(b'"event"', b'"evemt"'),
        lambda raw: raw.replace(b'"payload":{"n":1}', b'"payload":[]'),
        lambda raw: raw.replace(b'"n":1', b'"n":NaN'),
        lambda raw: raw.replace(b'{"v"', b'{ "v"'),
        lambda raw: raw.replace(GENESIS.hex().encode(), b"xy"),
        lambda raw: raw.replace(b'"payload":{"n":1}', b'"payload":{"n":1},"more":1'),
        lambda _: b"[" * 100_000,
    ],
)
def test_what_never_was_an_entry_is_not_read_as_one(change):
    with pytest.raises(LedgerTampered, match="not a ledger entry"):
        Entry.parse(change(sealed({"n": 1})))


def test_moments_are_stamped_in_utc():
    moment = datetime(2026, 1, 2, 5, 4, 5, 6, tzinfo=timezone(timedelta(hours=2)))
    assert stamp(moment) == "2026-01-02T03:04:05.000006Z"
    with pytest.raises(InputError, match="time zone"):
        stamp(datetime(2026, 1, 2))  # noqa: DTZ001 - that is the mistake


def test_stamps_sort_as_moments_do():
    moments = [datetime(2026, 1, 2, tzinfo=UTC) + timedelta(microseconds=d) for d in (0, 1, 999_999, 1_000_000)]
    assert sorted(map(stamp, moments)) == list(map(stamp, moments))


def test_a_text_hash_depends_on_text_and_tenant():
    salt, other = b"a" * 16, b"b" * 16
    assert text_hash("yes", salt) == text_hash("yes", salt)
    assert len({text_hash("yes", salt), text_hash("no", salt), text_hash("yes", other)}) == 3
    with pytest.raises(InputError, match="at least 16 bytes; got 3"):
        text_hash("yes", b"abc")
    with pytest.raises(InputError, match="lone surrogate at 1"):
        text_hash("a\ud800", salt)
