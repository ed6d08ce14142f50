import numpy as np
import pytest

from foureyes.calibration import Calibrator, Temperature, VectorScaling, fit_best_classes
from foureyes.errors import InputError, NotEnoughData


def answered(n, weights, biases, seed=0):
    """Logits, and labels drawn as vector scaling with these numbers has it."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, len(weights))) * 3
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return logits, (logs * weights + biases + rng.gumbel(size=logits.shape)).argmax(axis=1)


TILTED = (np.array([0.3, 0.5, 0.8]), np.array([0.0, 1.5, -1.5]))
EVEN = (np.full(3, 0.5), np.zeros(3))


def class_loss(fitted, logits, labels):
    return -np.log(fitted.predict_proba(logits)[np.arange(len(labels)), labels]).mean()


def test_it_finds_the_numbers_that_the_labels_were_drawn_with():
    fitted = VectorScaling.fit(*answered(60_000, *TILTED), ridge=0.01)
    assert fitted.weights == pytest.approx(TILTED[0], abs=0.02)
    assert np.diff(fitted.biases) == pytest.approx(np.diff(TILTED[1]), abs=0.1)


def test_it_beats_a_temperature_where_classes_differ_and_only_there():
    tilted, even = answered(6000, *TILTED), answered(6000, *EVEN)
    choice = fit_best_classes(tilted[0][:3000], tilted[1][:3000])
    assert choice.calibrator.kind == "vector"
    plain = Temperature.fit(tilted[0][:3000], tilted[1][:3000])
    assert class_loss(choice.calibrator, tilted[0][3000:], tilted[1][3000:]) < 0.97 * class_loss(
        plain, tilted[0][3000:], tilted[1][3000:]
    )
    chosen = [fit_best_classes(*answered(500, *EVEN, seed=seed)).calibrator.kind for seed in range(10)]
    assert chosen.count("temperature") >= 9
    assert fit_best_classes(*even).warnings == ()


def test_few_rows_stay_near_the_temperature():
    logits, labels = answered(40, *EVEN)
    fitted, plain = VectorScaling.fit(logits, labels), Temperature.fit(logits, labels)
    fresh = answered(5000, *EVEN, seed=1)
    assert class_loss(fitted, *fresh) < class_loss(plain, *fresh) + 0.1
    held = VectorScaling.fit(logits, labels, ridge=1e9)
    assert held.predict_proba(fresh[0]) == pytest.approx(plain.predict_proba(fresh[0]), abs=1e-6)


def test_a_constant_added_to_a_row_changes_nothing():
    logits, labels = answered(800, *TILTED)
    moved = logits + np.arange(800)[:, None] % 7
    fitted = VectorScaling.fit(logits, labels)
    assert VectorScaling.fit(moved, labels).predict_proba(moved) == pytest.approx(
        fitted.predict_proba(logits), abs=1e-4
    )


def test_a_class_that_nobody_has_is_said_and_does_no_harm():
    logits, labels = answered(400, *EVEN)
    labels[labels == 2] = 0
    choice = fit_best_classes(logits, labels, candidates=["vector"])
    assert any("1 of 3 classes have no row here (2)" in said for said in choice.warnings)
    p = choice.calibrator.predict_proba(logits)
    assert (p[:, 2] > 0).all()
    assert p.sum(axis=1) == pytest.approx(1)


def test_an_impossible_class_stays_impossible():
    logits, labels = answered(500, *EVEN)
    masked = np.column_stack([logits, np.full(500, -np.inf)])
    p = VectorScaling.fit(masked, labels).predict_proba(masked)
    assert (p[:, -1] == 0).all()


def test_votes_count_as_their_shares():
    logits, labels = answered(2000, *TILTED)
    one_each = np.eye(3, dtype=int)[labels]
    fitted = VectorScaling.fit(logits, labels)
    assert VectorScaling.fit(logits, one_each * 5).predict_proba(logits) == pytest.approx(
        fitted.predict_proba(logits), abs=1e-4
    )


def test_it_comes_back_from_json_and_refuses_other_classes():
    logits, labels = answered(300, *TILTED)
    fitted = VectorScaling.fit(logits, labels)
    assert Calibrator.from_json(fitted.to_json()) == fitted
    with pytest.raises(InputError, match="fitted on 3 classes; got 2"):
        fitted.predict_proba([[1.0, 2.0]])
    with pytest.raises(InputError, match="weight above 0 and a bias; got 3 and 2"):
        VectorScaling(fitted.fitted_on, (1.0, 1.0, 1.0), (0.0, 0.0), "logits", 1e-7)
    with pytest.raises(InputError, match="ridge must be above 0; got 0"):
        VectorScaling.fit(logits, labels, ridge=0)


def test_scores_that_are_right_already_are_not_made_worse_in_silence():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(60, 3)) * 2
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    choices = [fit_best_classes(logits[:n], labels[:n], candidates=["vector"]) for n in range(20, 60, 4)]
    for choice in choices:
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        n = choice.calibrator.fitted_on.rows.n
        given = -np.log(p[np.arange(n), labels[:n]]).mean()
        assert bool(choice.warnings) == (choice.trials[0].nll > given)
    assert any(choice.warnings for choice in choices)


def test_wrong_answers_in_one_fold_only_are_told_what_to_do():
    logits = np.tile([[2.0, 0.0]], (50, 1)) + np.linspace(0, 1, 50)[:, None] * [1, 0]
    labels = np.zeros(50, dtype=int)
    labels[7] = 1
    with pytest.raises(NotEnoughData, match=r"got 1 wrong of 50, all in fold .*Temperature.fit, --kind temperature"):
        fit_best_classes(logits, labels)
    with pytest.raises(InputError, match="among temperature, vector; got magic"):
        fit_best_classes(logits, labels, candidates=["magic"])
