"""The results of a study, row by row: one cell a task and generator, one column a model's signal.

Kept as JSON lines, one cell a line, so that a report can be made again, and by others, without a model.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError
from foureyes.study.store import Cost
from foureyes.study.tasks.grading import Grade
from foureyes.types import Unscored

__all__ = ["Cell", "GradedAnswer", "SignalValues", "Value", "load_cells", "save_cells"]

Value: TypeAlias = float | Unscored
_NO_VERIFIER = frozenset({"own", "control"})

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class GradedAnswer:
    """One answer of a generator.

    Attributes:
        question: id of the question.
        text: what was said.
        grade: the task's verdict.
        choice: the option, number or plain text that was taken for the answer; empty where none was found.
        truth: the first of what is right; empty where nothing is.
        base, change: of a question that a protocol made: the one it was made of, and what was changed.
        same_as: what rows that hang together share; empty where the question is its own.
    """

    question: str
    text: str
    grade: Grade
    choice: str = ""
    truth: str = ""
    base: str = ""
    change: str = ""
    same_as: str = ""


@dataclass(frozen=True, slots=True)
class SignalValues:
    """One signal of one model on all answers of a cell.

    Attributes:
        model: whose signal it is; ``"own"`` for the generator's, ``"control"`` for none.
        name: of the signal.
        values: one a row, an uncertainty or why there is none.
        cost: of taking this signal alone, over all rows.
    """

    model: str
    name: str
    values: tuple[Value, ...]
    cost: Cost

    @property
    def key(self) -> str:
        """``MODEL.SIGNAL``."""
        return f"{self.model}.{self.name}"

    def numbers(self) -> tuple[Floats, Bools]:
        """(N,) values, 0 where there are none, and (N,) where there are some."""
        there = np.array([not isinstance(value, Unscored) for value in self.values], np.bool_)
        return np.array([0.0 if isinstance(v, Unscored) else v for v in self.values], np.float64), there


@dataclass(frozen=True, slots=True)
class Cell:
    """All answers of one generator to one task.

    Attributes:
        task, generator: their names.
        answers: N of them.
        signals: of the generator and the verifiers.
        verified: by verifier, the grade of its own answer to each row's question; only where it gave one.
        cost: of the answers.
    """

    task: str
    generator: str
    answers: tuple[GradedAnswer, ...]
    signals: tuple[SignalValues, ...] = ()
    verified: Mapping[str, tuple[Grade, ...]] | None = None
    cost: Cost = field(default_factory=Cost)

    def __post_init__(self) -> None:
        for signal in self.signals:
            if len(signal.values) != len(self.answers):
                raise InputError(f"{signal.key}: {len(signal.values)} values for {len(self.answers)} answers")

    @property
    def right(self) -> Bools:
        """(N,) whether each answer is graded right."""
        return np.array([answer.grade == "right" for answer in self.answers], np.bool_)

    @property
    def graded(self) -> Bools:
        """(N,) whether each answer is right or wrong, and not unparseable."""
        return np.array([answer.grade != "unparseable" for answer in self.answers], np.bool_)

    @property
    def groups(self) -> NDArray[np.int64]:
        """(N,) number of each row's question; rows of one question in several forms have one number."""
        numbers: dict[str, int] = {}
        keys = (answer.same_as or answer.question for answer in self.answers)
        return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)

    @property
    def verifiers(self) -> list[str]:
        """Models that verified, in order."""
        return [name for name in dict.fromkeys(signal.model for signal in self.signals) if name not in _NO_VERIFIER]

    def signal(self, model: str, name: str) -> SignalValues | None:
        """One signal, ``None`` where it was not taken."""
        return next((s for s in self.signals if s.model == model and s.name == name), None)


def save_cells(path: Path, cells: Iterable[Cell]) -> None:
    """Writes the cells, all or none.

    Raises:
        InputError: they cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            for cell in cells:
                file.write(json.dumps(_to_json(cell), ensure_ascii=False, allow_nan=False) + "\n")
        part.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


def load_cells(path: Path) -> list[Cell]:
    """Reads what :func:`save_cells` wrote.

    Raises:
        InputError: it cannot be read, or is something else.
    """
    try:
        with path.open(encoding="utf-8") as file:
            return [_from_json(json.loads(line)) for line in file]
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} does not hold the results of a study: {error}") from error


def _to_json(cell: Cell) -> dict[str, Any]:
    signals = [
        {"model": s.model, "name": s.name, "cost": asdict(s.cost), "values": [_plain(value) for value in s.values]}
        for s in cell.signals
    ]
    return {
        "task": cell.task,
        "generator": cell.generator,
        "answers": [asdict(answer) for answer in cell.answers],
        "signals": signals,
        "verified": {name: list(grades) for name, grades in (cell.verified or {}).items()},
        "cost": asdict(cell.cost),
    }


def _from_json(found: Mapping[str, Any]) -> Cell:
    return Cell(
        found["task"],
        found["generator"],
        tuple(GradedAnswer(**answer) for answer in found["answers"]),
        tuple(
            SignalValues(s["model"], s["name"], tuple(_value(value) for value in s["values"]), Cost(**s["cost"]))
            for s in found["signals"]
        ),
        {name: _grades(grades) for name, grades in found["verified"].items()},
        Cost(**found["cost"]),
    )


def _grades(found: Sequence[Any]) -> tuple[Grade, ...]:
    unknown = set(found) - set(get_args(Grade))
    if unknown:
        raise InputError(f"a grade is one of {', '.join(get_args(Grade))}; got {unknown.pop()!r}")
    return tuple(found)


def _plain(value: Value) -> float | dict[str, Any]:
    return value.to_dict() if isinstance(value, Unscored) else value


def _value(found: Any) -> Value:
    return Unscored(**found) if isinstance(found, dict) else float(found)
