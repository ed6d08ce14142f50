"""Preference pairs: right before wrong, of one question, written as they are read back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from foureyes.errors import InputError
from foureyes.layouts import read_answers
from foureyes.study.cells import Cell, GradedAnswer
from foureyes.study.preferences import answer_pairs, bug_pairs, save_pairs
from foureyes.study.tasks.bugs import bug_in
from foureyes.study.tasks.code import CodeProblem
from foureyes.study.tasks.grading import grade
from foureyes.study.tasks.items import TaskItem
from foureyes.study.tasks.loading import Task
from foureyes.types import Exchange, text_of
from tests.study.conftest import Shop
from tests.study.test_command import command

_PROBLEM = CodeProblem("assert half(5) == 2\nassert half(-3) == -2", "half")
_HALF = "def half(x):\n    return x // 2\n"
_CODE = TaskItem("1", "Write half(x).", "code", (_HALF,), problem=_PROBLEM)
_SUM = TaskItem("2", "2 + 2?", "number", ("4",))


def task(*items: TaskItem) -> Task:
    return Task("own", items, "not stated", "own", {}, len(items), {})


def cell(generator: str, *answers: tuple[str, str, str]) -> Cell:
    return Cell("own", generator, tuple(GradedAnswer(*answer) for answer in answers))  # type: ignore[arg-type]


_CELLS = [
    cell("a", ("1", "```python\ndef half(x):\n    return x / 2\n```", "wrong"), ("2", "4", "right")),
    cell("b", ("1", _HALF, "right"), ("2", "5", "wrong")),
    cell("c", ("1", "No idea.", "unparseable"), ("2", "four: 4", "right")),
]


def test_a_right_answer_is_chosen_over_a_wrong_one_to_the_same_question() -> None:
    found = list(answer_pairs(_CELLS, [task(_CODE, _SUM)], each=9))
    assert [(pair.id, pair.chosen, pair.authors) for pair in found[:1]] == [("own/1", _HALF, ("b", "a"))]
    assert sorted((pair.chosen, pair.rejected) for pair in found[1:]) == [("4", "5"), ("four: 4", "5")]
    assert len(list(answer_pairs(_CELLS, [task(_CODE, _SUM)]))) == 2
    assert list(answer_pairs(_CELLS, [task(_CODE, _SUM)], seed=3)) == list(
        answer_pairs(_CELLS[::-1][::-1], [task(_CODE, _SUM)], seed=3)
    )


def test_right_programs_get_a_bug_that_their_tests_refuse() -> None:
    fenced = f"Like this:\n```python\n{_HALF}```\nIt rounds down."
    cells = [cell("a", ("1", fenced, "right"), ("1", "def half(x): return 2", "wrong"))]
    reference, own = bug_pairs(cells, [task(_CODE, _SUM)], each=9)
    assert (reference.authors, own.authors) == (("reference", "mutation of reference"), ("a", "mutation of a"))
    for pair in (reference, own):
        assert grade(_CODE, pair.chosen) == "right"
        assert grade(_CODE, pair.rejected) == "wrong"
    assert own.rejected.startswith("Like this:\n```python\ndef half(x):")
    assert own.rejected.endswith("```\nIt rounds down.")


def test_a_bug_is_where_it_says() -> None:
    answer = f"So:\n```\n{_HALF}```"
    bug = bug_in(_CODE, answer)
    assert bug is not None
    assert answer[bug.start :].startswith(bug.was)
    assert bug.program == answer[: bug.start] + bug.now + answer[bug.start + len(bug.was) :]
    assert bug_in(_CODE, "    return x // 2\n") is None, "no Python by itself"
    with pytest.raises(InputError, match="wanted one with tests, a bug is what they refuse; it is of kind 'number'"):
        bug_in(_SUM, "4")


def test_pairs_are_read_back_as_they_were(tmp_path: Path) -> None:
    pairs = [*answer_pairs(_CELLS, [task(_CODE, _SUM)]), *bug_pairs((), [task(_CODE)])]
    assert save_pairs(tmp_path / "pairs.jsonl", pairs) == 3
    rows = [json.loads(line) for line in (tmp_path / "pairs.jsonl").read_text().splitlines()]
    assert rows[0]["prompt"] == [{"role": "user", "content": "Write half(x)."}]
    assert rows[0]["chosen"] == [{"role": "assistant", "content": _HALF}]
    found = list(read_answers(tmp_path / "pairs.jsonl"))
    assert [answer.correct for answer in found] == [True, False] * 3
    assert [_words(answer.exchange) for answer in found] == [
        (text_of(pair.prompt), text) for pair in pairs for text in (pair.chosen, pair.rejected)
    ]


def _words(exchange: object) -> tuple[str, str]:
    assert isinstance(exchange, Exchange)
    (turn,) = exchange.prompt
    return turn.content, str(exchange.answer)


def test_nothing_is_written_where_there_is_no_pair(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no pair: wanted a question with a right and a wrong answer"):
        save_pairs(tmp_path / "pairs.jsonl", answer_pairs(_CELLS[:1], [task(_CODE, _SUM)]))
    assert not list(tmp_path.iterdir())
    with pytest.raises(InputError, match="wanted at least one pair of a question; got 0"):
        list(answer_pairs(_CELLS, [task(_CODE)], each=0))
    with pytest.raises(InputError, match="answers to own/2, which is no question of these tasks"):
        list(answer_pairs(_CELLS, [task(_CODE)]))


def test_a_run_and_a_task_become_pairs_by_one_command(shop: Shop, tmp_path: Path, capsys) -> None:
    rows = [{"question": "Write half(x).", "tests": "assert half(5) == 2", "entry_point": "half"}]
    _lines(tmp_path / "own.jsonl", rows)
    study = tmp_path / "own.toml"
    study.write_text(
        'title = "T"\ngenerators = ["g", "h"]\nverifiers = ["v"]\nsignals = ["log_cmp"]\n[[task]]\nname = "own"\nfile = "own.jsonl"\n'
    )
    shop.writer("g", None)._answers |= {"half": _HALF}
    shop.writer("h", None)._answers |= {"half": "def half(x): return 2.5"}
    where = ("--data", tmp_path, "--out", tmp_path / "out")
    assert command(shop, "run", study, *where) == 0
    capsys.readouterr()
    assert command(shop, "pairs", study, *where, "--json") == 0
    assert json.loads(capsys.readouterr().out)["result"]["pairs"] == 1
    [row] = map(json.loads, (tmp_path / "out" / "pairs.jsonl").read_text().splitlines())
    assert (row["chosen_by"], row["rejected_by"], row["source"]) == ("g", "h", "answers")
    assert command(shop, "pairs", study, *where, "--bugs", "--jsonl", tmp_path / "bugs.jsonl") == 0
    [row] = map(json.loads, (tmp_path / "bugs.jsonl").read_text().splitlines())
    assert (row["id"].split("/")[0], row["source"]) == ("own", "bug")


def _lines(path: Path, rows: Sequence[object]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
