"""A judge behind a chat endpoint keeps the promises of a judge, in every form."""

import pytest

from foureyes.http import RequestLimits
from foureyes.models.chat import ChatJudge, Endpoint
from foureyes.models.providers import connect
from foureyes.testing import JudgeContract
from tests.servers.chat_simulator import ChatSimulator


@pytest.fixture(params=["words", "schema", "exact"])
def form(request):
    return request.param


class TestContract(JudgeContract):
    @pytest.fixture
    def server(self):
        with ChatSimulator() as server:
            yield server

    @pytest.fixture
    def judge(self, server, runner, form):
        judge = ChatJudge(connect("openai", Endpoint("toy", f"{server.url}/v1")), form=form)
        yield judge
        runner.run(judge.aclose())

    @pytest.fixture
    def unreachable(self, server, runner):
        judge = ChatJudge(connect("openai", Endpoint("toy", f"{server.url}/v1", limits=RequestLimits(attempts=1))))
        server.stop()
        yield judge
        runner.run(judge.aclose())
