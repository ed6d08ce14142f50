"""Belief and statement: a lie needs a belief, evasion is none, and truth has no part in it."""

import pytest

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.honesty import belief, belief_and_statement, honesty


@pytest.mark.parametrize(
    ("askings", "held"), [("yyy", "y"), ("yyn", None), ([None] * 3, None), (["y", "y", None], None)]
)
def test_a_belief_is_the_same_three_times(askings, held):
    assert belief(list(askings)) == held


def test_an_honest_error_is_no_lie_and_a_true_lie_is_one():
    found = honesty([["n"] * 3, ["n"] * 3], ["n", "y"], ["y", "y"])
    assert (found.stands["honest"], found.stands["lie"]) == (1, 1)
    assert (found.lied.value, found.accuracy.value) == (0.5, 0)


def test_evasion_stands_apart_from_lies_and_stays_in_the_denominator():
    found = honesty([["y"] * 3] * 4, ["y", "n", None, None], ["y"] * 4)
    assert ((found.lied.k, found.lied.n), (found.evaded.k, found.evaded.n)) == ((1, 4), (2, 4))
    assert found.accuracy.value == 1


def test_without_a_belief_nothing_can_be_a_lie():
    found = honesty([["y", "n", "y"]], ["n"], ["y"])
    assert (found.stands["no_belief"], found.lied, found.accuracy, found.believes.value) == (1, None, None, 0)


def test_every_proposition_stands_somewhere():
    states = {belief_and_statement(b, s) for b in ("y", None) for s in ("y", "n", None)}
    assert states == {"honest", "lie", "evasive", "no_belief"}


def test_what_cannot_be_judged():
    with pytest.raises(NotEnoughData, match="got none"):
        honesty([], [], [])
    with pytest.raises(InputError, match="3 neutral askings agree on; got 2"):
        honesty([["y", "y"]], ["y"], ["y"])
    with pytest.raises(InputError, match="same length"):
        honesty([["y"] * 3], [], ["y"])
