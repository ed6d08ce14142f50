"""``foureyes serve`` as a process: it starts, follows its configuration, and ends when told to."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import pytest

from foureyes.cli import main
from foureyes.config import NewKey, new_key
from foureyes.ledger import LedgerOptions, Signer, Witness, open_ledger

ASKED = {"prompt": "Capital of Australia?", "response": "Canberra"}


def configuration(
    folder: Path, key: NewKey, *, per_day: int = 1000, verifier: str = "http://127.0.0.1:1/v1", more: str = ""
) -> Path:
    """A tenant whose one verifier cannot be reached, with a ledger."""
    file = folder / "foureyes.toml"
    if not (folder / "acme.key").exists():
        Signer.generate("example.com/acme").save(folder / "acme.key")
    file.write_text(
        f"""
[verifiers.nobody]
kind = "judge"
provider = "nowhere"
model = "nobody"
base_url = "{verifier}"
attempts = 1

[ledger]
url = "sqlite:{folder}/{{tenant}}.db"
key_file = "{folder}/{{tenant}}.key"

[tenants.acme]
verifiers = ["nobody"]
salt_env = "ACME_SALT"
requests_per_day = {per_day}
{more}

{key.toml}
"""
    )
    return file


@contextmanager
def serving(*options: str, **environ: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The process, and what it said of itself."""
    command = [sys.executable, "-m", "foureyes", "serve", "--json", "--port", "0", *options]
    environment = os.environ | {"ACME_SALT": "a salt of sixteen bytes"} | environ
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise AssertionError(process.stderr.read() if process.stderr else "no words")
            yield process, json.loads(line)["result"]
        finally:
            process.kill()


def until_logged(process: subprocess.Popen[str], event: str) -> dict[str, Any]:
    """Reads the log up to an event."""
    assert process.stderr
    for line in process.stderr:
        if line.startswith("{") and (told := json.loads(line))["event"] == event:
            return dict(told)
    raise AssertionError(f"the log ended before {event}")


def test_it_serves_follows_its_file_and_ends_when_told(tmp_path: Path) -> None:
    key = new_key("acme", {"admin"})
    file = configuration(tmp_path, key)
    with serving("--config", str(file)) as (process, said), httpx.Client(base_url=said["url"]) as client:
        assert said["url"].startswith("http://127.0.0.1:")
        assert "key" not in said
        headers = {"X-API-Key": key.presented}

        def verify() -> httpx.Response:
            return client.post("/v1/guard/verify", json=ASKED, headers=headers, timeout=90)

        answer = verify().json()
        assert (answer["safe"], answer["votes"][0]["verdict"]) == (False, "error")
        assert answer["ledger_entry"]["index"] == 0
        assert client.get("/readyz").json() == {"ready": True, "not_ready": {}, "needs_restart": []}

        file.write_text("this is = not a [configuration")
        process.send_signal(signal.SIGHUP)
        assert until_logged(process, "configuration")["applied"] is False
        assert client.get("/readyz").status_code == 503
        assert verify().status_code == 200

        configuration(tmp_path, key, per_day=0)
        process.send_signal(signal.SIGHUP)
        assert until_logged(process, "configuration")["applied"] is True
        assert client.get("/readyz").status_code == 200
        assert verify().status_code == 429

        file.write_text(
            file.read_text() + "[server]\nport = 9999\nmax_in_flight = 0\n[telemetry]\nservice_name = 'eyes'\n"
        )
        process.send_signal(signal.SIGHUP)
        assert until_logged(process, "configuration")["applied"] is False
        file.write_text(file.read_text().replace("max_in_flight = 0", "max_in_flight = 1"))
        process.send_signal(signal.SIGHUP)
        told = until_logged(process, "configuration")
        later = ["[server] port", "[telemetry] service_name"]
        assert (told["applied"], told["needs_restart"]) == (True, later)
        assert client.get("/readyz").json() == {"ready": True, "not_ready": {}, "needs_restart": later}

        client.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


@contextmanager
def half_open() -> Iterator[tuple[str, threading.Event]]:
    """A verifier that takes a connection and never says a word; the event is set once it was asked."""
    asked = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            try:
                connection, _ = server.accept()
                connection.recv(1)
            except OSError:
                return
            asked.set()
            held.append(connection)

        held: list[socket.socket] = []
        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1", asked
        for connection in held:
            connection.close()
    thread.join(timeout=5)


def test_a_request_under_way_is_answered_when_the_service_is_told_to_stop(tmp_path: Path) -> None:
    key = new_key("acme", {"verify"})
    with half_open() as (verifier, asked):
        file = configuration(tmp_path, key, verifier=verifier, more="deadline_s = 7.0\nrecord_s = 4.0")
        with serving("--config", str(file)) as (process, said), ThreadPoolExecutor(1) as pool:
            url, headers = f"{said['url']}/v1/guard/verify", {"X-API-Key": key.presented}
            under_way = pool.submit(httpx.post, url, json=ASKED, headers=headers, timeout=60)
            assert asked.wait(timeout=60)
            process.send_signal(signal.SIGTERM)
            reply = under_way.result(timeout=60)
            assert process.wait(timeout=60) == 0
    answer = reply.json()
    assert (reply.status_code, answer["safe"]) == (200, False)
    assert answer["votes"][0]["reason"] == "no vote before the deadline"
    assert answer["ledger_entry"]["index"] == 0


def test_the_end_is_told_before_it_comes(tmp_path: Path) -> None:
    key = new_key("acme", {"verify"})
    with half_open() as (verifier, asked):
        more = "deadline_s = 7.0\nrecord_s = 4.0"
        file = configuration(tmp_path, key, verifier=verifier, more=more)
        file.write_text(file.read_text() + "\n[server]\nnotice_s = 600\n")
        with serving("--config", str(file)) as (process, said), ThreadPoolExecutor(1) as pool:
            url, headers = said["url"], {"X-API-Key": key.presented}
            idle = HTTPConnection(url.removeprefix("http://"), timeout=60)
            idle.request("GET", "/healthz")
            assert idle.getresponse().read()
            under_way = pool.submit(httpx.post, f"{url}/v1/guard/verify", json=ASKED, headers=headers, timeout=60)
            assert asked.wait(timeout=60)
            process.send_signal(signal.SIGTERM)
            while (ready := httpx.get(f"{url}/readyz", timeout=60)).status_code == 200:
                pass
            assert (ready.json()["ready"], list(ready.json()["not_ready"])) == (False, ["service"])
            assert ready.headers["connection"] == "close"
            assert httpx.get(f"{url}/healthz", timeout=60).status_code == 200
            process.send_signal(signal.SIGTERM)
            assert idle.sock.recv(1) == b""
            idle.close()
            assert under_way.result(timeout=60).status_code == 200
            assert process.wait(timeout=60) == 0
            with pytest.raises(httpx.ConnectError):
                httpx.get(f"{url}/readyz", timeout=60)


def test_nothing_secret_is_in_the_words_of_a_process(tmp_path: Path) -> None:
    key = new_key("acme", {"verify"})
    file = configuration(tmp_path, key)
    with serving("--config", str(file)) as (process, said):
        for presented in (key.presented, "canary-key"):
            httpx.post(
                said["url"] + "/v1/guard/verify?canary=1",
                json={"prompt": "canary-prompt", "response": "canary-response"},
                headers={"X-API-Key": presented},
                timeout=30,
            )
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert "canary" not in out + err
    assert key.presented not in out + err
    assert "a salt of sixteen bytes" not in out + err
    assert '"status":200' in err
    assert '"status":401' in err


def test_without_a_key_it_does_not_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_SALT", "a salt of sixteen bytes")
    key = new_key("acme", {"admin"})
    file = configuration(tmp_path, key)
    file.write_text(file.read_text().replace(key.toml, ""))
    assert main(["serve", "--config", str(file)]) == 1
    assert "no tenant has an API key" in capsys.readouterr().err


def test_a_broken_configuration_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "foureyes.toml"
    file.write_text("[server]\nport = 'nowhere'\n")
    assert main(["serve", "--config", str(file)]) == 1
    err = capsys.readouterr().err
    assert err.startswith("foureyes: ")
    assert "port" in err


def test_an_address_that_is_taken_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_SALT", "a salt of sixteen bytes")
    file = configuration(tmp_path, new_key("acme", {"admin"}))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["serve", "--config", str(file), "--port", port]) == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in capsys.readouterr().err
    assert not (tmp_path / "acme.db").exists()


def test_a_configuration_can_be_checked_without_serving(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_SALT", "a salt of sixteen bytes")
    file = configuration(tmp_path, new_key("acme", {"admin"}))
    assert main(["serve", "--config", str(file), "--check", "--port", "0"]) == 0
    assert "the configuration is right" in capsys.readouterr().err


def test_with_a_record_that_was_put_back_it_does_not_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_SALT", "a salt of sixteen bytes")
    file = configuration(tmp_path, new_key("acme", {"admin"}))
    file.write_text(file.read_text().replace("[tenants.acme]", f'witness = "{tmp_path}/seen"\n\n[tenants.acme]'))
    check = ["serve", "--config", str(file), "--check", "--port", "0"]
    assert main(check) == 0
    database = tmp_path / "acme.db"
    older = database.read_bytes()
    options = LedgerOptions(witness=Witness(tmp_path / "seen"))
    with open_ledger(f"sqlite:{database}", key_file=tmp_path / "acme.key", options=options) as ledger:
        ledger.append("verified", {"safe": True}).result()
    database.write_bytes(older)
    database.with_name(f"{database.name}-witness").unlink()  # as whoever puts back the database can
    assert main(check) == 3
    assert "rolled back: example.com/acme had 1 entry" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options", [[], ["--demo", "--config", "x.toml"], ["--demo", "--port", "70000"], ["--config", "x.toml", "--small"]]
)
def test_what_cannot_be_meant_is_a_usage_error(options: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["serve", *options])
    assert caught.value.code == 2


def test_a_key_is_shown_once_and_its_hash_is_for_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "acme", "--scope", "verify", "--scope", "audit"]) == 0
    out, err = capsys.readouterr()
    key = err.rpartition(" ")[2].strip()
    assert key.startswith("foureyes_")
    assert key.split("_", 2)[2] not in out
    assert out.startswith("[[tenants.acme.keys]]\n")
    assert 'scopes = ["audit", "verify"]' in out


def test_a_key_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "acme", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)["result"]
    assert set(made) == {"key", "id", "toml"}
    assert main(["keys", "no such tenant"]) == 1
