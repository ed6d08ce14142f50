"""``foureyes check``: what a person and a program get, and what bad input gets."""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foureyes.cli import main
from foureyes.cli.check.work import check
from foureyes.cli.output import CommandOutput
from foureyes.cli.verbs import parser_of
from foureyes.errors import ConfigError, InputError, ModelUnavailable
from foureyes.models.roles import Reader
from foureyes.models.scripted import ScriptedReader
from foureyes.types import Unscored
from tests.models.tiny_weights import write_gguf
from tests.servers.simulator import Simulator

QUESTION, ANSWER = "Capital of Australia?", "It is Sydney"


def parsed(*argv: str) -> argparse.Namespace:
    return parser_of(["check"]).parse_args(["check", *argv])


def told(args: argparse.Namespace, open_reader: Callable[[str], Reader]) -> int:
    output = CommandOutput.of(args)
    check(args, output, open_reader)
    return output.end()


def scripted(ref: str) -> Reader:
    """Any name is a verifier; what it answers to is in its name."""
    if ref == "gone":
        raise ModelUnavailable("the server does not answer", model=ref, retryable=True)
    if ref == "unknown":
        raise ConfigError("unknown model 'unknown'")
    failures = {ANSWER: Unscored("context", "3 words do not fit a context of 2", 3, 2)} if ref == "small" else {}
    return ScriptedReader({"It": 0.9, "is": 0.8, "Sydney": 0.001}, name=ref, failures=failures)


def foureyes(*argv: str | bytes, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    """The command itself, in a process of its own."""
    command = [os.fsencode(word) for word in (sys.executable, "-m", "foureyes", "check", *argv)]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, env=os.environ | env)


def as_json(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, Any]:
    told(parsed(*argv, "--json"), scripted)
    record: dict[str, Any] = json.loads(capsys.readouterr().out)["result"]
    return record


@pytest.mark.parametrize(("options", "reader"), [([], "qwen2.5-coder-1.5b"), (["--small"], "gemma3-270m")])
def test_one_verifier_reads_by_default_and_words_go_to_stdout(
    options: list[str], reader: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(parsed(QUESTION, ANSWER, *options), scripted) == 0
    out, err = capsys.readouterr()
    assert f"{reader}  very surprised" in out
    assert out.startswith("The verifier was very surprised by this answer.\n")
    assert "It is Sydney[6.9]" in out
    assert "“Sydney” (0.10%, rank 2)" in out
    assert "reading" not in err


def test_verifiers_are_asked_in_the_order_given_and_once(capsys: pytest.CaptureFixture[str]) -> None:
    record = as_json(capsys, QUESTION, ANSWER, "--verifier", "b", "--verifier", "a", "--verifier", "b")
    assert [verifier["verifier"] for verifier in record["verifiers"]] == ["b", "a"]


def test_json_has_every_signal_every_token_and_the_alternatives(capsys: pytest.CaptureFixture[str]) -> None:
    record = as_json(capsys, QUESTION, ANSWER, "--verifier", "one", "--verifier", "small", "--top-k", "2")
    assert (record["prompt"], record["answer"]) == (QUESTION, ANSWER)
    one, small = record["verifiers"]
    assert one["fingerprint"].startswith("scripted:")
    assert one["log_cmp"] == pytest.approx(-(math.log(0.9) + math.log(0.8) + math.log(0.001)) / 3)
    assert one["cmp"] == pytest.approx(math.exp(one["log_cmp"]))
    assert {"cme", "nats_per_byte", "min_logprob", "mean_rank", "mean_top1_prob", "n_tokens"} <= one.keys()
    assert one["tokens"]["text"] == ["It", " is", " Sydney"]
    assert one["tokens"]["rank"] == [1, 1, 2]
    assert one["tokens"]["nll"][2] == pytest.approx(-math.log(0.001))
    assert [[other["text"] for other in token] for token in one["tokens"]["alternatives"]] == [["«1»", "«2»"]] * 3
    assert one["tokens"]["alternatives"][0][1]["logprob"] == pytest.approx(math.log(0.25))
    assert small == {
        "verifier": "small",
        "fingerprint": small["fingerprint"],
        "unscored": {"reason": "context", "detail": "3 words do not fit a context of 2", "got": 3, "limit": 2},
    }


def test_json_alone_is_on_stdout_and_in_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(parsed("Was heißt \u202e?", "é\x1b[31m", "--json"), scripted) == 0
    out = capsys.readouterr().out
    assert out.isascii()
    assert "\x1b" not in out
    assert json.loads(out)["result"]["answer"] == "é\x1b[31m"


def test_no_alternatives_when_none_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    record = as_json(capsys, QUESTION, ANSWER, "--top-k", "0")
    assert record["verifiers"][0]["tokens"]["alternatives"] == [[], [], []]


def test_a_verifier_that_fails_does_not_silence_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(parsed(QUESTION, ANSWER, "--verifier", "gone", "--verifier", "one"), scripted) == 0
    out = capsys.readouterr().out
    assert "gone  could not tell\n  unavailable: the server does not answer" in out
    assert "one  very surprised" in out


def test_the_status_is_1_when_no_verifier_could_tell(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(parsed(QUESTION, ANSWER, "--verifier", "gone", "--verifier", "small"), scripted) == 1
    assert capsys.readouterr().out.startswith("No verifier could read this answer.")


def test_a_page_is_written_beside_words_or_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = tmp_path / "check.html"
    for extra in ([], ["--json"]):
        who = ("--verifier", "one", "--verifier", "other")
        assert told(parsed(QUESTION, ANSWER, "--html", str(page), *who, *extra), scripted) == 0
        out, err = capsys.readouterr()
        assert "Both verifiers were surprised by this answer." in page.read_text()
        assert f"page: {page}" in err
        assert str(page) not in out
        page.unlink()


def test_a_page_without_a_place_is_refused_before_any_reading(tmp_path: Path) -> None:
    def never(ref: str) -> Reader:
        raise AssertionError(ref)

    with pytest.raises(InputError, match=r"wanted a folder"):
        told(parsed(QUESTION, ANSWER, "--html", str(tmp_path / "missing" / "check.html")), never)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"It is Sydney", "It is Sydney"),
        (b"It is Sydney\n", "It is Sydney"),
        (b"It is Sydney\r\n", "It is Sydney"),
        (b"It is Sydney\n\n", "It is Sydney\n"),
        (b"  It\tis\r\nSydney ", "  It\tis\r\nSydney "),
        (b"\xef\xbb\xbfIt is Sydney", "It is Sydney"),
        ("日本\x00".encode(), "日本\x00"),
    ],
)
def test_files_are_read_less_one_line_break(
    raw: bytes, text: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "text"
    file.write_bytes(raw)
    assert as_json(capsys, QUESTION, "--answer-file", str(file))["answer"] == text
    assert as_json(capsys, "--prompt-file", str(file), ANSWER)["prompt"] == text


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["", ANSWER], "the prompt is empty; wanted at least one character"),
        ([QUESTION, ""], "the answer is empty; wanted at least one character"),
        ([QUESTION, "Syd\udcffney"], "the answer must be UTF-8; got the byte 0xff after 3 characters"),
        (["\udc80", ANSWER], "the prompt must be UTF-8; got the byte 0x80 after 0 characters"),
        (["-", "-"], "only one of prompt and answer can come from stdin"),
        (["-", "--answer-file", "-"], "only one of prompt and answer can come from stdin"),
        ([QUESTION, "--answer-file", "missing"], "cannot read the answer from missing: No such file or directory"),
        ([QUESTION, "--answer-file", "."], "cannot read the answer from .: Is a directory"),
        ([QUESTION, "--answer-file", "latin"], "the answer in latin must be UTF-8; got the byte 0xe9 at 1"),
        (["--prompt-file", "empty", ANSWER], "the prompt is empty; wanted at least one character"),
        (["--prompt-file", "line", ANSWER], "the prompt is empty; wanted at least one character"),
    ],
)
def test_text_that_cannot_be_used(
    argv: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "latin").write_bytes("Né".encode("latin-1"))
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "line").write_bytes(b"\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        told(parsed(*argv), scripted)
    assert str(caught.value) == message


def test_an_unknown_verifier_is_an_error_and_not_a_silent_row() -> None:
    with pytest.raises(ConfigError, match="unknown model"):
        told(parsed(QUESTION, ANSWER, "--verifier", "unknown"), scripted)


@pytest.mark.parametrize(
    "argv",
    [
        [],
        [QUESTION],
        [QUESTION, ANSWER, "more"],
        [QUESTION, ANSWER, "--answer-file", "x"],
        [QUESTION, "--prompt-file", "x", "--answer-file", "y"],
        [QUESTION, ANSWER, "--top-k", "-1"],
        [QUESTION, ANSWER, "--top-k", "many"],
        [QUESTION, ANSWER, "--top-k", "101"],
    ],
)
def test_wrong_usage_has_status_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        told(parsed(*argv), scripted)
    assert left.value.code == 2
    assert "usage: foureyes check" in capsys.readouterr().err


def test_the_usage_error_counts_what_was_given(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        told(parsed(QUESTION), scripted)
    assert "wanted a prompt and an answer, each as words or as a file; got 1 of 2" in capsys.readouterr().err


def test_help_needs_neither_models_nor_drawing() -> None:
    program = (
        "import sys\nfrom foureyes.cli import main\n"
        "try: main(['check', '--help'])\nexcept SystemExit as left: assert left.code == 0\n"
        "heavy = {'torch', 'transformers', 'numpy', 'rich', 'jinja2'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--verifier REF" in done.stdout


@pytest.mark.skipif(os.name != "posix", reason="arguments are bytes on POSIX only")
def test_bytes_that_are_not_text_get_one_line() -> None:
    done = foureyes(QUESTION, b"\xff")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"foureyes: the answer must be UTF-8; got the byte 0xff after 0 characters\n"


def test_an_answer_from_stdin_is_read_by_a_real_model(tiny_model: Path) -> None:
    done = foureyes(QUESTION, "-", "--json", "--verifier", str(tiny_model), stdin="Zürich\tis\n".encode())
    assert (done.returncode, done.stderr) == (0, b"")
    [verifier] = json.loads(done.stdout)["result"]["verifiers"]
    assert verifier["n_tokens"] == len("Zürich\tis".encode())
    assert verifier["tokens"]["text"][:3] == ["Z", "ü", "ü"]
    assert all(len(others) == 5 for others in verifier["tokens"]["alternatives"])


def test_a_terminal_without_our_letters_gets_the_words(tiny_model: Path) -> None:
    place = ("--answer-file", "-", "--verifier", str(tiny_model))
    done = foureyes(QUESTION, *place, stdin="Zürich".encode(), PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Z" in done.stdout
    assert b"\\xfc" in done.stdout


def test_an_unknown_name_gets_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", QUESTION, ANSWER, "--verifier", "no-such-model"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("foureyes: ")
    assert err.count("\n") == 1
    assert "no-such-model" in err


@pytest.mark.parametrize(("reference", "left", "told"), [("{}", -1, ()), ("{}", 0, ("--json",)), ("gguf:{}", 200, ())])
def test_a_broken_file_is_a_check_that_failed(
    reference: str, left: int, told: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOUREYES_CACHE", str(tmp_path / "cache"))
    file = write_gguf(tmp_path / "m.gguf")
    file.write_bytes(file.read_bytes()[:left])
    assert main(["check", QUESTION, ANSWER, "--verifier", reference.format(file), *told]) == 1


@pytest.mark.weights
def test_the_small_verifiers_stumble_over_tokyo(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = tmp_path / "check.html"
    answer = "The capital of Australia is Tokyo."
    who = ["--verifier", "smollm2-135m", "--verifier", "gemma3-270m"]
    assert main(["check", "What is the capital of Australia?", answer, "--json", "--html", str(page), *who]) == 0
    verifiers = json.loads(capsys.readouterr().out)["result"]["verifiers"]
    assert [verifier["verifier"] for verifier in verifiers] == ["smollm2-135m", "gemma3-270m"]
    for verifier in verifiers:
        tokens = verifier["tokens"]
        assert "".join(tokens["text"]) == answer
        assert tokens["text"][max(range(len(tokens["nll"])), key=tokens["nll"].__getitem__)] == " Tokyo"
        assert all(len(others) == 5 for others in tokens["alternatives"])
    assert page.read_text().count("Tokyo") >= 4


def test_a_server_is_sent_its_own_key_and_no_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KEY_OF_A", "sk-a")
    monkeypatch.setenv("FOUREYES_API_KEY", "sk-for-all")
    with Simulator() as server:
        asked = ["check", QUESTION, ANSWER, "--verifier", f"{server.url}/v1"]
        assert main([*asked, "--key-env", f"{server.url}/v1=KEY_OF_A"]) == 0
        assert server.headers["Authorization"] == "Bearer sk-a"
        assert main([*asked, "--key-env", "http://elsewhere/v1=KEY_OF_A"]) == 1
        assert main([*asked, "--key-env", f"{server.url}/v1=KEY_OF_B"]) == 1
    said = capsys.readouterr()
    assert "http://elsewhere/v1 is no address of a --verifier" in said.err
    assert "the environment variable KEY_OF_B is not set" in said.err
    assert "sk-" not in said.out + said.err
