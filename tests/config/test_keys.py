"""API keys: 256 random bits, kept as hashes, valid when they say so."""

import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.config import ApiKey, Keyring, Principal, new_key
from foureyes.errors import InputError

HASH = "0" * 64


def test_a_new_key_is_known_by_its_hash_alone():
    made = new_key("acme", {"verify", "audit"})
    assert re.fullmatch(r"foureyes_[0-9a-f]{8}_[A-Za-z0-9_-]{43}", made.presented)
    assert made.presented not in repr(made)
    assert made.presented.split("_", 2)[2] not in made.toml
    found = Keyring((made.stored,)).identify(made.presented)
    assert found == Principal("acme", made.stored.id, frozenset({"verify", "audit"}))


def test_the_lines_to_store_are_toml_that_says_the_same():
    made = new_key("acme", {"verify", "admin"})
    [row] = tomllib.loads(made.toml)["tenants"]["acme"]["keys"]
    assert ApiKey("acme", row["id"], row["sha256"], frozenset(row["scopes"])) == made.stored


def test_no_two_keys_are_alike():
    keys = [new_key("acme", {"verify"}) for _ in range(200)]
    assert len({key.presented for key in keys}) == 200


@given(st.text())
def test_nobody_has_a_key_that_was_not_made(presented):
    keyring = Keyring(tuple(new_key("acme", {"admin"}).stored for _ in range(3)))
    assert keyring.identify(presented) is None


@pytest.mark.parametrize("change", [str.upper, lambda k: k[:-1], lambda k: k + "A", lambda k: f" {k}"])
def test_a_key_must_be_presented_exactly(change):
    made = new_key("acme", {"verify"})
    assert Keyring((made.stored,)).identify(change(made.presented)) is None


def test_a_stored_hash_opens_nothing():
    made = new_key("acme", {"verify"})
    assert Keyring((made.stored,)).identify(made.stored.sha256) is None


def test_each_of_many_keys_is_found_as_itself():
    made = [new_key(f"tenant{i % 7}", {"verify"}) for i in range(50)]
    keyring = Keyring(tuple(key.stored for key in made))
    for i, key in enumerate(made):
        assert keyring.identify(key.presented) == Principal(f"tenant{i % 7}", key.stored.id, frozenset({"verify"}))


def test_a_key_is_valid_from_its_beginning_until_it_expires():
    made = new_key("acme", {"verify"})
    stored = ApiKey("acme", made.stored.id, made.stored.sha256, made.stored.scopes, not_before=10.0, expires=20.0)
    valid = [Keyring((stored,), clock=lambda now=now: now).identify(made.presented) for now in (9.9, 10.0, 19.9, 20.0)]
    assert [principal is not None for principal in valid] == [False, True, True, False]


def test_two_keys_of_a_tenant_are_valid_at_once_while_it_rotates():
    old, new = new_key("acme", {"verify"}), new_key("acme", {"verify"})
    keyring = Keyring((old.stored, new.stored))
    assert keyring.identify(old.presented).key_id == old.stored.id
    assert keyring.identify(new.presented).key_id == new.stored.id


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (("", HASH, {"verify"}), "id of a key"),
        (("a b", HASH, {"verify"}), "id of a key"),
        (("a", "0" * 63, {"verify"}), "64 hexadecimal"),
        (("a", "A" * 64, {"verify"}), "lower case"),
        (("a", HASH, set()), "wants scopes"),
        (("a", HASH, {"root"}), "wants scopes"),
        (("a", HASH, {"verify"}, 20.0, 10.0), "never be valid"),
    ],
)
def test_what_is_no_key_is_refused(values, wanted):
    key_id, digest, scopes, *times = values
    with pytest.raises(InputError, match=wanted):
        ApiKey("acme", key_id, digest, frozenset(scopes), *times)


def test_two_keys_cannot_share_a_hash_or_an_id():
    one = new_key("acme", {"verify"}).stored
    for other in (ApiKey("b", "other", one.sha256, one.scopes), ApiKey("b", one.id, HASH, one.scopes)):
        with pytest.raises(InputError, match="its own"):
            Keyring((one, other))


@pytest.mark.parametrize("tenant", ["", "a b", "a.b", 'a"]\n[server', "ü", "-a", "a" * 65])
def test_a_tenants_name_cannot_break_out_of_the_lines(tenant):
    with pytest.raises(InputError, match="tenant's name"):
        new_key(tenant, {"verify"})
