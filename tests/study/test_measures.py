"""Figures of rows whose truth is known, beside independent computations of the same."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from foureyes.maths.agreement import MissAgreement
from foureyes.maths.difference import Difference
from foureyes.study.cells import Cell, GradedAnswer, SignalValues
from foureyes.study.claims import decide
from foureyes.study.measures import (
    MissingFigure,
    Quadrants,
    accuracy,
    calibrate_signal,
    cascade_figures,
    combine_signals,
    compare_signals,
    gain_by_labels,
    quadrants,
    rank_signal,
    shared_misses,
)
from foureyes.study.plan import Claim, SignalColumn
from foureyes.study.sections.ranking import claims
from foureyes.study.store import Cost
from foureyes.types import Unscored

RNG = np.random.default_rng(0)
N = 400
RIGHT = RNG.random(N) < 0.6


def signal(model: str, name: str, quality: float, right=RIGHT, seed: int = 1) -> SignalValues:
    """Uncertainties that lie ``quality`` standard deviations higher where the answer is wrong."""
    u = np.random.default_rng(seed).normal(size=len(right)) + quality * ~right + 3
    return SignalValues(model, name, tuple(u.tolist()), Cost(10 * len(right), 0, 1.0))


def cell(
    *signals: SignalValues, right=RIGHT, each: int = 1, verified=None, task: str = "t", generator: str = "g"
) -> Cell:
    answers = tuple(GradedAnswer(str(i // each), "x", "right" if r else "wrong", "x", "x") for i, r in enumerate(right))
    return Cell(task, generator, answers, signals, verified or {})


def test_auroc_is_that_of_scikit_learn() -> None:
    s = signal("v", "log_cmp", 0.8)
    found = rank_signal(cell(s), s)
    assert not isinstance(found.auroc, MissingFigure)
    assert found.auroc.value == pytest.approx(roc_auc_score(~RIGHT, s.values), abs=1e-12)
    assert isinstance(found.within, MissingFigure)
    assert found.n == N


def test_what_is_unscored_or_unparseable_is_counted_and_left_out() -> None:
    s = signal("v", "log_cmp", 0.8)
    values = (Unscored("context"), Unscored("context"), *s.values[2:])
    some = SignalValues("v", "log_cmp", values, Cost())
    answers = cell(some).answers
    graded = Cell(
        "t", "g", (*answers[:-3], *(GradedAnswer(a.question, a.text, "unparseable") for a in answers[-3:])), (some,)
    )
    found = rank_signal(graded, some)
    assert (found.n, dict(found.unscored), found.unparseable) == (N - 5, {"context": 2}, 3)
    assert not isinstance(found.auroc, MissingFigure)
    assert found.auroc.value == pytest.approx(roc_auc_score(~RIGHT[2:-3], s.values[2:-3]), abs=1e-12)
    share = accuracy(graded)
    assert not isinstance(share, MissingFigure)
    assert share.n == N  # the unparseable ones are in the denominator


def test_several_answers_a_question_are_compared_within_it() -> None:
    right = np.tile([True, False], 50)
    difficulty = np.repeat(np.random.default_rng(2).normal(size=50) * 10, 2)
    s = SignalValues("v", "log_cmp", tuple((difficulty + ~right * 1.0 + 50).tolist()), Cost())
    found = rank_signal(cell(s, right=right, each=2), s)
    assert not isinstance(found.within, MissingFigure)
    assert not isinstance(found.auroc, MissingFigure)
    assert (found.within.value, found.within.n_questions) == (1.0, 50)
    assert found.auroc.value < 0.7  # across questions difficulty drowns it


@pytest.mark.parametrize("all_right", [True, False])
def test_one_class_only_is_told_and_is_no_number(*, all_right: bool) -> None:
    right = np.full(30, all_right)
    s = signal("v", "log_cmp", 0, right=right)
    one = cell(s, signal("own", "g_ent", 0, right=right, seed=2), right=right, verified={"v": ("right",) * 30})
    assert isinstance(rank_signal(one, s).auroc, MissingFigure)
    assert isinstance(compare_signals(one, [s], [one.signals[1]]), MissingFigure)
    assert isinstance(combine_signals(one, one.signals), MissingFigure)
    assert isinstance(shared_misses(one, *one.signals), MissingFigure)
    assert isinstance(calibrate_signal(one, s, {}).after, MissingFigure)
    assert gain_by_labels(one, one.signals, [10], seed=0) == []


def test_no_rows_at_all_are_told() -> None:
    none = SignalValues("v", "log_cmp", (Unscored("context"),) * N, Cost())
    one = cell(none, signal("own", "g_ent", 0), verified={"v": ("right",) * N})
    found = rank_signal(one, none)
    assert isinstance(found.auroc, MissingFigure)
    assert isinstance(found.aurc, MissingFigure)
    for figure in (
        cascade_figures(one, none),
        compare_signals(one, [none], [one.signals[1]]),
        combine_signals(one, one.signals),
    ):
        assert isinstance(figure, MissingFigure)


def test_quadrants_count_every_row_once() -> None:
    grades = ("right", "wrong", "right", "wrong", "unparseable")
    one = cell(signal("v", "log_cmp", 1, right=np.array([1, 1, 0, 0, 0], bool)), right=np.array([1, 1, 0, 0, 0], bool))
    found = quadrants(Cell("t", "g", one.answers, one.signals, {"v": grades}), "v")  # type: ignore[dict-item]
    assert found == Quadrants(1, 1, 1, 1, 1)
    assert isinstance(quadrants(one, "v"), MissingFigure)


def test_a_cascade_by_a_perfect_signal_gains_and_by_noise_does_not() -> None:
    verified = {"v": ("right",) * N}
    perfect = SignalValues("v", "log_cmp", tuple(1.0 * ~RIGHT), Cost())
    noise = signal("v", "log_cmp", 0)
    curves = [cascade_figures(cell(s, verified=verified), s) for s in (perfect, noise)]
    # the area under min(1, c / 0.4): all gaps are closed once the wrong ones are escalated
    wrong = float((~RIGHT).mean())
    assert not isinstance(curves[0], MissingFigure)
    assert not isinstance(curves[1], MissingFigure)
    assert curves[0].apgr == pytest.approx(1 - wrong / 2, abs=0.01)
    assert curves[1].apgr == pytest.approx(0.5, abs=0.06)


def test_two_readers_of_one_mind_miss_the_same() -> None:
    s = signal("v", "log_cmp", 0.8)
    found = shared_misses(cell(s), s, s)
    assert isinstance(found, MissAgreement)
    assert found.rho == pytest.approx(1.0)
    assert found.coverage == 0.0


def test_calibration_learnt_on_one_half_holds_on_the_other() -> None:
    right = np.random.default_rng(5).random(4_000) < 0.7
    s = signal("v", "log_cmp", 1.5, right=right)
    elsewhere = signal("v", "log_cmp", -1.5, right=right)
    found = calibrate_signal(cell(s, right=right), s, {"backwards": (cell(elsewhere, right=right), elsewhere)})
    assert not isinstance(found.before, MissingFigure)
    assert not isinstance(found.after, MissingFigure)
    moved = found.elsewhere["backwards"]
    assert not isinstance(moved, MissingFigure)
    assert found.after.value < found.after.chance + 0.03
    assert found.before.value > 0.3  # exp(−3) is no P(right)
    assert moved.value > found.after.value + 0.1


def test_two_halves_of_the_truth_are_better_together_and_more_labels_help() -> None:
    one, two = signal("v", "log_cmp", 1.0, seed=1), signal("w", "log_cmp", 1.0, seed=2)
    gain = combine_signals(cell(one, two), [one, two])
    assert not isinstance(gain, MissingFigure)
    assert gain.low > 0
    few, many = gain_by_labels(cell(one, two), [one, two], [10, 200], seed=0)
    assert many.gain > few.gain
    assert many.low > 0
    assert gain_by_labels(cell(one, two), [one, two], [10_000], seed=0) == []


def test_claims_hold_fail_or_stay_open() -> None:
    good, bad, other = (
        signal("v", "log_cmp", 2.0),
        signal("own", "g_ent", 0.0, seed=3),
        signal("w", "log_cmp", 0.0, seed=4),
    )
    found = decide(
        Claim("c", (SignalColumn("*", "log_cmp"),), (SignalColumn("own", "g_ent"),)), [cell(bad, good, other)]
    )
    assert [(test.verifier, test.verdict) for test in found.tests] == [("v", "holds"), ("w", "not decided")]
    back = decide(Claim("c", (SignalColumn("own", "g_ent"),), (SignalColumn("v", "log_cmp"),)), [cell(bad, good)])
    assert [test.verdict for test in back.tests] == ["fails"]
    assert "of 1 pair, fails in 1; mean difference of AUROC −0" in back.sentence


def test_a_claim_is_not_decided_by_a_handful_of_right_answers() -> None:
    right = np.arange(200) < 9
    good, own = signal("v", "log_cmp", 9.0, right=right), signal("own", "g_ent", 0.0, right=right)
    found = decide(
        Claim("c", (SignalColumn("*", "log_cmp"),), (SignalColumn("own", "g_ent"),)), [cell(own, good, right=right)]
    )
    assert [test.verdict for test in found.tests] == ["too few"]
    assert found.sentence == "c: of 1 pair, too few in 1."
    section = claims([found])
    assert "too few: 9 of the rarer kind" in section.tables[0].rows[0][3]
    assert section.tables[0].rows[0][4] == ""
    assert section.forest is None


def test_a_claim_is_not_put_to_other_tasks_or_to_a_model_that_reads_itself() -> None:
    good, own = signal("g", "log_cmp", 2.0), signal("own", "g_ent", 0.0)
    claim = Claim("c", (SignalColumn("*", "log_cmp"),), (SignalColumn("own", "g_ent"),), tasks=("t",))
    assert decide(claim, [cell(own, good, generator="g")]).tests == ()
    assert decide(claim, [cell(own, good, generator="h", task="u")]).tests == ()
    assert len(decide(claim, [cell(own, good, generator="h")]).tests) == 1
    assert decide(claim, []).sentence == "c: no pair has the signals."


def test_sides_of_several_signals_are_combined_without_seeing_their_rows() -> None:
    one, two = signal("v", "log_cmp", 0.7, seed=1), signal("w", "log_cmp", 0.7, seed=2)
    found = compare_signals(cell(one, two), [one, two], [one])
    assert isinstance(found, Difference)
    assert found.low > 0
    noise = [signal("n", f"cme{i}", 0.0, seed=100 + i) for i in range(9)]
    overfit = compare_signals(cell(one, *noise), [one, *noise], [one])
    assert isinstance(overfit, Difference)
    assert overfit.value < 0.02
