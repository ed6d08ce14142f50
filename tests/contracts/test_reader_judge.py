"""A reader as a verifier keeps the promises of a judge."""

import pytest

from foureyes.calibration import Platt
from foureyes.guard.reader_judge import ReaderJudge
from foureyes.models.scripted import ScriptedReader
from foureyes.testing import JudgeContract


class TestContract(JudgeContract):
    @pytest.fixture
    def judge(self, runner):
        platt = Platt.fit([0.2, 0.9, 1.4, 0.5, 3.1, 2.2], [1, 1, 1, 0, 0, 0])
        judge = ReaderJudge(ScriptedReader(), platt, 0.5)
        yield judge
        runner.run(judge.aclose())
