"""A council answers at its deadline whatever its verifiers do. Time is virtual, so deadlines hold to the last digit."""

# ruff: noqa: ARG002 - the signatures are the ports'

import asyncio
import itertools
import logging

import pytest

from bench.virtual import run
from foureyes.errors import InputError, ModelRefused, ModelUnavailable
from foureyes.guard import Council, CouncilMember, QuorumRule
from foureyes.models.scripted import ScriptedJudge
from foureyes.types import Exchange, Vote
from tests.guard.parts import EXCHANGE, Acting, Stubborn


def council(*judges, deadline_s=2.0, **options):
    return Council([CouncilMember(judge) for judge in judges], deadline_s=deadline_s, **options)


async def timed(work):
    loop = asyncio.get_running_loop()
    began = loop.time()
    return await work, loop.time() - began


def ask(*judges, **options):
    return run(council(*judges, **options).ask(EXCHANGE))


def test_verifiers_are_asked_at_the_same_time():
    judges = [Acting("safe", after=1.0, name=str(i)) for i in range(5)]
    verdict, took = run(timed(council(*judges).ask(EXCHANGE)))
    assert verdict.safe
    assert took == 1.0
    assert verdict.latency_ms == 1000
    assert [vote.latency_ms for vote in verdict.votes] == [1000] * 5


def test_latencies_are_whole_microseconds_whatever_the_clock_says():
    async def later():
        await asyncio.sleep(0.1)
        return await council(Acting("safe", after=0.2)).ask(EXCHANGE)

    assert (0.1 + 0.2 - 0.1) * 1000 != 200
    verdict = run(later())
    assert (verdict.latency_ms, verdict.votes[0].latency_ms) == (200, 200)


def test_verifiers_see_the_exchange_and_nothing_else():
    judge = Acting("safe")
    ask(judge)
    assert judge.seen == [EXCHANGE]


def test_votes_stand_in_the_order_of_the_verifiers_under_their_configured_names():
    verdict = ask(Acting("safe", after=0.3, name="slow"), Acting("unsafe", name="quick"))
    assert [(vote.provider, vote.model, vote.verdict) for vote in verdict.votes] == [
        ("test", "slow", "safe"),
        ("test", "quick", "unsafe"),
    ]


def test_what_a_vote_states_reaches_the_verdict():
    class Reading(Acting):
        async def vote(self, exchange):
            return Vote("elsewhere", "other", "safe", 0.9, "read", 7.0, log_cmp=1.25)

    [vote] = ask(Reading("safe", name="reader")).votes
    assert vote == Vote("test", "reader", "safe", 0.9, "read", vote.latency_ms, log_cmp=1.25)
    assert vote.latency_ms == 0


def test_a_verifier_that_hangs_is_an_error_at_the_deadline_and_cancelled():
    hanging = Acting("safe", after=1e9, name="hanging")

    async def scene():
        verdict, took = await timed(council(hanging, ScriptedJudge("safe")).ask(EXCHANGE))
        await asyncio.sleep(0)
        return verdict, took, hanging.ended

    verdict, took, ended = run(scene())
    assert took == 2.0
    assert not verdict.safe
    assert verdict.votes[0] == Vote("test", "hanging", "error", None, "no vote before the deadline", 2000)
    assert ended == 1


def test_the_majority_of_the_others_still_decides():
    verdict = ask(Acting("safe", after=1e9), ScriptedJudge(name="a"), ScriptedJudge(name="b"))
    assert verdict.safe
    assert verdict.reason == "2 of 3 verifiers say safe"


def test_a_vote_at_the_deadline_or_after_it_does_not_count():
    assert ask(Acting("safe", after=1.999)).safe
    assert not ask(Acting("safe", after=2.001)).safe


def test_a_vote_that_is_late_because_the_loop_was_held_up_does_not_count():
    """The vote is there when the loop comes to look, and still came after the deadline."""

    class Holding:
        provider, name = "test", "holding"

        async def vote(self, exchange):
            loop = asyncio.get_running_loop()
            loop._impatient.skipped_s += 5.0  # what a blocking call does to the clock
            return Vote("test", "holding", "safe")

    verdict = ask(Holding())
    assert not verdict.safe
    assert verdict.votes[0].reason == "voted after the deadline"
    assert verdict.votes[0].latency_ms == 5000


@pytest.mark.parametrize("error", [ModelUnavailable("gone", model="m"), ModelRefused("no", model="m")])
def test_a_model_error_is_an_error_vote_that_tells_nothing_of_its_server(error, caplog):
    verdict = ask(Acting(error))
    assert verdict.votes[0].verdict == "error"
    assert verdict.votes[0].reason == error.summary != str(error)
    assert not caplog.records


class Novel(Exception):
    """An exception nobody foresaw."""


@pytest.mark.parametrize(
    "error",
    [Novel("Ana's secret"), ValueError("Ana's secret"), TimeoutError("Ana's secret"), MemoryError("Ana's secret")],
)
def test_a_bug_is_an_error_vote_and_is_logged_without_its_words(error, caplog):
    verdict = ask(Acting(error), ScriptedJudge("safe"))
    assert not verdict.safe
    name = type(error).__name__
    assert verdict.votes[0].reason == f"the verifier failed unexpectedly: {name}"
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.name == "foureyes.guard"
    assert name in record.getMessage()
    assert "parts.py" in record.getMessage()
    assert "secret" not in caplog.text


@pytest.mark.parametrize("garbage", [None, True, {"verdict": "safe"}, Exchange("a", "b"), 1.0], ids=repr)
def test_what_is_not_a_vote_is_an_error(garbage, caplog):
    verdict = ask(Acting(lambda: garbage))
    assert verdict.votes[0].verdict == "error"
    assert "TypeError" in caplog.text


def test_a_judge_without_a_coroutine_is_an_error():
    class Synchronous:
        provider, name = "test", "synchronous"

        def vote(self, exchange):
            return Vote("test", "synchronous", "safe")

    assert ask(Synchronous()).votes[0].verdict == "error"


def test_a_judge_that_cancels_itself_is_an_error():
    assert ask(Acting(asyncio.CancelledError())).votes[0].reason == "the verifier was cancelled"


def test_cancelling_the_question_cancels_the_verifiers_and_is_not_swallowed():
    judges = [Acting("safe", after=1e9, name=str(i)) for i in range(3)]

    async def scene():
        asking = asyncio.create_task(council(*judges).ask(EXCHANGE))
        await asyncio.sleep(0.5)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await asyncio.sleep(0)
        return [judge.ended for judge in judges]

    assert run(scene()) == [1, 1, 1]


def test_a_verifier_that_ignores_being_cancelled_holds_nobody_up_and_is_forgotten_when_it_ends():
    async def scene():
        asked = council(Stubborn(seconds=100))
        verdict, took = await timed(asked.ask(EXCHANGE))
        lingering = asked._runner.n_abandoned
        await asyncio.sleep(200)
        return verdict, took, lingering, asked._runner.n_abandoned

    verdict, took, lingering, later = run(scene())
    assert (verdict.safe, took) == (False, 2.0)
    assert (lingering, later) == (1, 0)


def test_a_bug_after_the_deadline_is_logged_too(caplog):
    class Sulking:
        provider, name = "test", "sulking"

        async def vote(self, exchange):
            try:
                await asyncio.sleep(1e9)
            except asyncio.CancelledError:
                raise Novel("too late") from None

    async def scene():
        await council(Sulking()).ask(EXCHANGE)
        await asyncio.sleep(0)

    run(scene())
    assert "Novel" in caplog.text


def test_a_shorter_deadline_may_be_asked_for_and_a_longer_one_has_no_effect():
    for wanted, took in ((0.5, 0.5), (1e6, 2.0), (0.0, 0.0), (-1.0, 0.0)):
        asking = council(Acting("safe", after=1e9)).ask(EXCHANGE, deadline_s=wanted)
        assert run(timed(asking))[1] == took


def test_each_vote_is_told_as_it_comes_and_errors_at_the_deadline():
    async def scene():
        told, loop = [], asyncio.get_running_loop()
        judges = (
            Acting("safe", after=1e9, name="never"),
            Acting("safe", after=1.0, name="b"),
            Acting("unsafe", name="a"),
        )
        await council(*judges).ask(EXCHANGE, on_vote=lambda vote: told.append((loop.time(), vote.model, vote.verdict)))
        return told

    assert run(scene()) == [(0.0, "a", "unsafe"), (1.0, "b", "safe"), (2.0, "never", "error")]


def test_a_listener_that_fails_fails_the_question_and_leaves_no_verifier_behind():
    judge = Acting("safe", after=1e9, name="slow")

    async def scene():
        with pytest.raises(Novel):
            await council(ScriptedJudge("safe"), judge).ask(EXCHANGE, on_vote=lambda _: (_ for _ in ()).throw(Novel()))
        await asyncio.sleep(0)
        return judge.ended

    assert run(scene()) == 1


def test_only_some_verifiers_may_be_asked():
    asked = Council(
        [CouncilMember(ScriptedJudge("unsafe", name=n), w) for n, w in (("a", 1), ("b", 1), ("c", 1))], QuorumRule(2)
    )
    chosen = asked.only([("scripted", "c"), ("scripted", "a")])
    assert [member.key for member in chosen.members] == [("scripted", "c"), ("scripted", "a")]
    assert chosen.deadline_s == asked.deadline_s


@pytest.mark.parametrize("rule", [None, QuorumRule(2)])
def test_a_request_that_asks_fewer_than_the_quorum_is_refused(rule):
    asked = Council([CouncilMember(ScriptedJudge("safe", name=name)) for name in "abc"], rule)
    assert run(asked.ask(EXCHANGE)).safe
    with pytest.raises(InputError, match="1 of 3 configured verifiers asked; the quorum is 2"):
        asked.only([("scripted", "a")])


def test_nobody_picks_a_lenient_verifier():
    """One of three says safe; whichever are asked, and in which order, it stays one of three."""
    said = {"a": "safe", "b": "unsafe", "c": "unsafe"}
    for rule in (None, QuorumRule(1)):
        asked = Council([CouncilMember(ScriptedJudge(word, name=name)) for name, word in said.items()], rule)
        for n in range(asked.quorum, 4):
            for names in itertools.permutations(said, n):
                verdict = run(asked.only([("scripted", name) for name in names]).ask(EXCHANGE))
                assert not verdict.safe
                assert (verdict.asked, verdict.configured) == (n, 3)
                assert {model for _, model in verdict.unasked} == set(said) - set(names)


def test_verifiers_that_were_not_asked_count_as_configured():
    asked = Council([CouncilMember(ScriptedJudge("safe", name=name)) for name in "abc"])
    two = run(asked.only([("scripted", "b"), ("scripted", "a")]).ask(EXCHANGE))
    assert (two.safe, two.reason, round(two.agreement_ratio, 2)) == (True, "2 of 3 verifiers say safe", 0.67)
    weighted = Council([CouncilMember(ScriptedJudge("safe", name=n), w) for n, w in (("a", 1), ("b", 1), ("c", 9))])
    light = run(weighted.only([("scripted", "a"), ("scripted", "b")]).ask(EXCHANGE))
    assert (light.safe, light.reason) == (False, "no majority: 2 safe of 3 configured, 2 asked")


@pytest.mark.parametrize(
    "wanted", [[("scripted", "z")], [("http://evil", "a")], [], [("scripted", "a"), ("scripted", "a")]]
)
def test_only_configured_verifiers_can_be_chosen_and_each_once(wanted):
    with pytest.raises(InputError):
        council(ScriptedJudge(name="a"), ScriptedJudge(name="b")).only(wanted)


def test_a_council_is_valid_once_built():
    judge = ScriptedJudge()
    for members, message in (
        ([], "some weight"),
        ([CouncilMember(judge), CouncilMember(judge)], "its own"),
        ([CouncilMember(judge, 0)], "weight"),
        ([CouncilMember(ScriptedJudge(name=n), n == "a") for n in "b"], "weight"),
    ):
        with pytest.raises(InputError, match=message):
            Council(members)
    with pytest.raises(InputError, match="weight lies between"):
        Council([CouncilMember(judge), CouncilMember(ScriptedJudge(name="b"), -0.5)])
    for deadline in (0, -1, float("inf"), float("nan")):
        with pytest.raises(InputError, match="deadline_s"):
            Council([CouncilMember(judge)], deadline_s=deadline)
