"""Published answers and option logits as generators and verifiers of a study, by the code path of live models."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import log_softmax
from scipy.stats import entropy

from foureyes.errors import InputError
from foureyes.study.cells import Cell
from foureyes.study.engine import StudyResults, run_study
from foureyes.study.plan import load_study
from foureyes.study.store import CallStore
from foureyes.study.tasks.loading import load_task
from foureyes.types import Unscored
from tests.study.conftest import Shop, a_usage

LOGITS = np.random.default_rng(0).normal(size=(3, 30, 4)).astype(np.float32)
GOLD = np.arange(30) % 4
SHARES = log_softmax(LOGITS.astype(np.float64), axis=2)
LETTERS = LOGITS.argmax(axis=2)

LOGITS_STUDY = """
title = "stored"
generators = ["stored:small"]
verifiers = ["stored"]
signals = ["log_cmp", "cme", "p_option", "v_agree"]
[[task]]
name = "choices"
file = "logits.npz"
same_question = "ids % 10"
"""
NUMBERS_STUDY = """
title = "stored"
generators = ["stored:large"]
verifiers = ["stored:small", "stored:other"]
signals = ["v_agree", "log_cmp"]
[[task]]
name = "numbers"
file = "answers.jsonl"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    models = np.array(["small", "large", "other"])
    np.savez(tmp_path / "logits.npz", logits=LOGITS, gold=GOLD, models=models, ids=np.arange(30))
    answers = {"large": ["4", "7", "9"], "small": ["4.0", "8", None], "other": ["5", "7", "9"]}
    rows = [
        {"id": f"q{i}", "model": model, "final": said[i], "gold": "4", "correct": said[i] == "4"}
        for i in range(3)
        for model, said in answers.items()
    ]
    (tmp_path / "answers.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path


def ran(folder: Path, text: str) -> tuple[StudyResults, Cell]:
    (folder / "study.toml").write_text(text)
    study = load_study(folder / "study.toml")
    tasks = [load_task(spec, data=folder, seed=0) for spec in study.tasks]
    with CallStore(folder / "store.sqlite") as store:
        found = run_study(study, tasks, Shop().openers(), store, a_usage())
        assert len(store) == 0  # what was published is not stored again
    [cell] = found.cells
    return found, cell


def test_signals_of_stored_logits_are_those_of_scipy(folder: Path):
    found, cell = ran(folder, LOGITS_STUDY)
    rows = np.arange(30)
    assert cell.verifiers == ["large", "other"]
    assert cell.right.tolist() == (LETTERS[0] == GOLD).tolist()
    for name, index in (("large", 1), ("other", 2), ("own", 0)):
        surprise = -SHARES[index, rows, LETTERS[0]]
        cmp, cme = ("log_g_ppl", "g_ent") if name == "own" else ("log_cmp", "cme")
        assert cell.signal(name, cmp).numbers()[0] == pytest.approx(surprise)  # type: ignore[union-attr]
        assert cell.signal(name, cme).numbers()[0] == pytest.approx(entropy(np.exp(SHARES[index]), axis=1))  # type: ignore[union-attr]
    agreed = cell.signal("large", "v_agree").numbers()[0]  # type: ignore[union-attr]
    assert agreed.tolist() == (LETTERS[0] != LETTERS[1]).astype(float).tolist()
    assert cell.verified == {
        name: tuple("right" if one else "wrong" for one in LETTERS[i] == GOLD)
        for i, name in enumerate(["small", "large", "other"])
        if i
    }
    assert found.fingerprints["large"].startswith("stored:large:")


def test_rows_of_one_question_hang_together(folder: Path):
    _, cell = ran(folder, LOGITS_STUDY)
    assert cell.groups.tolist() == list(range(10)) * 3


def test_answers_without_probabilities_vote(folder: Path):
    found, cell = ran(folder, NUMBERS_STUDY)
    assert [a.grade for a in cell.answers] == ["right", "wrong", "wrong"]
    small = cell.signal("small", "v_agree").values  # type: ignore[union-attr]
    assert small[:2] == (0.0, 1.0)
    assert isinstance(small[2], Unscored)
    assert cell.signal("other", "v_agree").numbers()[0].tolist() == [1.0, 0.0, 0.0]  # type: ignore[union-attr]
    assert "small can only write: it has no log_cmp" in found.notes


def test_a_model_that_published_nothing_is_refused(folder: Path):
    with pytest.raises(InputError, match=r"no task has published answers of 'stored:nobody'; there are small, large"):
        ran(folder, LOGITS_STUDY.replace('["stored"]', '["stored:nobody"]'))
