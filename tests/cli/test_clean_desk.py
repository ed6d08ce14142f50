"""``foureyes clean --desk``: served by the real command, its votes carried out, its judge asked."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest

from foureyes.cleaning.labels import find_label_issues
from foureyes.cli.clean.judging import judged
from foureyes.errors import InputError
from foureyes.models.scripted import ScriptedReader
from foureyes.report.cleaning import CleaningFindings
from foureyes.view.desk.desk import Judgment
from tests.cli.test_clean import CLASSES, clean, rows

__all__ = ["rows"]


def test_the_votes_of_a_desk_are_carried_out(rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The real command serves the real desk; the votes it saved make a corrected copy."""
    names = ",".join(CLASSES)
    command = [sys.executable, "-c", "import sys; from foureyes.cli import main; sys.exit(main())", "clean", str(rows)]
    options = ["--label", "label", "--probs", "p", "--classes", names, "--item", "text", "--desk", "--no-browser"]
    with subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True) as ours:
        assert ours.stderr is not None
        said = next(line for line in ours.stderr if "the cleaning desk is at" in line)
        address = next(word for word in said.split() if word.startswith("http"))
        origin = address.partition("/?")[0]
        with httpx.Client(base_url=origin, headers={"Origin": origin}) as browser:
            browser.get(address)
            first = browser.get("/api/rows?limit=1").json()["rows"][0]["row"]
            vote = {"file": 0, "row": first, "label": {"decision": "relabel", "label": "=cow"}}
            assert browser.post("/api/vote", json=vote).json()["decided"] == 1
        ours.send_signal(signal.SIGINT)
        assert ours.wait(120) == 0
    out = tmp_path / "out.jsonl"
    assert clean(rows, "-o", str(out), "--decisions", str(rows.with_name("rows.votes.jsonl"))) == 0
    after = [json.loads(line) for line in out.read_text().splitlines()]
    assert after[first]["label"] == "=cow"
    assert len(after) == 300


def test_a_judge_says_which_class_flagged_rows_are() -> None:
    probs = np.eye(2)[[0, 1] * 50] * 0.96 + 0.02
    labels = np.array([0, 1] * 50)
    labels[:2] = 1 - labels[:2]
    items = [f"animal {i}" for i in range(100)]
    found = CleaningFindings(find_label_issues(labels, probs), None, ("cat", "dog"), items, None)
    said = judged(found, ScriptedReader({"cat": 0.9, "dog": 0.1}), most=10)
    assert said == {row: Judgment(0, pytest.approx(0.9)) for row in (0, 1)}
    with pytest.raises(InputError, match="give both"):
        judged(replace(found, items=None), ScriptedReader({"cat": 0.9}), most=10)
