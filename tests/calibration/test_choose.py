import numpy as np
import pytest

from foureyes.calibration import LogOddsPlatt, Platt, Source, fit_best
from foureyes.calibration.choose import CONFIDENCE_KINDS, SCORE_KINDS
from foureyes.errors import InputError, NotEnoughData


def drawn(n, chance, seed=0):
    rng = np.random.default_rng(seed)
    u = rng.normal(size=n)
    return u, rng.random(n) < chance(u)


def line(u):
    return 1 / (1 + np.exp(2 * u))


def step(u):
    return np.where(u < 0, 0.9, 0.4)


def bump(u):
    return np.where(np.abs(u) < 0.7, 0.9, 0.3)


def test_a_line_is_taken_for_what_is_one():
    assert [fit_best(*drawn(300, line, seed)).calibrator.kind for seed in range(10)] == ["platt"] * 10


@pytest.mark.parametrize(("chance", "kinds"), [(step, {"isotonic", "histogram"}), (bump, {"histogram"})])
def test_a_line_is_left_for_what_is_none(chance, kinds):
    choice = fit_best(*drawn(3000, chance))
    assert choice.calibrator.kind in kinds
    platt = choice.trials[0]
    assert platt.kind == "platt"
    assert platt.excess > platt.excess_error


def test_the_reason_names_the_figures_it_rests_on():
    choice = fit_best(*drawn(300, line), source=Source("log_cmp", "m"))
    chosen = choice.trials[0]
    assert f"{chosen.nll:.4f}" in choice.reason
    assert choice.reason.startswith("platt: ")
    assert [trial.kind for trial in choice.trials] == ["platt", "histogram", "isotonic"]
    assert min(trial.excess for trial in choice.trials) == 0
    assert choice.folds == 5
    assert choice.calibrator.fitted_on.source == Source("log_cmp", "m")
    assert choice.calibrator.fitted_on.rows.n == 300
    assert "only candidate" in fit_best(*drawn(300, line), candidates=["isotonic"]).reason


def test_confidences_can_be_recalibrated_with_beta():
    rng = np.random.default_rng(0)
    stated = rng.random(3000)
    chance = stated**2 / (stated**2 + np.sqrt(1 - stated))
    right = rng.random(3000) < chance
    choice = fit_best(stated, right, candidates=["histogram", "beta", "isotonic"], larger_is="better")
    assert choice.calibrator.kind == "beta"
    assert choice.trials[0].ece < 0.03


def test_the_order_of_the_rows_does_not_matter():
    u, right = drawn(500, step)
    order = np.random.default_rng(1).permutation(500)
    a, b = fit_best(u, right), fit_best(u[order], right[order])
    assert a.reason == b.reason
    assert a.calibrator == b.calibrator or a.calibrator.kind == "platt"


def test_rows_of_one_question_can_be_kept_together():
    u, right = drawn(100, line)
    choice = fit_best(np.repeat(u, 8), np.repeat(right, 8), folds=np.repeat(np.arange(100) % 4, 8))
    assert choice.folds == 4
    apart = fit_best(np.repeat(u, 8), np.repeat(right, 8))
    assert apart.trials[-1].nll < choice.trials[-1].nll, "copies of a row in other folds flatter a flexible candidate"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"candidates": ["platt", "magic"]}, "among log-odds-platt, platt, beta, histogram, isotonic; got magic"),
        ({"candidates": []}, "got none"),
        ({"folds": 1}, "folds must be at least 2; got 1"),
        ({"larger_is": "bigger"}, "worse, better; got 'bigger'"),
        ({"folds": [0, 1]}, "folds 2, scores 50"),
        ({"candidates": ["beta"]}, r"lie in \[0, 1\]"),
    ],
)
def test_what_cannot_be_chosen(settings, message):
    with pytest.raises(InputError, match=message):
        fit_best(*drawn(50, line), **settings)


def test_folds_that_leave_one_class_are_not_enough():
    with pytest.raises(
        NotEnoughData, match="got 1 right of 10, all in fold 0: label answers until 5 or more are right"
    ):
        fit_best(np.arange(10), np.arange(10) == 0)
    with pytest.raises(NotEnoughData, match=r"both classes|two folds"):
        fit_best(np.arange(10), np.arange(10) < 5, folds=np.zeros(10, dtype=int))


def test_one_wrong_answer_in_a_hundred_is_told_what_to_do():
    stated = np.linspace(0.5, 0.999, 100)
    with pytest.raises(
        NotEnoughData, match=r"got 1 wrong of 100, all in fold 2.*LogOddsPlatt.fit or Platt.fit"
    ) as told:
        fit_best(stated, np.arange(100) != 7)
    assert told.value.needed == 500
    alone = LogOddsPlatt.fit(stated, np.arange(100) != 7)
    assert 0.9 < alone.predict_proba([0.9])[0] < 1


def stated_probabilities(n, seed=0, sharpness=2.5):
    """Confidences of an overconfident model: its log-odds are too large by a factor."""
    rng = np.random.default_rng(seed)
    true = rng.normal(1, 1.5, n)
    return 1 / (1 + np.exp(-sharpness * true)), rng.random(n) < 1 / (1 + np.exp(-true))


def test_a_stated_probability_gets_a_line_on_its_log_odds():
    kinds = [fit_best(*stated_probabilities(300, seed)).calibrator.kind for seed in range(10)]
    assert kinds.count("log-odds-platt") >= 9
    choice = fit_best(*stated_probabilities(20_000))
    assert choice.calibrator.slope == pytest.approx(0.4, rel=0.05)
    assert choice.calibrator.intercept == pytest.approx(0, abs=0.05)
    assert {trial.kind for trial in choice.trials} == set(CONFIDENCE_KINDS)
    assert choice.warnings == ()


def test_the_candidates_are_those_that_the_scale_allows():
    stated, right = stated_probabilities(500)
    assert {trial.kind for trial in fit_best(1 - stated, right).trials} == set(SCORE_KINDS)
    assert {trial.kind for trial in fit_best(stated * 3, right).trials} == set(SCORE_KINDS)
    nearly = stated.copy()
    nearly[0] = 1.00001
    assert {trial.kind for trial in fit_best(nearly, right).trials} == set(CONFIDENCE_KINDS)


def test_a_direction_that_nobody_states_is_that_of_a_straight_line():
    stated, right = stated_probabilities(4000)
    curve = fit_best(stated, right, candidates=["isotonic"]).calibrator
    assert curve.larger_is == "better"
    assert fit_best(-stated, right, candidates=["isotonic"]).calibrator.larger_is == "worse"


def test_a_fit_that_makes_scores_worse_says_so():
    rng = np.random.default_rng(3)
    true = rng.beta(0.3, 0.3, 400)
    right = rng.random(400) < true
    choice = fit_best(true, right, candidates=["platt"])
    (said,) = choice.warnings
    assert said.startswith("platt made these scores worse: log loss ")
    assert "more than chance explains" in said
    fitted = Platt.fit(true, right)
    fresh = rng.beta(0.3, 0.3, 4000)
    report = fitted.report(fresh, rng.random(4000) < fresh)
    assert "the fit made these scores worse" in report.warnings[0]
    assert report.to_dict()["warnings"] == list(report.warnings)


def test_people_who_do_not_agree_count_by_their_shares():
    stated, _ = stated_probabilities(2000)
    rng = np.random.default_rng(1)
    votes = rng.random((2000, 20)) < stated[:, None] ** 2
    by_share = fit_best(stated, votes.mean(axis=1)).calibrator.predict_proba([0.3, 0.6, 0.9])
    by_vote = fit_best(np.repeat(stated, 20), votes.ravel(), folds=np.repeat(np.arange(2000) % 5, 20))
    assert by_share == pytest.approx(by_vote.calibrator.predict_proba([0.3, 0.6, 0.9]), abs=0.03)
    with pytest.raises(InputError, match="the wrong way round"):
        fit_best(votes[:, 0], stated)
