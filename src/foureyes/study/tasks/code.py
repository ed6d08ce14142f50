"""Programs as answers: what of an answer is the program, and whether it passes its tests in a sandbox.

A program is right if it runs to its end with its problem's tests behind it. As the published harnesses of HumanEval and MBPP
have it, an answer may be a whole function, in a fenced block or not, or only what follows the function's head. Start at
:func:`program_of`.
"""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from dataclasses import dataclass
from functools import cache
from typing import Final

from foureyes.errors import InputError
from foureyes.sandbox import ProgramRun, Sandbox

__all__ = ["CodeProblem", "code_places", "program_of", "run_tests"]

_FENCED: Final = re.compile(
    r"^[ \t]*(?:```|~~~)[\w+-]*[ \t]*\n(.*?)(?:^[ \t]*(?:```|~~~)|\Z)", re.MULTILINE | re.DOTALL
)
_STOPS: Final = ("\nclass ", "\ndef ", "\n#", "\n@", "\nprint", "\nif ", "\n```", "\nassert ")
"""Where a completion of a function's head has left the function: those of HumanEval's paper and of later harnesses."""

_KEPT: Final = 4096
"""Programs whose runs are remembered: greedy models repeat themselves, and a study asks for a grade more than once."""


@dataclass(frozen=True, slots=True)
class CodeProblem:
    """What a program is tested with.

    Attributes:
        tests: a program that is run after the answer; it raises where the answer is wrong.
        entry_point: name of the function that is asked for; empty where only the tests name it.
        head: what the answer goes on from: imports, helpers, the function's head and docstring; empty where the whole is asked for.
        before: run before the answer, imports say.

    Raises:
        InputError: no tests, which every program would pass.
    """

    tests: str
    entry_point: str = ""
    head: str = ""
    before: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.tests, str) or not self.tests.strip():
            raise InputError(f"a problem for programs needs tests; got {self.tests!r}")


def program_of(problem: CodeProblem, answer: str) -> str | None:
    r"""The program to run: the answer's code between what it needs and its tests.

    Returns:
        ``None`` where the answer holds no code: no fenced block, and no text that Python can read.

    Example:
        >>> problem = CodeProblem("assert double(2) == 4", "double", "def double(x):\n")
        >>> print(program_of(problem, "    return 2 * x\n\nprint(double(3))"))
        def double(x):
            return 2 * x
        <BLANKLINE>
        assert double(2) == 4
        >>> program_of(problem, "I would double it.") is None
        True
    """
    code = _code(problem, answer.replace("\r\n", "\n"))
    return None if code is None else "\n\n".join(filter(None, (problem.before, code.rstrip(), problem.tests)))


def code_places(answer: str) -> list[tuple[int, int]]:
    r"""Where code stands in an answer: its fenced blocks, or all of it where it has none.

    Example:
        >>> answer = "So:\n```python\nx = 1\n```\nDone."
        >>> [answer[start:end] for start, end in code_places(answer)]
        ['x = 1\n']
    """
    return [found.span(1) for found in _FENCED.finditer(answer)] or [(0, len(answer))]


def run_tests(problem: CodeProblem, answer: str) -> ProgramRun | None:
    """Runs an answer with its tests in a sandbox; ``None`` where it holds no code.

    Raises:
        ConfigError: this machine has no sandbox that works.
    """
    program = program_of(problem, answer)
    return None if program is None else _run(program)


@cache
def _sandbox() -> Sandbox:
    return Sandbox()


_runs: dict[str, ProgramRun] = {}


def _run(program: str) -> ProgramRun:
    if program not in _runs:
        if len(_runs) >= _KEPT:
            _runs.clear()
        _runs[program] = _sandbox().run(program)
    return _runs[program]


def _code(problem: CodeProblem, answer: str) -> str | None:
    blocks = _FENCED.findall(answer)
    wanted = (
        re.compile(rf"^(?:async )?def {re.escape(problem.entry_point)}\b", re.MULTILINE)
        if problem.entry_point
        else None
    )
    for text in [*blocks, *([] if blocks else [answer])]:
        if wanted is not None and wanted.search(text):
            return _whole(problem, text)
    text = blocks[0] if blocks else answer
    if problem.head:
        completed = _completed(problem.head, text)
        return completed if blocks or _is_python(completed) else None
    return text if text.strip() and (blocks or _is_python(text)) else None


def _whole(problem: CodeProblem, text: str) -> str:
    """A whole function behind the imports and helpers that stood above its head."""
    above, found, _ = problem.head.partition(f"def {problem.entry_point}")
    return (above if found else "") + text


def _completed(head: str, text: str) -> str:
    """A head with what was written after it, up to where that leaves the function."""
    if not text.strip():
        return head
    ends = [place for stop in _STOPS if (place := text.find(stop)) > 0]
    text = text[: min(ends, default=len(text))].rstrip() + "\n"
    first, _, rest = text.partition("\n")
    if not first.startswith((" ", "\t")):  # a chat model's answer begins without the space before it
        deep = "\t" if rest.startswith("\t") else "    "
        text = f"{deep}{first}\n{rest}" if not rest or rest[0] in " \t\n" else textwrap.indent(text, deep)
    return head + text


def _is_python(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes that Python does not know, say, in somebody's program
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
