import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.svm import LinearSVC

from foureyes.compat.cleanlab import count
from foureyes.errors import InputError

FEATURES, LABELS = make_classification(150, n_informative=5, n_classes=3, random_state=0)


def test_out_of_fold_probabilities_are_scikit_learns():
    parts = StratifiedKFold(4, shuffle=True, random_state=7)
    wanted = cross_val_predict(LogisticRegression(), FEATURES, LABELS, cv=parts, method="predict_proba")
    found = count.estimate_cv_predicted_probabilities(FEATURES, LABELS, cv_n_folds=4, seed=7)
    np.testing.assert_allclose(found, wanted, atol=1e-9)


def test_the_estimates_from_features_are_those_from_their_probabilities():
    prior, matrix, inverse, joint, probs = count.estimate_py_noise_matrices_and_cv_pred_proba(FEATURES, LABELS, seed=3)
    np.testing.assert_array_equal(joint, count.compute_confident_joint(LABELS, probs))
    for found, wanted in zip((prior, matrix, inverse), count.estimate_latent(joint, LABELS), strict=True):
        np.testing.assert_array_equal(found, wanted)
    settled = count.estimate_noise_matrices(FEATURES, LABELS, seed=3)
    wanted = count.estimate_latent(joint, LABELS, converge_latent_estimates=True)[1:]
    np.testing.assert_array_equal(settled, wanted)


def test_columns_of_the_matrices_sum_to_one_and_bayes_rule_holds_once_settled():
    probs = count.estimate_cv_predicted_probabilities(FEATURES, LABELS, seed=3)
    prior, matrix, inverse, _ = count.estimate_py_and_noise_matrices_from_probabilities(LABELS, probs)
    np.testing.assert_allclose(matrix.sum(axis=0), 1)
    np.testing.assert_allclose(inverse.sum(axis=0), 1)
    assert prior.sum() == pytest.approx(1)
    given = np.bincount(LABELS) / len(LABELS)
    np.testing.assert_allclose(matrix * prior, (inverse * given).T, atol=1e-3)


def test_what_cannot_be_estimated_is_said():
    with pytest.raises(InputError, match="must have predict_proba; LinearSVC has not"):
        count.estimate_cv_predicted_probabilities(FEATURES, LABELS, LinearSVC())
    with pytest.raises(InputError, match="a row for each of the 100 labels; got 150"):
        count.estimate_cv_predicted_probabilities(FEATURES, LABELS[:100])
    with pytest.raises(InputError, match="py_method should be one of"):
        count.estimate_latent(np.eye(3), LABELS, py_method="luck")
    with pytest.raises(InputError, match="can be inverted"):
        count.estimate_latent(np.ones((3, 3)), LABELS, py_method="eqn")
