"""A fit that turns a known signal round is refused, unless it is accepted by the signal's name."""

from __future__ import annotations

import json

import numpy as np
import pytest

from foureyes.calibration import (
    Beta,
    Calibrator,
    Combiner,
    HistogramBinning,
    Isotonic,
    LogOddsPlatt,
    Platt,
    Source,
    fit_best,
)
from foureyes.calibration.calibrator import ScoreCalibrator
from foureyes.errors import InputError

CMP = Source("log_cmp", "smollm2-135m")
LEAST = Source("min_logprob", "smollm2-135m")


def short_answers_are_right(n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Surprise per token falls with length; where the short answers are the right ones, surprise goes with being right."""
    rng = np.random.default_rng(3)
    surprise = rng.gamma(2.0, 1.5, n)
    return surprise, rng.random(n) < 1 / (1 + np.exp(-(surprise - 3)))


@pytest.mark.parametrize("kind", [Platt, HistogramBinning])
def test_a_fit_against_the_catalogue_is_refused(kind: type[Platt | HistogramBinning]) -> None:
    surprise, right = short_answers_are_right()
    with pytest.raises(
        InputError, match="of log_cmp, larger is worse by the catalogue, and in this fit larger is better"
    ):
        kind.fit(surprise, right, source=CMP)
    with pytest.raises(InputError, match="of min_logprob, larger is better by the catalogue"):
        kind.fit(-surprise, right, source=LEAST)


@pytest.mark.parametrize("kind", [Platt, HistogramBinning, Isotonic])
def test_a_fit_that_agrees_is_let_through(kind: type[Platt | HistogramBinning | Isotonic]) -> None:
    surprise, right = short_answers_are_right()
    assert kind.fit(surprise, ~right, source=CMP).larger_is == "worse"
    assert kind.fit(-surprise, ~right, source=LEAST).larger_is == "better"
    assert kind.fit(surprise, ~right, source=CMP).direction_note == ""


def test_an_isotonic_curve_is_given_the_direction_of_the_catalogue() -> None:
    surprise, right = short_answers_are_right()
    assert len(Isotonic.fit(surprise, right, source=CMP).confidences) < 8, "nothing falls, so all is pooled"
    with pytest.raises(InputError, match="of log_cmp, larger is worse by the catalogue; got larger is better"):
        Isotonic.fit(surprise, right, larger_is="better", source=CMP)


def test_beta_takes_no_uncertainty_for_a_confidence() -> None:
    surprise, right = short_answers_are_right()
    with pytest.raises(InputError, match="of p_true, larger is worse by the catalogue"):
        Beta.fit(surprise / surprise.max(), right, source=Source("p_true", "m"))


@pytest.mark.parametrize("kind", [Platt, HistogramBinning, Isotonic])
def test_what_is_accepted_by_name_is_kept_and_said(kind: type[Platt | HistogramBinning | Isotonic]) -> None:
    surprise, right = short_answers_are_right()
    fitted = kind.fit(surprise, right, source=CMP, accept_direction="log_cmp")
    assert fitted.larger_is == "better"
    again = Calibrator.from_json(fitted.to_json())
    assert again == fitted
    assert (
        again.direction_note == "direction of log_cmp accepted against the catalogue of signals: larger is better here"
    )


def test_what_is_accepted_and_not_needed_is_not_said() -> None:
    surprise, right = short_answers_are_right()
    assert Platt.fit(surprise, ~right, source=CMP, accept_direction="log_cmp").direction_note == ""


def test_only_the_signal_that_is_fitted_can_be_accepted() -> None:
    surprise, right = short_answers_are_right()
    with pytest.raises(InputError, match="accept_direction names 'cme'; got log_cmp of smollm2-135m"):
        Platt.fit(surprise, right, source=CMP, accept_direction="cme")
    with pytest.raises(InputError, match="got scores of no stated source"):
        Platt.fit(surprise, right, accept_direction="log_cmp")


def test_an_artefact_that_was_not_accepted_cannot_be_read() -> None:
    surprise, right = short_answers_are_right()
    document = json.loads(Platt.fit(surprise, right, source=CMP, accept_direction="log_cmp").to_json())
    del document["fitted_on"]["accepted_direction"]
    with pytest.raises(InputError, match="--accept-direction log_cmp"):
        Calibrator.from_json(json.dumps(document))


def test_without_a_source_only_what_is_said_is_held_against_the_fit() -> None:
    surprise, right = short_answers_are_right()
    found = Platt.fit(surprise, right)
    assert found.larger_is == "better"
    with pytest.raises(InputError, match="of log_cmp, larger is worse"):
        found.require_direction("log_cmp")
    found.require_direction("no_signal_of_ours")


def test_the_chosen_calibrator_is_held_to_the_direction_too() -> None:
    surprise, right = short_answers_are_right()
    with pytest.raises(InputError, match="of log_cmp, larger is worse"):
        fit_best(surprise, right, source=CMP)
    with pytest.raises(InputError, match="larger was said to be worse; in this fit it is better"):
        fit_best(surprise, right, larger_is="worse", candidates=["platt"])
    accepted = fit_best(surprise, right, source=CMP, accept_direction="log_cmp").calibrator
    assert accepted.larger_is == "better"
    assert fit_best(surprise, ~right, source=CMP).calibrator.larger_is == "worse"


def test_of_a_combination_every_signal_is_held_against_the_outcome() -> None:
    surprise, right = short_answers_are_right()
    noise = np.random.default_rng(0).normal(size=len(surprise))
    signals = {"log_cmp": surprise, "cme": noise}
    both = Source("log_cmp + cme", "smollm2-135m")
    with pytest.raises(InputError, match="of log_cmp, larger is worse"):
        Combiner.fit(signals, right, source=both)
    fitted = Combiner.fit(signals, right, source=both, accept_direction="log_cmp")
    assert Calibrator.from_json(fitted.to_json()).direction_note.startswith("direction of log_cmp accepted")
    assert Combiner.fit(signals, ~right, source=both).direction_note == "", "chance alone is no contradiction"


def test_constant_scores_point_nowhere() -> None:
    assert Platt.fit([2.0] * 20, [1, 0] * 10, source=CMP).larger_is is None
    assert issubclass(Platt, ScoreCalibrator)


def changed(fitted: ScoreCalibrator, **parameters: object) -> str:
    """The artefact of a fit, edited by hand."""
    document = json.loads(fitted.to_json())
    document["parameters"] |= parameters
    return json.dumps(document)


def test_no_span_of_the_fit_hides_a_direction() -> None:
    surprise, right = short_answers_are_right()
    platt, curve = (kind.fit(surprise, ~right, source=CMP) for kind in (Platt, Isotonic))
    for span in ({}, {"low": 2.0, "high": 2.0}, {"low": 0.0, "high": 1e-30}):
        for text in (
            changed(platt, slope=2.0, **span),
            changed(curve, scores=[1.0, 2.0], confidences=[0.1, 0.9], **span),
        ):
            with pytest.raises(InputError, match="in this fit larger is better"):
                Calibrator.from_json(text)
    beta = Beta.fit([0.1, 0.9, 0.2, 0.8], [0, 1, 1, 0], source=Source("score", "m"))
    text = changed(beta, low=0.5, high=0.5).replace('"score"', '"p_true"')
    with pytest.raises(InputError, match="of p_true"):
        Calibrator.from_json(text)


@pytest.mark.parametrize("kind", [Platt, HistogramBinning, Isotonic])
def test_a_span_the_wrong_way_round_is_refused(kind: type[Platt | HistogramBinning | Isotonic]) -> None:
    surprise, right = short_answers_are_right()
    with pytest.raises(InputError, match=r"scores lie between low and high; got 5\.0 and 1\.0"):
        Calibrator.from_json(changed(kind.fit(surprise, ~right), low=5.0, high=1.0))


def test_nothing_is_accepted_of_scores_of_no_stated_source() -> None:
    surprise, right = short_answers_are_right()
    document = json.loads(Platt.fit(surprise, right).to_json())
    for accepted in ("log_cmp", 5, ["log_cmp"]):
        document["fitted_on"]["accepted_direction"] = accepted
        with pytest.raises(InputError, match=r"accept_direction names .*; got scores of no stated source"):
            Calibrator.from_json(json.dumps(document))


def test_a_signal_is_known_by_the_last_part_of_its_name() -> None:
    surprise, right = short_answers_are_right()
    with pytest.raises(InputError, match="larger is worse by the catalogue"):
        Platt.fit(surprise, right, source=Source("run.log_cmp", "m"))
    assert Source("run.mine", "m").larger_is is None


def few_rows_the_wrong_way_round() -> tuple[np.ndarray, np.ndarray]:
    """Confidences in (0, 1) of which, in these 40 rows, the larger went a little more often with being wrong."""
    p = np.linspace(0.02, 0.98, 40)
    right = np.arange(40) % 2 == 0
    right[-4:] = False
    return p, right


@pytest.mark.parametrize("kind", [Platt, LogOddsPlatt, Beta])
def test_few_rows_never_turn_a_known_direction_round(kind: type[Platt | LogOddsPlatt | Beta]) -> None:
    p, right = few_rows_the_wrong_way_round()
    held = kind.fit(p, right, larger_is="better")
    assert (np.diff(held.predict_proba(p)) > 0).all(), "the order of the scores is kept, not flattened"
    assert held.direction_note.startswith("held to larger is better, as is known of these scores: the 40 rows")
    assert Calibrator.from_json(held.to_json()) == held


@pytest.mark.parametrize("kind", [Platt, LogOddsPlatt])
def test_a_known_uncertainty_keeps_falling(kind: type[Platt | LogOddsPlatt]) -> None:
    p, right = few_rows_the_wrong_way_round()
    held = kind.fit(1 - p, right, larger_is="worse")
    assert (np.diff(held.predict_proba(1 - p)) > 0).all()
    assert kind.fit(1 - p, right).larger_is == "better", "without a direction the rows decide"
    assert np.allclose(held.predict_proba(1 - p), kind.fit(p, right, larger_is="better").predict_proba(p), atol=1e-9)


def test_the_catalogue_holds_a_fit_to_its_direction_as_well() -> None:
    p, right = few_rows_the_wrong_way_round()
    held = Platt.fit(1 - p, right, source=CMP)
    assert held.larger_is == "worse"
    assert "Label more rows" in held.direction_note
    assert Platt.fit(1 - p, ~right, source=CMP).direction_note == ""


def test_what_few_rows_contradict_is_said_by_the_choice_too() -> None:
    p, right = few_rows_the_wrong_way_round()
    choice = fit_best(p, right, larger_is="better")
    assert choice.calibrator.larger_is in ("better", None)
    assert choice.warnings[0] == choice.calibrator.direction_note != ""


def test_bins_out_of_order_are_pooled_where_the_direction_is_known() -> None:
    x, right = np.arange(12.0), np.tile([1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1], 1)
    free = HistogramBinning.fit(x, right, bins=4)
    held = HistogramBinning.fit(x, right, bins=4, larger_is="better")
    assert (np.diff(free.confidences) < 0).any()
    assert (np.diff(held.confidences) >= 0).all()
    assert held.edges == free.edges
    falling = HistogramBinning.fit(-x, right, bins=4, larger_is="worse")
    assert falling.predict_proba(-x).tolist() == pytest.approx(held.predict_proba(x).tolist())


def test_an_isotonic_curve_that_becomes_flat_says_so() -> None:
    p, right = few_rows_the_wrong_way_round()
    assert Isotonic.fit(p, right, larger_is="better").direction_note.startswith("held to larger is better")
    assert Isotonic.fit(1 - p, right).direction_note.startswith("held to larger is worse"), "its default is no silence"


@pytest.mark.parametrize("kind", [Platt, LogOddsPlatt, HistogramBinning])
def test_many_rows_that_contradict_what_was_said_are_refused(
    kind: type[Platt | LogOddsPlatt | HistogramBinning],
) -> None:
    surprise, right = short_answers_are_right()
    with pytest.raises(InputError, match="larger was said to be worse; in this fit it is better"):
        kind.fit(surprise / surprise.max(), right, larger_is="worse")


def test_a_beta_curve_is_for_confidences_only() -> None:
    p, right = few_rows_the_wrong_way_round()
    with pytest.raises(InputError, match="larger was said to be worse; in this fit it is better"):
        Beta.fit(p, right, larger_is="worse")


def test_what_is_known_of_a_direction_vanishes_as_rows_come_in() -> None:
    rng = np.random.default_rng(0)
    u = rng.normal(size=50_000)
    right = rng.random(50_000) < 1 / (1 + np.exp(u))
    free, held = Platt.fit(u, right), Platt.fit(u, right, larger_is="worse")
    assert held.slope == pytest.approx(free.slope, abs=1e-4)


@pytest.mark.parametrize("said", ["up", 1, True])
def test_an_unknown_direction_is_refused(said: object) -> None:
    with pytest.raises(InputError, match="larger_is must be one of worse, better"):
        Platt.fit([0.1, 0.9], [0, 1], larger_is=said)  # type: ignore[arg-type]


def test_an_artefact_that_was_held_to_no_direction_cannot_be_read() -> None:
    document = json.loads(Platt.fit(*few_rows_the_wrong_way_round(), larger_is="better").to_json())
    document["fitted_on"]["held_to"] = "sideways"
    with pytest.raises(InputError, match="held_to must be one of worse, better; got 'sideways'"):
        Calibrator.from_json(json.dumps(document))
