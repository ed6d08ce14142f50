"""The scripted judge is a judge in every respect a real one is."""

import pytest

from foureyes.errors import ModelUnavailable
from foureyes.models.scripted import ScriptedJudge
from foureyes.testing import JudgeContract


class TestContract(JudgeContract):
    @pytest.fixture
    def judge(self):
        return ScriptedJudge("unsafe", answers={"Sydney": "safe"}, confidence=0.8)

    @pytest.fixture
    def unreachable(self):
        return ScriptedJudge(answers={"Sydney": ModelUnavailable("gone", model="scripted")})

    def test_a_vote_can_be_abandoned_and_the_judge_goes_on(self):
        pytest.skip("a scripted vote is there at once")
