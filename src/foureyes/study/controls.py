"""Control signals, which need no model: P(correct) learnt from words and the labels of the other questions.

``difficulty`` sees the words of the question only: what a signal adds to it is knowledge of the *answer*. ``wording``
sees the answer's words too. Both are cross-fitted, so that no row is judged by a fit that has seen its question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from foureyes.errors import NotEnoughData
from foureyes.signals.history import Case, Part, cross_fitted
from foureyes.study.cells import Cell, GradedAnswer, SignalValues, Value
from foureyes.study.store import Cost
from foureyes.study.tasks.items import TaskItem
from foureyes.types import Exchange, Unscored

__all__ = ["CONTROLS", "MODEL", "controls"]

MODEL: Final = "control"

CONTROLS: Final[Mapping[str, tuple[Part, ...]]] = {
    "difficulty": ("question",),
    "wording": ("question", "answer"),
}


def controls(cell: Cell, items: Sequence[TaskItem], *, seed: int) -> list[SignalValues]:
    """The controls of one cell; none where there are too few questions or one class only.

    Args:
        cell: answers and their grades.
        items: (N,) the question of every row.
        seed: of the deal into folds.
    """
    cases = [
        Case(Exchange(item.question, _words(item, answer)))
        for item, answer in zip(items, cell.answers, strict=True)
        if answer.grade != "unparseable"
    ]
    found = []
    for name, sees in CONTROLS.items():
        try:
            values = iter(cross_fitted(cases, cell.right[cell.graded], sees=sees, seed=seed).tolist())
        except NotEnoughData:
            continue
        placed: list[Value] = [next(values) if graded else _UNGRADED for graded in cell.graded]
        found.append(SignalValues(MODEL, name, tuple(placed), Cost()))
    return found


def _words(item: TaskItem, answer: GradedAnswer) -> str:
    """Of a letter, the option it stands for."""
    return item.options[item.letters.index(answer.choice)] if item.kind == "letter" else answer.text


_UNGRADED: Final = Unscored("unparseable", "the answer could not be graded")
