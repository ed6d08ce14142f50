"""Which part of an answer is the program, and that published references pass while broken ones do not."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from foureyes.errors import InputError
from foureyes.study.tasks.code import CodeProblem, program_of
from foureyes.study.tasks.grading import grade
from foureyes.study.tasks.items import TaskItem
from foureyes.study.tasks.loading import TaskSpec, load_task
from tests.layouts.shared_files import DATA, needs

_HEAD = 'from math import floor\n\ndef twice(x):\n    return 2 * x\n\ndef half(x: int) -> int:\n    """Half of x, rounded down."""\n'
_PROBLEM = CodeProblem("assert half(5) == 2\nassert half(4) == 2", "half", _HEAD)
_ITEM = TaskItem("1", "Halve.", "code", problem=_PROBLEM)

_RIGHT = {
    "a completion": "    return x // 2\n",
    "a completion without its first spaces": "return x // 2\n",
    "several lines without their first spaces": "y = x // 2\nreturn y",
    "a completion that goes on": "    return x // 2\n\nprint(half(1 / 0))\n",
    "a completion and tests of its own": "    return floor(x / 2)\n\nassert half(3) == 9\n",
    "a fenced function": "Sure!\n```python\ndef half(x):\n    return floor(twice(x) / 4)\n```\nThis rounds down.",
    "a fenced body": "```\n    return x // 2\n```",
    "a bare function": "def half(x):\n    return x // 2",
    "the block that has the function": "```python\nprint('hello')\n```\nand\n```python\ndef half(x):\n    return x // 2\n```",
    "a block that is cut off after the function": "```python\ndef half(x):\n    return x // 2\n",
    "line ends of Windows": "```python\r\ndef half(x):\r\n    return x // 2\r\n```",
}
_WRONG = {
    "a wrong function": "def half(x):\n    return x / 2",
    "an empty body": "    pass\n",
    "a block that is no Python": "```python\ndef half(x:\n```",
    "an end before the tests": "```python\nimport os\nos._exit(0)\ndef half(x):\n    return 0\n```",
}


@pytest.mark.parametrize("what", _RIGHT)
def test_a_right_program_is_found_in_an_answer(what: str) -> None:
    assert grade(_ITEM, _RIGHT[what]) == "right", program_of(_PROBLEM, _RIGHT[what])


@pytest.mark.parametrize("answer", ["y = x // 2\n\treturn y", "\ty = x // 2\n\treturn y\n"])
def test_lines_behind_tabs_are_a_body_with_or_without_their_first_tab(answer: str) -> None:
    problem = CodeProblem("assert half(5) == 2", "half", "def half(x):\n")
    assert grade(TaskItem("1", "Halve.", "code", problem=problem), answer) == "right"


@pytest.mark.parametrize("what", _WRONG)
def test_a_wrong_program_is_wrong(what: str) -> None:
    assert grade(_ITEM, _WRONG[what]) == "wrong"


@pytest.mark.parametrize("answer", ["I would halve it, rounding down.", "", "  \n"])
def test_an_answer_without_code_claims_nothing(answer: str) -> None:
    assert grade(_ITEM, answer) == "unparseable"


def test_a_question_for_code_needs_tests() -> None:
    with pytest.raises(InputError, match="needs tests; got none"):
        TaskItem("1", "Halve.", "code")


@needs("mbpp")
@needs("humaneval")
@pytest.mark.parametrize(("name", "file", "n"), [("humaneval", "", 164), ("mbpp", "mbpp/mbpp.jsonl", 974)])
def test_published_references_pass_and_stop_passing_when_they_are_broken(name: str, file: str, n: int) -> None:
    task = load_task(TaskSpec(name, file=file), data=DATA, seed=0)
    assert len(task.items) == n
    for item in task.items[:: n // 20]:
        assert grade(item, item.gold[0]) == "right"
        assert grade(item, item.gold[0].replace("return ", "return None and ")) == "wrong"


@needs("humaneval_completions_2023")
def test_published_completions_have_their_published_verdicts() -> None:
    items = {item.id: item for item in load_task(TaskSpec("humaneval"), data=DATA, seed=0).items}
    with gzip.open(DATA / "humaneval_completions_2023" / "completions.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file][::97]
    graded = [grade(items[row["task_id"]], row["completion"]) == "right" for row in rows]
    assert graded == [row["passed"] for row in rows]
    assert 5 < sum(graded) < len(graded) - 5


def test_own_programs_are_read_from_a_file(tmp_path: Path) -> None:
    row = {"question": "Write double(x).", "tests": "assert double(2) == 4"}
    (tmp_path / "own.jsonl").write_text(json.dumps(row))
    [item] = load_task(TaskSpec("own", file="own.jsonl"), data=tmp_path, seed=0).items
    assert (item.kind, item.prompt) == ("code", "Write double(x).")
    assert grade(item, "def double(x): return x * 2") == "right"


@pytest.mark.parametrize("tests", [None, "", " \n"])
def test_a_row_without_tests_is_refused_not_passed_by_every_program(tmp_path: Path, tests: str | None) -> None:
    rows = [{"question": "Write f().", "tests": tests}, {"question": "Write g().", "tests": "assert g() == 1"}]
    (tmp_path / "own.jsonl").write_text("\n".join(map(json.dumps, rows)))
    task = load_task(TaskSpec("own", file="own.jsonl"), data=tmp_path, seed=0)
    assert [item.prompt for item in task.items] == ["Write g()."]
    assert task.refused == {f"a problem for programs needs tests; got {tests!r}": 1}
