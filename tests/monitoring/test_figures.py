import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError
from foureyes.maths.bounds import clopper_pearson
from foureyes.monitoring import AnswerOutcome, Monitor, Observation, ObservedVote, metric_samples
from foureyes.monitoring.figures import (
    decision_figures,
    outcome_figures,
    pair_figures,
    rate_with_interval,
    verifier_figures,
)
from foureyes.monitoring.rolling_window import RollingWindow
from foureyes.monitoring.timeline import Timeline
from tests.monitoring.streams import decisions, labelled

words = st.sampled_from(["safe", "unsafe", "abstain", "error"])


def seen(*votes, at=0.0, safe=False, confidence=None):
    opinions = tuple(ObservedVote(name, verdict) for name, verdict in zip("abcdefg", votes, strict=False))
    return Observation(at, safe=safe, consensus=safe, opinions=opinions, confidence=confidence)


def by_name(figures):
    return {entry["verifier"]: entry for entry in figures}


def test_a_share_has_its_count_and_its_exact_interval():
    assert rate_with_interval([True] * 3 + [False] * 7, 0.9) == {
        "value": 0.3,
        "k": 3,
        "n": 10,
        "low": clopper_pearson(3, 10, 0.9)[0],
        "high": clopper_pearson(3, 10, 0.9)[1],
    }
    assert rate_with_interval([], 0.9) is None


@pytest.mark.parametrize(
    ("votes", "differ"),
    [
        (("safe", "safe"), False),
        (("safe", "unsafe"), True),
        (("safe", "abstain"), None),
        (("error", "error"), None),
        (("unsafe", "abstain", "unsafe"), False),
        ((), None),
    ],
)
def test_verifiers_differ_where_two_took_different_sides(votes, differ):
    assert seen(*votes).disagreement is differ


def test_abstaining_and_failing_are_neither_safe_nor_unsafe():
    figures = by_name(
        verifier_figures([seen("safe", "abstain"), seen("unsafe", "error"), seen("safe", "safe")], [], 0.95)
    )
    assert figures["a"]["unsafe"]["n"] == 3
    assert figures["b"]["unsafe"]["n"] == 1
    assert figures["b"]["errors"]["value"] == pytest.approx(1 / 3)
    assert figures["b"]["abstentions"]["value"] == pytest.approx(1 / 3)


def test_a_verifier_is_alone_where_nobody_shares_its_side():
    figures = by_name(verifier_figures([seen("safe", "unsafe", "unsafe"), seen("safe", "safe", "error")], [], 0.95))
    assert (figures["a"]["alone"]["k"], figures["a"]["alone"]["n"]) == (1, 2)
    assert (figures["b"]["alone"]["k"], figures["b"]["alone"]["n"]) == (0, 2)
    assert figures["c"]["alone"]["n"] == 1


def test_labels_show_what_each_verifier_catches_and_what_pairs_miss_together():
    wrong = [seen("safe", "safe")] * 3 + [seen("safe", "unsafe")] * 2 + [seen("unsafe", "unsafe")] * 5
    outcomes = [AnswerOutcome(0.0, right=False, observation=o) for o in wrong]
    outcomes += [AnswerOutcome(0.0, right=True, observation=seen("safe", "unsafe"))] * 4
    figures = by_name(verifier_figures(wrong, outcomes, 0.95))
    assert (figures["a"]["caught"]["k"], figures["a"]["caught"]["n"]) == (5, 10)
    assert figures["b"]["false_blocks"]["value"] == 1
    (pair,) = pair_figures(wrong, outcomes, 0.95)
    assert (pair["misses"]["n"], pair["misses"]["n_both"]) == (10, 3)
    assert pair["misses"]["both"] == 0.3
    assert pair["disagreement"]["k"] == 2


@given(st.lists(st.lists(words, min_size=0, max_size=3), max_size=15))
def test_figures_are_counts_of_what_was_there(rows):
    observations = [seen(*row) for row in rows]
    figures = decision_figures(observations, 0.95)
    votes = [vote for row in rows for vote in row]
    assert figures["decisions"] == len(rows)
    assert (figures["verifier_errors"] or {"k": 0})["k"] == votes.count("error")
    assert (figures["disagreement"] or {"k": 0})["k"] == sum({"safe", "unsafe"} <= set(row) for row in rows)
    for entry in verifier_figures(observations, [], 0.95):
        assert entry["caught"] is None
        assert entry["log_cmp"] is None


def test_reliability_waits_for_enough_labels_and_then_counts_every_one():
    few, many = (labelled(list(decisions(n))) for n in (29, 300))
    assert outcome_figures(few, 0.95)["reliability"] == []
    bins = outcome_figures(many, 0.95)["reliability"]
    assert sum(entry["n"] for entry in bins) == 300
    assert all(entry["low"] <= entry["right"] <= entry["high"] for entry in bins)
    assert [entry["confidence"] for entry in bins] == sorted(entry["confidence"] for entry in bins)


@given(st.lists(st.floats(0, 500), max_size=60), st.integers(1, 8))
def test_the_window_holds_the_latest_within_its_bounds(moments, most):
    recent = RollingWindow(max_entries=most, max_age_s=100.0)
    for at in moments:
        recent.add(seen(at=at))
    kept = [o.at for o in recent.entries()]
    assert len(kept) <= most
    assert all(at >= max(moments) - 100 for at in kept)
    assert kept == [at for at in moments if at in kept][-len(kept) :] if kept else True
    if moments:
        assert recent.entries(max(moments) + 1000) == []


@given(st.lists(st.floats(0, 300), max_size=60))
def test_the_timeline_counts_every_decision_of_its_span_once(moments):
    timeline = Timeline(bucket_s=10.0, buckets=12)
    for at in moments:
        timeline.add(seen("error", at=at))
    columns = timeline.columns(300.0)
    assert len({len(column) for name, column in columns.items() if name not in ("bucket_s", "smoothed")}) == 1
    assert columns["start"] == sorted(columns["start"])
    assert len(columns["start"]) == 12
    latest = np.floor(300 / 10)
    wanted = sum(latest - 12 < np.floor(at / 10) <= latest for at in moments)
    late = sum(np.floor(at / 10) == latest + 1 for at in moments)
    assert sum(columns["decisions"]) == wanted + late


def test_the_timeline_says_none_where_nothing_was_seen():
    timeline = Timeline(bucket_s=60.0, buckets=3)
    timeline.add(seen("safe", "safe", at=60.0, safe=True, confidence=0.5))
    columns = timeline.columns(180.0)
    assert columns["confidence"] == [0.5, 0.5, 0.5]  # of five minutes
    assert columns["log_cmp"] == [None, None, None]
    assert columns["decisions"] == [1, 0, 0]
    assert columns["passed"] == [1, 0, 0]


def test_a_timeline_that_is_not_one_is_refused():
    with pytest.raises(InputError, match="not a timeline"):
        Timeline(bucket_s=1.0, buckets=1).restore([{"start": 0.0, "what": 1}])


def test_metrics_are_finite_numbers_under_names_with_units():
    monitor = Monitor()
    stream = list(decisions(300))
    for o in stream:
        monitor.observe(o)
    for outcome in labelled(stream):
        monitor.report(outcome)
    found = metric_samples(monitor.snapshot(300.0))
    assert len({(s.name, *sorted(s.labels.items())) for s in found}) == len(found)
    assert all(np.isfinite(s.value) and s.name.startswith("foureyes_") and s.help for s in found)
    values = {(s.name, s.labels.get("verifier")): s.value for s in found}
    assert values["foureyes_window_decisions", None] == 300
    assert 0.7 < values["foureyes_estimated_accuracy_ratio", None] < 0.9
    assert ("foureyes_verifier_log_cmp_mean_nats", "reader") in values
    assert ("foureyes_verifier_log_cmp_mean_nats", "judge") not in values
