"""Pairs of a right and a wrong answer to one question, as DPO and its relatives train on them.

From a study's graded answers, whoever gave them, and from right programs with a bug put in. Start at :func:`answer_pairs`
and :func:`bug_pairs`; :func:`save_pairs` writes what TRL takes as it is and ``foureyes`` reads as ``preference``.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

from foureyes.errors import InputError
from foureyes.study.cells import Cell
from foureyes.study.tasks.bugs import bug_in
from foureyes.study.tasks.items import TaskItem
from foureyes.study.tasks.loading import Task
from foureyes.tables.saving import write_text
from foureyes.turns.openai_chat import written
from foureyes.types import Message, Prompt

__all__ = ["PreferencePair", "answer_pairs", "bug_pairs", "save_pairs"]


@dataclass(frozen=True, slots=True)
class PreferencePair:
    """A right and a wrong answer to one question.

    Attributes:
        prompt: what was asked.
        chosen: the right answer.
        rejected: the wrong one.
        id: of the question, behind its task's name.
        source: whether both are ``answers``, or the wrong one is the right one with a ``bug``.
        authors: who gave the chosen and the rejected one; ``reference`` for the data set's own.
    """

    prompt: Prompt
    chosen: str
    rejected: str
    id: str
    source: Literal["answers", "bug"]
    authors: tuple[str, str]

    def to_record(self) -> dict[str, Any]:
        """The pair as TRL's conversational preference layout has it, with its origin in fields of its own."""
        turns = (Message("user", self.prompt),) if isinstance(self.prompt, str) else self.prompt
        return {
            "id": self.id,
            "prompt": written(turns),
            "chosen": written((Message("assistant", self.chosen),)),
            "rejected": written((Message("assistant", self.rejected),)),
            "source": self.source,
            "chosen_by": self.authors[0],
            "rejected_by": self.authors[1],
        }


def answer_pairs(
    cells: Iterable[Cell], tasks: Iterable[Task], *, each: int = 1, seed: int = 0
) -> Iterator[PreferencePair]:
    """Pairs of graded answers to the same question, by one generator or by two.

    Args:
        cells: answers, as :func:`foureyes.study.cells.load_cells` gives them.
        tasks: those that were asked.
        each: most pairs of one question, ≥ 1; drawn where there are more.
        seed: of the draw.

    Yields:
        Pairs in the order of the questions. Questions that nobody answered rightly, or nobody wrongly, have none; an answer that
        claims nothing is neither.

    Raises:
        InputError: ``each`` is less than 1, or an answer is to a question that the tasks do not have.
    """
    for item, place, graded in _by_question(cells, tasks, each):
        sides = [[one for one in graded.items() if one[1][0] == wanted] for wanted in ("right", "wrong")]
        found = list(product(*sides))
        for (chosen, (_, by)), (rejected, (_, other)) in _drawn(found, each, f"{seed} {place}"):
            yield PreferencePair(item.generator_prompt, chosen, rejected, place, "answers", (by, other))


def bug_pairs(
    cells: Iterable[Cell], tasks: Iterable[Task], *, each: int = 1, seed: int = 0
) -> Iterator[PreferencePair]:
    """Pairs of a right program and the same with one bug that its tests refuse; each is run in a sandbox.

    Args:
        cells: answers, whose right ones get bugs; none are needed.
        tasks: those for programs count; their reference programs get bugs too.
        each: most pairs of one question, ≥ 1, references first.
        seed: of the bugs.

    Yields:
        Pairs in the order of the questions.

    Raises:
        InputError: as :func:`answer_pairs`.
        ConfigError: this machine has no sandbox that works.
    """
    for item, place, graded in _by_question(cells, tasks, each):
        if item.problem is None:
            continue
        right = dict.fromkeys(item.gold, "reference")
        right |= {text: by for text, (verdict, by) in graded.items() if verdict == "right" and text not in right}
        made = ((text, by, bug_in(item, text, seed=seed)) for text, by in right.items())
        pairs = (
            PreferencePair(item.generator_prompt, text, bug.program, place, "bug", (by, f"mutation of {by}"))
            for text, by, bug in made
            if bug is not None
        )
        yield from (pair for _, pair in zip(range(each), pairs, strict=False))


def save_pairs(path: Path, pairs: Iterable[PreferencePair]) -> int:
    """Writes pairs as JSON lines, all or none.

    Returns:
        How many there were; none are an empty file's worth of nothing and are refused.

    Raises:
        InputError: there are none, or they cannot be written.
    """
    lines = [json.dumps(pair.to_record(), ensure_ascii=False) for pair in pairs]
    if not lines:
        raise InputError(
            "no pair: wanted a question with a right and a wrong answer, or a right program; there is none"
        )
    write_text(path, "\n".join(lines))
    return len(lines)


def _by_question(
    cells: Iterable[Cell], tasks: Iterable[Task], each: int
) -> Iterator[tuple[TaskItem, str, Mapping[str, tuple[str, str]]]]:
    """Each question with its place and its answers: text to grade and author."""
    if each < 1:
        raise InputError(f"wanted at least one pair of a question; got {each}")
    answers: dict[tuple[str, str], dict[str, tuple[str, str]]] = {}
    for cell in cells:
        for one in cell.answers:
            answers.setdefault((cell.task, one.question), {}).setdefault(one.text, (one.grade, cell.generator))
    known = {(task.name, item.id): item for task in tasks for item in task.items}
    if unknown := answers.keys() - known.keys():
        raise InputError(f"there are answers to {'/'.join(min(unknown))}, which is no question of these tasks")
    for key, item in known.items():
        yield item, "/".join(key), answers.get(key, {})


def _drawn(found: Sequence[Any], n: int, seed: str) -> list[Any]:
    """At most n, in a random order that the seed alone decides."""
    return random.Random(seed).sample(found, min(n, len(found)))  # noqa: S311 - a draw, no secret
