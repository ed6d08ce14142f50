import pytest

from foureyes.types import Unscored
from studies.entailment import TRIPLES, judged

SAME = {frozenset((a, b)) for _, a, b, _ in TRIPLES}


class Told:
    """Says what a rule says."""

    name = fingerprint = "told"

    def __init__(self, rule):
        self.rule = rule

    def entails(self, pairs):
        return [self.rule(pair) for pair in pairs]


@pytest.mark.parametrize(
    ("rule", "cells"),
    [
        (lambda p: 0.9 if frozenset((p.premise, p.hypothesis)) in SAME else 0.1, ("20 of 20", "20 of 20", "1.00")),
        (lambda _: 1.0, ("20 of 20", "0 of 20", "0.50")),
        (lambda _: 0.0, ("0 of 20", "20 of 20", "0.50")),
        (lambda p: float(len(p.premise) > len(p.hypothesis)), ("0 of 20", "20 of 20", "0.50")),
    ],
)
def test_shares_and_area_are_those_of_the_answers(rule, cells):
    found = judged(Told(rule))
    assert found[:2] == cells[:2]
    assert found[2].startswith(cells[2])


def test_a_pair_that_cannot_be_read_ends_the_run():
    with pytest.raises(SystemExit, match="could not be read: context"):
        judged(Told(lambda _: Unscored("context")))


def test_no_pair_is_given_away_by_equal_texts():
    assert all(len({a, b, c}) == 3 for _, a, b, c in TRIPLES)
