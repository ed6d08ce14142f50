import subprocess
import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from foureyes.cleaning.folds import out_of_fold
from foureyes.cleaning.labels import find_label_issues
from foureyes.errors import ConfigError, InputError, NotEnoughData


def blobs(n=300, k=3, seed=0):
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % k
    return rng.normal(size=(n, 2)) + 4 * np.column_stack([np.cos(truth * 2.1), np.sin(truth * 2.1)]), truth


def test_no_row_is_judged_by_a_model_that_saw_it():
    x, truth = blobs()
    learned_by_heart = KNeighborsClassifier(1)
    labels = truth.copy()
    labels[:20] = (labels[:20] + 1) % 3
    probs = out_of_fold(learned_by_heart, x, labels)
    assert probs.shape == (300, 3)
    found = find_label_issues(labels, probs, method="basic").mask
    assert found[:20].mean() > 0.75
    in_sample = learned_by_heart.fit(x, labels).predict_proba(x)
    assert not find_label_issues(labels, in_sample, method="basic").mask.any()


def test_the_estimator_stays_as_it_is_and_the_seed_decides():
    x, labels = blobs(seed=1)
    model = LogisticRegression()
    one, same, other = (out_of_fold(model, x, labels, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
    assert not hasattr(model, "coef_")


@pytest.mark.parametrize(
    ("model", "labels", "options", "message"),
    [
        (LinearSVC(), np.arange(300) % 3, {}, "LinearSVC has not"),
        (LogisticRegression(), np.arange(299) % 3, {}, "each of the 300 rows"),
        (LogisticRegression(), ["a"] * 300, {}, "one integer"),
        (LogisticRegression(), np.arange(300) % 3 * 2, {}, "no row of class 1"),
        (LogisticRegression(), np.arange(300) % 3 - 1, {}, "got -1"),
        (LogisticRegression(), np.arange(300) % 3, {"folds": 1}, "folds must be at least 2"),
    ],
)
def test_what_cannot_be_learned_is_refused(model, labels, options, message):
    with pytest.raises(InputError, match=message):
        out_of_fold(model, blobs()[0], labels, **options)


def test_a_class_rarer_than_the_folds_is_refused():
    labels = np.zeros(300, int)
    labels[:4] = 1
    with pytest.raises(NotEnoughData, match="class 1 has 4"):
        out_of_fold(LogisticRegression(), blobs()[0], labels)
    with pytest.raises(NotEnoughData, match="got no rows"):
        out_of_fold(LogisticRegression(), np.empty((0, 2)), np.empty(0, int))


def test_without_scikit_learn_it_says_what_to_install():
    code = (
        "import sys; sys.modules['sklearn'] = None; sys.modules['sklearn.model_selection'] = None\n"
        "from foureyes.cleaning.folds import out_of_fold\n"
        "from foureyes.errors import ConfigError\n"
        "try:\n    out_of_fold(None, [], [])\n"
        "except ConfigError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "out_of_fold needs scikit-learn: pip install scikit-learn"
    assert issubclass(ConfigError, Exception)
