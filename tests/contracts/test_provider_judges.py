"""Judges asked through their providers' SDKs keep the promises of a judge. Real SDKs, a server on loopback."""

import pytest

from foureyes.models.providers import Account, AnthropicJudge, GoogleJudge, Limits
from foureyes.testing import JudgeContract
from tests.servers.chat_simulator import ChatSimulator


class Contract(JudgeContract):
    @pytest.fixture
    def server(self):
        with ChatSimulator() as server:
            yield server

    @pytest.fixture
    def judge(self, server, runner):
        judge = self.kind(Account("toy", "key-123", server.url))
        yield judge
        runner.run(judge.aclose())

    @pytest.fixture
    def unreachable(self, server, runner):
        judge = self.kind(Account("toy", "key-123", server.url, limits=Limits(attempts=1)))
        server.stop()
        yield judge
        runner.run(judge.aclose())


class TestAnthropic(Contract):
    kind = AnthropicJudge


class TestGoogle(Contract):
    kind = GoogleJudge
