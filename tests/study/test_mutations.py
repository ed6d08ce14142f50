"""One change at a time, where it is meant to be, and nothing else touched."""

from __future__ import annotations

import ast

import pytest

from foureyes.errors import InputError
from foureyes.study.tasks.mutations import mutations

_CHANGES = [
    ("x < y", "x <= y"),
    ("x >= y", "x > y"),
    ("x == y", "x != y"),
    ("a < b < c", "a <= b < c"),
    ("(a) + (b)", "(a) - (b)"),
    ("a // b", "a % b"),
    ("a\\\n  * b", "a\\\n  + b"),
    ("a and b or c", "a or b or c"),
    ("min(a, b)", "max(a, b)"),
    ("f(True)", "f(False)"),
    ("x[0]", "x[1]"),
    ("'é<é' < x", "'é<é' <= x"),
    ("y = '\x0c\u2028'\nx < z", "y = '\x0c\u2028'\nx <= z"),
    ("y = 1.5\r\nx < z", "y = 1.5\r\nx <= z"),
]


@pytest.mark.parametrize(("program", "changed"), _CHANGES)
def test_an_operator_a_name_or_a_number_is_another_one(program: str, changed: str) -> None:
    assert changed in [mutation.program for mutation in mutations(program)]


@pytest.mark.parametrize("program", ["x = 'a + b'", "f'{x}'", "# a < b", "0x10", "x", "maximum(a)", "a  # <\n"])
def test_texts_comments_and_other_spellings_are_left_alone(program: str) -> None:
    assert mutations(program) == []


def test_every_mutation_changes_what_it_says_and_is_python() -> None:
    program = "def f(xs):\n    n = 0\n    for x in xs:\n        if x > 1 and x % 2 == 0 or not x:\n            n += x * 3 - 1\n    return n\n"
    found = mutations(program)
    assert len(found) == 13
    for mutation in found:
        kept = program[: mutation.start] + mutation.was + program[mutation.start + len(mutation.was) :]
        assert kept == program != mutation.program
        assert ast.dump(ast.parse(mutation.program)) != ast.dump(ast.parse(program))


def test_the_order_is_the_seeds() -> None:
    program = "a + b - c * d < e == f"
    assert mutations(program, seed=1) == mutations(program, seed=1)
    assert mutations(program, seed=1) != mutations(program, seed=2)
    assert sorted(mutations(program, seed=1), key=str) == sorted(mutations(program, seed=2), key=str)


def test_what_is_no_python_is_refused() -> None:
    with pytest.raises(InputError, match="wanted a Python program; got 'def'"):
        mutations("def")
