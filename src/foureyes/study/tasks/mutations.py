"""Programs with one bug: a right program in which one operator or number is another one.

Each mutation is a change of a few characters that keeps the rest of the text as it was, so that two programs differ in nothing
but the bug (mutation operators as in Offutt et al. 1996: relational, arithmetic, logical, constant). Whether a mutation is a
bug is for the tests to say: some change nothing. Start at :func:`mutations`.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from foureyes.errors import InputError

__all__ = ["Mutation", "mutations"]

_OPERATORS: Final[Mapping[type[ast.AST], tuple[str, str]]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "+"),
    ast.FloorDiv: ("//", "%"),
    ast.Mod: ("%", "//"),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
}
"""An operator as it is written, and what stands there after the mutation."""

_LINES: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
"""Lines as Python counts them: a form feed or U+2028 within a text ends none, as it does for ``str.splitlines``."""

_NAMES: Final = {"min": "max", "max": "min", "any": "all", "all": "any", "True": "False", "False": "True"}


@dataclass(frozen=True, slots=True)
class Mutation:
    """A program with one change.

    Attributes:
        program: the changed text.
        start: place of the first changed character.
        was: the characters that stood there.
        now: those that stand there instead.
    """

    program: str
    start: int
    was: str
    now: str


def mutations(program: str, *, seed: int = 0) -> list[Mutation]:
    """Every program that differs from this one by one operator, name or number, in an order drawn by the seed.

    Args:
        program: Python source.
        seed: of the order.

    Raises:
        InputError: it is no Python.

    Example:
        >>> [(m.was, m.now) for m in sorted(mutations("def f(x): return x + 1"), key=lambda m: m.start)]
        [('+', '-'), ('1', '2')]
    """
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError) as error:
        raise InputError(f"wanted a Python program; got {program[:60]!r}: {error}") from error
    places = _Places(program)
    found = {change for node in ast.walk(tree) for change in _changes(node, places)}
    made = [
        Mutation(program[:start] + now + program[start + len(was) :], start, was, now)
        for start, was, now in sorted(found)
    ]
    random.Random(seed).shuffle(made)  # noqa: S311 - an order, no secret
    return made


class _Places:
    """Places in a text of what the parser gives as lines and bytes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._lines = _LINES.findall(text)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def of(self, line: int, byte: int) -> int:
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:byte].decode())

    def start(self, node: ast.expr) -> int:
        return self.of(node.lineno, node.col_offset)

    def end(self, node: ast.expr) -> int:
        return self.of(node.end_lineno or node.lineno, node.end_col_offset or 0)


def _changes(node: ast.AST, places: _Places) -> Iterator[tuple[int, str, str]]:
    """Where something stands, what, and what is to stand there."""
    match node:
        case ast.Compare():
            operands = [node.left, *node.comparators]
            for operator, left, right in zip(node.ops, operands, operands[1:], strict=False):
                yield from _operator(operator, left, right, places)
        case ast.BinOp():
            yield from _operator(node.op, node.left, node.right, places)
        case ast.BoolOp():
            for left, right in zip(node.values, node.values[1:], strict=False):
                yield from _operator(node.op, left, right, places)
        case ast.Call(func=ast.Name(id=name)) if name in _NAMES:
            yield places.start(node.func), name, _NAMES[name]
        case ast.Constant(value=bool(value)):
            yield places.start(node), str(value), str(not value)
        case ast.Constant(value=int(value)):
            written = places.text[places.start(node) : places.end(node)]
            if written == str(value):
                yield places.start(node), written, str(value + 1)


def _operator(operator: ast.AST, left: ast.expr, right: ast.expr, places: _Places) -> Iterator[tuple[int, str, str]]:
    """The only place between two operands where the operator is written."""
    was, now = _OPERATORS.get(type(operator), ("", ""))
    start, end = places.end(left), places.start(right)
    if was and places.text.count(was, start, end) == 1:
        yield places.text.index(was, start, end), was, now
