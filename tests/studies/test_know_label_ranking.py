"""Precision at equal detection, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

import foureyes as fe
from studies.know_when.label_ranking import places, precision_at, precisions, reachable

NEVER = np.inf


def test_the_shortest_list_that_finds_as_many():
    place = np.array([0.0, 1, 2, 3, NEVER])
    wrong = np.array([True, False, True, False, True])
    each = np.ones(5)
    assert reachable(place, wrong, each) == 2
    assert precision_at(place, wrong, each, 1) == 1
    assert precision_at(place, wrong, each, 2) == pytest.approx(2 / 3)


def test_rows_count_as_often_as_they_are_drawn():
    place, wrong = np.array([0.0, 1, 2]), np.array([False, True, True])
    assert precision_at(place, wrong, np.array([2.0, 3, 0]), 3) == pytest.approx(3 / 5)
    assert precision_at(place, wrong, np.array([0.0, 1, 1]), 2) == 1


def test_two_rankings_meet_where_the_weaker_one_ends():
    wrong = np.array([True, True, False, False])
    ours, theirs = np.array([0.0, 1, 2, 3]), np.array([2.0, NEVER, 0, 1])
    assert precisions(ours, theirs, wrong)(np.ones(4)) == pytest.approx((1, 1 / 3))


def test_a_list_that_finds_nothing_is_no_contest():
    none = np.full(2, NEVER)
    assert precisions(none, none, np.array([True, False]))(np.ones(2)) == (0, 0)


def test_places_are_those_of_the_list():
    probs = np.array([[0.9, 0.1], [0.2, 0.8], [0.97, 0.03], [0.6, 0.4]])
    issues = fe.find_label_issues([0, 1, 1, 1], probs, method="calibrated", keep_top=1.0)
    assert places(issues, np.arange(4)).tolist() == [NEVER, NEVER, 0, 1]
