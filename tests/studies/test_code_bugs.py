"""The study of bugs: pairs whose tests tell them apart, what a reader that knows sees, and the page."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from foureyes.models.scripted import ScriptedReader
from foureyes.report.study import study_markdown
from foureyes.study.tasks.code import CodeProblem
from foureyes.study.tasks.grading import grade
from foureyes.study.tasks.items import TaskItem
from foureyes.study.tasks.loading import TaskSpec
from foureyes.study.tasks.mutations import Mutation
from studies.code_bugs import BugSet, Pair, bugs, kept_rows, read_set, report_of

_RIGHT = "def f(x):\n    return x < 10\n"


def pair(n: int, was: str = "<", now: str = ">") -> Pair:
    item = TaskItem(str(n), f"Is {n} small?", "code", (_RIGHT,), problem=CodeProblem("assert f(1)"))
    start = _RIGHT.index(was)
    return Pair(item, Mutation(_RIGHT.replace(was, now), start, was, now))


def test_a_pair_is_a_program_and_one_that_its_tests_refuse(tmp_path: Path) -> None:
    row = {"task_id": 1, "text": "Below ten?", "code": _RIGHT, "test_list": ["assert f(9)", "assert not f(10)"]}
    lax = {**row, "task_id": 2, "test_list": ["assert f"]}
    (tmp_path / "mbpp.jsonl").write_text(f"{json.dumps(row)}\n{json.dumps(lax)}\n")
    found, again = (
        bugs("own", TaskSpec("mbpp", "mbpp.jsonl"), tmp_path, 5, 0, tmp_path / "bugs.jsonl") for _ in range(2)
    )
    assert found == again
    [one] = found.pairs
    assert [grade(one.item, str(exchange.answer)) for exchange in one.exchanges] == ["right", "wrong"]
    assert len(found.without) == 1, "tests that refuse nothing"


@pytest.mark.parametrize(
    ("was", "now", "kind"), [("<", ">", "operator"), ("10", "11", "number"), ("return", "any", "name")]
)
def test_what_was_changed_has_a_name(was: str, now: str, kind: str) -> None:
    assert pair(1, was, now).kind == kind


def test_a_reader_that_is_surprised_by_the_bug_prefers_and_finds(tmp_path: Path) -> None:
    known = dict.fromkeys(("def", "f(x):", "return", "x", "10"), 0.5)
    reader = ScriptedReader({**known, "<": 0.9, ">": 0.001}, name="knows")
    pairs = tuple(pair(i) for i in range(12))
    rows = kept_rows(reader, pairs, tmp_path / "rows.jsonl")
    kept = (tmp_path / "rows.jsonl").read_bytes()
    assert rows == kept_rows(reader, pairs, tmp_path / "rows.jsonl")
    assert kept == (tmp_path / "rows.jsonl").read_bytes(), "nothing was read again"
    assert rows != kept_rows(ScriptedReader({}, name="knows"), pairs, tmp_path / "rows.jsonl"), (
        "other weights read anew"
    )
    found = read_set("knows", BugSet("own", pairs, ()), rows)
    assert found.prefers.all()
    assert found.finds.all()
    assert found.seen[0].excess == pytest.approx(np.log(0.9 / 0.001))
    assert 0 < found.seen[0].by_chance < 0.5


def answers(n: int, sign: int, keeps: int) -> list[dict[str, object]]:
    return [{"excess": sign * (1 if i % 4 else keeps), "found": i < 6, "by_chance": 0.1} for i in range(n)]


def test_the_page_says_what_was_decided() -> None:
    own = BugSet("own", tuple(pair(i) for i in range(12)), ())
    read = [read_set("sure", own, answers(12, 1, 1)), read_set("coin", own, answers(12, -1, -1))]
    page = study_markdown(report_of([own], read, "command"))
    assert "sure prefers the right program in 12 of 12 pairs of own, 1.000 [0.735, 1.000]: above chance" in page
    assert (
        "coin prefers the right program in 3 of 12 pairs of own, 0.250 [0.055, 0.572]: not decided against chance"
        in page
    )
    assert "On own coin beside sure, 12 pairs that both read: -0.750" in page
    assert "memory and not judgement" in page
    assert "could not read" not in page


def test_two_readers_that_differ_by_chance_are_not_called_equal() -> None:
    own = BugSet("own", tuple(pair(i) for i in range(12)), ())
    first, second = answers(12, 1, 1), answers(12, 1, 1)
    first[0]["excess"] = second[1]["excess"] = -1
    page = study_markdown(report_of([own], [read_set("one", own, first), read_set("two", own, second)], "command"))
    assert "On own two beside one, 12 pairs that both read: +0.000" in page
    assert "], not decided." in page


def test_problems_without_a_pair_and_pairs_that_were_not_read_are_counted_and_named() -> None:
    own = BugSet("own", tuple(pair(i) for i in range(12)), ("20", "21"))
    rows = answers(12, 1, 1)
    rows[3] = {"excess": None}
    unread = [{"excess": None}] * 12
    read = [read_set("sure", own, answers(12, 1, 1)), read_set("short", own, rows), read_set("none", own, unread)]
    page = study_markdown(report_of([own], read, "command"))
    assert "- No pair of 2 of 14 problems of own, " in page
    assert "by the tests: 20, 21." in page
    assert "- short could not read 1 of 12 pairs of own: 3." in page
    assert "- none could not read 12 of 12 pairs of own: 0, 1, " in page
    assert "On own short beside sure, 11 pairs that both read: +0.000 [+0.000, +0.000], not decided." in page
