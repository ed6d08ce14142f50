"""Areas of many draws from one sort, against scikit-learn's weighted area and our own of one signal."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.ranking import auroc
from foureyes.maths.resampled_auroc import resampled_auroc, row_weights, stratified_auroc

RNG = np.random.default_rng(3)
N = 120
WRONG = RNG.random(N) < 0.3
SCORES = np.round(RNG.normal(size=N) + WRONG, 1)  # with ties
GROUPS = np.repeat(np.arange(N // 3), 3)


def test_is_the_weighted_area_of_scikit_learn_on_every_draw():
    weights = row_weights(GROUPS, 20, np.random.default_rng(0))
    found = resampled_auroc(SCORES, wrong=WRONG, weights=weights)
    theirs = [roc_auc_score(WRONG, SCORES, sample_weight=weights[:, d]) for d in range(21)]
    assert found == pytest.approx(theirs, abs=1e-9)


def test_the_first_column_is_the_area_of_the_rows_as_they_are():
    weights = row_weights(GROUPS, 3, np.random.default_rng(0))
    assert resampled_auroc(SCORES, wrong=WRONG, weights=weights)[0] == pytest.approx(auroc(SCORES, wrong=WRONG).value)


def test_rows_of_a_group_are_drawn_together_and_as_many_groups_as_there_are():
    weights = row_weights(GROUPS, 50, np.random.default_rng(0)).reshape(N // 3, 3, 51)
    assert (weights == weights[:, :1]).all()
    assert (weights[:, 0].sum(axis=0) == N // 3).all()


def test_infinities_count_and_a_draw_of_one_class_has_no_area():
    weights = np.array([[1, 1], [1, 0], [1, 1]], np.float32)
    found = resampled_auroc([-np.inf, np.inf, 0.0], wrong=[0, 1, 0], weights=weights)
    assert found[0] == 1.0
    assert np.isnan(found[1])


def test_refuses_what_has_no_area():
    ones = np.ones((3, 1), np.float32)
    with pytest.raises(NotEnoughData, match="0 wrong and 3 right"):
        resampled_auroc([1, 2, 3], wrong=[0, 0, 0], weights=ones)
    with pytest.raises(InputError, match="weights of 3 rows"):
        resampled_auroc([1, 2, 3], wrong=[0, 0, 1], weights=ones[:2])
    with pytest.raises(InputError):
        resampled_auroc([1, np.nan, 3], wrong=[0, 0, 1], weights=ones)
    with pytest.raises(InputError, match="counted rows"):
        resampled_auroc([1, 2, 3], wrong=[0, 0, 1], weights=ones * 1e8)


def test_strata_are_compared_within_only():
    strata = np.arange(N) % 4
    strata[:5] = 9  # one of them may hold one class only
    found = stratified_auroc(SCORES, wrong=WRONG, strata=strata, weights=np.ones((N, 1), np.float32))
    pairs = [(i, j) for i in np.flatnonzero(WRONG) for j in np.flatnonzero(~WRONG) if strata[i] == strata[j]]
    won = [(SCORES[i] > SCORES[j]) + 0.5 * (SCORES[i] == SCORES[j]) for i, j in pairs]
    assert found[0] == pytest.approx(np.mean(won))
    apart = stratified_auroc(SCORES, wrong=WRONG, strata=np.arange(N), weights=np.ones((N, 1), np.float32))
    assert np.isnan(apart[0])
