"""What every verb has in common: help, answers to typos, one JSON object, exit statuses, and modules that are loaded late."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest

from foureyes import __version__
from foureyes.cli import main
from foureyes.cli.exits import Exit, exit_of
from foureyes.cli.output import CommandOutput
from foureyes.cli.parser import leaves
from foureyes.cli.verbs import VERBS, parser_of
from foureyes.errors import ConfigError, InputError, LedgerConflict, LedgerTampered, ModelUnavailable, NotEnoughData

COMMANDS = [leaf.prog.split()[1:] for leaf in leaves(parser_of(VERBS))]
KINDS = "best, log-odds-platt, platt, beta, histogram, isotonic, temperature, vector, combiner"
KEYS = ["foureyes", "verb", "result", "warnings", "error"]
ROOT = Path(__file__).parents[2]


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[str, str]:
    """What a wrong command line gets: stdout, and the last line of stderr."""
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == Exit.USAGE
    out, err = capsys.readouterr()
    assert err.startswith("usage: foureyes")
    return out, err.splitlines()[-1].partition("error: ")[2]


# ------------------------------------------------------------------------------------------------ typos


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("scor in.jsonl", "no verb 'scor'; did you mean score?"),
        ("calibrat fit", "no verb 'calibrat'; did you mean calibrate?"),
        ("xyzzy", f"no verb 'xyzzy'; wanted one of {', '.join(VERBS)}"),
        ("", f"say which verb: {', '.join(VERBS)}"),
        ("models", "say which action: list, pull, path, verify"),
        ("--versoin", "no option --versoin; did you mean --version?"),
        ("calibrate fitt in.jsonl", "no action 'fitt'; did you mean fit?"),
        ("bench chose s.toml", "no step 'chose'; did you mean choose?"),
        ("ledger prove inclusoin log 3", "no kind 'inclusoin'; did you mean inclusion?"),
        ("score in -o out --verifer x", "no option --verifer; did you mean --verifier?"),
        ("score --verifer=x", "no option --verifer; did you mean --verifier?"),
        ("score in -o out --verif x", "no option --verif; did you mean --verifier?"),
        ("score in -out x --verifier y", "no option -out; did you mean --out?"),
        ("score in -verifier y", "no option -verifier; did you mean --verifier?"),
        ("score in -z", "no option -z"),
        ("score --trunc left", "no option --trunc; did you mean --truncate?"),
        ("score --colour", "no option --colour"),
        ("calibrate fit --kind plat", f"argument --kind: got 'plat'; wanted one of {KINDS}; did you mean platt?"),
        ("calibrate fit --larger-is more", "argument --larger-is: got 'more'; wanted one of worse, better"),
        ("ledger prove inclusion log x", "argument INDEX: wanted a whole number; got 'x'"),
        ("cascade fit in -o out --abstain little", "argument --abstain: wanted a number; got 'little'"),
        ("serve --config a.toml more", "unrecognized arguments: more"),
        ("help scor", "no verb 'scor'; did you mean score?"),
        ("help calibrate fitt", "no action 'fitt'; did you mean fit?"),
        ("help score fit", "it has no actions; got 'fit'"),
    ],
)
def test_a_typo_is_answered_before_anything_else_that_is_wrong(
    line: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(capsys, *line.split()) == ("", words)


def test_numbers_and_texts_are_not_taken_for_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert "required: STUDY" in refused(capsys, "bench", "run", "--seconds", "-1")[1]
    assert "required: -o/--out" in refused(capsys, "score", "-", "--final-answer", "-a text", "--verifier", "x")[1]
    assert parser_of(["check"]).parse_args(["check", "--", "--prompt", "-a"]).prompt == "--prompt"
    assert parser_of(["score"]).parse_args(["score", "in", "-oout", "--verifier", "x"]).out == "out"


# ------------------------------------------------------------------------------------------------ help


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_shows_what_the_command_itself_shows(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", *command]) == 0
    asked = capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main([*command, "--help"])
    assert left.value.code == 0
    assert asked == capsys.readouterr()
    assert asked.out.startswith(f"usage: foureyes {' '.join(command)} [-h]")
    assert asked.err == ""


def test_help_of_nothing_lists_the_verbs_and_of_a_verb_its_actions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help"]) == 0
    assert re.findall(r"^    (\w+)", capsys.readouterr().out, re.MULTILINE) == list(VERBS)
    assert main(["help", "models"]) == 0
    assert re.findall(r"^    (\w+)", capsys.readouterr().out, re.MULTILINE) == ["list", "pull", "path", "verify"]


def documented() -> list[str]:
    """The commands in the code blocks of README and docs that have no ellipsis."""
    texts = [path.read_text() for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))]
    blocks = [block for text in texts for block in re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)]
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line.startswith("foureyes ") and "…" not in line]


@pytest.mark.parametrize("line", documented())
def test_every_command_of_the_documents_can_be_called(line: str) -> None:
    words = shlex.split(re.split(r" (?:>>?|[|]) | && ", line)[0], comments=True)[1:]
    assert parser_of(words[:1]).parse_args(words).command in {" ".join(command) for command in COMMANDS}


# ------------------------------------------------------------------------------------------------ JSON and exits


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_json_and_a_usage_error_is_one_object_too(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    out, words = refused(capsys, *command, "--json", "--jsno")
    assert out.count("\n") == 1
    told = json.loads(out)
    assert list(told) == KEYS
    assert told == {
        "foureyes": __version__,
        "verb": " ".join(command),
        "result": None,
        "warnings": [],
        "error": {"kind": "UsageError", "message": words, "exit": 2},
    }
    assert words == "no option --jsno; did you mean --json?"


def told(output: CommandOutput, capsys: pytest.CaptureFixture[str], error: BaseException | None) -> dict[str, Any]:
    output.end(error)
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert out.isascii()
    found: dict[str, Any] = json.loads(out)
    assert list(found) == KEYS
    return found


def test_a_result_comes_in_an_object_with_its_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    output = CommandOutput("clean", as_json=True)
    output.warn("of ä few rows")
    output.give(lambda: {"rows": 3}, lambda: pytest.fail("no person reads it"))
    assert told(output, capsys, None) == {
        "foureyes": __version__,
        "verb": "clean",
        "result": {"rows": 3},
        "warnings": ["of ä few rows"],
        "error": None,
    }


def test_without_json_a_person_gets_words_and_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    output = CommandOutput("clean")
    output.warn("of few rows")
    output.say("done")
    output.give(lambda: pytest.fail("no program reads it"), lambda: sys.stdout.write("for a person\n"))
    output.give_now({"nobody": "reads it"})
    assert output.end() == 0
    assert capsys.readouterr() == ("for a person\n", "foureyes: of few rows\ndone\n")


def test_quiet_silences_words_and_not_errors(capsys: pytest.CaptureFixture[str]) -> None:
    output = CommandOutput("score", quiet=True)
    output.warn("of few rows")
    output.say("done")
    assert output.end(InputError("no such field")) == 1
    assert capsys.readouterr() == ("", "foureyes: no such field\n")


def test_what_was_measured_stands_beside_the_error_that_ended_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    output = CommandOutput("calibrate report", as_json=True)
    output.give(lambda: {"ece": 0.1})
    error = NotEnoughData("no cut can be promised", needed=400)
    error.add_note("got 12 labels")
    found = told(output, capsys, error)
    assert found["result"] == {"ece": 0.1}
    assert found["error"] == {
        "kind": "NotEnoughData",
        "message": "no cut can be promised; got 12 labels",
        "exit": 1,
        "needed": 400,
    }


def test_a_command_that_goes_on_prints_an_object_a_result_and_one_for_the_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = CommandOutput("ledger watch", as_json=True)
    output.give_now({"size": 1})
    output.give_now({"size": 2})
    assert output.end(LedgerTampered("rolled back", index=1)) == 3
    first, second, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert [first["result"], second["result"], last["result"]] == [{"size": 1}, {"size": 2}, None]
    assert [first["error"], second["error"]] == [None, None]
    assert last["error"] == {"kind": "LedgerTampered", "message": "rolled back", "exit": 3, "index": 1}
    output = CommandOutput("serve", as_json=True)
    output.give_now({"url": "http://127.0.0.1:1"})
    assert output.end() == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_the_object_of_a_failure_says_what_the_line_on_stderr_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "path", "gema3-270m", "--json"]) == 1
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert list(found) == KEYS
    assert (found["verb"], found["result"]) == ("models path", None)
    assert (found["error"]["kind"], found["error"]["exit"]) == ("ConfigError", 1)
    assert err == f"foureyes: {found['error']['message']}\n"


@pytest.mark.parametrize(
    "line",
    [
        "keys acme",
        "models list",
        "signals",
        "signals log_cmp",
        "help",
        "help score",
        "completion bash",
        "ledger keygen k",
    ],
)
def test_a_result_of_a_real_command_comes_in_the_object(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*line.split(), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == KEYS
    assert line.startswith(found["verb"])
    assert found["result"]
    assert (found["warnings"], found["error"]) == ([], None)


def test_a_verb_that_is_not_installed_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['fastapi'] = None\n"
        "from foureyes.cli import main; sys.exit(main(['serve', '--demo', '--json']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    wanted = "foureyes serve needs an extra (fastapi): pip install 'foureyes[service]'"
    assert done.stderr == f"foureyes: {wanted}\n"
    assert json.loads(done.stdout)["error"] == {"kind": "ConfigError", "message": wanted, "exit": 1}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputError("x"), 1),
        (ConfigError("x"), 1),
        (ModelUnavailable("x", model="m"), 1),
        (LedgerConflict("x"), 1),
        (LedgerTampered("x"), 3),
        (KeyboardInterrupt(), 130),
    ],
)
def test_exit_statuses(error: BaseException, status: int) -> None:
    assert exit_of(error) == status


def test_a_terminal_without_our_letters_gets_the_words() -> None:
    command, environ = [sys.executable, "-m", "foureyes", "help", "score"], os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, check=False, env=environ)
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"hf:\u2026" in done.stdout


@pytest.mark.parametrize("line", ["help", "keys acme", "signals --json"])
def test_a_reader_who_went_away_is_no_error(line: str) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    command = [sys.executable, "-m", "foureyes", *line.split()]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, text=True, check=False, env=environ)
    os.close(theirs)
    assert done.returncode == 0
    assert "Error" not in done.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_neither_is_one_who_went_away_before_a_usage_error(unbuffered: str) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    command, environ = (
        [sys.executable, "-m", "foureyes", "bogus", "--json"],
        os.environ | {"PYTHONUNBUFFERED": unbuffered},
    )
    done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, text=True, check=False, env=environ)
    os.close(theirs)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert "no verb 'bogus'" in done.stderr


@pytest.mark.parametrize(
    "words", [["b\x1b[2J"], ["check", "--\x1b[2J"], ["calibrate", "apply", "a\x1b[2J", "b", "-o", "c"]]
)
@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_no_word_of_ours_takes_over_a_terminal(words: list[str], as_json: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "foureyes", *words, *as_json]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode in (1, 2)
    assert "\x1b" not in done.stdout + done.stderr
    assert r"\x1b[2J" in done.stderr


def test_a_closed_stdout_is_no_error() -> None:
    line = f"'{sys.executable}' -m foureyes signals --json >&-"
    done = subprocess.run(["sh", "-c", line], stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# ------------------------------------------------------------------------------------------------ loading


def loaded_by(program: str) -> set[str]:
    """The modules of a fresh Python after a program."""
    program += "\nimport sys; print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


HEAVY = {
    "numpy",
    "torch",
    "transformers",
    "rich",
    "jinja2",
    "matplotlib",
    "pyarrow",
    "cryptography",
    "httptools",
    "fastapi",
}
HEAVY |= {"pydantic", "argcomplete", "asyncio"}


def test_the_list_of_verbs_loads_no_verb() -> None:
    loaded = loaded_by("from foureyes.cli.verbs import help_of; help_of([])")
    assert not loaded & HEAVY
    assert not {name for name in loaded if re.match(rf"foureyes\.cli\.({'|'.join(VERBS)})\b", name)}


def test_no_help_loads_what_the_verb_needs_to_work() -> None:
    loaded = loaded_by(f"from foureyes.cli.verbs import help_of\nfor words in {COMMANDS}: help_of(words)")
    assert not loaded & HEAVY
    assert {name for name in loaded if name.endswith(".options")} >= {f"foureyes.cli.{verb}.options" for verb in VERBS}
    assert not {name for name in loaded if re.match(r"foureyes\.cli\.\w+\.(?!options)", name)}


def test_a_verb_loads_its_own_work_only() -> None:
    loaded = loaded_by("from foureyes.cli import main; main(['keys', 'acme'])")
    assert {name for name in loaded if re.match(r"foureyes\.cli\.\w+\.work", name)} == {"foureyes.cli.keys.work"}
    assert not loaded & {"torch", "rich", "jinja2", "fastapi"}


# ------------------------------------------------------------------------------------------------ choices


def choices(command: str, option: str) -> set[str]:
    leaf = next(leaf for leaf in leaves(parser_of(VERBS)) if leaf.prog == f"foureyes {command}")
    return set(next(action.choices for action in leaf._actions if option in action.option_strings))


def test_choices_are_the_words_of_the_library() -> None:
    """Options name them once more, so that ``--help`` does not wait for numpy."""
    from foureyes.cascade.routers import Order
    from foureyes.choices import CalibratorKind, ClassCalibratorKind, KeyScope
    from foureyes.cleaning.issues import Method
    from foureyes.models.catalog import Truncate
    from foureyes.records import Form
    from foureyes.signals.catalog import LargerIs

    assert choices("score", "--format") == set(get_args(Form))
    assert choices("score", "--truncate") == set(get_args(Truncate))
    assert choices("calibrate fit", "--larger-is") == set(get_args(LargerIs))
    assert choices("calibrate fit", "--kind") == {
        *get_args(CalibratorKind),
        *get_args(ClassCalibratorKind),
        "best",
        "combiner",
    }
    assert choices("cascade fit", "--order") == {*get_args(Order), "learned"}
    assert choices("clean", "--method") == set(get_args(Method))
    assert choices("keys", "--scope") == set(get_args(KeyScope))
