"""The same with real models, of random weights, in the real engine: a stopped study equals an undisturbed one to the bit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from foureyes.cli import main
from foureyes.signals.choice import MultipleChoice, option_distributions
from foureyes.study.cells import load_cells

STUDY = """
title = "Tiny"
generators = [{{name = "chat", model = "{chat}"}}]
verifiers = [{{name = "base", model = "{base}"}}]
signals = ["log_cmp", "cme", "p_option", "v_agree"]
[writing]
max_tokens = 4
[[task]]
name = "own"
file = "own.jsonl"
[[task]]
name = "free"
file = "free.jsonl"
"""


@pytest.fixture
def study(tiny_model: Path, tiny_base_model: Path, data: Path, tmp_path: Path) -> Path:
    rows = [{"question": f"Capital of country {i}?", "answer": f"City {i}"} for i in range(50)]
    (data / "free.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = tmp_path / "tiny.toml"
    path.write_text(STUDY.format(chat=tiny_model, base=tiny_base_model))
    return path


def rows_of(out: Path) -> list:
    """Everything but the seconds."""
    return [
        (cell.task, cell.generator, cell.answers, cell.verified, [(s.key, s.values) for s in cell.signals])
        for cell in load_cells(out / "cells.jsonl")
    ]


def test_a_stopped_study_goes_on_and_equals_an_undisturbed_one(study: Path, data: Path, tmp_path: Path, capsys) -> None:
    run = ["bench", "run", str(study), "--data", str(data), "-q", "--json"]
    assert main([*run, "--out", str(tmp_path / "whole" / "tiny")]) == 0
    whole = json.loads(capsys.readouterr().out)["result"]
    stops = 0
    while True:
        main([*run, "--out", str(tmp_path / "stopped" / "tiny"), "--tokens", "2500"])
        said = json.loads(capsys.readouterr().out)["result"]
        if not said["unfinished"]:
            break
        stops += 1
        assert stops < 50
    assert stops > 2
    assert whole["rows"] == 90
    assert rows_of(tmp_path / "stopped" / "tiny") == rows_of(tmp_path / "whole" / "tiny")


def test_letters_are_read_as_the_public_function_reads_them(
    study: Path, data: Path, tmp_path: Path, tiny_base_model: Path
) -> None:
    from foureyes.models.transformers import TransformersReader

    out = tmp_path / "whole" / "tiny"
    assert main(["bench", "run", str(study), "--data", str(data), "-q", "--out", str(out)]) == 0
    cell = load_cells(out / "cells.jsonl")[0]
    option = cell.signal("base", "p_option")
    assert option is not None
    questions = [MultipleChoice(f"Question {i}?", tuple(f"option {i}.{k}" for k in range(4))) for i in range(40)]
    found = option_distributions(questions, TransformersReader.load(tiny_base_model))
    expected = [d.uncertainty("ABCD".index(a.choice)) for d, a in zip(found, cell.answers, strict=True)]  # type: ignore[union-attr]
    assert list(option.values) == pytest.approx(expected, abs=1e-4)
