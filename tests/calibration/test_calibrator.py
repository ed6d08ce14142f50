"""The rules that hold for every calibrator of one score."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from foureyes.calibration import Beta, Calibrator, HistogramBinning, Isotonic, Platt, Source
from foureyes.errors import ConfigError, InputError, NotEnoughData

KINDS = [Platt, HistogramBinning, Isotonic, Beta]
ALL = pytest.mark.parametrize("kind", KINDS)


@st.composite
def labelled(draw, elements=None):
    right = draw(hnp.arrays(bool, st.integers(2, 60)))
    right[:2] = True, False
    few = st.integers(0, 16).map(lambda i: i / 16)
    return draw(hnp.arrays(float, len(right), elements=elements or few)), right


def sample(n=400, seed=0, kind=Platt):
    rng = np.random.default_rng(seed)
    p = rng.beta(3, 2, n)
    return p if kind is Beta else 1 - p, rng.random(n) < p


@ALL
@given(rows=labelled())
def test_confidences_are_never_more_than_the_counts_can_tell(kind, rows):
    x, right = rows
    fitted = kind.fit(x, right)
    confidence = fitted.predict_proba(np.append(x, [0.0, 1.0]))
    assert (confidence > 0).all()
    assert (confidence < 1).all()
    if kind in (HistogramBinning, Isotonic):
        n_right, n_wrong = right.sum(), (~right).sum()
        assert confidence.min() >= 1 / (n_wrong + 2) - 1e-12
        assert confidence.max() <= (n_right + 1) / (n_right + 2) + 1e-12


@ALL
@given(rows=labelled())
def test_equal_scores_get_equal_confidences(kind, rows):
    x, right = rows
    confidence = kind.fit(x, right).predict_proba(x)
    for value in set(x.tolist()):
        assert np.ptp(confidence[x == value]) == 0


@ALL
@given(rows=labelled(), random=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(kind, rows, random):
    x, right = rows
    order = random.sample(range(len(x)), len(x))
    a, b = kind.fit(x, right), kind.fit(x[order], right[order])
    assert b.fitted_on == a.fitted_on
    assert b.predict_proba(x) == pytest.approx(a.predict_proba(x), abs=1e-6)


@pytest.mark.parametrize("kind", [Platt, Isotonic, Beta])
@given(rows=labelled())
def test_confidence_moves_one_way_along_the_score(kind, rows):
    steps = np.diff(kind.fit(*rows).predict_proba(np.linspace(0, 1, 101)))
    assert (steps <= 1e-12).all() or (steps >= -1e-12).all()
    if kind is Isotonic:
        assert (steps <= 0).all()
    if kind is Beta:
        assert (steps >= -1e-12).all()


@ALL
def test_a_constant_score_gives_the_base_rate(kind):
    confidence = kind.fit(np.full(1000, 0.7), np.arange(1000) < 800).predict_proba([0.1, 0.7, 0.9])
    if kind is not Beta:  # whose log-odds have no slope either, but only at the fitted score
        assert np.ptp(confidence) < 1e-12
    assert confidence[1] == pytest.approx(0.8, abs=0.002)


@pytest.mark.parametrize("kind", [Platt, HistogramBinning, Isotonic])
def test_an_infinite_score_counts_as_the_most_extreme_finite_one(kind):
    x, right = sample()
    x[:4] = np.inf, np.inf, -np.inf, -np.inf
    fitted = kind.fit(x, right)
    finite = x[np.isfinite(x)]
    assert fitted == kind.from_json(fitted.to_json())
    assert fitted.predict_proba([np.inf, -np.inf]) == pytest.approx(fitted.predict_proba([finite.max(), finite.min()]))
    replaced = np.where(np.isinf(x), np.where(x > 0, finite.max(), finite.min()), x)
    assert fitted.predict_proba(finite) == pytest.approx(kind.fit(replaced, right).predict_proba(finite))


@pytest.mark.parametrize("kind", [Platt, HistogramBinning, Isotonic])
def test_infinities_alone_are_not_enough(kind):
    with pytest.raises(NotEnoughData, match="finite scores; got 2 infinities"):
        kind.fit([np.inf, -np.inf], [0, 1])


@ALL
@pytest.mark.parametrize("right", [[], [1, 1], [0, 0, 0]])
def test_one_class_is_not_enough(kind, right):
    with pytest.raises(NotEnoughData, match="right and wrong answers"):
        kind.fit(np.linspace(0, 1, len(right)), right)


@ALL
def test_two_rows_are_enough_to_say_little(kind):
    confidence = kind.fit([0.2, 0.8], [1, 0] if kind is not Beta else [0, 1]).predict_proba([0.2, 0.8])
    assert ((confidence > 0.3) & (confidence < 0.7)).all()


@ALL
@pytest.mark.parametrize(
    ("x", "right", "message"),
    [
        ([0.1, np.nan], [0, 1], "NaN|lie in"),
        ([0.1, 0.2, 0.3], [0, 1], "scores 3, correct 2"),
        ([[0.1, 0.2]], [0, 1], "one-dimensional"),
        ([0.1, 0.2], [0, 3], "0 and 1; got 3"),
    ],
)
def test_columns_that_cannot_be_used(kind, x, right, message):
    with pytest.raises(InputError, match=message):
        kind.fit(x, right)


@ALL
def test_a_calibrator_survives_json_unchanged(kind):
    x, right = sample()
    fitted = kind.fit(x, right, source=Source("own_score", "small-1"))
    for restored in (kind.from_json(fitted.to_json()), Calibrator.from_json(fitted.to_json())):
        assert restored == fitted
        assert restored.predict_proba(x).tolist() == fitted.predict_proba(x).tolist()


@ALL
def test_another_source_is_refused_when_it_is_told(kind):
    x, right = sample()
    fitted = kind.fit(x, right, source=Source("own_score", "small-1"))
    fitted.predict_proba(x, source=Source("own_score", "small-1"))
    with pytest.raises(ConfigError, match="fitted on own_score of small-1; got scores from own_score of large-2"):
        fitted.predict_proba(x, source=Source("own_score", "large-2"))
    with pytest.raises(ConfigError, match="got scores from cme of small-1"):
        fitted.report(*sample(seed=1), source=Source("cme", "small-1"))
    with pytest.raises(ConfigError, match="scores of no stated source"):
        kind.fit(x, right).predict_proba(x, source=Source("own_score", "small-1"))


@ALL
def test_the_rows_of_the_fit_are_not_reported_on_by_accident(kind):
    x, right = sample(600)
    fitted = kind.from_json(kind.fit(x[:400], right[:400]).to_json())
    for rows in (slice(400), slice(399, None, -1), slice(600), slice(200)):
        with pytest.raises(InputError, match="among the 400 this calibrator was fitted on"):
            fitted.report(x[rows], right[rows])
    assert fitted.report(x[:400], right[:400], allow_fitted_rows=True).in_sample
    unseen = fitted.report(x[400:], right[400:])
    assert not unseen.in_sample
    assert not unseen.to_dict()["in_sample"]


@ALL
def test_a_promise_on_the_rows_of_the_fit_is_refused_or_marked(kind):
    x, right = sample(2000, kind=kind)
    fitted = kind.fit(x[:1000], right[:1000])
    with pytest.raises(InputError, match="was fitted on"):
        fitted.promise(x[:1000], right[:1000], max_error=0.3)
    marked = fitted.promise(x[:1000], right[:1000], max_error=0.3, allow_fitted_rows=True)
    assert marked.in_sample
    assert marked.statement.startswith("No promise")
    assert not fitted.promise(x[1000:], right[1000:], max_error=0.3).in_sample


def test_a_report_holds_every_measure():
    x, right = sample(800)
    report = Platt.fit(x[:400], right[:400]).report(x[400:], right[400:])
    assert report.n == 400
    assert report.ece.low <= report.ece.value <= report.ece.high
    assert report.auroc is not None
    assert report.auroc.value > 0.6
    assert report.brier.skill > 0
    assert report.reliability.n.sum() == 400
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False))["brier"]["skill"] == report.brier.skill


def test_a_report_on_one_class_has_no_auroc():
    x, right = sample(800)
    report = Platt.fit(x[:400], right[:400]).report(x[400:][right[400:]], np.ones(right[400:].sum()))
    assert report.auroc is None
    assert report.to_dict()["auroc"] is None
