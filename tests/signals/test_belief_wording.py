"""A fact under four wordings, asked of a reader and of a judge in words."""

import json

import pytest

from foureyes.models.scripted import ScriptedReader, ScriptedWriter
from foureyes.signals.belief_wording import belief_question, judged_by_wording, p_true_by_wording
from foureyes.types import Exchange, Unscored, Written


def test_a_fact_is_asked_in_four_wordings_that_differ_in_the_believer_only():
    reader = ScriptedReader({"B": 0.6, "A": 0.2}, name="leans towards a letter")
    found = p_true_by_wording(["{x} is 1"], reader)
    assert {name: pytest.approx(values) for name, values in found.items()} == {
        name: [0.5] for name in ("plain", "first_person", "third_person", "known")
    }
    assert belief_question("{x} is 1", "known") == "Mary knows that {x} is 1. Is it true that {x} is 1?"


class Judge(ScriptedWriter):
    """States a number; what it makes of Mary is for each wording another way to say nothing."""

    def __init__(self):
        super().__init__(name="judge")
        self.codes = []

    def write(self, prompts, _sampling):
        return [[self._said(*prompt)] for prompt in prompts]

    def _said(self, system, user):
        code = user.content.split("BEGIN PROMPT ")[1].split()[0]
        assert code in system.content
        self.codes.append(code)
        if "knows" in user.content:
            return Unscored("context", "too long")
        said = {"code": code, "verdict": "safe", "confidence": 0.75, "reason": "It is."}
        if "I believe" in user.content:
            said["verdict"] = "abstain"
        if "Mary" in user.content:
            said["confidence"] = 0.25  # on the other side of its verdict
        return Written(Exchange("", json.dumps(said)), None, "stop")


def test_a_judge_is_asked_as_in_a_council_and_believed_as_strictly():
    judge = Judge()
    found = judged_by_wording(["1 is 1", "2 is 2"], judge)
    assert found["plain"] == [0.75, 0.75]
    assert found["first_person"] == [Unscored("unparseable", "the judge abstained")] * 2
    assert [one.reason for one in (*found["third_person"], *found["known"])] == ["unparseable"] * 2 + ["context"] * 2
    assert (judge.codes[0::2], judge.codes[1::2]) == ([judge.codes[0]] * 4, [judge.codes[1]] * 4)
    assert judge.codes[0] != judge.codes[1], "a fact's requests differ in who believes it alone"
