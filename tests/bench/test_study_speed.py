"""Both sides of the speed measurement are asked the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.study_speed import MODELS, SIGNALS, requests_of, study_file
from foureyes.study.plan import load_study
from foureyes.study.protocols import load_tasks


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "mmlu").mkdir()
    rows = [{"question": f"{i}?", "subject": "s", "choices": ["1", "2", "3", "4"], "answer": i % 4} for i in range(9)]
    (tmp_path / "mmlu" / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def test_the_harness_is_given_every_letter_of_the_studys_questions(data: Path, tmp_path: Path) -> None:
    study = load_study(study_file(tmp_path, 5))
    (task,) = load_tasks(study.tasks, data=data, seed=study.seed)
    assert requests_of(data, 5) == [(item.prompt, letter) for item in task.items for letter in "ABCD"]
    assert len(task.items) == 5


def test_the_study_has_each_model_answer_and_verify_with_every_signal_of_one_reading(tmp_path: Path) -> None:
    study = load_study(study_file(tmp_path, 5))
    assert tuple(m.model for m in study.generators) == tuple(m.model for m in study.verifiers) == MODELS
    assert study.signals == SIGNALS
