"""A judge behind a chat endpoint keeps the promises of a judge, in every form."""

import pytest

from foureyes.models.chat import ChatJudge, Endpoint, Limits
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
        judge = ChatJudge(Endpoint(f"{server.url}/v1", "toy", "local"), form=form)
        yield judge
        runner.run(judge.aclose())

    @pytest.fixture
    def unreachable(self, server, runner):
        judge = ChatJudge(Endpoint(f"{server.url}/v1", "toy", limits=Limits(attempts=1)))
        server.stop()
        yield judge
        runner.run(judge.aclose())
