"""``foureyes completion``: the script in a real shell."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from foureyes.cli import main
from foureyes.cli.verbs import VERBS
from foureyes.models.weights import KNOWN

BASH = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", shell]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


@pytest.fixture
def complete(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[str], list[str]]:
    """What bash offers for the last word of a line, as pressing the tab key does."""
    program, command = script("bash", capsys), tmp_path / "foureyes"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m foureyes "$@"\n')
    command.chmod(0o755)

    def completed(line: str) -> list[str]:
        words = line.split(" ")
        asked = f"""
{program}
COMP_WORDS=({" ".join(f"'{word}'" for word in words)}); COMP_CWORD={len(words) - 1}; COMP_TYPE=9
COMP_LINE='{line}'; COMP_POINT={len(line)}
handler=$(complete -p foureyes | sed 's/.*-F \\([^ ]*\\).*/\\1/')
"$handler" foureyes "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}" 2>/dev/null
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
        environ = os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(
            ["bash", "--norc", "-c", asked], capture_output=True, text=True, check=True, env=environ, cwd=tmp_path
        )
        return done.stdout.split()

    return completed


@BASH
def test_bash_completes_verbs_actions_options_choices_names_and_files(
    complete: Callable[[str], list[str]], tmp_path: Path
) -> None:
    (tmp_path / "rows.jsonl").touch()
    assert set(VERBS) <= set(complete("foureyes "))
    assert complete("foureyes sc") == ["score"]
    assert complete("foureyes calibrate f") == ["fit"]
    assert complete("foureyes ledger prove c") == ["consistency"]
    assert complete("foureyes score --ver") == ["--verifier"]
    assert complete("foureyes calibrate fit --kind pl") == ["platt"]
    assert set(complete("foureyes score --verifier ")) >= set(KNOWN)
    assert complete("foureyes models pull gem") == ["gemma3-270m"]
    assert complete("foureyes score --signal min_") == ["min_logprob"]
    assert complete("foureyes help cas") == ["cascade"]
    assert complete("foureyes score ro") == ["rows.jsonl"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_a_script_of_their_own(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    program = script(shell, capsys)
    assert "foureyes" in program
    assert (program == script("bash", capsys)) == (shell == "zsh")  # bash and zsh share one


def test_the_script_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    program = script("bash", capsys)
    assert main(["completion", "bash", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["result"] == {"script": program.removesuffix("\n")}


def test_an_unknown_shell_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["completion", "bsh"])
    assert left.value.code == 2
    assert "did you mean bash" in capsys.readouterr().err
