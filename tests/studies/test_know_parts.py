"""Every part, on a made-up data folder in which what it should find is known."""

from __future__ import annotations

import numpy as np
import pytest

from studies.know_when import (
    cifar10,
    cifar10_shift,
    label_errors,
    language_calibration,
    language_cascades,
    mmlu_redux,
    question_routers,
)
from studies.know_when.language import log_odds, pairs, settings
from studies.know_when.published_data import PublishedData
from studies.know_when.values import Figure, RunSettings, verdict
from tests.studies.know_folder import write

PLAN = RunSettings(draws=100, bins=5)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> PublishedData:
    return PublishedData(write(tmp_path_factory.mktemp("data")))


def claims(part):
    return {claim.says: claim for claim in part.claims}


def test_networks_that_are_overconfident_gain_by_calibration(store):
    part = cifar10.study(store, PLAN)
    assert verdict(claims(part)["Calibration helps on unseen images of the same kind"].difference) == "holds"
    calibration = part.tables[0]
    assert [row[0] for row in calibration.rows] == ["LeNet-5", "WRN-16-4", "VGG16"]
    assert all(row[2] > 1.2 for row in calibration.rows)
    assert all(row[4].value < row[3].value for row in calibration.rows)


def test_agreement_leaves_the_network_itself_out():
    share = cifar10_shift.agreement(np.array([[1, 2], [1, 3], [1, 2]]))
    assert share.tolist() == [[1, 0.5], [1, 0], [1, 0.5]]


def test_a_shift_leaves_confidence_too_high(store):
    part = cifar10_shift.study(store, PLAN)
    rows = {row[0]: row for row in part.tables[0].rows}
    assert set(rows) == set(cifar10_shift.SETS)
    assert rows["CIFAR-10, other half"][1] == 200
    assert rows["CIFAR-10.1 v6"][2] < rows["CIFAR-10, other half"][2]


def test_models_that_saw_other_questions_are_not_compared(store):
    found = {(s.task, s.prompt): s for s in settings(store, PLAN)}
    names = found["mmlu", "first"].models
    met = {frozenset((names[i], names[j])) for i, j in pairs(found["mmlu", "first"])}
    assert frozenset({"Llama3-8b", "Llama3-70b"}) in met
    assert not any(len(pair & {"Llama3-8b", "Llama3-70b"}) == 1 for pair in met)
    assert len(pairs(found["arc", "first"])) == 10


def test_the_halves_of_a_task_are_the_same_under_both_prompts(store):
    first, second = settings(store, PLAN)[:2]
    assert first.task == second.task
    assert np.array_equal(first.fit, second.fit)


def test_log_odds_of_certainty_are_infinite():
    assert log_odds(np.array([0, 0.5, 1])).tolist() == [-np.inf, 0, np.inf]


def test_calibration_of_language_models_and_where_it_comes_from(store):
    part = language_calibration.study(store, PLAN)
    assert (
        verdict(claims(part)["Calibration lowers the ECE on unseen questions (language models)"].difference) == "holds"
    )
    assert [row[3] for row in part.tables[1].rows] == [30, 30, 60]
    assert language_calibration.relation(("arc", "first", 0), ("arc", "second", 0)) == "other prompt"
    assert language_calibration.relation(("arc", "first", 0), ("mmlu", "first", 0)) == "other task"


def test_pairs_of_language_models(store):
    part = language_cascades.study(store, PLAN)
    tasks = {row[0]: row for row in part.tables[0].rows}
    assert set(tasks) == {"arc", "mmlu", "truthfulqa"}
    assert all(row[-1] >= max(cell.value for cell in row[2:-1]) for row in tasks.values())
    assert claims(part)["A calibrated cascade beats a random one: language models"].difference.n == sum(
        row[1] for row in tasks.values()
    )
    families = next(table for table in part.tables if "one family" in table.title)
    assert {row[0] for row in families.rows} <= {"Llama3-8b → Llama3-70b", "Yi-6b → Yi-34b"}


def test_routers_that_see_the_question_only(store):
    rows = {row[0]: row for row in question_routers.study(store, PLAN).tables[0].rows}
    assert rows["random"][1].value == pytest.approx(0.5)
    assert rows["subject"][1].value > 0.6
    assert rows["oracle"][1].value > rows["subject"][1].value


def test_a_subject_not_seen_gets_the_overall_gain():
    router = question_routers.SubjectRouter(["a", "a", "b", "b"], np.array([[0, 1], [0, 1], [1, 1], [1, 1]], bool))
    assert router.priority(["a", "b", "c"]).tolist() == [1, 0, 0.5]


def test_label_errors_that_were_put_in_are_found(store):
    rows = {row[0]: row for row in label_errors.study(store, PLAN).tables[0].rows}
    assert set(label_errors.VOTES) < set(rows)
    assert all(rows[name][6].value >= rows[name][2] / rows[name][1] for name in label_errors.VOTES)
    assert all(rows[name][5] > 20 for name in label_errors.VOTES)
    assert all(rows[name][6].n == rows[name][1] for name in label_errors.VOTES)


def test_temperatures_come_from_the_other_half():
    rng = np.random.default_rng(0)
    given = rng.integers(0, 3, 200)
    odds = np.exp(rng.normal(size=(200, 3)) + 2 * np.eye(3)[given])
    probs = odds / odds.sum(axis=1, keepdims=True)
    stated = label_errors.calibrated_probs(given, probs, 0)
    assert np.allclose(stated.sum(axis=1), 1)
    ratio = np.log(stated[:, 0] / stated[:, 1]) / np.log(probs[:, 0] / probs[:, 1])
    assert len(np.unique(ratio.round(6))) == 2


def test_a_panel_finds_wrong_answers(store):
    part = mmlu_redux.study(store, PLAN)
    rows = {row[0]: row for row in part.tables[0].rows}
    panel = rows["panel as one expert, wrong_groundtruth"]
    assert isinstance(panel[5], Figure)
    assert panel[1] == 40
    assert panel[5].value > 0.6
    detected = [row[-1] for row in part.tables[1].rows]
    assert detected == sorted(detected)


def test_a_model_that_said_nothing_agrees_with_nobody():
    assert mmlu_redux.agreement(np.array([[0, -1], [0, -1], [1, 2]])).tolist() == [[0.5, 0], [0.5, 0], [0, 0]]


def test_missing_files_are_named_and_read_ones_remembered(store, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"label_errors/x\.npy is not in the data folder"):
        PublishedData(tmp_path).array("label_errors/x.npy")
    question_routers.study(store, PLAN)
    assert len(store.read["routellm_mmlu/mmlu_correctness.csv.gz"]) == 64
