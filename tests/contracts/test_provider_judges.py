"""Judges asked through their providers' SDKs keep the promises of a judge. Real SDKs, a server on loopback."""

import pytest

from foureyes.http import RequestLimits
from foureyes.models.chat import ChatJudge, Endpoint
from foureyes.models.providers import connect
from foureyes.testing import JudgeContract
from tests.servers.chat_simulator import ChatSimulator


class Contract(JudgeContract):
    @pytest.fixture
    def server(self):
        with ChatSimulator() as server:
            yield server

    @pytest.fixture
    def judge(self, server, runner):
        judge = ChatJudge(connect(self.api, Endpoint("toy", server.url, "key-123")), form="schema")
        yield judge
        runner.run(judge.aclose())

    @pytest.fixture
    def unreachable(self, server, runner):
        limits = RequestLimits(attempts=1)
        judge = ChatJudge(connect(self.api, Endpoint("toy", server.url, "key-123", limits=limits)))
        server.stop()
        yield judge
        runner.run(judge.aclose())


class TestAnthropic(Contract):
    api = "anthropic"


class TestGoogle(Contract):
    api = "google"
