import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foureyes.errors import InputError
from foureyes.maths.auroc_prior import AurocPrior
from foureyes.maths.ranking import auroc
from foureyes.maths.selection import SelectionRule, VerifierCandidate, choose_verifier, committee

EVERYTHING = SelectionRule(tolerance=0.02, sure=0.9)


def drawn(separations, n=400, seed=0):
    """Candidates whose true AUROC is Φ(separation/√2), on the same rows, the first the cheapest."""
    rng = np.random.default_rng(seed)
    wrong = rng.random(n) < 0.4
    shared = rng.normal(size=n)
    return [
        VerifierCandidate(f"v{i}", float(i + 1), np.sqrt(0.5) * (shared + rng.normal(size=n)) + s * wrong)
        for i, s in enumerate(separations)
    ], wrong


def test_a_clearly_better_one_is_chosen_and_the_reason_says_how_sure():
    candidates, wrong = drawn([0.0, 2.0])
    found = choose_verifier(candidates, wrong)
    assert found.chosen == "v1"
    assert found.reason.startswith("v1: the cheapest that is within 0.02 AUROC of the best candidate with probability")
    assert found.needed is None
    assert [s.name for s in found.evidence] == ["v1", "v0"]
    assert (found.n_right + found.n_wrong) == 400


def test_among_equals_the_cheapest_is_chosen():
    candidates, wrong = drawn([1.5, 0.0], n=3000)
    same = VerifierCandidate("copy", 9.0, candidates[0].uncertainty)
    assert choose_verifier([same, *candidates], wrong, rule=SelectionRule(tolerance=0.05)).chosen == "v0"


def test_what_is_too_dear_is_named_and_left_out():
    candidates, wrong = drawn([1.0, 2.0])
    found = choose_verifier(candidates, wrong, rule=SelectionRule(budget=1.5))
    assert (found.chosen, found.too_dear) == ("v0", ("v1",))
    none = choose_verifier(candidates, wrong, rule=SelectionRule(budget=0.5))
    assert none.chosen is None
    assert none.reason == "no candidate costs 0.5 or less a row"
    assert none.too_dear == ("v0", "v1")


def test_it_abstains_when_it_cannot_tell_and_says_how_many_labels_would_do():
    candidates, wrong = drawn([1.0, 1.25], n=60)
    found = choose_verifier(candidates, wrong)
    assert found.chosen is None
    assert found.reason.startswith("cannot tell")
    assert found.needed is not None
    assert found.needed > 60
    assert f"about {found.needed} labels" in found.reason


def test_as_many_labels_as_it_said_are_mostly_enough():
    asked = decided = 0
    for seed in range(12):
        candidates, wrong = drawn([0.8, 1.4], n=50, seed=seed)
        found = choose_verifier(candidates, wrong)
        if found.needed is not None and found.needed < 4000:
            asked += 1
            decided += choose_verifier(*drawn([0.8, 1.4], n=2 * found.needed, seed=100 + seed)).chosen is not None
    assert asked >= 5
    assert decided >= 0.7 * asked


def test_what_it_chooses_is_good_enough_as_often_as_it_says():
    """The law of the rule: over many worlds, a choice is within the tolerance of the best at least 90 times in 100."""
    rng = np.random.default_rng(7)
    good = chosen = 0
    for seed in range(120):
        truth = np.clip(rng.normal(0.65, 0.15, 3), 0.05, 0.95)
        separations = np.sqrt(2) * np.array([_quantile(a) for a in truth])
        candidates, wrong = drawn(separations, n=150, seed=seed)
        found = choose_verifier(candidates, wrong)
        if found.chosen is not None:
            chosen += 1
            good += truth[int(found.chosen[1])] >= truth.max() - 0.02
    assert chosen >= 30, "it does choose"
    assert good / chosen >= 0.87


def _quantile(p):
    from statistics import NormalDist

    return NormalDist().inv_cdf(float(p))


def test_nobody_is_chosen_who_may_be_no_better_than_a_coin():
    candidates, wrong = drawn([-0.5], n=400)
    found = choose_verifier(candidates, wrong)
    assert found.chosen is None
    assert "no candidate is known to be better than a coin" in found.reason
    assert found.needed is None, "more labels would only confirm it"


def test_a_single_good_candidate_needs_only_beat_the_coin():
    candidates, wrong = drawn([1.5], n=100)
    found = choose_verifier(candidates, wrong)
    assert found.chosen == "v0"
    assert "only candidate" in found.reason


def test_without_labels_only_what_is_expected_speaks():
    sharp = [
        VerifierCandidate("weak", 1.0, (), AurocPrior(0.55, 0.02)),
        VerifierCandidate("strong", 2.0, (), AurocPrior(0.8, 0.02)),
    ]
    assert choose_verifier(sharp, []).chosen == "strong"
    blank = choose_verifier([VerifierCandidate("a", 1.0), VerifierCandidate("b", 2.0)], [])
    assert blank.chosen is None
    assert blank.needed is None
    assert "cannot be told" in blank.reason
    assert (blank.n_right, blank.n_wrong) == (0, 0)


def test_labels_outweigh_what_was_expected_once_there_are_many():
    candidates, wrong = drawn([0.2, 1.5], n=3000)
    misled = [
        VerifierCandidate("v0", 1.0, candidates[0].uncertainty, AurocPrior(0.8, 0.1)),
        VerifierCandidate("v1", 1.0, candidates[1].uncertainty, AurocPrior(0.5, 0.1)),
    ]
    assert choose_verifier(misled, wrong).chosen == "v1"
    few = [VerifierCandidate(c.name, c.cost, c.uncertainty[:4], c.expected) for c in misled]
    wrong = np.array([True, False, True, False])
    assert choose_verifier(few, wrong).evidence[0].name == "v0"


def test_labels_of_one_class_or_one_question_say_nothing():
    candidates, wrong = drawn([0.0, 2.0], n=40)
    for found in (
        choose_verifier(candidates, np.zeros(40, bool)),
        choose_verifier(candidates, wrong, groups=np.zeros(40, int)),
    ):
        assert found.chosen is None
        assert [s.auroc for s in found.evidence] == [0.65, 0.65]


def test_two_labels_that_agree_are_not_certainty():
    perfect = VerifierCandidate("lucky", 1.0, [1.0, 2.0])
    backwards = VerifierCandidate("unlucky", 1.0, [2.0, 1.0])
    found = choose_verifier([perfect, backwards], [False, True])
    assert found.chosen is None
    assert found.evidence[0].high - found.evidence[0].low > 0.2


def test_repeated_rows_of_one_question_do_not_add_evidence():
    candidates, wrong = drawn([1.0, 1.3], n=80)
    thrice = [VerifierCandidate(c.name, c.cost, np.repeat(c.uncertainty, 10)) for c in candidates]
    once = choose_verifier(candidates, wrong)
    clustered = choose_verifier(thrice, np.repeat(wrong, 10), groups=np.repeat(np.arange(80), 10))
    naive = choose_verifier(thrice, np.repeat(wrong, 10))
    width = [found.evidence[0].high - found.evidence[0].low for found in (once, clustered, naive)]
    assert width[1] == pytest.approx(width[0], rel=0.1)
    assert width[2] < 0.6 * width[0]


@given(st.integers(0, 500))
@settings(max_examples=15)
def test_probabilities_are_probabilities_and_the_order_of_candidates_is_no_evidence(seed):
    candidates, wrong = drawn([0.5, 1.0, 1.5], n=50, seed=seed)
    found = choose_verifier(candidates, wrong)
    assert sum(s.p_best for s in found.evidence) == pytest.approx(1)
    for s in found.evidence:
        assert 0 <= s.low <= s.auroc <= s.high <= 1
        assert s.p_best <= s.p_good_enough <= 1
    turned = choose_verifier(candidates[::-1], wrong)
    assert {s.name: s.auroc for s in turned.evidence} == pytest.approx({s.name: s.auroc for s in found.evidence})
    assert sorted(s.p_best for s in turned.evidence) == pytest.approx(
        sorted(s.p_best for s in found.evidence), abs=0.02
    )


def test_the_posterior_follows_the_labels_closely_when_they_are_many():
    candidates, wrong = drawn([1.0, 0.3], n=4000)
    found = choose_verifier(candidates, wrong)
    for s in found.evidence:
        measured = auroc(candidates[int(s.name[1])].uncertainty, wrong=wrong)
        assert s.auroc == pytest.approx(measured.value, abs=0.004)
        assert (s.low, s.high) == pytest.approx((measured.low, measured.high), abs=0.006)


def test_a_committee_of_two_weak_ones_can_be_the_better_one():
    rng = np.random.default_rng(3)
    wrong = rng.random(2000) < 0.5
    weak = [VerifierCandidate(name, 1.0, 0.7 * wrong + rng.normal(size=2000)) for name in "ab"]
    both = committee(weak)
    assert (both.name, both.cost) == ("a+b", 2.0)
    assert choose_verifier([*weak, both], wrong).chosen == "a+b"


def test_a_committee_counts_ranks_with_ties_shared():
    both = committee([VerifierCandidate("a", 1, [5, 5, 9]), VerifierCandidate("b", 1, [1e9, -1e9, 0])], name="two")
    assert both.name == "two"
    assert both.uncertainty.tolist() == [1.25, 0.25, 1.5]
    assert both.expected == AurocPrior(0.65, 0.15)
    mixed = committee(
        [VerifierCandidate("a", 1, (), AurocPrior(0.6, 0.1)), VerifierCandidate("b", 1, (), AurocPrior(0.8, 0.2))]
    )
    assert (mixed.expected.auroc, mixed.expected.sd) == (pytest.approx(0.7), 0.2)


def test_what_is_no_committee():
    with pytest.raises(InputError, match="at least two members; got 1"):
        committee([VerifierCandidate("a", 1)])
    with pytest.raises(InputError, match="same length"):
        committee([VerifierCandidate("a", 1, [1.0]), VerifierCandidate("b", 1, [1.0, 2.0])])


@pytest.mark.parametrize(
    ("candidates", "wrong", "message"),
    [
        ([], [], "got none"),
        ([VerifierCandidate("a", 1), VerifierCandidate("a", 2)], [], "names of their own; got a, a"),
        ([VerifierCandidate("a", 1, [1.0])], [0, 1], "a 1, wrong 2"),
        ([VerifierCandidate("a", 1, [1.0, 2.0])], [0, 2], "booleans or 0 and 1"),
    ],
)
def test_what_cannot_be_chosen_from(candidates, wrong, message):
    with pytest.raises(InputError, match=message):
        choose_verifier(candidates, wrong)


def test_values_that_are_no_candidates_or_rules():
    with pytest.raises(InputError, match="cost must be at least 0; got -1"):
        VerifierCandidate("a", -1)
    with pytest.raises(InputError, match="uncertainty of a must not contain NaN"):
        VerifierCandidate("a", 1, [float("nan")])
    with pytest.raises(InputError, match="budget ≥ 0, got -1; ½ < sure < 1, got 1"):
        SelectionRule(budget=-1, sure=1)
    with pytest.raises(InputError, match="tolerance < 1, got 1"):
        SelectionRule(tolerance=1)
