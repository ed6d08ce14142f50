"""The study of calibrate's defaults: paired intervals, and the sets as they were published."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from studies.defaults.calibration_candidates import DEFAULT, class_candidates, score_candidates
from studies.defaults.calibration_sets import score_sets
from studies.defaults.calibration_trials import Tally

DATA = Path(os.environ.get("FOUREYES_SHARED", "shared")) / "data"


def test_a_difference_is_paired_and_draws_whole_groups() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(100), 4)
    hard, extra = rng.normal(size=400) * 5, np.repeat(rng.normal(0.1, 0.5, 100), 4)
    tally = Tally("made up", 50, groups)
    tally.add(DEFAULT, np.arange(400), hard, 0.1)
    tally.add("other", np.arange(400), hard + extra, 0.2)
    mean, low, high = tally.compare(2000, 0).excess["other"]
    assert mean == pytest.approx(extra.mean())
    assert (high - low) / 2 == pytest.approx(1.96 * extra[::4].std() / 10, rel=0.15)
    assert tally.mean("other") - tally.mean(DEFAULT) == pytest.approx(mean)


def test_rows_that_were_not_judged_do_not_count() -> None:
    tally = Tally("made up", 50, np.arange(60))
    tally.add(DEFAULT, np.arange(40), np.full(40, 1.0), 0.1)
    tally.add("other", np.arange(20, 60), np.where(np.arange(20, 60) < 40, 3.0, 9.0), 0.1)
    tally.add(DEFAULT, np.arange(20, 40), np.full(20, 2.0), 0.1)
    assert tally.compare(50, 0).excess["other"] == pytest.approx((1.5, 1.5, 1.5), rel=1e-6)


def test_every_candidate_gives_probabilities() -> None:
    rng = np.random.default_rng(0)
    p = rng.beta(3, 1, 300)
    for name, predict in score_candidates(p, rng.random(300) < p).items():
        found = predict(p)
        assert found.shape == (300,), name
        assert ((found >= 0) & (found <= 1)).all(), name
    many = rng.dirichlet(np.ones(3), 300).round(2)
    many /= many.sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(3, p=row) for row in many])
    for name, predict in class_candidates(many, labels, "probabilities").items():
        assert predict(many).sum(axis=1) == pytest.approx(1, abs=1e-4), name


@pytest.mark.skipif(not DATA.is_dir(), reason="the published sets are not here")
def test_the_sets_are_as_their_authors_say() -> None:
    found = {one.name: one for one in score_sets(DATA)}
    assert found["cifar10 vgg16, top class"].right.mean() == pytest.approx(0.9359)
    assert found["sac3 nq, verbal"].right.sum() == 130
    assert found["mmlu"].confidence.shape == (12, 6000)
    assert all(((one.confidence >= 0) & (one.confidence <= 1)).all() for one in found.values())
