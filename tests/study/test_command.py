"""``foureyes bench`` from a study file to a page, with scripted models."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from foureyes.cli import main
from foureyes.cli.bench.work import bench
from foureyes.cli.output import CommandOutput
from foureyes.cli.verbs import parser_of
from foureyes.errors import InputError
from tests.study.conftest import Shop

STUDY = """
title = "Which signal?"
preface = "Two <scripted> models."
generators = ["g"]
verifiers = ["v", "w"]
signals = ["log_cmp", "cme", "option_entropy", "v_agree"]
labels = [10]
[[task]]
name = "own"
file = "own.jsonl"
protocols = ["pressure", "poison", "turns:2", "shuffle:1", "unanswerable"]
[[claim]]
says = "CMP beats G-Ent"
better = "log_cmp"
than = "own.g_ent"
published = [{of = "MMLU", better = 0.727, than = 0.595}]
[[update]]
before = "v"
after = "w"
"""


SMALL = """
title = "Small"
generators = ["g"]
verifiers = ["v"]
signals = ["log_cmp"]
[[task]]
name = "own"
file = "own.jsonl"
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "small.toml").write_text(SMALL)
    return tmp_path / "small.toml"


def command(shop: Shop, *arguments: object) -> int:
    args = parser_of(["bench"]).parse_args(["bench", *map(str, arguments)])
    output = CommandOutput.of(args)
    bench(args, output, shop.openers())
    return output.end()


def test_a_study_becomes_a_page_and_markdown_with_every_section(shop, data, tmp_path, capsys) -> None:
    study, out = tmp_path / "which.toml", tmp_path / "out"
    study.write_text(STUDY)
    assert command(shop, "run", study, "--data", data, "--out", out, "--json") == 0
    said = json.loads(capsys.readouterr().out)["result"]
    assert (said["cells"], said["rows"], said["failures"], said["unfinished"]) == (6, 240, {}, "")
    assert command(shop, "report", study, "--out", out) == 0
    markdown, page = (out / "report.md").read_text(), (out / "report.html").read_text()
    titles = [
        "Claims", "Under pressure", "Poisoned memory", "Asked again after other turns", "Options in another order",
        "Questions without a right option", "Updates", "Answers", "Who finds wrong answers",
        "What the question alone explains", "Pairs", "Calibration",
        "Combinations at equal cost", "How many labels", "Choosing a verifier", "Where everything fails",
        "Where it comes from",
    ]  # fmt: skip
    assert re.findall(r"^## (.*)$", markdown, re.MULTILINE) == ["What came out", *titles]
    assert all(f">{title}</h2>" in page for title in titles)
    assert "Two &lt;scripted&gt; models." in page
    assert "<svg" in page
    assert (out / "report-0.svg").read_text().startswith("<svg")
    assert "published: MMLU" in (out / "report-0.svg").read_text()
    assert "40 of 40" in markdown
    assert not re.search(r"\bnan\b", markdown, re.IGNORECASE)
    assert command(shop, "choose", study, "--out", out, "--task", "own", "--generator", "g", "--labels", 20) == 1
    said = capsys.readouterr().out
    assert said.startswith("no verifier: ")
    assert re.search(r"^  v is right on [0-9.]+% of 20 labelled questions", said, re.MULTILINE)
    assert "use own doubt with one to three of them" in said


def test_a_second_run_computes_nothing_and_reports_the_same(shop, data, study, tmp_path, capsys) -> None:
    out = tmp_path / "out"
    texts = []
    for _ in range(2):
        assert command(shop, "run", study, "--data", data, "--out", out) == 0
        assert command(shop, "report", study, "--out", out) == 0
        texts.append((out / "report.md").read_text())
    assert texts[0] == texts[1]
    assert "0 computed in 0.0 s (0 tokens)" in capsys.readouterr().err


def test_a_budget_is_respected_and_the_gap_is_on_the_page(shop, data, study, tmp_path, capsys) -> None:
    out = tmp_path / "out"
    assert command(shop, "run", study, "--data", data, "--out", out, "--tokens", 300) == 0
    assert "the budget of 300 tokens is spent; all that was computed is kept" in capsys.readouterr().err
    assert command(shop, "report", study, "--out", out) == 0
    assert "- Unfinished: the budget of 300 tokens is spent" in (out / "report.md").read_text()


def test_a_budget_of_nothing_takes_what_is_stored_and_loads_no_model(shop, data, study, tmp_path, capsys) -> None:
    out = tmp_path / "out"
    assert command(shop, "run", study, "--data", data, "--out", out, "--seconds", 0, "--json") == 1
    assert json.loads(capsys.readouterr().out)["result"]["cells"] == 0
    assert shop.opened == []
    assert command(shop, "run", study, "--data", data, "--out", out) == 0
    shop.opened.clear()
    capsys.readouterr()
    assert command(shop, "run", study, "--data", data, "--out", out, "--seconds", 0, "--json") == 0
    assert json.loads(capsys.readouterr().out)["result"] == {
        "cells": 1, "rows": 40, "failures": {}, "unfinished": "", "computed": 0,
    }  # fmt: skip
    assert shop.opened == []


def test_refused_records_are_on_the_page(shop, data, study, tmp_path) -> None:
    with (data / "own.jsonl").open("a") as file:
        file.write('{"question": "q", "options": ["a", "b"], "answer": 5}\n{torn\n')
    out = tmp_path / "out"
    command(shop, "run", study, "--data", data, "--out", out, "-q")
    command(shop, "report", study, "--out", out)
    markdown = (out / "report.md").read_text()
    assert "40 of 42" in markdown
    assert "1 × the right option must be among 0 … 1; got 5; 1 × not JSON" in markdown


def test_reporting_before_running_is_said_in_one_line(study, tmp_path, capsys) -> None:
    assert main(["bench", "report", str(study), "--out", str(tmp_path / "none")]) == 1
    assert f"none: foureyes bench run {study} makes them" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "status", "why"),
    [
        (["bench"], 2, "STEP"),
        (["bench", "run"], 2, "STUDY"),
        (["bench", "run", "none.toml"], 1, "cannot read none.toml"),
    ],
)
def test_what_cannot_work_is_said_in_one_line(arguments, status, why, capsys) -> None:
    if status == 2:
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 2
    else:
        assert main(arguments) == status
    assert why in capsys.readouterr().err


def test_a_verifier_is_chosen_or_the_rule_says_why_not(shop, data, study, tmp_path, capsys) -> None:
    out = tmp_path / "out"
    command(shop, "run", study, "--data", data, "--out", out, "-q")
    asked = ["choose", study, "--out", out, "--task", "own", "--generator", "g"]
    assert command(shop, *asked, "--labels", 0, "--json") == 1
    found = json.loads(capsys.readouterr().out)["result"]
    assert found["chosen"] is None
    assert {s["name"] for s in found["evidence"]} == {"v", "own doubt"}
    assert command(shop, *asked, "--ms", 0.0) == 0
    said = capsys.readouterr().out
    assert said.startswith("own doubt: ")
    assert "beyond the budget: v, v+own doubt" in said
    with pytest.raises(InputError, match="no answers of 'h' to 'own'; it has own: g"):
        command(shop, "choose", study, "--out", out, "--task", "own", "--generator", "h")
    with pytest.raises(InputError, match="own, g: no verifier has the signal 'cme'"):
        command(shop, *asked, "--signal", "cme")
