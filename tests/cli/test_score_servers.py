"""``foureyes score`` with several servers: one killed midway, all gone, another model, keys and numbers."""

import json
import signal
import subprocess
import sys
import threading

import pytest

from foureyes.cli.exits import Exit
from tests.servers.simulator import Simulator, ToyModel, send, wait_until

ROWS = 120


@pytest.fixture
def place(tmp_path):
    rows = [{"prompt": f"Question {i}?", "answer": f"The answer is word word {i}. " * (1 + i % 7)} for i in range(ROWS)]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


@pytest.fixture
def servers():
    with Simulator() as one, Simulator() as other:
        yield [one, other]


def score(place, servers, *options, out="out.jsonl", env=None):
    reference = ",".join(f"{one.url}/v1" for one in servers)
    command = [sys.executable, "-m", "foureyes", "score", "in.jsonl", "-o", out, "--verifier", reference, *options]
    return subprocess.run(command, cwd=place, env=env, capture_output=True, text=True, check=False)


def unscored(place, out="out.jsonl"):
    rows = [json.loads(line)["foureyes"]["toy"] for line in (place / out).read_text().splitlines()]
    return len(rows), sum("log_cmp" not in row for row in rows)


def test_the_bytes_are_those_of_one_server_whichever_read_and_when(place, servers):
    assert score(place, servers[:1], out="alone.jsonl").returncode == 0
    before = [one.completed for one in servers]
    assert score(place, servers).returncode == 0
    assert all(one.completed > n + ROWS // 10 for one, n in zip(servers, before, strict=True))
    assert score(place, servers, "--at-once", "3", out="three.jsonl").returncode == 0
    alone = (place / "alone.jsonl").read_bytes()
    assert (place / "out.jsonl").read_bytes() == (place / "three.jsonl").read_bytes() == alone


def test_one_killed_midway_costs_nothing_and_is_told(place, servers):
    assert score(place, servers[:1], out="alone.jsonl").returncode == 0
    servers[1].dies_after = servers[1].completed + ROWS // 4
    run = score(place, servers)
    assert run.returncode == 0
    assert f"{servers[1].url}: set aside for now: " in run.stderr
    assert (place / "out.jsonl").read_bytes() == (place / "alone.jsonl").read_bytes()


def test_when_all_are_gone_it_ends_and_goes_on_later_without_a_hole(place, servers):
    alone = Simulator()
    with alone:
        assert score(place, [alone], out="alone.jsonl").returncode == 0
    for one in servers:
        one.dies_after = one.completed + ROWS * 2 // 5
    run = score(place, servers)
    assert run.returncode == 1
    assert "stopped answering" in run.stderr
    assert not (place / "out.jsonl").exists()
    with Simulator() as one, Simulator() as other:
        again = score(place, [one, other], "--resume")
        assert again.returncode == 0, again.stderr
        assert one.completed + other.completed < ROWS, "the first piece was kept"
    assert unscored(place) == (ROWS, 0)
    assert (place / "out.jsonl").read_bytes() == (place / "alone.jsonl").read_bytes()


def whole(place, out):
    return (place / out / "shard-00000.jsonl" if out.endswith("/") else place / out).read_bytes()


@pytest.mark.parametrize("out", ["out.jsonl", "out/"])
def test_a_run_goes_on_wherever_the_model_is_and_with_no_other_model(place, servers, out):
    assert score(place, servers[:1], out="alone.jsonl").returncode == 0
    for one in servers:
        one.dies_after = one.completed + ROWS * 2 // 5
    assert score(place, servers, out=out).returncode == 1
    with Simulator() as moved, Simulator() as other:
        other.names = ["other"]
        refused = score(place, [other], "--resume", out=out)
        assert refused.returncode == 1
        assert 'verifiers was ["toy"] and is ["other"]' in refused.stderr
        again = score(place, [servers[0], moved], "--resume", out=out)
        assert again.returncode == 0, again.stderr
        assert moved.completed < ROWS, "the first piece was kept"
    assert whole(place, out) == (place / "alone.jsonl").read_bytes()


def test_a_folder_that_is_whole_stays_so_wherever_the_model_is_and_is_no_other_models(place, servers):
    assert score(place, servers[:1], out="out/").returncode == 0
    servers[0].stop()
    read = servers[1].completed
    again = score(place, servers[1:], "--resume", out="out/")
    assert again.returncode == 0, again.stderr
    assert servers[1].completed < read + ROWS
    servers[1].context = 2048
    refused = score(place, servers[1:], "--resume", out="out/")
    assert refused.returncode == 1
    assert "fingerprints.toy was" in refused.stderr


def test_an_outage_that_passes_leaves_no_hole(place, servers):
    assert score(place, servers[:1], out="alone.jsonl").returncode == 0
    begun = servers[0].completed + ROWS // 4
    looked = threading.Event()

    def away(handler, _):
        """Until somebody asks anew what there is."""
        return servers[0].completed > begun and not looked.is_set() and send(handler, b"", 503)

    answer = servers[0].answer

    def answered(path, body):
        if path == "/v1/models" and servers[0].completed > begun:
            looked.set()
        return answer(path, body)

    servers[0].answer = answered
    servers[0].trouble = away
    assert score(place, servers[:1]).returncode == 0
    assert looked.is_set()
    assert (place / "out.jsonl").read_bytes() == (place / "alone.jsonl").read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="a signal to one process")
def test_an_interrupted_run_waits_for_no_server(place, servers):
    begun = servers[0].completed + 8
    servers[0].trouble = lambda handler, reply: servers[0].completed > begun and servers[0].hang(handler, reply)
    command = [sys.executable, "-m", "foureyes", "score", "in.jsonl", "-o", "out.jsonl", "--verifier", servers[0].url]
    with subprocess.Popen(command, cwd=place, stderr=subprocess.PIPE, text=True) as run:
        try:
            wait_until(lambda: servers[0].completed > begun + 4, 60)
            run.send_signal(signal.SIGINT)
            _, said = run.communicate(timeout=45)  # a request takes longer
        finally:
            run.kill()
    assert run.returncode == Exit.INTERRUPTED
    assert "Traceback" not in said


def test_rows_on_stdout_stay_alone_there_while_requests_are_sent_again(place, servers):
    servers[0].trouble = lambda handler, _: 20 < servers[0].completed <= 25 and send(handler, b"", 503)
    run = score(place, servers[:1], out="-")
    assert run.returncode == 0
    assert len([json.loads(line) for line in run.stdout.splitlines()]) == ROWS


def test_another_model_is_an_error_before_any_row(place, servers):
    with Simulator(ToyModel(salt="other weights")) as other:
        run = score(place, [servers[0], other])
        assert run.returncode == 1
        assert f"{other.url}: wanted the model that reads elsewhere" in run.stderr
        assert servers[0].completed == other.completed
    assert not (place / "out.jsonl").exists()


def test_each_is_sent_its_own_key(place, servers, monkeypatch):
    monkeypatch.setenv("KEY_OF_A", "sk-a")
    monkeypatch.setenv("FOUREYES_API_KEY", "sk-for-all")
    run = score(place, servers, "--key-env", f"{servers[0].url}/v1=KEY_OF_A")
    assert run.returncode == 0
    assert servers[0].headers["Authorization"] == "Bearer sk-a"
    assert "Authorization" not in servers[1].headers
    assert "sk-" not in run.stderr + (place / "out.jsonl").read_text()


def test_a_key_of_one_verifier_leaves_the_others_without_any(place, servers, monkeypatch):
    monkeypatch.setenv("KEY_OF_A", "sk-a")
    monkeypatch.setenv("FOUREYES_API_KEY", "sk-for-all")
    own = ("--key-env", f"{servers[0].url}/v1=KEY_OF_A")
    assert score(place, servers[:1], "--verifier", f"{servers[1].url}/v1", *own).returncode == 0
    assert servers[0].headers["Authorization"] == "Bearer sk-a"
    assert "Authorization" not in servers[1].headers


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (("--key-env", "http://elsewhere/v1=KEY_OF_A"), 1, "http://elsewhere/v1 is no address of a --verifier"),
        (("--key-env", "http://elsewhere/v1=sk-123"), 2, "the name of an environment variable in capitals"),
        (("--at-once", "0"), 1, "at least one request at once"),
    ],
)
def test_what_cannot_be_meant_is_said(place, servers, options, status, words):
    run = score(place, servers, *options)
    assert (run.returncode, words in run.stderr) == (status, True), run.stderr
    assert "sk-123" not in run.stderr


@pytest.mark.parametrize("verifier", [("--verifier", "smollm2-135m"), ()])
def test_requests_at_once_are_of_servers(place, verifier):
    command = [sys.executable, "-m", "foureyes", "score", "in.jsonl", "-o", "out.jsonl", *verifier, "--at-once", "3"]
    run = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    got = verifier[1] if verifier else "none"
    assert run.returncode == 1
    assert run.stderr == (
        f"foureyes: --at-once 3 is of servers: wanted a --verifier that is the address of one; got {got}\n"
    )


def test_a_verifier_beside_servers_is_sent_no_requests(place, servers, tiny_model):
    run = score(place, servers[:1], "--verifier", str(tiny_model), "--at-once", "3")
    assert run.returncode == 0, run.stderr


def test_a_variable_that_is_not_set_is_said(place, servers, monkeypatch):
    monkeypatch.delenv("KEY_OF_A", raising=False)
    run = score(place, servers, "--key-env", f"{servers[0].url}/v1=KEY_OF_A")
    assert run.returncode == 1
    assert "the environment variable KEY_OF_A is not set" in run.stderr
