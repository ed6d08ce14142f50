"""Findings that overlap, nest and touch become spans by one rule: what anything found is covered."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError
from foureyes.privacy import Detector, Finding, PatternDetector, merge_overlapping

KINDS = ("EMAIL_ADDRESS", "PERSON", "URL")


@st.composite
def findings(draw):
    start = draw(st.integers(0, 60))
    kind, score = draw(st.sampled_from(KINDS)), draw(st.sampled_from((0.4, 0.85, 1.0)))
    return Finding(start, start + draw(st.integers(1, 20)), kind, score)


def covered(spans):
    return {place for span in spans for place in range(span.start, span.end)}


@given(st.lists(findings(), max_size=12))
def test_spans_are_disjoint_in_order_and_cover_just_what_was_found(found):
    spans = merge_overlapping(found)
    assert covered(spans) == covered(found)
    assert all(a.end <= b.start for a, b in pairwise(spans))


@given(st.lists(findings(), max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_the_findings_changes_nothing(found, random):
    assert merge_overlapping(random.sample(found, len(found))) == merge_overlapping(found)


@given(st.lists(findings(), max_size=8))
def test_resolving_twice_is_resolving_once(found):
    assert merge_overlapping(merge_overlapping(found)) == merge_overlapping(found)


def test_the_highest_score_names_the_span_then_the_longest_then_the_first():
    url, email, person = Finding(0, 30, "URL", 0.5), Finding(8, 20, "EMAIL_ADDRESS", 1.0), Finding(5, 9, "PERSON", 0.5)
    assert merge_overlapping([url, email]) == [Finding(0, 30, "EMAIL_ADDRESS", 1.0)]
    assert merge_overlapping([url, person]) == [Finding(0, 30, "URL", 0.5)]
    assert merge_overlapping([Finding(3, 6, "URL", 0.5), Finding(0, 4, "PERSON", 0.5)]) == [
        Finding(0, 6, "PERSON", 0.5)
    ]


def test_a_partial_overlap_leaves_neither_end_uncovered():
    assert merge_overlapping([Finding(0, 10, "PERSON", 0.9), Finding(6, 16, "URL", 0.4)]) == [
        Finding(0, 16, "PERSON", 0.9)
    ]


def test_findings_that_only_touch_stay_two():
    assert merge_overlapping([Finding(4, 8, "URL"), Finding(0, 4, "PERSON")]) == [
        Finding(0, 4, "PERSON"),
        Finding(4, 8, "URL"),
    ]


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ((3, 3, "PERSON"), "non-empty range"),
        ((-1, 3, "PERSON"), "non-empty range"),
        ((0, 3, "person"), "capitals"),
        ((0, 3, "A]B"), "capitals"),
        ((0, 3, "A" * 41), "capitals"),
        ((0, 3, "PERSON", 1.5), r"\[0, 1\]"),
        ((0, 3, "PERSON", float("nan")), r"\[0, 1\]"),
    ],
)
def test_a_finding_that_is_none_is_refused(values, wanted):
    with pytest.raises(InputError, match=wanted):
        Finding(*values)


def test_the_detector_of_patterns_is_a_detector():
    assert isinstance(PatternDetector(countries=()), Detector)
