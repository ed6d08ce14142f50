import csv
import gzip
import json

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from foureyes.cascade.curves import cascade_curve, compare
from foureyes.cascade.question_router import QuestionRouter, hashed_words
from foureyes.errors import InputError, NotEnoughData


def skills(n=1500, seed=0, d=6):
    """Two models, each good at one kind of question."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    chance = 1 / (1 + np.exp(-2 * x[:, :2]))
    return x, *(rng.random((2, n)) < chance.T)


def test_it_learns_which_questions_the_large_model_wins():
    x, small, large = skills()
    router = QuestionRouter.fit(x[:1000], small[:1000], large[:1000])
    curve = cascade_curve(x[1000:], small[1000:], large[1000:], router)
    assert curve.over_random_low > 0.05
    oracle = compare({}, small[1000:], large[1000:])["oracle"].over_random
    assert curve.over_random > 0.5 * oracle


@pytest.mark.parametrize(("n", "d"), [(300, 6), (60, 200)])
def test_it_is_ridge_regression(n, d):
    x, small, large = skills(n, d=d)
    penalty = 20 * ((x - x.mean(axis=0)) ** 2).sum() / n
    wanted = Ridge(alpha=penalty).fit(x, large.astype(float) - small)
    np.testing.assert_allclose(QuestionRouter.fit(x, small, large).priority(x), wanted.predict(x), atol=1e-8)


def test_features_that_never_change_leave_the_mean():
    _, small, large = skills(100)
    router = QuestionRouter.fit(np.ones((100, 3)), small, large)
    np.testing.assert_allclose(router.priority(np.ones((2, 3))), large.mean() - small.mean())


def test_it_recognises_the_rows_it_learned_from():
    x, small, large = skills(n=300)
    router = QuestionRouter.fit(x[:200], small[:200], large[:200])
    assert router.fitted_on(x[:200])
    assert not router.fitted_on(x[200:])


def test_it_comes_back_from_json():
    x, small, large = skills(n=200)
    router = QuestionRouter.fit(x, small, large)
    back = QuestionRouter.from_json(router.to_json())
    assert back.rows == router.rows
    assert np.array_equal(back.priority(x), router.priority(x))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "advantage_router"},
        {"weights": [[1.0]]},
        {"weights": "x"},
        {"centre": [0.0]},
        {"mean": float("inf")},
        {"mean": None},
        {"rows": {}},
    ],
)
def test_things_that_are_no_router_are_refused(change):
    good = json.loads(QuestionRouter.fit(*skills(n=200)).to_json())
    with pytest.raises(InputError, match="not a fitted QuestionRouter"):
        QuestionRouter.from_json(json.dumps(good | change))
    with pytest.raises(InputError, match="not a fitted QuestionRouter"):
        QuestionRouter.from_json("no JSON")


def test_words_are_hashed_the_same_everywhere():
    features = hashed_words(["the cat sat", "The CAT sat!", "sat the cat", ""], dim=256)
    np.testing.assert_array_equal(features[0], features[1])
    assert (features[0] != features[2]).any()
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), [1, 1, 1, 0])
    assert np.flatnonzero(hashed_words(["cat"], dim=256)[0]).tolist() == [168]


@pytest.mark.parametrize(
    ("x", "small", "message"),
    [
        (np.zeros(3), np.zeros(3), "features must be a matrix"),
        (np.full((3, 2), np.nan), np.zeros(3), "features must be a matrix of finite"),
        (np.zeros((3, 2)), np.zeros(2), "features 3, small_correct 2"),
        (np.zeros((3, 2)), np.full(3, 0.5), "booleans or 0 and 1"),
    ],
)
def test_bad_input_is_refused(x, small, message):
    with pytest.raises(InputError, match=message):
        QuestionRouter.fit(x, small, np.ones(3))


def test_models_that_never_differ_teach_nothing():
    with pytest.raises(NotEnoughData, match="20 questions on which the models differ; got 0"):
        QuestionRouter.fit(np.zeros((100, 2)), np.ones(100), np.ones(100))


def test_other_features_are_refused():
    x, small, large = skills(n=100)
    with pytest.raises(InputError, match="fitted on 6 features; got 5"):
        QuestionRouter.fit(x, small, large).priority(x[:, 1:])
    with pytest.raises(InputError, match="dim must be at least 1"):
        hashed_words(["a"], dim=0)


def test_words_alone_route_mmlu_better_than_a_coin(shared_data):
    """RouteLLM's MMLU, Mixtral to GPT-4, from the hashed words of the question: a weak but real signal."""
    with gzip.open(
        shared_data / "routellm_mmlu" / "mmlu_correctness.csv.gz", "rt", encoding="utf-8", newline=""
    ) as file:
        rows = list(csv.DictReader(file))
    small, large = np.array([[row["mixtral_8x7b_correct"], row["gpt4_1106_correct"]] for row in rows], int).T
    features = hashed_words([row["prompt"] for row in rows])
    fit = np.random.default_rng(0).random(len(rows)) < 0.5
    router = QuestionRouter.fit(features[fit], small[fit], large[fit])
    curve = cascade_curve(features[~fit], small[~fit], large[~fit], router)
    assert 0.6 < (curve.low or 0) < (curve.high or 1) < 0.7
