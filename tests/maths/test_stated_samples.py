"""Confidence of samples: weighted by what they state, and by the order of their guesses."""

import itertools

import numpy as np
import pytest
from scipy.optimize import minimize

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.stated_samples import average_confidence, pair_rank


def test_with_equal_confidences_it_is_self_consistency():
    assert average_confidence("AABA", [0.6] * 4, answer="A") == pytest.approx(0.75)


def test_a_sure_sample_outweighs_two_unsure_ones():
    assert average_confidence("ABB", [0.9, 0.2, 0.1], answer="A") == pytest.approx(0.75)
    assert average_confidence("ABB", [0.9, 0.2, 0.1], answer="C") == 0


def test_no_confidence_has_no_shares():
    with pytest.raises(NotEnoughData, match="state 0"):
        average_confidence("AB", [0, 0], answer="A")
    with pytest.raises(InputError, match="2 samples need a confidence each; got 1"):
        average_confidence("AB", [0.5], answer="A")


def test_two_guesses_share_as_they_were_ordered():
    found = pair_rank(["AB", "AB", "AB", "BA"])
    assert found["A"] == pytest.approx(0.75, abs=1e-3)


def test_the_likelihood_is_maximised():
    orders = ["ABC", "ACB", "BAC", "CAB", "BC"]
    pairs = [pair for order in orders for pair in itertools.combinations("".join(order), 2)]

    def loss(s):
        p = dict(zip("ABC", np.exp(s), strict=True))
        return -sum(np.log(p[u] / (p[u] + p[v])) for u, v in pairs)

    weight = np.exp(minimize(loss, np.zeros(3), tol=1e-12).x)
    found = pair_rank(orders)
    assert [found[one] for one in "ABC"] == pytest.approx(weight / weight.sum(), abs=1e-4)
    assert sum(found.values()) == pytest.approx(1)


def test_what_always_stands_first_takes_nearly_all():
    found = pair_rank(["AB", "AB"])
    assert found["A"] > 0.99
    assert pair_rank(["A", "A"]) == {"A": 1.0}


def test_guesses_that_nothing_compares_are_refused():
    with pytest.raises(NotEnoughData, match="'C' never is"):
        pair_rank(["AB", "C"])
    with pytest.raises(NotEnoughData, match="got none"):
        pair_rank([])
    with pytest.raises(InputError, match="once in an order"):
        pair_rank(["AA"])
