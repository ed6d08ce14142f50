"""Right programs made wrong: a mutation that a problem's tests refuse, within an answer that is otherwise kept as it is.

Start at :func:`bug_in`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from foureyes.errors import InputError
from foureyes.study.tasks.code import code_places
from foureyes.study.tasks.grading import grade
from foureyes.study.tasks.items import TaskItem
from foureyes.study.tasks.mutations import Mutation, mutations

__all__ = ["MOST_TRIES", "bug_in"]

MOST_TRIES: Final = 8
"""Mutations of one program that are tried; those that its tests let pass are no bugs."""


def bug_in(item: TaskItem, answer: str, *, seed: int = 0) -> Mutation | None:
    """A bug for a right answer: the first mutation of its code that the problem's tests refuse.

    Args:
        item: a question for programs.
        answer: a program that passes its tests, alone or in a fenced block among words; the words are kept.
        seed: of the order in which mutations are tried.

    Returns:
        The whole answer with the bug, and where that is. ``None`` where the code is no Python by itself, nothing in it can be
        changed, or the tests notice none of the first :data:`MOST_TRIES` changes.

    Raises:
        InputError: the question is not for programs.
        ConfigError: this machine has no sandbox that works.
    """
    if item.problem is None:
        raise InputError(
            f"question {item.id}: wanted one with tests, a bug is what they refuse; it is of kind {item.kind!r}"
        )
    tried = [bug for start, end in code_places(answer) for bug in _within(answer, start, end, seed)]
    return next((bug for bug in tried[:MOST_TRIES] if grade(item, bug.program) == "wrong"), None)


def _within(answer: str, start: int, end: int, seed: int) -> list[Mutation]:
    """The mutations of a part of an answer, as mutations of the whole."""
    try:
        found = mutations(answer[start:end], seed=seed)
    except InputError:  # a body without its head, say
        return []
    return [replace(one, program=answer[:start] + one.program + answer[end:], start=start + one.start) for one in found]
