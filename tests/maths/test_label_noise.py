import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from foureyes.errors import InputError
from foureyes.maths.label_noise import (
    class_matrix,
    class_thresholds,
    confident_labels,
    expert_opinion,
    levels,
)


@st.composite
def judged(draw, min_rows=1):
    """Labels and distributions with plenty of ties."""
    n, k = draw(st.integers(min_rows, 12)), draw(st.integers(2, 4))
    weights = draw(hnp.arrays(float, (n, k), elements=st.integers(0, 4).map(float)))
    weights[weights.sum(axis=1) == 0] = 1
    labels = draw(hnp.arrays(np.intp, n, elements=st.integers(0, k - 1)))
    return labels, weights / weights.sum(axis=1, keepdims=True)


@given(judged())
def test_an_opinion_is_the_most_probable_class_unless_the_given_one_is_as_probable(rows):
    labels, probs = rows
    view = expert_opinion(labels, probs)
    for i, (y, p) in enumerate(zip(labels, probs, strict=True)):
        assert view.label[i] == (y if p[y] >= p.max() - 1e-6 else p.argmax())
        assert view.confidence[i] == p[view.label[i]]
        assert view.given[i] == p[y]


@given(judged(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_of_classes_does_not_matter(rows, random):
    labels, probs = rows
    order = random.sample(range(len(labels)), len(labels))
    view, moved = expert_opinion(labels, probs), expert_opinion(labels[order], probs[order])
    np.testing.assert_array_equal(view.label[order], moved.label)
    np.testing.assert_array_equal(view.confidence[order], moved.confidence)
    classes = np.array(random.sample(range(probs.shape[1]), probs.shape[1]))
    renamed = expert_opinion(np.argsort(classes)[labels], probs[:, classes])
    np.testing.assert_array_equal(view.label == labels, renamed.label == np.argsort(classes)[labels])


@given(hnp.arrays(float, st.integers(1, 40), elements=st.integers(0, 5).map(float)))
def test_a_level_is_the_share_of_rows_more_confident_and_one(confidence):
    rows = np.arange(len(confidence))
    by_hand = [(1 + sum(c > confidence[i] for c in confidence)) / len(confidence) for i in rows]
    np.testing.assert_allclose(levels(confidence, rows), by_hand)


@given(judged())
def test_thresholds_are_the_means_by_class(rows):
    labels, probs = rows
    k = probs.shape[1]
    found = class_thresholds(labels, probs[np.arange(len(labels)), labels], k)
    for j in range(k):
        own = probs[labels == j, j]
        assert found[j] == (pytest.approx(max(own.mean(), 2e-6)) if len(own) else np.inf)


@given(judged())
def test_confident_labels_are_those_of_the_loop_in_cleanlabs_documentation(rows):
    labels, probs = rows
    thresholds = class_thresholds(labels, probs[np.arange(len(labels)), labels], probs.shape[1])
    for p, believed in zip(probs, confident_labels(probs, thresholds), strict=True):
        candidates = np.flatnonzero(p >= thresholds - 1e-6)
        wanted = -1 if not len(candidates) else candidates[0] if len(candidates) == 1 else p.argmax()
        assert believed == wanted


def test_confident_labels_of_some_rows_are_those_of_all():
    rng = np.random.default_rng(0)
    probs = rng.dirichlet(np.ones(6), 50_000)
    rows = rng.permutation(50_000)[:20_000]
    thresholds = np.full(6, 0.3)
    np.testing.assert_array_equal(confident_labels(probs, thresholds, rows), confident_labels(probs, thresholds)[rows])


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_every_precision_gives_the_same_labels(dtype):
    probs = np.random.default_rng(0).dirichlet(np.full(5, 0.3), 500)
    labels = np.random.default_rng(1).integers(0, 5, 500)
    clear = np.abs(probs - probs[np.arange(500), labels][:, None])
    clear[np.arange(500), labels] = 1
    sure = clear.min(axis=1) > 0.01
    narrow = expert_opinion(labels, probs.astype(dtype))
    np.testing.assert_array_equal(narrow.label[sure], expert_opinion(labels, probs).label[sure])


@pytest.mark.parametrize(
    ("probs", "message"),
    [
        ([[0.5, 0.5], [2.5, -1.5]], r"got 2.5 at row 1, column 0: these look like logits"),
        ([[0.5, 0.5], [-3.0, -1.0]], r"got -3 at row 1, column 0: these look like logits"),
        ([[0.5, 0.5], [np.nan, 1.0]], r"got nan at row 1, column 0$"),
        ([[0.5, 0.5], [np.inf, 1.0]], r"got inf at row 1"),
        ([[0.5, 0.5], [0.2, 0.3]], r"row 1 sums to 0.5: normalise"),
        ([[0.5, 0.5], [0.9, 0.8]], r"row 1 sums to 1.7"),
    ],
)
def test_what_is_not_a_distribution_is_refused_and_said(probs, message):
    with pytest.raises(InputError, match=message):
        expert_opinion(np.zeros(2, np.intp), np.array(probs), name="resnet")


def test_the_bad_row_is_named_however_far_down_it_is():
    probs = np.full((200_000, 2), 0.5)
    probs[181_818] = 0.7
    with pytest.raises(InputError, match=r"row 181818 sums to 1\.4"):
        expert_opinion(np.zeros(200_000, np.intp), probs)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [([0.2, 0.8], "shape"), ([[1.0], [1.0]], "K ≥ 2"), ([["a", "b"]], "real numbers"), ([[1j, 0]], "real numbers")],
)
def test_what_is_no_matrix_of_numbers_is_refused(matrix, message):
    with pytest.raises(InputError, match=message):
        class_matrix("resnet", matrix)


def test_lengths_that_differ_are_refused():
    with pytest.raises(InputError, match="each of the 3 labels; got 2"):
        expert_opinion(np.zeros(3, np.intp), np.full((2, 2), 0.5))
