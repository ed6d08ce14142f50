import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from foureyes.maths.label_pruning import (
    confident_joint,
    largest_margins,
    lowest_given,
    margins,
    quotas,
    weighted_entropies,
)


@st.composite
def believed_labels(draw):
    n, k = draw(st.integers(1, 60)), draw(st.integers(2, 5))
    labels = draw(hnp.arrays(np.intp, n, elements=st.integers(0, k - 1)))
    believed = draw(hnp.arrays(np.int32, n, elements=st.integers(-1, k - 1)))
    return labels, believed, k


@given(believed_labels())
def test_the_joint_keeps_the_number_of_rows_of_every_label(case):
    labels, believed, k = case
    joint = confident_joint(labels, believed, k)
    np.testing.assert_array_equal(joint.sum(axis=1), np.bincount(labels, minlength=k))
    assert (joint >= 0).all()


@given(believed_labels())
def test_quotas_leave_a_row_of_every_label_and_blame_no_more_than_the_joint(case):
    joint = confident_joint(*case)
    quota = quotas(joint)
    off = ~np.eye(len(quota), dtype=bool)
    assert (quota.diagonal() >= 1).all()
    assert (quota[off] <= joint[off]).all()


def test_a_joint_that_counts_is_not_changed():
    labels = np.array([0, 0, 0, 0, 1, 1, 1])
    believed = np.array([0, 0, 0, 1, 1, 1, 0], np.int32)
    joint = confident_joint(labels, believed, 2)
    np.testing.assert_array_equal(joint, [[3, 1], [1, 2]])
    np.testing.assert_array_equal(quotas(joint), joint)


def test_quotas_are_filled_with_the_rows_that_fit_worst():
    labels = np.array([0, 0, 0, 1, 1])
    probs = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.3, 0.7], [0.1, 0.9]])
    given_probs = probs[np.arange(5), labels]
    quota = np.array([[2, 1], [0, 2]])
    np.testing.assert_array_equal(lowest_given(labels, given_probs, quota), [False, True, False, False, False])
    blamed = largest_margins(labels, probs, given_probs, quota, suspects=np.array([1, 2]))
    np.testing.assert_array_equal(blamed, [False, True, False, False, False])


def test_a_label_with_one_row_is_left_in_peace():
    quota = np.array([[0, 1], [0, 0]])
    assert not lowest_given(np.array([0]), np.array([0.1]), quota).any()
    probs = np.array([[0.1, 0.9]])
    assert not largest_margins(np.array([0]), probs, probs[:, 0], quota, suspects=np.array([0])).any()


@given(st.integers(0, 1000), st.integers(0, 30))
def test_looking_at_suspects_first_finds_what_looking_at_all_finds(seed, n):
    rng = np.random.default_rng(seed)
    labels, probs = rng.integers(0, 3, 60), rng.dirichlet(np.ones(3), 60)
    own = probs[np.arange(60), labels]
    suspects = np.flatnonzero(probs.max(axis=1) > own + 1e-6)
    blamed = largest_margins(labels, probs, own, np.full((3, 3), n), suspects=suspects)
    wanted = set()
    for i, j in ((i, j) for i in range(3) for j in range(3) if i != j):
        rows = np.flatnonzero(labels == i)
        wanted |= set(rows[np.argsort(own[rows] - probs[rows, j])][:n])
    assert set(np.flatnonzero(blamed)) & set(suspects) == wanted & set(suspects)


@given(st.integers(0, 1000))
def test_qualities_are_those_of_their_formulas(seed):
    rng = np.random.default_rng(seed)
    probs, labels = rng.dirichlet(np.ones(4), 20), rng.integers(0, 4, 20)
    rows = rng.permutation(20)[:7]
    for i, margin, entropy in zip(
        rows, margins(labels, probs, rows), weighted_entropies(labels, probs, rows), strict=True
    ):
        p, y = probs[i], labels[i]
        assert margin == pytest.approx((p[y] - np.delete(p, y).max() + 1) / 2)
        ratio = -(p * np.log(p)).sum() / np.log(4) / p[y]
        assert entropy == pytest.approx(np.log1p(ratio) / ratio)
    np.testing.assert_array_equal(margins(labels, probs)[rows], margins(labels, probs, rows))


def test_a_certain_row_has_no_entropy_and_no_nan():
    assert weighted_entropies(np.array([0]), np.array([[1.0, 0.0]]), np.array([0]))[0] == 0
