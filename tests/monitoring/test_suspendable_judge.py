import asyncio

import pytest

from foureyes.calibration import Platt
from foureyes.guard import Council, CouncilMember, Guard
from foureyes.guard.reader_judge import ReaderJudge
from foureyes.models.scripted import ScriptedJudge, ScriptedReader
from foureyes.monitoring import Monitor, Observation, ObservedVote, Promise, PromiseWatch, SuspendableJudge
from foureyes.testing.judges import JudgeContract
from foureyes.types import Exchange

ASKED = Exchange("Capital of Australia?", "Canberra")


def watch():
    return PromiseWatch(Promise(0.8, "error_rate", 0.05, "at most 5 % wrong"), [0.9] * 100, name="scripted/scripted")


def suspended():
    broken = watch()
    while broken.observe(0.1, 0.0) is None:
        pass
    return broken


def vote(judge):
    return asyncio.run(judge.vote(ASKED))


class TestPromisedJudge(JudgeContract):
    @pytest.fixture
    def judge(self, runner):
        platt = Platt.fit([0.2, 0.9, 1.4, 0.5, 3.1, 2.2], [1, 1, 1, 0, 0, 0])
        judge = SuspendableJudge(ReaderJudge(ScriptedReader(), platt, 0.5), watch())
        yield judge
        runner.run(judge.aclose())


def test_while_the_promise_holds_the_vote_is_the_judges_own():
    judge = ScriptedJudge("safe", confidence=0.9)
    assert vote(SuspendableJudge(judge, watch())) == vote(judge)


def test_while_it_is_suspended_safe_becomes_an_abstention_that_keeps_its_confidence():
    said = vote(SuspendableJudge(ScriptedJudge("safe", confidence=0.9), suspended()))
    assert (said.verdict, said.confidence) == ("abstain", 0.9)
    assert "promise is suspended" in said.reason


@pytest.mark.parametrize("verdict", ["unsafe", "abstain", "error"])
def test_other_votes_stand(verdict):
    judge = ScriptedJudge(verdict)
    assert vote(SuspendableJudge(judge, suspended())) == vote(judge)


def test_a_guard_lets_nothing_through_on_a_suspended_promise_until_it_is_resumed():
    promise = suspended()
    guard = Guard(Council([CouncilMember(SuspendableJudge(ScriptedJudge("safe", confidence=0.9), promise))]))
    assert not asyncio.run(guard.verify(ASKED)).safe
    promise.acknowledge()
    assert asyncio.run(guard.verify(ASKED)).safe


def test_a_monitor_that_feeds_the_watch_suspends_the_judge():
    promise = watch()
    judge, monitor = SuspendableJudge(ScriptedJudge("safe", confidence=0.9), promise), Monitor(promises=[promise])
    for t in range(100):
        opinion = ObservedVote("scripted/scripted", "safe", 0.1)
        monitor.observe(Observation(float(t), safe=True, consensus=True, opinions=(opinion,)))
    assert vote(judge).verdict == "abstain"
