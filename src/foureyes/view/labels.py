"""What people decided about answers, in a file of its own beside the scored one: one JSON line a decision, the last one wins.

Several pages may write to the same file at once (:mod:`foureyes.view.sidecar`). A line says which row it is about and holds a hash of prompt and answer, so that a decision is never taken for one
about another answer: not after the rows were scored again, and not when the file belongs to other rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from foureyes.errors import InputError
from foureyes.view.sidecar import Followed

__all__ = ["Label", "LabelDecision", "Labels", "sidecar_of"]

Label: TypeAlias = Literal["right", "wrong", "unsure"]


@dataclass(frozen=True, slots=True)
class LabelDecision:
    """What somebody said of one answer.

    Attributes:
        file: name of the scored file, for people.
        row: number of the row, from 0.
        which: of several answers in one record, which; empty where there is one.
        answer: hash of prompt and answer, 16 hex digits.
        label: what was said; ``None`` where it was taken back.
        read: how the user said that rows are to be read; :attr:`~foureyes.view.scored_rows.RowReader.given`.
    """

    file: str
    row: int
    which: str
    answer: str
    label: Label | None
    read: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> LabelDecision:
        """From a line's object.

        Raises:
            InputError: it is none.
        """
        try:
            read = tuple(str(word) for word in told.get("read", ()))
            made = cls(told["file"], told["row"], told["which"], told["answer"], told["label"], read)
            legal = type(made.row) is int and made.row >= 0 and int(made.answer, 16) >= 0
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"not a decision: {error}") from error
        if not legal or made.label not in (None, *get_args(Label)):
            raise InputError(f"not a decision: row {made.row!r:.40}, label {made.label!r:.40}")
        return made

    def to_dict(self) -> dict[str, Any]:
        """As a line has it."""
        return {
            "file": self.file,
            "row": self.row,
            "which": self.which,
            "answer": self.answer,
            "label": self.label,
            **({"read": list(self.read)} if self.read else {}),
        }


def sidecar_of(path: Path) -> Path:
    """Where decisions about the rows of a file are kept unless the user says otherwise.

    Example:
        >>> sidecar_of(Path("scored.jsonl")).as_posix()
        'scored.labels.jsonl'
    """
    return path.with_name(f"{path.stem}.labels.jsonl")


class Labels(Followed):
    """The decisions in a sidecar.

    Args:
        path: of the sidecar; it need not be there yet.

    Attributes:
        last: the last decision about each row, by row number and hash.
        broken: lines that are none.
        version: goes up with every decision.
        conflicts: rows that were called right at one time and wrong at another.

    Raises:
        InputError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.last: dict[tuple[int, str], LabelDecision] = {}
        self._seen: dict[tuple[int, str], set[str]] = {}
        super().__init__(path)

    @property
    def conflicts(self) -> int:
        """Rows that were called right at one time and wrong at another."""
        with self._reading:
            return sum({"right", "wrong"} <= seen for seen in self._seen.values())

    def add(self, decision: LabelDecision) -> None:
        """Saves a decision: when this returns, it is on the disk.

        Raises:
            InputError: it cannot be written.
        """
        self._append(decision.to_dict())

    def _forget(self) -> None:
        self.last, self._seen = {}, {}

    def _take(self, told: dict[str, Any]) -> None:
        decision = LabelDecision.from_dict(told)
        key = decision.row, decision.answer
        seen = self._seen.setdefault(key, set())
        if decision.label is None:
            self.last.pop(key, None)
            seen.clear()
        else:
            self.last[key] = decision
            seen.add(decision.label)
