"""Votes become a verdict by a rule that can only err towards not safe."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError
from foureyes.guard.counting import QuorumRule, count_votes, skill_weight
from foureyes.types import Vote

KINDS = ("safe", "unsafe", "abstain", "error")
kinds = st.lists(st.sampled_from(KINDS), max_size=9)
weight = st.floats(0, 10) | st.sampled_from([0.1, 0.2, 0.3, 1.0, 1e-9, 1e6])
weighted = st.lists(st.tuples(st.sampled_from(KINDS), weight), min_size=1, max_size=9)


def votes(*said):
    return [Vote("p", str(i), kind) for i, kind in enumerate(said)]


def verdict(*said, quorum=1, weights=None):
    return count_votes(votes(*said), QuorumRule(quorum), weights=weights)


@pytest.mark.parametrize(
    ("said", "consensus", "safe"),
    [
        (["safe"], True, True),
        (["unsafe"], True, False),
        (["safe", "safe", "unsafe"], True, True),
        (["safe", "unsafe", "unsafe"], True, False),
        (["safe", "safe", "error"], True, True),
        (["safe", "unsafe"], False, False),
        (["safe", "error"], False, False),
        (["safe", "abstain"], False, False),
        (["safe", "error", "error"], False, False),
        (["safe", "safe", "abstain", "abstain"], False, False),
        (["safe", "safe", "unsafe", "unsafe"], False, False),
        (["error", "error", "error"], False, False),
        (["abstain"], False, False),
        ([], False, False),
    ],
)
def test_the_majority_is_over_configured_verifiers(said, consensus, safe):
    got = verdict(*said)
    assert (got.consensus_reached, got.safe) == (consensus, safe)


def test_the_reason_says_what_was_counted():
    assert verdict("safe", "safe", "error").reason == "2 of 3 verifiers say safe"
    assert verdict("safe", "unsafe").reason == "no majority: 1 safe, 1 unsafe of 2 configured"
    assert (
        verdict("safe", "safe", "error", quorum=3).reason
        == "lost quorum: 2 safe, 1 error of 3 configured; wanted 3 to decide"
    )
    assert verdict().reason == "lost quorum: no votes of 0 configured; wanted 1 to decide"


def test_agreement_is_the_share_behind_the_more_common_side():
    assert verdict("safe", "safe", "error").agreement_ratio == pytest.approx(2 / 3)
    assert verdict("safe", "unsafe", "unsafe", "abstain").agreement_ratio == 0.5
    assert verdict("error", "abstain").agreement_ratio == 0
    assert verdict("safe", "unsafe", weights=[3, 1]).agreement_ratio == 0.75
    assert verdict("safe", "safe", "unsafe", weights=[0.1, 0.2, 0.3]).agreement_ratio == 0.5


def test_the_quorum_is_a_majority_of_the_configured_unless_another_is_given():
    assert [QuorumRule().least(n) for n in range(6)] == [1, 1, 2, 2, 3, 3]
    assert QuorumRule(4).least(3) == 4
    assert not count_votes(votes("safe", "error", "error"), QuorumRule(), weights=[9, 1, 1]).consensus_reached


def test_verifiers_that_were_not_asked_are_in_the_denominator():
    def counted(*said, **options):
        return count_votes(votes(*said), QuorumRule(), unasked=[("p", "x"), ("p", "y")], **options)

    assert not counted("safe").consensus_reached
    assert counted("safe").reason == "lost quorum: 1 safe of 3 configured, 1 asked; wanted 2 to decide"
    assert not counted("safe", "safe").safe, "two of four are no majority"
    assert counted("safe", "safe", "safe").safe
    assert not counted("safe", "safe", "safe", weights=[1, 1, 1, 2, 2]).safe
    assert counted("unsafe", "unsafe", "unsafe").agreement_ratio == 0.6
    with pytest.raises(InputError, match="each of 3 verifiers"):
        counted("safe", weights=[1])


def test_a_heavy_verifier_decides_alone_unless_the_quorum_forbids_it():
    assert verdict("safe", "error", "error", weights=[5, 1, 1]).safe
    assert not verdict("safe", "error", "error", quorum=2, weights=[5, 1, 1]).safe


def test_equal_weights_tie_whatever_their_sums_round_to():
    # 0.1 + 0.1 + 0.1 is more than 0.3 in floating point; three against three must still tie.
    said = ["safe"] * 3 + ["unsafe"] * 3
    assert not verdict(*said, weights=[0.1] * 6).consensus_reached


def test_verifiers_without_weight_decide_nothing():
    assert not verdict("safe", "safe", weights=[0, 0]).consensus_reached


@pytest.mark.parametrize("weights", [[1], [1, 1, 1], [1, -1], [1, math.nan], [1, math.inf], [1, 1e7]])
def test_weights_that_are_none_are_refused(weights):
    with pytest.raises(InputError, match="weight"):
        verdict("safe", "safe", weights=weights)


def test_a_quorum_is_at_least_one():
    with pytest.raises(InputError, match="at least 1; got 0"):
        QuorumRule(0)


@given(kinds, st.integers(1, 9))
def test_never_safe_with_fewer_than_a_majority_of_safe_votes(said, quorum):
    got = verdict(*said, quorum=quorum)
    assert not got.safe or said.count("safe") * 2 > len(said)
    assert not got.safe or said.count("safe") + said.count("unsafe") >= quorum


@given(weighted, st.integers(1, 4))
def test_never_safe_unless_safe_outweighs_everybody_else(pairs, quorum):
    said, weights = zip(*pairs, strict=True)
    got = verdict(*said, quorum=quorum, weights=weights)
    safe = sum(w for kind, w in pairs if kind == "safe")
    assert not got.safe or safe > 0
    assert not got.safe or safe >= sum(w for kind, w in pairs if kind != "safe") * (1 - 1e-12)


@given(weighted, st.data())
def test_taking_a_safe_vote_away_never_makes_anything_safe(pairs, data):
    said, weights = map(list, zip(*pairs, strict=True))
    before = verdict(*said, weights=weights)
    place = data.draw(st.integers(0, len(said) - 1))
    worse = [*said]
    worse[place] = data.draw(st.sampled_from(["error", "abstain", "unsafe"])) if said[place] == "safe" else said[place]
    assert before.safe or not verdict(*worse, weights=weights).safe


@given(weighted, st.integers(1, 4))
def test_turning_a_decided_vote_into_an_error_never_makes_anything_safe(pairs, quorum):
    said, weights = map(list, zip(*pairs, strict=True))
    before = verdict(*said, quorum=quorum, weights=weights)
    for place in range(len(said)):
        after = verdict(*said[:place], "error", *said[place + 1 :], quorum=quorum, weights=weights)
        assert before.safe or not after.safe


@given(weighted, st.randoms(use_true_random=False), st.integers(1, 4))
def test_the_order_of_the_votes_does_not_matter(pairs, random, quorum):
    shuffled = list(pairs)
    random.shuffle(shuffled)
    one, other = (
        verdict(*(k for k, _ in rows), quorum=quorum, weights=[w for _, w in rows]) for rows in (pairs, shuffled)
    )
    assert (one.consensus_reached, one.safe, one.reason) == (other.consensus_reached, other.safe, other.reason)
    assert one.agreement_ratio == other.agreement_ratio


@given(kinds)
def test_no_weights_are_equal_weights(said):
    one, other = verdict(*said), verdict(*said, weights=[0.7] * len(said))
    assert (one.safe, one.consensus_reached) == (other.safe, other.consensus_reached)


@given(weighted)
def test_one_side_wins_at_most_and_consensus_says_whether_any_did(pairs):
    got = verdict(*(k for k, _ in pairs), weights=[w for _, w in pairs])
    assert 0 <= got.agreement_ratio <= 1
    assert got.consensus_reached or not got.safe
    assert not got.consensus_reached or got.agreement_ratio >= 0.5


@given(st.integers(1, 500), st.data())
def test_skill_weighs_more_the_more_there_is_and_nothing_at_chance(n, data):
    right = data.draw(st.integers(0, n - 1))
    assert 0 <= skill_weight(right, n) <= skill_weight(right + 1, n)
    assert skill_weight(n // 2, n) == 0


def test_weights_by_skill_are_the_best_rule_for_independent_voters():
    """Over all outcomes of three voters, no other weights decide rightly more often than the log-odds do."""
    skill = (0.9, 0.6, 0.6)

    def accuracy(weights):
        total = 0.0
        for rights in itertools.product((True, False), repeat=3):
            chance = math.prod(p if right else 1 - p for p, right in zip(skill, rights, strict=True))
            total += chance * verdict(*("safe" if right else "unsafe" for right in rights), weights=weights).safe
        return total

    best = accuracy([skill_weight(round(p * 10_000), 10_000) for p in skill])
    assert best == pytest.approx(0.9, abs=1e-9)
    assert best > accuracy([1, 1, 1])
    assert all(best >= accuracy(w) - 1e-12 for w in itertools.product((0, 0.5, 1, 2), repeat=3) if sum(w))


@pytest.mark.parametrize(("right", "n"), [(-1, 10), (11, 10), (0, 0)])
def test_counts_that_are_none_are_refused(right, n):
    with pytest.raises(InputError, match="wanted 0 ≤ right ≤ n"):
        skill_weight(right, n)
