"""Leads of one way over another on the same questions, and what they say."""

from __future__ import annotations

import numpy as np

from studies.paired import lead_over, lead_text, lead_verdict


def test_a_lead_is_decided_by_its_interval() -> None:
    solved = np.arange(40) % 4 == 0
    assert lead_verdict(lead_over(np.ones(40), solved)) == "better"
    assert lead_verdict(lead_over(solved, np.ones(40))) == "worse"
    assert lead_verdict(lead_over(solved, np.roll(solved, 1))) == "not decided"


def test_few_rows_decide_nothing_and_equal_ones_little() -> None:
    assert lead_verdict(lead_over(np.ones(9), np.zeros(9))) == "not decided"
    assert lead_verdict(lead_over(np.ones(10), np.zeros(10))) == "better"
    assert lead_verdict(lead_over(np.ones(299), np.ones(299))) == "not decided"
    assert lead_verdict(lead_over(np.ones(300), np.ones(300))) == "no difference"


def test_no_difference_is_one_that_is_shown_to_be_small() -> None:
    shares = np.full(400, 0.5)
    assert lead_verdict(lead_over(shares + 0.001 * np.resize([1, -1], 400), shares)) == "no difference"


def test_a_lead_shows_its_interval_without_a_negative_zero() -> None:
    assert lead_text(lead_over([0.5, 0.5], [0.5, 0.5])) == "+0.000 [+0.000, +0.000]"
