"""How many labels are wrong: the interval keeps its promise, and says what it is of."""

from __future__ import annotations

import numpy as np
import pytest

import foureyes as fe
from foureyes.cleaning.counting import audit_order, audited, estimate_errors
from foureyes.errors import InputError

N = 1500
RNG = np.random.default_rng(7)
TRUE = RNG.integers(0, 3, N)
WRONG = RNG.random(N) < 0.06
GIVEN = np.where(WRONG, (TRUE + 1) % 3, TRUE)
SCORES = RNG.normal(size=(N, 3)) + 3 * np.eye(3)[TRUE]
PROBS = np.exp(SCORES) / np.exp(SCORES).sum(axis=1, keepdims=True)
ISSUES = fe.find_label_issues(GIVEN, PROBS)


def test_every_row_is_in_one_group():
    groups = audit_order(ISSUES)
    assert sorted(np.concatenate(groups).tolist()) == list(range(N))
    assert set(groups[0]) == set(ISSUES.row)
    assert ISSUES.below is not None
    assert set(groups[1]) == set(ISSUES.below.row)


def test_the_truth_is_in_the_interval_as_often_as_promised():
    held = []
    for seed in range(200):
        order = audit_order(ISSUES, seed=seed)
        rows = [rows[:n] for rows, n in zip(order, (30, 30, 60), strict=True)]
        found = audited(order, {int(row): bool(WRONG[row]) for row in np.concatenate(rows)}, level=0.8)
        assert [s.checked for s in found.strata] == [30, 30, 60]
        assert found.likely is not None
        held.append(found.low <= WRONG.sum() <= found.high)
        assert found.low <= found.likely <= found.high
    assert np.mean(held) >= 0.8


def test_verdicts_after_a_gap_do_not_count_as_a_random_choice():
    order = audit_order(ISSUES)
    verdicts = {int(row): True for row in order[0][[0, 1, 3, 4]]}
    assert audited(order, verdicts).strata[0].checked == 2


def test_nothing_checked_is_anything_and_says_so():
    found = estimate_errors(ISSUES, [], [])
    assert (found.likely, found.low, found.high) == (None, 0, N)
    assert found.sentence == "no row was checked at random, so that any number may be wrong"
    some = estimate_errors(ISSUES, ISSUES.row, WRONG[ISSUES.row])
    assert some.low == WRONG[ISSUES.row].sum()
    assert "no row was checked of those below the cut and contradicted by nobody" in some.sentence


def test_everything_checked_is_the_count():
    found = estimate_errors(ISSUES, np.arange(N), WRONG)
    assert found.low == found.likely == found.high == WRONG.sum()


@pytest.mark.parametrize(
    ("rows", "wrong", "words"),
    [
        ([0, 0], [True, True], "named twice"),
        ([N], [True], "must lie in"),
        ([0], [True, False], "same length"),
        ([0.5], [True], "one integer"),
    ],
)
def test_rows_that_cannot_be(rows, wrong, words):
    with pytest.raises(InputError, match=words):
        estimate_errors(ISSUES, rows, wrong)


def test_rows_without_a_label_are_in_no_group():
    labels = GIVEN.copy()
    labels[:5] = -1
    issues = fe.find_label_issues(labels, PROBS)
    assert sum(map(len, audit_order(issues))) == N - 5
    with pytest.raises(InputError, match="must have a label"):
        estimate_errors(issues, [0], [True])
