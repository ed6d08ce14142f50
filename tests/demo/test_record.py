import json

from foureyes.demo.measures import SIGNALS, DemoResults, study
from foureyes.demo.questions import load
from foureyes.demo.record import record
from foureyes.models.scripted import ScriptedReader
from foureyes.types import Unscored
from tests.demo.verifiers import reading_of


def test_it_is_json_without_nan_and_holds_every_answer_of_every_verifier(arbitrary: DemoResults) -> None:
    kept = json.loads(json.dumps(record(arbitrary), allow_nan=False))
    assert [q["id"] for q in kept["questions"]] == [q.id for q in load()]
    for question in kept["questions"]:
        assert set(question["read_by"]) == {"first", "second"}
        for answers in question["read_by"].values():
            assert set(answers["right"]) == set(answers["wrong"]) == {*SIGNALS, "n_tokens"}


def test_its_numbers_are_the_measured_ones(arbitrary: DemoResults) -> None:
    kept = record(arbitrary)
    measured = arbitrary.by("second")["log_cmp"]
    assert kept["verifiers"][1]["signals"]["log_cmp"]["auroc"]["value"] == measured.auroc.value
    assert kept["together"]["right_less_surprising"]["low"] == arbitrary.overall.preference.low
    assert kept["questions"][0]["read_by"]["second"]["wrong"]["log_cmp"] == float(measured.pairs.wrong[0])


def test_an_answer_that_could_not_be_read_says_why() -> None:
    reader = ScriptedReader(failures={"Sydney": Unscored("context", "too long", 9, 5)})
    kept = record(study(load(), [reading_of(reader)]))
    assert kept["n_left_out"] == 1
    assert kept["together"] is None
    assert kept["questions"][0]["read_by"]["scripted"]["wrong"] == {
        "unscored": {"reason": "context", "detail": "too long", "got": 9, "limit": 5}
    }
