"""The vault: values come back through their own conversation, while it exists, and from nowhere else."""

import multiprocessing
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from foureyes.errors import ConfigError, InputError, PrivacyError
from foureyes.privacy import Vault, VaultLimits

KEY = bytes(range(32))
ANA = ("PERSON", "Ana Maria de la Cruz")


class Clock:
    """A clock that is set by hand."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture(params=["memory", "file"])
def vault(request, tmp_path):
    opened = Vault.open() if request.param == "memory" else Vault.open(tmp_path / "v.db", key=KEY)
    yield opened
    opened.close()


def one(vault, session, value=ANA):
    [entry] = vault.conversation(session).issue([value])
    return entry


def test_a_value_keeps_its_token_within_a_conversation(vault):
    first, again = one(vault, "s"), one(vault, "s")
    assert first.token == again.token
    assert (first.created, again.created) == (True, False)
    assert first.token.startswith("[PERSON_1_")
    assert vault.conversation("s").look_up([first.token]) == {first.token: ANA[1]}
    assert vault.conversation("s").known() == [ANA]


def test_a_value_has_one_token_whatever_it_is_taken_for(vault):
    first = one(vault, "s")
    [again] = vault.conversation("s").issue([("LOCATION", ANA[1])])
    assert (again.token, again.kind, again.created) == (first.token, "PERSON", False)


def test_numbers_count_the_values_of_a_kind(vault):
    issued = vault.conversation("s").issue([("PERSON", "a"), ("LOCATION", "b"), ("PERSON", "c"), ("PERSON", "a")])
    assert [entry.token.rsplit("_", 1)[0] for entry in issued] == ["[PERSON_1", "[LOCATION_1", "[PERSON_2", "[PERSON_1"]


def test_no_token_works_in_another_conversation(vault):
    token = one(vault, "s").token
    other = one(vault, "t").token
    assert token != other
    assert vault.conversation("t").look_up([token]) == {}
    assert vault.conversation(None).look_up([token]) == {}


def test_no_token_works_in_another_tenants_vault_even_under_one_key(tmp_path):
    acme = Vault.open(tmp_path / "acme.db", key=KEY, tenant="acme")
    umbrella = Vault.open(tmp_path / "umbrella.db", key=KEY, tenant="umbrella")
    token = one(acme, "s").token
    assert one(umbrella, "s").token != token
    assert umbrella.conversation("s").look_up([token]) == {}
    for opened in (acme, umbrella):
        opened.close()


def test_a_passing_conversation_is_kept_by_nothing(vault):
    passing = vault.conversation()
    [entry, again] = passing.issue([ANA, ANA])
    assert (entry.created, again.created) == (True, False)
    assert passing.look_up([entry.token]) == {entry.token: ANA[1]}
    assert passing.known() == [ANA]
    assert vault.conversation().look_up([entry.token]) == {}
    assert vault.conversation().issue([ANA])[0].token != entry.token


def test_deleting_a_conversation_ends_every_handle_to_it(vault):
    handle = vault.conversation("s")
    [entry] = handle.issue([ANA])
    assert "s" in vault
    assert vault.delete("s") is True
    assert "s" not in vault
    for conversation in (handle, vault.conversation("s")):
        with pytest.raises(PrivacyError, match="no such conversation"):
            conversation.look_up([entry.token])
    assert vault.delete("s") is False
    assert handle.known() == []
    assert one(vault, "s").token != entry.token


def test_a_conversation_that_never_was_says_so(vault):
    with pytest.raises(PrivacyError, match="no such conversation"):
        vault.conversation("s").look_up(["[PERSON_1_AAAAAAAA]"])
    assert vault.conversation("s").issue([]) == []
    assert "s" not in vault


def test_what_is_kept_survives_the_process(tmp_path):
    first = Vault.open(tmp_path / "v.db", key=KEY)
    token = one(first, "s").token
    first.close()
    again = Vault.open(tmp_path / "v.db", key=KEY)
    assert again.conversation("s").look_up([token]) == {token: ANA[1]}
    assert one(again, "s").token == token
    again.close()


def bytes_of(folder):
    return b"".join(path.read_bytes() for path in folder.iterdir())


def test_the_files_hold_no_value_no_session_id_and_no_key(tmp_path):
    vault = Vault.open(tmp_path / "v.db", key=KEY)
    one(vault, "a-telling-session-id")
    written = bytes_of(tmp_path)
    for secret in (ANA[1].encode(), b"a-telling-session-id", KEY, KEY.hex().encode()):
        assert secret not in written
    assert b"[PERSON_1_" in written
    vault.close()


def test_deleting_overwrites_the_conversations_key_and_values(tmp_path):
    """Whoever holds the tenant's key and the file afterwards has nothing to open."""
    vault = Vault.open(tmp_path / "v.db", key=KEY)
    vault.conversation("s").issue([("PERSON", f"person {i} " + "x" * 300) for i in range(200)])
    with sqlite3.connect(tmp_path / "v.db") as db:
        [(wrapped,)] = db.execute("SELECT wrapped FROM session").fetchall()
        sealed = [row[0] for row in db.execute("SELECT sealed FROM value")]
    db.close()
    assert wrapped in bytes_of(tmp_path)
    vault.delete("s")
    left = bytes_of(tmp_path)
    assert wrapped not in left
    assert not any(piece[:64] in left for piece in sealed)
    vault.close()


def test_destroying_a_vault_deletes_its_key_and_closes_it(tmp_path):
    vault, other = (Vault.open(tmp_path / "v.db", key=KEY) for _ in range(2))
    token = one(vault, "s").token
    with sqlite3.connect(tmp_path / "v.db") as db:
        [(wrapped,)] = db.execute("SELECT wrapped FROM vault").fetchall()
    db.close()
    vault.destroy()
    assert wrapped not in bytes_of(tmp_path)
    with pytest.raises(PrivacyError):
        one(vault, "s")
    with pytest.raises(PrivacyError, match="destroyed"):
        one(other, "s")
    other.close()
    fresh = Vault.open(tmp_path / "v.db", key=KEY)
    with pytest.raises(PrivacyError, match="no such conversation"):
        fresh.conversation("s").look_up([token])
    fresh.close()


@pytest.mark.parametrize(("key", "tenant"), [(KEY[::-1], "default"), (KEY, "another")])
def test_another_key_or_tenant_does_not_open_a_vault(tmp_path, key, tenant):
    Vault.open(tmp_path / "v.db", key=KEY).close()
    with pytest.raises(PrivacyError, match="does not open"):
        Vault.open(tmp_path / "v.db", key=key, tenant=tenant)


def test_values_moved_within_the_file_do_not_open(tmp_path):
    vault = Vault.open(tmp_path / "v.db", key=KEY)
    ana, ben = vault.conversation("s").issue([ANA, ("PERSON", "Ben")])
    with sqlite3.connect(tmp_path / "v.db") as db:
        [(sealed,)] = db.execute("SELECT sealed FROM value WHERE token = ?", [ana.token]).fetchall()
        db.execute("UPDATE value SET sealed = ? WHERE token = ?", [sealed, ben.token])
    db.close()
    with pytest.raises(PrivacyError, match="altered"):
        vault.conversation("s").look_up([ben.token])
    vault.close()


def test_a_file_needs_a_key_and_must_be_a_vault(tmp_path):
    with pytest.raises(ConfigError, match="needs a key"):
        Vault.open(tmp_path / "v.db")
    (tmp_path / "noise").write_bytes(b"not a database" * 100)
    with pytest.raises(PrivacyError, match="cannot be opened"):
        Vault.open(tmp_path / "noise", key=KEY)
    with pytest.raises(PrivacyError, match="cannot be opened"):
        Vault.open(tmp_path / "no" / "folder" / "v.db", key=KEY)


def test_only_its_owner_can_read_the_file(tmp_path):
    Vault.open(tmp_path / "v.db", key=KEY).close()
    assert (tmp_path / "v.db").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("session", "wanted"), [("", "empty"), ("\ud800", "surrogate")])
def test_a_session_needs_an_id(vault, session, wanted):
    with pytest.raises(InputError, match=wanted):
        vault.conversation(session)


def test_a_conversation_expires_after_its_last_use():
    clock = Clock()
    vault = Vault.open(limits=VaultLimits(ttl_s=100), clock=clock)
    token = one(vault, "s").token
    clock.now += 90
    assert vault.conversation("s").look_up([token])
    clock.now += 90
    assert vault.conversation("s").look_up([token])
    clock.now += 101
    with pytest.raises(PrivacyError, match="expired"):
        vault.conversation("s").look_up([token])
    assert "s" not in vault
    assert vault.sweep() == 1
    vault.close()


def test_an_expired_conversation_begins_anew_with_another_key():
    clock = Clock()
    vault = Vault.open(limits=VaultLimits(ttl_s=100), clock=clock)
    token = one(vault, "s").token
    clock.now += 101
    assert one(vault, "s").token != token
    vault.close()


def test_thousands_of_values_in_one_call_are_numbered_in_order(vault):
    names = [f"person {i}" for i in range(3_000)]
    issued = vault.conversation("s").issue([("PERSON", name) for name in names])
    assert [entry.token.split("_")[1] for entry in issued] == [str(i) for i in range(1, 3_001)]
    assert len(vault.conversation("s").known()) == 3_000


def test_a_full_vault_forgets_the_conversation_unused_for_longest():
    clock = Clock()
    vault = Vault.open(limits=VaultLimits(max_sessions=3), clock=clock)
    for session in "abc":
        clock.now += 10_000
        one(vault, session)
    clock.now += 10_000
    one(vault, "a")
    one(vault, "d")
    assert [session in vault for session in "abcd"] == [True, False, True, True]
    vault.close()


def test_a_full_conversation_refuses_and_keeps_what_it_has(tmp_path):
    vault = Vault.open(limits=VaultLimits(max_values=2))
    conversation = vault.conversation("s")
    first, _ = conversation.issue([("PERSON", "a"), ("PERSON", "b")])
    with pytest.raises(PrivacyError, match="holds 2 values"):
        conversation.issue([("PERSON", "a"), ("PERSON", "c")])
    assert conversation.issue([("PERSON", "a")])[0].token == first.token
    assert len(conversation.known()) == 2
    vault.close()


def test_all_of_a_call_is_issued_or_nothing():
    vault = Vault.open(limits=VaultLimits(max_values=2))
    with pytest.raises(PrivacyError):
        vault.conversation("s").issue([("PERSON", name) for name in "abc"])
    assert "s" not in vault
    vault.close()


@pytest.mark.parametrize("bad", [{"ttl_s": 0}, {"max_sessions": 0}, {"max_values": 0}])
def test_bounds_that_are_none_are_refused(bad):
    with pytest.raises(InputError, match="at least 1"):
        VaultLimits(**bad)


def test_a_closed_vault_blocks(vault):
    vault.close()
    with pytest.raises(PrivacyError, match="cannot be used"):
        one(vault, "s")


def test_threads_that_contend_for_one_conversation_agree_on_its_tokens(vault):
    """LLM Guard #131: its vault is not safe under threads."""
    names = [("PERSON", f"person {i % 20}") for i in range(200)]
    start = threading.Barrier(8)

    def work(seed):
        start.wait()
        conversation = vault.conversation("s")
        return {value: conversation.issue([("PERSON", value)])[0].token for _, value in names[seed:] + names[:seed]}

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(0, 160, 20)))
    assert all(result == results[0] for result in results)
    assert len(set(results[0].values())) == 20
    assert vault.conversation("s").look_up(results[0].values()) == {t: v for v, t in results[0].items()}


def test_threads_in_conversations_of_their_own_never_see_each_others_values(vault):
    """LiteLLM #14516, #31950: tokens of one request restored another's values."""

    def work(i):
        conversation = vault.conversation(f"s{i}") if i % 2 else vault.conversation()
        for round_ in range(4):
            [entry] = conversation.issue([("PERSON", f"thread {i} round {round_}")])
            assert conversation.look_up([entry.token]) == {entry.token: f"thread {i} round {round_}"}
        return [value for _, value in conversation.known()]

    with ThreadPoolExecutor(8) as pool:
        for i, known in enumerate(pool.map(work, range(12))):
            assert sorted(known) == sorted(f"thread {i} round {r}" for r in range(4))


def issue_in_process(path, n):
    vault = Vault.open(path, key=KEY)
    tokens = [vault.conversation("s").issue([("PERSON", f"person {i}")])[0].token for i in range(n)]
    vault.close()
    return tokens


def test_processes_that_share_a_file_agree_on_its_tokens(tmp_path):
    Vault.open(tmp_path / "v.db", key=KEY).close()
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        one_, other = pool.starmap(issue_in_process, [(tmp_path / "v.db", 15)] * 2)
    assert one_ == other
    assert len(set(one_)) == 15
