"""foureyes ledger show and find: what an auditor asks of a log."""

import csv
import io
import json
import sqlite3

import pytest

from foureyes.cli import main
from foureyes.guard.ledger_payload import EVENT, verification_payload
from foureyes.ledger import Ledger, Signer, text_hash
from foureyes.ledger.sqlite import SqliteStore
from foureyes.types import Exchange, Message, ToolCall, Verdict, Vote
from tests.ledger.conftest import NAME, SEED, Clock, options

SIGNER = Signer(NAME, SEED)
KEY = str(SIGNER.key)
SALT = "a salt of sixteen bytes"
TURNS = (Message("system", "Be short."), Message("user", "Wire 300 €?"))


class Recorder:
    """Hashes and keeps as a tenant's record does."""

    def __init__(self, *, clear_reasons):
        self.clear_reasons = clear_reasons

    def text_hash(self, _, text):
        return text_hash(text, SALT.encode())


def payload(exchange, agent, votes, *, clear=False, unasked=()):
    safe = all(vote.verdict == "safe" for vote in votes)
    found = {"consensus_reached": True, "safe": safe, "agreement_ratio": 1.0, "latency_ms": 2.5, "reason": "as counted"}
    verdict = Verdict(votes=tuple(votes), unasked=tuple(unasked), **found)
    about = {"request_id": f"r-{agent}", "tenant": "acme", "agent": agent, "mode": "enforce", "failed_stage": None}
    return about | verification_payload(exchange, verdict, Recorder(clear_reasons=clear), "acme")


@pytest.fixture
def path(tmp_path):
    """Four verifications, a second apart from 03:04:06 on, and something else."""
    call = Message.of("assistant", [ToolCall("wire_transfer", '{"amount": 300}')])
    unsafe = Vote("anthropic", "claude", "unsafe", 0.02, "not what was asked")
    safe = Vote("openai", "gpt-5", "safe", 0.97, "=HYPERLINK(1)")
    payloads = [
        payload(Exchange("Capital?", "Canberra"), "agent-1", [safe]),
        payload(Exchange(TURNS, "No."), "agent-2", [safe, unsafe], clear=True),
        payload(Exchange.of("Pay.", call), "agent-1", [unsafe], unasked=[("openai", "gpt-5")]),
        {"by": "somebody", "note": text_hash("Capital?", SALT.encode())},
        payload(Exchange("Capital?", "Sydney"), "=cmd()", [safe, safe]),
    ]
    path = tmp_path / "ledger.db"
    with Ledger.open(SqliteStore(path), signer=SIGNER, options=options(clock=Clock())) as ledger:
        for each in payloads:
            ledger.append(EVENT if "votes" in each else "approved", each).result(30)
    return path


def ledger(*arguments):
    return main(["ledger", *map(str, arguments)])


def shown(capsys, path, *more):
    assert ledger("show", path, "--key", KEY, "--json", *more) == 0
    return [entry["index"] for entry in json.loads(capsys.readouterr().out)["result"]["entries"]]


def test_it_shows_who_verified_what_when_and_what_they_said(path, capsys):
    assert ledger("show", path, "--key", KEY) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].startswith("0  2026-01-02T03:04:06.000000Z  agent-1  safe  prompt ")
    assert lines[1].startswith("    openai/gpt-5  safe 0.97  reason ")
    assert lines[4] == "    anthropic/claude  unsafe 0.02  not what was asked"
    assert lines[5].startswith("2  2026-01-02T03:04:08.000000Z  agent-1  NOT SAFE  calls wire_transfer  prompt ")
    assert "    openai/gpt-5  not asked" in lines
    assert "Capital" not in out + err
    assert "5 entries verified; 5 shown" in err


@pytest.mark.parametrize(
    ("more", "indices"),
    [
        ((), [0, 1, 2, 3, 4]),
        (("--agent", "agent-1"), [0, 2]),
        (("--unsafe",), [1, 2]),
        (("--unsafe", "--agent", "agent-1"), [2]),
        (("--since", "2026-01-02T03:04:08"), [2, 3, 4]),
        (("--since", "2026-01-02T04:04:08+01:00", "--until", "2026-01-02T03:04:09Z"), [2]),
        (("--until", "2026-01-02"), []),
        (("--since", "2026-01-02", "--until", "2026-01-03"), [0, 1, 2, 3, 4]),
        (("--agent", "nobody"), []),
    ],
)
def test_it_shows_what_was_asked_for(path, capsys, more, indices):
    assert shown(capsys, path, *more) == indices


def test_csv_has_a_row_for_every_vote_and_no_formula(path, capsys):
    assert ledger("show", path, "--key", KEY, "--csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["index"] for row in rows] == ["0", "1", "1", "2", "3", "4", "4"]
    second = rows[2]
    assert (second["agent"], second["safe"], second["model"], second["verdict"]) == (
        "agent-2",
        "false",
        "claude",
        "unsafe",
    )
    assert (second["confidence"], second["reason"]) == ("0.02", "not what was asked")
    assert rows[1]["reason"] == "'=HYPERLINK(1)"
    assert rows[0]["reason"] == ""
    assert rows[0]["reason_hash"] == text_hash("=HYPERLINK(1)", SALT.encode())
    assert (rows[3]["configured"], rows[3]["asked"], rows[3]["tools"]) == ("2", "1", "wire_transfer")
    assert (rows[4]["event"], rows[4]["verdict"]) == ("approved", "")
    assert rows[5]["agent"] == "'=cmd()"


def test_entries_from_before_a_key_was_added_are_shown(tmp_path, capsys):
    old = {
        "agent": "a",
        "safe": True,
        "votes": [{"provider": "p", "model": "m", "verdict": "safe", "confidence": None}],
    }
    with Ledger.open(SqliteStore(tmp_path / "l.db"), signer=SIGNER, options=options()) as opened:
        opened.append(EVENT, old).result(30)
        opened.append(EVENT, {"votes": "none", "tools": 3, "prompt_hash": None}).result(30)
    for more in ((), ("--csv",)):
        assert ledger("show", tmp_path / "l.db", "--key", KEY, *more) == 0
    assert "    p/m  safe" in capsys.readouterr().out


def test_nothing_is_shown_of_a_log_that_was_tampered_with_or_has_another_key(path, capsys):
    other = Signer(NAME, bytes(32)).key
    assert ledger("show", path, "--key", other) == 4
    with sqlite3.connect(path) as connection:
        (raw,) = connection.execute("SELECT entry FROM entries WHERE place = 1").fetchone()
        connection.execute("UPDATE entries SET entry = ? WHERE place = 1", [raw.replace(b"agent-2", b"agent-3")])
    connection.close()
    assert ledger("show", path, "--key", KEY) == 3
    assert ledger("find", path, "--key", KEY, "--text", __file__, "--salt-env", "PATH") == 3
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("when", ["yesterday", "2026-13-01", "", "0001-01-01T00:00+14:00"])
def test_what_is_no_time_is_a_usage_error(path, capsys, when):
    with pytest.raises(SystemExit) as usage:
        ledger("show", path, "--key", KEY, "--since", when)
    assert usage.value.code == 2
    assert "wanted a date or a time of ISO 8601" in capsys.readouterr().err


def found(capsys, path, tmp_path, text, salt=SALT):
    (tmp_path / "text").write_bytes(text.encode())
    (tmp_path / "salt").write_text(f"{salt}\n")
    asked = ("--text", tmp_path / "text", "--salt-file", tmp_path / "salt")
    assert ledger("find", path, "--key", KEY, "--json", *asked) == 0
    return [(one["index"], one["place"], one["read"]) for one in json.loads(capsys.readouterr().out)["result"]["found"]]


def test_a_text_is_found_where_it_stands(path, capsys, tmp_path):
    assert found(capsys, path, tmp_path, "Capital?") == [
        (0, "prompt_hash", "as it is"),
        (3, "note", "as it is"),
        (4, "prompt_hash", "as it is"),
    ]
    assert found(capsys, path, tmp_path, "Sydney\n") == [(4, "response_hash", "without its last line end")]
    assert found(capsys, path, tmp_path, "\ufeffSydney\r\n") == [(4, "response_hash", "without its last line end")]
    assert found(capsys, path, tmp_path, "not what was asked") == [
        (1, "votes[1].reason_hash", "as it is"),
        (2, "votes[0].reason_hash", "as it is"),
    ]
    turns = json.dumps([{"role": turn.role, "content": turn.content} for turn in TURNS])
    assert found(capsys, path, tmp_path, turns) == [(1, "prompt_hash", "as a conversation")]
    call = '{"name": "wire_transfer", "arguments": {"amount": 300}}'
    assert found(capsys, path, tmp_path, call) == [(2, "response_hash", "as it is")]
    assert found(capsys, path, tmp_path, "Perth") == []
    assert found(capsys, path, tmp_path, "Capital?", salt="another salt of sixteen") == []


def test_the_salt_may_come_from_the_environment_and_is_never_told(path, capsys, tmp_path, monkeypatch):
    (tmp_path / "text").write_text("Sydney")
    find = ("find", path, "--key", KEY, "--text", tmp_path / "text")
    monkeypatch.setenv("SALT", SALT)
    assert ledger(*find, "--salt-env", "SALT") == 0
    out, err = capsys.readouterr()
    assert out.startswith("4  2026-01-02T03:04:10.000000Z  cross_model_verification  response_hash  (as it is)")
    assert "the text is in 1 place under this salt" in err
    monkeypatch.setenv("SALT", "short secret")
    assert ledger(*find, "--salt-env", "SALT") == 1
    assert "short secret" not in capsys.readouterr().err
    assert ledger(*find, "--salt-env", "MISSING") == 1
    with pytest.raises(SystemExit) as usage:
        ledger(*find)
    assert usage.value.code == 2
