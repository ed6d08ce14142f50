import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.cleaning.issues import Method
from foureyes.cleaning.labels import find_label_issues
from foureyes.errors import InputError, NotEnoughData

METHODS: list[Method] = ["pooled", "basic", "calibrated", "confident_learning"]


def panel(seed, n=60, k=4, experts=2):
    """True labels, noisy given ones, and experts that are right about two times in three."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    labels = np.where(rng.random(n) < 0.25, rng.integers(0, k, n), truth)
    labels[:k] = np.arange(k)
    probs = []
    for _ in range(experts):
        scores = rng.normal(size=(n, k))
        scores[np.arange(n), truth] += 2
        probs.append(np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True))
    return labels, probs


@given(st.integers(0, 10_000), st.sampled_from([0.1, 0.3, 0.8, 1.0]))
def test_calibrated_flags_where_every_expert_is_sure_of_another_label(seed, keep_top):
    labels, probs = panel(seed)
    n = len(labels)
    wanted, highest = [], [p.max(axis=1) for p in probs]
    for i in range(n):
        against = [p[i].argmax() != labels[i] for p in probs]
        sure = [(confidence > confidence[i]).sum() < keep_top * n for confidence in highest]
        if all(against) and all(sure):
            wanted.append(i)
    assert sorted(find_label_issues(labels, probs, method="calibrated", keep_top=keep_top).row.tolist()) == wanted


@given(st.integers(0, 10_000))
def test_basic_flags_where_every_expert_names_another_label(seed):
    labels, probs = panel(seed, experts=3)
    wanted = [i for i in range(len(labels)) if all(p[i].argmax() != labels[i] for p in probs)]
    issues = find_label_issues(labels, probs, method="basic")
    assert sorted(issues.row.tolist()) == wanted
    assert (np.diff(issues.score) >= 0).all()


@given(st.integers(0, 10_000))
def test_confident_learning_flags_where_every_expert_on_its_own_does(seed):
    labels, probs = panel(seed)
    together = find_label_issues(labels, probs, method="confident_learning").mask
    alone = [find_label_issues(labels, p, method="confident_learning").mask for p in probs]
    np.testing.assert_array_equal(together, alone[0] & alone[1])


@given(st.integers(0, 10_000), st.sampled_from(METHODS), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_experts_changes_nothing_else(seed, method, random):
    labels, probs = panel(seed)
    order = np.array(random.sample(range(len(labels)), len(labels)))
    issues = find_label_issues(labels, probs, method=method)
    moved = find_label_issues(labels[order], [p[order] for p in probs[::-1]], method=method)
    assert order[moved.row].tolist() == issues.row.tolist()
    np.testing.assert_allclose(moved.score, issues.score)


@given(st.integers(0, 10_000))
def test_more_is_heard_at_a_larger_share_and_the_score_says_at_which(seed):
    labels, probs = panel(seed)
    everything = find_label_issues(labels, probs, method="calibrated", keep_top=1.0)
    assert set(everything.row) == set(find_label_issues(labels, probs, method="basic").row)
    for issue in everything:
        assert issue.row in find_label_issues(labels, probs, method="calibrated", keep_top=issue.score).row
        if issue.score > 1 / len(labels):
            assert (
                issue.row not in find_label_issues(labels, probs, method="calibrated", keep_top=issue.score - 1e-9).row
            )


def test_an_issue_says_who_disagrees_and_what_to_do():
    sure = np.array([[0.9, 0.05, 0.05], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]])
    other = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.2, 0.2, 0.6]])
    third = np.array([[0.9, 0.1, 0.0], [0.0, 0.8, 0.2], [0.1, 0.3, 0.6]])
    issues = find_label_issues([0, 0, 2], {"ann": sure, "bob": other, "cid": third}, method="basic")
    assert len(issues) == 1
    issue = issues[0]
    assert (issue.row, issue.given, issue.suggested) == (1, 0, 1)
    assert issue.agreement == pytest.approx(2 / 3)
    assert issue.score == pytest.approx(np.mean([0.1, 0.1, 0.0]))
    assert issue.reason == "not 0: ann says 1 (0.80), bob says 2 (0.80), cid says 1 (0.80)"
    assert issue.explain(["cat", "dog", "emu"]).startswith("not cat: ann says dog (0.80), bob says emu")
    assert len(issues.agreed) == 0


def test_among_equal_votes_the_more_confident_label_is_suggested():
    one, other = np.array([[0.1, 0.6, 0.3], [1, 0, 0]]), np.array([[0.1, 0.2, 0.7], [1, 0, 0]])
    issues = find_label_issues([0, 0], [one, other], method="basic")
    assert (issues[0].suggested, issues[0].agreement) == (2, 0.5)


def test_an_expert_without_an_opinion_accuses_nobody():
    uniform = np.full((4, 4), 0.25)
    certain = np.eye(4)[[1, 1, 1, 1]]
    assert len(find_label_issues([0, 1, 2, 3], uniform, method="basic")) == 0
    assert len(find_label_issues([0, 1, 2, 3], [certain, uniform], method="basic")) == 0


def test_ties_at_the_cut_are_not_split_and_the_result_says_how_many_were_heard():
    probs = np.eye(2)[[0, 0, 0, 0, 0, 0]]
    probs[4:] = 0.6, 0.4
    issues = find_label_issues([1, 1, 0, 0, 1, 0], probs, method="calibrated", keep_top=0.2)
    assert issues.row.tolist() == [0, 1]
    assert issues.considered == pytest.approx((4 / 6,))


def test_a_list_of_rows_is_one_expert_and_a_list_of_matrices_several():
    rows = [[0.9, 0.1], [0.2, 0.8], [0.1, 0.9]]
    assert find_label_issues([1, 1, 0], rows, method="basic").experts == ("pred_probs",)
    assert find_label_issues([1, 1, 0], [rows, rows], method="basic").experts == ("pred_probs[0]", "pred_probs[1]")


def test_issues_are_a_sequence():
    labels, probs = panel(3)
    issues = find_label_issues(labels, probs, method="basic")
    assert [issue.row for issue in issues] == issues.row.tolist()
    assert issues[-1].row == issues.row[-1]
    assert issues[:3].row.tolist() == issues.row[:3].tolist()
    assert issues.mask.sum() == len(issues)
    assert len(issues[:0]) == 0
    with pytest.raises(IndexError):
        issues[len(issues)]


def test_nothing_wrong_is_an_empty_list():
    probs = [[0.9, 0.1], [0.1, 0.9], [0.2, 0.8], [0.6, 0.4]]
    for method in METHODS:
        assert len(find_label_issues([0, 1, 1, 0], probs, method=method)) == 0


@pytest.mark.parametrize(
    ("labels", "probs", "options", "message"),
    [
        ([0, 1], [[0.5, 0.5]], {}, "each of the 2 labels; got 1"),
        ([0, 2], [[0.5, 0.5]] * 2, {}, r"1 label of no class: '2' in 1 row \(1\)"),
        ([0, 1], [[3.0, -3.0]] * 2, {"scale": "probabilities"}, "pred_probs must hold probabilities.*look like logits"),
        ([0, 1], [[97.5, 2.5]] * 2, {}, "look like per cent"),
        ([0, 1], [[3, 2]] * 2, {}, "look like counts"),
        ([0, 1], [[0.5, 0.5], [0.5]], {}, "pred_probs must have rows of one length"),
        ([0, 1], [[0.5, 0.5]] * 2, {"scale": "odds"}, "scale must be one of auto, probabilities, logits"),
        ([0, 1], [[0.5, 0.5]] * 2, {"method": "basic", "cut": 0.5}, "cut belongs to method 'pooled'"),
        ([0, 1], [[0.5, 0.5]] * 2, {"keep_top": 0.5}, "keep_top belongs to method 'calibrated'"),
        ([0, 1], [[0.5, 0.5]] * 2, {"cut": 0.0}, r"in \(0, 1\]"),
        ([0, 1], [np.full((2, 2), 0.5), [[1.0, 0.5]] * 2], {}, r"pred_probs\[1\] must sum to 1"),
        ([0, 1], [np.full((2, 2), 0.5), np.full((2, 3), 1 / 3)], {}, r"same classes; got columns pred_probs\[0\] 2"),
        ([0, 1], {}, {}, "at least one expert"),
        ([0, 1], [[0.5, 0.5]] * 2, {"method": "magic"}, "method must be one of pooled, calibrated"),
        ([0, 1], [[0.5, 0.5]] * 2, {"method": "calibrated", "keep_top": 0.0}, r"in \(0, 1\]"),
        ([0, 1], [[0.5, 0.5]] * 2, {"method": "calibrated", "keep_top": 1.5}, r"in \(0, 1\]"),
        ([0, 1], [[0.2, 0.3, 0.5]] * 2, {"method": "confident_learning"}, "none of class 2"),
    ],
)
def test_bad_input_is_refused_with_what_is_wrong(labels, probs, options, message):
    with pytest.raises(InputError, match=message):
        find_label_issues(labels, probs, **options)


@pytest.mark.parametrize(
    ("n", "options", "message"),
    [(0, {}, "at least one row"), (3, {"method": "calibrated", "keep_top": 0.3}, "got 3, wanted 4")],
)
def test_too_few_rows_are_said(n, options, message):
    with pytest.raises(NotEnoughData, match=message):
        find_label_issues(np.zeros(n, int), np.full((n, 2), 0.5), **options)


def test_a_mapped_file_gives_the_same_issues(tmp_path):
    labels, (probs, _) = panel(5, n=70_000)
    np.save(tmp_path / "p.npy", probs)
    mapped = np.load(tmp_path / "p.npy", mmap_mode="r")
    for method in METHODS:
        found, wanted = (find_label_issues(labels, p, method=method) for p in (mapped, probs))
        np.testing.assert_array_equal(found.row, wanted.row)
        np.testing.assert_array_equal(found.confidences, wanted.confidences)


def test_surer_experts_are_more_often_right_about_imdb(shared_data):
    """On IMDB's test labels, checked by people, precision falls as less confident rows are heard."""
    folder = shared_data / "label_errors"
    labels = np.load(folder / "imdb_test_set_original_labels.npy")
    checked = json.loads((folder / "imdb_mturk_with_index.json").read_text())
    wrong = {item["index"]: item["mturk"]["given"] < 3 for item in checked}
    issues = find_label_issues(
        labels.astype(int), np.load(folder / "imdb_test_set_pyx.npy"), method="calibrated", keep_top=1.0
    )
    verdicts = np.array([wrong[row] for row in issues.row.tolist() if row in wrong])
    assert len(verdicts) > 1200
    first, last = np.array_split(verdicts, 2)
    assert first.mean() > last.mean() + 0.1
