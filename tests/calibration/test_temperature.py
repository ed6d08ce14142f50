import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.calibration import Source, Temperature
from foureyes.calibration.floors import FLOORS
from foureyes.errors import ConfigError, InputError, NotEnoughData
from foureyes.maths.reliability import ece


def answered(n=2000, k=4, sharpness=2.0, seed=0):
    """Logits that are `sharpness` times what would be calibrated, and labels."""
    rng = np.random.default_rng(seed)
    true = rng.normal(size=(n, k)) * 1.5
    p = np.exp(true) / np.exp(true).sum(axis=1, keepdims=True)
    return true * sharpness, (p.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)


def loss(logits, labels, temperature):
    z = logits / temperature
    z = z - z.max(axis=1, keepdims=True)
    return (np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), labels]).mean()


@pytest.mark.parametrize("n", [300, 2000, 60_000])
@pytest.mark.parametrize("sharpness", [0.3, 2.0, 10.0])
def test_it_finds_the_lowest_loss_wherever_it_lies(n, sharpness):
    logits, labels = answered(n, sharpness=sharpness)
    best = Temperature.fit(logits, labels).temperature
    assert best == pytest.approx(sharpness, rel=0.2)
    for nearby in (best * 0.999, best * 1.001):
        assert loss(logits, labels, nearby) > loss(logits, labels, best)


@given(st.floats(0.01, 100), st.floats(-50, 50))
def test_scaled_logits_scale_the_temperature_and_shifted_ones_do_not(factor, shift):
    logits, labels = answered(200)
    plain = Temperature.fit(logits, labels).temperature
    assert Temperature.fit(logits * factor, labels).temperature == pytest.approx(plain * factor, rel=1e-6)
    assert Temperature.fit(logits + shift, labels).temperature == pytest.approx(plain, rel=1e-6)


def test_probabilities_are_taken_when_said():
    logits, labels = answered()
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    said = Temperature.fit(p, labels, scale="probabilities")
    assert said.temperature == pytest.approx(Temperature.fit(logits, labels).temperature, rel=1e-5)
    assert said.predict_proba(p) == pytest.approx(Temperature.fit(logits, labels).predict_proba(logits), abs=2e-4)
    with pytest.raises(InputError, match=r"these are probabilities; say so \(scale='probabilities'"):
        Temperature.fit(p, labels)
    with pytest.raises(InputError, match=r"must sum to one|must not be negative"):
        Temperature.fit(logits, labels, scale="probabilities")
    with pytest.raises(InputError, match=r"must sum to one|must not be negative"):
        said.predict_proba(logits)


def test_a_probability_of_zero_is_not_the_end():
    p = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.6, 0.4]])
    fitted = Temperature.fit(p, [0, 1, 1, 0], scale="probabilities")
    assert np.isfinite(fitted.temperature)
    assert (fitted.predict_proba(p) > 0).all()


@pytest.mark.parametrize("decimals", [2, 3, 4])
def test_rounded_probabilities_are_not_made_worse(decimals):
    """Exact zeros that came of rounding: a floor of 10⁻³⁸ let the few that were wrong decide the fit."""
    logits, labels = answered(4000, k=10, sharpness=2.0)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    rounded = p.round(decimals)
    assert (rounded[np.arange(4000), labels] == 0).any()
    fitted = Temperature.fit(rounded[:2000], labels[:2000], scale="probabilities")
    report = fitted.report(rounded[2000:], labels[2000:])
    assert report.warnings == ()
    assert report.ece.value < 0.5 * ece(p[2000:].max(axis=1), p[2000:].argmax(axis=1) == labels[2000:]).value
    assert Temperature.from_json(fitted.to_json()) == fitted
    assert fitted.floor in FLOORS


def test_what_was_written_before_floors_is_read_as_it_was_fitted():
    logits, labels = answered(200)
    document = json.loads(Temperature.fit(logits, labels).to_json())
    del document["parameters"]["floor"]
    assert Temperature.from_json(json.dumps(document)).floor == 1e-38


def test_votes_of_people_for_labels():
    logits, _ = answered(3000, sharpness=2.0)
    p = np.exp(logits / 2) / np.exp(logits / 2).sum(axis=1, keepdims=True)
    rng = np.random.default_rng(1)
    votes = np.array([rng.multinomial(10, row) for row in p])
    fitted = Temperature.fit(logits[:1500], votes[:1500])
    assert fitted.temperature == pytest.approx(2.0, rel=0.05)
    assert Temperature.fit(logits[:1500], votes[:1500] / 10).temperature == pytest.approx(fitted.temperature)
    one_each = np.eye(4)[votes.argmax(axis=1)]
    assert Temperature.fit(logits, one_each).temperature == pytest.approx(
        Temperature.fit(logits, votes.argmax(axis=1)).temperature
    )
    report = fitted.report(logits[1500:], votes[1500:])
    assert report.accuracy == pytest.approx((votes[1500:][np.arange(1500), logits[1500:].argmax(axis=1)] / 10).mean())
    assert report.ece.value < 0.02
    with pytest.raises(InputError, match="was fitted on"):
        fitted.report(logits[:1500], votes[:1500])
    with pytest.raises(InputError, match="a column for each of the 4 classes; got 3"):
        Temperature.fit(logits, votes[:, :3])
    votes[5] = 0
    with pytest.raises(InputError, match="must hold votes, none below 0; got none or less at row 5"):
        Temperature.fit(logits, votes)


def test_an_impossible_class_stays_impossible():
    logits, labels = answered(500)
    masked = np.column_stack([logits, np.full(500, -np.inf)])
    fitted = Temperature.fit(masked, labels)
    assert fitted.temperature == pytest.approx(Temperature.fit(logits, labels).temperature, rel=1e-6)
    assert (fitted.predict_proba(masked)[:, -1] == 0).all()


def test_a_fit_never_hands_its_input_back():
    """netcal's maximum-likelihood scaling returns the probabilities it was given (its issue 61)."""
    logits, labels = answered(sharpness=2.0)
    sure = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    right = sure.argmax(axis=1) == labels
    fitted = Temperature.fit(sure, labels, scale="probabilities")
    assert fitted.temperature == pytest.approx(2, rel=0.1)
    assert ece(fitted.confidence(sure), right).value < 0.5 * ece(sure.max(axis=1), right).value


def test_its_confidence_is_that_of_the_predicted_class():
    logits, labels = answered()
    fitted = Temperature.fit(logits[:1000], labels[:1000], source=Source("option_logits", "m"))
    assert fitted.confidence(logits).tolist() == fitted.predict_proba(logits).max(axis=1).tolist()
    report = fitted.report(logits[1000:], labels[1000:])
    assert report.accuracy == (logits[1000:].argmax(axis=1) == labels[1000:]).mean()
    assert report.ece.low == 0.0
    assert Temperature.from_json(fitted.to_json()) == fitted
    with pytest.raises(InputError, match="was fitted on"):
        fitted.report(logits[:1000], labels[:1000])
    with pytest.raises(ConfigError, match="option_logits of m"):
        fitted.predict_proba(logits, source=Source("option_logits", "other"))


def test_scores_that_leave_no_finite_best_temperature():
    with pytest.raises(NotEnoughData, match="some of which are wrong; got 2, none wrong"):
        Temperature.fit([[2, 0], [0, 1]], [0, 1])
    with pytest.raises(InputError, match="do not favour the labels"):
        Temperature.fit([[2, 0], [0, 1]], [1, 0])


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        ([[1, 2], [2, 1]], [0, 2], r"labels must lie in 0\.\.1; got 2 at row 1"),
        ([[1, 2], [2, 1]], [0.0, 1.0], "column of integers; got float64"),
        ([[1, 2], [2, 1]], [0], "logits 2, labels 1"),
        ([1, 2], [0, 1], "two-dimensional"),
        ([[1], [2]], [0, 0], "at least two classes; got one"),
        ([[1, np.nan], [2, 1]], [0, 0], "NaN; got at row 0"),
        ([[1, np.inf], [2, 1]], [0, 0], "finite maximum; got inf at row 0"),
        ([[1, 2], [-np.inf, -np.inf]], [0, 0], "finite maximum; got -inf at row 1"),
        ([[1, 2], [-np.inf, 0]], [0, 0], "label's own score must be finite; got -inf at row 1"),
    ],
)
def test_what_cannot_be_used(logits, labels, message):
    with pytest.raises(InputError, match=message):
        Temperature.fit(logits, labels)


def test_half_of_the_rows_of_the_fit_are_known_again_though_the_model_is_quite_sure():
    logits, labels = answered(n=3000, sharpness=12.0)
    probs = (np.exp(logits - logits.max(axis=1, keepdims=True))).astype(np.float32)
    probs /= probs.sum(axis=1, keepdims=True)
    assert (probs.max(axis=1) == 1).mean() > 0.2
    fitted = Temperature.fit(probs[:1500], labels[:1500], scale="probabilities")
    with pytest.raises(InputError, match="was fitted on"):
        fitted.report(probs, labels)
    assert fitted.report(probs[1500:], labels[1500:]).n == 1500
