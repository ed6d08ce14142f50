import csv
import gzip
import json

import numpy as np
import pytest

from foureyes.cascade.curves import cascade_curve, compare
from foureyes.cascade.matrix import MatrixRouter, _Factors, hashed_words
from foureyes.errors import InputError, NotEnoughData


def skills(n=1500, seed=0):
    """Three models, each good at one kind of question."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 6))
    chance = 1 / (1 + np.exp(-2 * x[:, :3]))
    return x, rng.random((n, 3)) < chance


def test_it_learns_which_questions_the_large_model_wins():
    x, correct = skills()
    router = MatrixRouter.fit(x[:1000], correct[:1000], dim=4).between(0, 1)
    curve = cascade_curve(x[1000:], correct[1000:, 0], correct[1000:, 1], router)
    assert curve.over_random_low > 0.05
    assert curve.over_random > 0.75 * compare({}, correct[1000:, 0], correct[1000:, 1])["oracle"].over_random - 0.08
    win = router.priority(x[1000:])
    differ = correct[1000:, 0] != correct[1000:, 1]
    sure = differ & (win > 0.8)
    assert correct[1000:, 1][sure].mean() > 0.8


def test_swapping_the_pair_mirrors_the_priority():
    x, correct = skills(n=300)
    router = MatrixRouter.fit(x, correct, dim=3)
    np.testing.assert_allclose(router.between(0, 2).priority(x), 1 - router.between(2, 0).priority(x))


def test_it_recognises_the_rows_it_learned_from():
    x, correct = skills(n=300)
    router = MatrixRouter.fit(x[:200], correct[:200])
    assert router.fitted_on(x[:200])
    assert not router.fitted_on(x[200:])


def test_it_comes_back_from_json():
    x, correct = skills(n=200)
    router = MatrixRouter.fit(x, correct, dim=3).between(0, 1)
    back = MatrixRouter.from_json(router.to_json())
    assert (back.pair, back.rows) == (router.pair, router.rows)
    assert np.array_equal(back.priority(x), router.priority(x))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "advantage_router"},
        {"bias": [0.0]},
        {"projection": [[1.0]]},
        {"models": "x"},
        {"centre": [0.0]},
        {"pair": [1]},
        {"rows": {}},
    ],
)
def test_things_that_are_no_router_are_refused(change):
    good = json.loads(MatrixRouter.fit(*skills(n=200), dim=3).to_json())
    with pytest.raises(InputError, match="not a fitted MatrixRouter"):
        MatrixRouter.from_json(json.dumps(good | change))
    with pytest.raises(InputError, match="not a fitted MatrixRouter"):
        MatrixRouter.from_json("no JSON")


def test_the_gradient_is_that_of_the_loss():
    rng = np.random.default_rng(0)
    factors = _Factors.start(5, 3, 2, rng)
    x, right = rng.normal(size=(20, 5)), (rng.random((20, 3)) < 0.5).astype(float)
    for p, gradient in enumerate(factors.gradient(x, right)):
        for at in np.ndindex(gradient.shape):
            ends = []
            for step in (1e-6, -1e-6):
                parts = [part.copy() for part in factors.parts]
                parts[p][at] += step
                ends.append(_Factors(*parts).loss(x, right))
            assert gradient[at] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-6)


def test_the_seed_decides():
    x, correct = skills(n=200)
    one, same, other = (MatrixRouter.fit(x, correct, seed=seed).priority(x) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_words_are_hashed_the_same_everywhere():
    features = hashed_words(["the cat sat", "The CAT sat!", "sat the cat", ""], dim=256)
    np.testing.assert_array_equal(features[0], features[1])
    assert (features[0] != features[2]).any()
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), [1, 1, 1, 0])
    assert np.flatnonzero(hashed_words(["cat"], dim=256)[0]).tolist() == [168]


@pytest.mark.parametrize(
    ("x", "correct", "options", "message"),
    [
        (np.zeros(3), np.zeros((3, 2)), {}, "features must be a matrix"),
        (np.full((3, 2), np.nan), np.zeros((3, 2)), {}, "features must be a matrix of finite"),
        (np.zeros((3, 2)), np.zeros((2, 2)), {}, r"correct must have shape \(3, M\)"),
        (np.zeros((3, 2)), np.zeros((3, 1)), {}, "M ≥ 2"),
        (np.zeros((3, 2)), np.full((3, 2), 0.5), {}, "booleans or 0 and 1"),
        (np.zeros((3, 2)), np.zeros((3, 2)), {"dim": 0}, "dim must be at least 1"),
    ],
)
def test_bad_input_is_refused(x, correct, options, message):
    with pytest.raises(InputError, match=message):
        MatrixRouter.fit(x, correct, **options)


def test_models_that_never_differ_teach_nothing():
    with pytest.raises(NotEnoughData, match="20 questions on which models differ; got 0"):
        MatrixRouter.fit(np.zeros((100, 2)), np.ones((100, 2)))


def test_other_features_are_refused():
    x, correct = skills(n=100)
    with pytest.raises(InputError, match="fitted on 6 features; got 5"):
        MatrixRouter.fit(x, correct).priority(x[:, 1:])
    with pytest.raises(InputError, match="dim must be at least 1"):
        hashed_words(["a"], dim=0)


def test_words_alone_route_mmlu_better_than_a_coin(shared_data):
    """RouteLLM's MMLU, Mixtral to GPT-4, from the hashed words of the question: a weak but real signal."""
    with gzip.open(
        shared_data / "routellm_mmlu" / "mmlu_correctness.csv.gz", "rt", encoding="utf-8", newline=""
    ) as file:
        rows = list(csv.DictReader(file))
    correct = np.array([[row["mixtral_8x7b_correct"], row["gpt4_1106_correct"]] for row in rows], int)
    features = hashed_words([row["prompt"] for row in rows])
    fit = np.random.default_rng(0).random(len(rows)) < 0.5
    router = MatrixRouter.fit(features[fit], correct[fit])
    curve = cascade_curve(features[~fit], correct[~fit, 0], correct[~fit, 1], router)
    assert 0.55 < (curve.low or 0) < (curve.high or 1) < 0.7
