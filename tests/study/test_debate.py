"""Debates that are run: who sees what, what a bet is, and that nothing a model does is raised."""

import pytest

from bench.virtual import run
from foureyes.errors import InputError, ModelUnavailable, NotEnoughData
from foureyes.study.debate import Debate, DebateRound, debate_bets, run_debate, stated_bet
from tests.guard.parts import Saying


def debater(name, bet):
    """Speaks by its name, and bets what it is told to."""
    return Saying(lambda prompt: bet if "In private" in prompt[1].content else f"I am {name}.", name=name)


def test_three_rounds_in_which_bets_stay_private():
    one, other = debater("ann", "80"), debater("bob", "75")
    held = run(run_debate("The earth is round.", one, other))
    assert [r.name for r in held.rounds] == ["opening", "rebuttal", "closing"]
    assert held.failure is None
    assert {r.bets for r in held.rounds} == {(80.0, 75.0)}
    assert len(one.asked) == len(other.asked) == 6
    opening, _, rebuttal, *_ = [prompt[1].content for prompt in one.asked]
    assert "Nothing has been said yet" in opening
    assert "I am bob." in rebuttal
    assert not any("80" in prompt[1].content or "75" in prompt[1].content for prompt in [*one.asked, *other.asked])


def test_a_failure_ends_the_debate_with_what_there_was():
    gone = run(run_debate("m", debater("ann", "50"), Saying(ModelUnavailable("gone", model="m"))))
    late = run(run_debate("m", debater("ann", "50"), Saying(1e9), deadline_s=5))
    broken = run(run_debate("m", debater("ann", "50"), Saying(RuntimeError("bug"))))
    for held in (gone, late, broken):
        assert held.rounds == ()
        assert held.failure
    endless = run(run_debate("m", debater("ann", "50"), Saying("x" * 9_000)))
    assert endless.failure == "a speech of 9,000 characters; at most 8,000 are taken"


@pytest.mark.parametrize("reply", ["-5", "101", "75 or 80", "3/4", "NaN", "", "٣"])
def test_only_one_number_is_a_bet(reply):
    assert stated_bet(reply) is None


def held(*bets):
    rounds = (DebateRound("opening", ("a", "b"), (50.0, 50.0)), *(DebateRound("closing", ("a", "b"), b) for b in bets))
    return Debate("m", rounds)


def test_bets_of_a_round_are_summed_up_over_debates():
    debates = [held((80.0, 75.0)), held((90.0, 40.0)), held((None, 90.0)), held()]
    found = debate_bets(debates, "closing")
    assert 100 * found.incoherence.excess == pytest.approx((55 + 30) / 2)
    assert (found.both_sure.k, found.both_sure.n, found.left_out) == (1, 2, 2)
    assert debate_bets(debates, "opening").incoherence.value == 0


def test_what_is_no_debate():
    with pytest.raises(InputError, match="needs a motion and time"):
        run(run_debate(" ", Saying("a"), Saying("b")))
    with pytest.raises(NotEnoughData, match="none of 1 debates has both bets of the closing"):
        debate_bets([held()], "closing")
