"""The default: experts pooled by what each adds, on planted and on published data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import foureyes as fe
from foureyes.errors import InputError
from foureyes.maths.label_pool import pool_weights, pooled_leads

N, K = 2000, 4


def expert(truth: NDArray[np.intp], skill: float, seed: int, *, sharp: float = 1.0) -> NDArray[np.float64]:
    scores = np.random.default_rng(seed).normal(size=(len(truth), K))
    scores[np.arange(len(truth)), truth] += skill
    scores = np.exp(scores * sharp)
    return scores / scores.sum(axis=1, keepdims=True)


def planted(seed: int = 0, rate: float = 0.05) -> tuple[NDArray[np.intp], NDArray[np.bool_], NDArray[np.intp]]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, K, N)
    wrong = rng.random(N) < rate
    return truth, wrong, np.where(wrong, (truth + 1) % K, truth)


def test_an_expert_that_only_repeats_another_or_guesses_counts_for_nothing():
    truth, _, labels = planted()
    good, noise = expert(truth, 4, 1), expert(truth, 0, 2, sharp=3)
    assert pool_weights(labels, [good, noise])[1] < 0.02
    twice = pool_weights(labels, [good, good])
    assert twice.sum() == pytest.approx(pool_weights(labels, [good])[0], rel=0.01)


def test_weights_are_where_no_other_weights_make_the_labels_more_probable():
    truth, _, labels = planted()
    experts = [expert(truth, 3, 1, sharp=2), expert(truth, 2, 2)]

    def loss(weights: NDArray[np.float64]) -> float:
        scores = sum(w * np.log(p) for w, p in zip(weights, experts, strict=True))
        scores = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return float(-scores[np.arange(N), labels].sum() + 2.5 * ((weights - 0.5) ** 2).sum())

    best = pool_weights(labels, experts)
    for step in ([0.01, 0], [-0.01, 0], [0, 0.01], [0, -0.01]):
        assert loss(best + step) > loss(best)


@given(st.integers(0, 10_000))
def test_a_lead_is_that_of_the_weighted_product(seed):
    truth, _, labels = planted(seed)
    experts, weights = [expert(truth, 2, seed), expert(truth, 1, seed + 1)], np.array([0.7, 0.2])
    rows = np.arange(0, N, 97)
    leads, others = pooled_leads(labels, experts, weights, rows)
    for row, lead, other in zip(rows, leads, others, strict=True):
        pool = experts[0][row] ** 0.7 * experts[1][row] ** 0.2
        pool /= pool.sum()
        assert lead == pytest.approx(pool[labels[row]] - pool[other])
        assert pool[other] == max(p for k, p in enumerate(pool) if k != labels[row])


def test_planted_errors_are_ranked_first_and_the_rest_is_listed_after_the_cut():
    truth, wrong, labels = planted()
    issues = fe.find_label_issues(labels, {"a": expert(truth, 4, 1), "b": expert(truth, 2, 2)})
    assert wrong[issues.row].mean() > 0.8
    assert wrong[issues.row].sum() > 0.6 * wrong.sum()
    whole = issues.whole
    assert issues.below is not None
    assert len(whole) == len(issues) + len(issues.below)
    assert (np.diff(whole.score) >= 0).all()
    assert issues.score.max() <= -0.5 < issues.below.score.min()
    assert issues.mask.sum() == len(issues)
    assert set(whole.row) == {
        r
        for r in range(N)
        if any(v.label != labels[r] for v in (whole[list(whole.row).index(r)].votes if r in whole.row else ()))
    }


def test_what_was_not_flagged_is_said():
    truth, _, labels = planted()
    noise = expert(truth, 0, 2, sharp=3)
    issues = fe.find_label_issues(labels, {"good": expert(truth, 4, 1), "noise": noise})
    said = "\n".join(issues.findings)
    assert f"{len(issues):,} surely enough to be flagged" in said
    assert "that nobody contradicts; errors that every expert shares are among those" in said


def test_an_expert_no_better_than_chance_is_refused():
    truth, _, labels = planted()
    with pytest.raises(InputError, match="no expert tells the labels better than chance"):
        fe.find_label_issues(labels, expert((truth + 2) % K, 0.5, 3))


def test_networks_that_agree_on_cifar10_no_longer_find_nothing(shared_data: Path):
    labels = np.load(shared_data / "label_errors/cifar10_test_set_original_labels.npy")
    wrn = np.load(shared_data / "cifar10_probs_netcal/wideresnet-16-4-cifar-10.npz")["predictions"]
    vgg = np.load(shared_data / "cifar10_probs_vgg16_verifiedcal/vgg16_cifar10_probs.npz")["predictions"]
    issues = fe.find_label_issues(labels, {"wrn": wrn, "vgg": vgg})
    assert 100 < len(issues) < len(issues.whole)
    assert len(fe.find_label_issues(labels, {"wrn": wrn, "vgg": vgg}, method="calibrated")) < 10


def test_every_labelled_row_is_ranked_what_nobody_contradicts_last():
    truth, _, labels = planted()
    labels[:3] = -1
    issues = fe.find_label_issues(labels, [expert(truth, 3, 1), expert(truth, 2, 2)])
    ranked = issues.ranked
    assert sorted(ranked.tolist()) == list(range(3, N))
    assert ranked[: len(issues.whole)].tolist() == issues.whole.row.tolist()
    with pytest.raises(InputError, match="only method 'pooled' ranks every row"):
        fe.find_label_issues(labels, [expert(truth, 3, 1)], method="basic").ranked  # noqa: B018
