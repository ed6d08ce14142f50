"""The sample files hold what is said of them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import foureyes as fe
from foureyes.cli import main
from foureyes.demo.questions import load
from foureyes.demo.samples import SAMPLES, write_samples


def test_the_files_hold_what_is_said_of_them(tmp_path: Path) -> None:
    paths = write_samples(tmp_path / "new")
    assert [path.name for path in paths] == list(SAMPLES)
    answers = [json.loads(line) for line in (tmp_path / "new/answers.jsonl").read_text().splitlines()]
    assert len(answers) == 240
    assert sum(row["right"] for row in answers) == 120
    logged = [json.loads(line) for line in (tmp_path / "new/log.jsonl").read_text().splitlines()]
    said = [row["response"]["choices"][0]["message"]["content"] for row in logged]
    assert said == [row["answer"] for row in answers]
    with (tmp_path / "new/choices.csv").open(newline="") as file:
        choices = list(csv.DictReader(file))
    for row, question in zip(choices, load(), strict=True):
        assert (row[row["label"]] == question.right) == (row["mistaken"] == "0")
    assert sum(row["mistaken"] == "1" for row in choices) == 12


def test_no_file_is_replaced_unasked(tmp_path: Path) -> None:
    (tmp_path / "choices.csv").write_text("mine")
    with pytest.raises(fe.InputError, match=r"choices.csv is there; --force replaces it"):
        write_samples(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["choices.csv"]
    write_samples(tmp_path, force=True)
    assert (tmp_path / "choices.csv").read_text() != "mine"


def test_one_export_verifies_and_the_other_does_not(tmp_path: Path) -> None:
    assert main(["samples", str(tmp_path)]) == 0
    verify = ["--key", str(tmp_path / "guard.pub")]
    assert main(["ledger", "verify", str(tmp_path / "export.jsonl"), *verify]) == 0
    assert main(["ledger", "verify", str(tmp_path / "tampered.jsonl"), *verify]) == 3
