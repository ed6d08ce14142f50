import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.clusters import cluster_entropy, clustering


def clustered(n, entails):
    asking, questions = clustering(n), []
    try:
        wanted = next(asking)
        while True:
            questions.append(wanted)
            wanted = asking.send([entails(i, j) for i, j in wanted])
    except StopIteration as stop:
        return stop.value, questions


@given(st.lists(st.integers(0, 4), max_size=12))
def test_an_equivalence_is_found_exactly(meanings):
    cluster, _ = clustered(len(meanings), lambda i, j: meanings[i] == meanings[j])
    for i in range(len(meanings)):
        for j in range(i):
            assert (cluster[i] == cluster[j]) == (meanings[i] == meanings[j])
    assert list(dict.fromkeys(cluster)) == list(range(len(set(cluster)))), "numbered in order of appearance"


def test_one_direction_is_not_enough():
    stronger = lambda i, j: i >= j  # noqa: E731 - "it is Canberra, in the ACT" entails "it is Canberra"
    assert clustered(3, stronger)[0] == (0, 1, 2)


def test_only_founders_are_asked_about():
    _, questions = clustered(4, lambda *_: True)
    assert questions == [[(1, 0), (0, 1)], [(2, 0), (0, 2)], [(3, 0), (0, 3)]]
    _, questions = clustered(3, lambda *_: False)
    assert [len(asked) for asked in questions] == [2, 4]


def test_a_text_joins_the_first_cluster_that_takes_it():
    near = lambda i, j: abs(i - j) == 2  # noqa: E731 - 2 is like 0; 3 like 1; not transitive
    assert clustered(5, near)[0] == (0, 1, 0, 1, 2)


@pytest.mark.parametrize(("n", "cluster"), [(0, ()), (1, (0,))])
def test_nothing_is_asked_of_one_text(n, cluster):
    assert clustered(n, lambda *_: 1 / 0) == (cluster, [])


def test_answers_must_be_as_many_as_questions():
    asking = clustering(2)
    next(asking)
    with pytest.raises(InputError, match="2 entailments were asked for; got 1"):
        asking.send([True])


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(-50, 0)), min_size=1, max_size=20))
def test_spread_is_the_entropy_of_the_clusters_shares(members):
    cluster, logs = (np.array(column) for column in zip(*members, strict=True))
    share = [np.exp(logs - logs.max())[cluster == c].sum() for c in np.unique(cluster)]
    assert cluster_entropy(cluster, logs) == pytest.approx(entropy(share), abs=1e-9)
    assert 0 <= cluster_entropy(cluster, logs) <= math.log(len(members))
    assert cluster_entropy(cluster, logs - 700) == pytest.approx(cluster_entropy(cluster, logs)), "weights have no unit"


def test_one_meaning_has_no_spread_and_all_different_the_most():
    assert cluster_entropy([4] * 10, np.linspace(-3, 0, 10)) == 0
    assert cluster_entropy(range(10)) == pytest.approx(np.log(10))


def test_a_cluster_of_no_weight_is_none():
    assert cluster_entropy([0, 1], [0.0, -10_000.0]) == 0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([],), NotEnoughData, "got none"),
        (([0, 1], [0.0]), InputError, "same length"),
        (([0, 1], [0.0, -np.inf]), InputError, "finite"),
        (([0.5, 1],), InputError, "integers"),
    ],
)
def test_what_has_no_spread(arguments, error, message):
    with pytest.raises(error, match=message):
        cluster_entropy(*arguments)
