"""foureyes route resume: a suspended promise holds again on a person's word."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from foureyes.calibration import Platt, Source
from foureyes.cli import main
from foureyes.cli.route import resuming
from foureyes.ledger import open_ledger
from foureyes.route.drift import RouteWatch
from foureyes.route.log import JsonlRouteLog
from foureyes.route.promised import RoutePromise

FILE = """
[route]
promise = "promise.json"
log = "route.jsonl"
salt_env = "SALT"

[ledger]
url = "sqlite:LEDGER"
key_file = "KEY"

[[writers]]
model = "small"
base_url = "http://127.0.0.1:1/v1"

[reader]
reader = "smollm2-135m"
calibrator = "platt.json"
"""
SEEN = {"small": tuple(i / 100 for i in range(50, 100))}
PROMISE = RoutePromise(0.8, 0.05, 0.05, 50, 10, 0, 0.1, 0.3, "log_cmp", "reader", SEEN)


@pytest.fixture
def route(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SALT", "a salt of sixteen bytes")
    main(["ledger", "keygen", str(tmp_path / "key")])
    file = tmp_path / "route.toml"
    file.write_text(FILE.replace("LEDGER", str(tmp_path / "ledger.db")).replace("KEY", str(tmp_path / "key")))
    (tmp_path / "promise.json").write_text(PROMISE.to_json())
    (tmp_path / "platt.json").write_text(Platt.fit([0.1, 0.2, 0.5, 2.0, 3.0, 0.3], [1, 1, 1, 0, 0, 1]).to_json())
    return file


def test_it_holds_again_and_the_ledger_has_whose_word_it_was(
    route: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["route", "resume", str(route)]) == 1
    assert "the promise holds" in capsys.readouterr().err
    RouteWatch.opened(tmp_path / "promise.json").suspend("its watch failed", 0.0)
    log = JsonlRouteLog(tmp_path / "route.jsonl", source=Source("log_cmp", "reader"), salt=b"0" * 16)
    assert main(["route", "resume", str(route)]) == 1
    assert "is written by another process" in capsys.readouterr().err
    log.close()
    assert main(["route", "resume", str(route), "--by", "ana", "--note", "looked at it", "--json"]) == 0
    assert "its watch failed" in json.loads(capsys.readouterr().out)["result"]["suspended_for"]
    assert not RouteWatch.opened(tmp_path / "promise.json").suspended
    with open_ledger(f"sqlite:{tmp_path / 'ledger.db'}", key_file=tmp_path / "key") as ledger:
        [entry] = ledger.entries(0)
    assert (entry.payload["by"], entry.payload["note"]) == ("ana", "looked at it")


def test_what_cannot_be_recorded_is_not_done(route: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    RouteWatch.opened(tmp_path / "promise.json").suspend("its watch failed", 0.0)
    (tmp_path / "key").unlink()
    assert main(["route", "resume", str(route)]) == 1
    assert "key" in capsys.readouterr().err
    assert RouteWatch.opened(tmp_path / "promise.json").suspended


def test_where_the_system_has_no_name_for_who_runs_it_there_is_a_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert resuming._user() == f"user {os.getuid()}"
