"""The record is what was recorded: nothing changed, every question there, every grade made again from the texts."""

import json

import pytest

from foureyes.demo.asked import asked
from foureyes.demo.recorded import AUTHOR, Seen, parse, recorded
from foureyes.errors import InputError
from foureyes.models.weights.known import KNOWN
from foureyes.study.tasks.code import CodeProblem, run_tests
from foureyes.study.tasks.mutations import mutations
from studies.demo_readings import PROGRAMS, RECORD, SEED, is_right, whole

RECORDED = recorded()


def whole_tokens(seen: Seen, text: str) -> bool:
    same = len(seen.ends) == len(seen.nll) == len(seen.entropy)
    return same and seen.ends[-1] == len(text.encode()) and bool((seen.nll >= 0).all() and (seen.entropy >= 0).all())


def test_every_question_was_answered_but_those_left_without_a_word() -> None:
    order = [q.id for q in asked()]
    ids = [answer.id for answer in RECORDED.answers]
    assert ids == [name for name in order if name in set(ids)]
    assert len(ids) + RECORDED.provenance["n_empty"] == len(order) == RECORDED.provenance["n_questions"]


def test_every_grade_is_made_again_from_the_texts() -> None:
    by_id = {q.id: q for q in asked()}
    for answer in RECORDED.answers:
        question = by_id[answer.id]
        assert (answer.prompt, answer.accepted) == (question.prompt, question.accepted)
        assert answer.right == is_right(question, answer.answer), (answer.id, answer.answer)


def test_readings_cover_their_texts() -> None:
    for answer in RECORDED.answers:
        assert whole_tokens(answer.own, answer.answer), answer.id
        assert whole_tokens(answer.second, answer.answer), answer.id


def test_every_program_of_ours_is_there_with_a_mutation_drawn_by_the_seed() -> None:
    programs = [json.loads(line) for line in PROGRAMS.read_text().splitlines()]
    assert [(bug.id, bug.program) for bug in RECORDED.bugs] == [(row["id"], row["program"]) for row in programs]
    for bug in RECORDED.bugs:
        assert bug.buggy in {one.program for one in mutations(bug.program, seed=SEED)}


@pytest.mark.parametrize(
    "row", [json.loads(line) for line in PROGRAMS.read_text().splitlines()], ids=lambda row: row["id"]
)
def test_a_program_passes_its_tests_and_the_one_with_the_bug_does_not(row: dict[str, str]) -> None:
    bug = next(bug for bug in RECORDED.bugs if bug.id == row["id"])
    problem = CodeProblem(row["tests"])
    outcomes = [
        None if run is None else run.passed for run in (run_tests(problem, t) for t in (bug.program, bug.buggy))
    ]
    assert outcomes == [True, False]


def test_the_files_of_the_models_are_the_known_ones() -> None:
    models = RECORDED.provenance["models"]
    assert set(models) == {AUTHOR, RECORDED.reader}
    assert all(models[name]["sha256"] == KNOWN[name].sha256 for name in models)


@pytest.mark.parametrize("change", [(b'"right": true', b'"right": false'), (b'"nll": [0', b'"nll": [1')])
def test_a_changed_record_is_refused(change: tuple[bytes, bytes]) -> None:
    raw = RECORD.read_bytes()
    assert change[0] in raw
    with pytest.raises(InputError, match="has been changed: wanted sha256"):
        parse(raw.replace(*change, 1))


def test_it_is_small_and_comes_back_as_it_was_made() -> None:
    raw = RECORD.read_bytes()
    rows = [json.loads(line) for line in raw.splitlines()[1:]]
    counts = {name: RECORDED.provenance[name] for name in ("n_questions", "n_more", "n_empty")}
    assert whole(rows, RECORDED.reader, counts).partition(b"\n")[2] == raw.partition(b"\n")[2]
    assert len(raw) < 200_000
