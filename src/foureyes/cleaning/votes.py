"""What a person said of a label at the cleaning desk: a decision, what kind of mistake it is, and a note.

The desk keeps votes in a file of JSON lines, one a vote, the last one about a row counts. :func:`decisions_of` makes of them what
:func:`foureyes.cleaning.review.apply_decisions` carries out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

from foureyes.cleaning.review import ReviewAction, ReviewDecision
from foureyes.display import plural
from foureyes.errors import InputError

__all__ = ["CATEGORIES", "Category", "LabelVote", "decisions_of", "read_votes", "row_key"]

Category: TypeAlias = Literal["wrong", "several", "similar", "broader", "narrower", "unclear"]

CATEGORIES: Final[Mapping[Category, str]] = {
    "wrong": "plainly another class",
    "several": "several objects, more than one label fits",
    "similar": "a class much like the given one",
    "broader": "the given label is too broad",
    "narrower": "the given label is too narrow",
    "unclear": "nobody could tell",
}

_LONGEST_NOTE: Final = 1000


@dataclass(frozen=True, slots=True)
class LabelVote:
    """What was said of one row.

    Attributes:
        row: its number.
        key: of the row's place and given label, see :func:`row_key`.
        decision: ``None`` where it was taken back, or where there is only a note.
        label: name of the new label, for ``relabel``.
        category: what kind of mistake it is.
        note: anything.

    Raises:
        InputError: it cannot be a vote; says why.
    """

    row: int
    key: str
    decision: ReviewAction | None
    label: str | None = None
    category: Category | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if type(self.row) is not int or self.row < 0 or not isinstance(self.key, str):
            raise InputError(f"a vote is about a row of the data; got {self.row!r:.40}")
        if self.decision not in (None, *get_args(ReviewAction)):
            raise InputError(
                f"a decision is one of {', '.join(get_args(ReviewAction))} or null; got {self.decision!r:.40}"
            )
        if (self.label is not None) != (self.decision == "relabel") or not isinstance(self.label, str | None):
            raise InputError(f"relabel goes with a label, others without; got {self.decision} and {self.label!r:.40}")
        if self.category not in (None, *get_args(Category)):
            raise InputError(f"a category is one of {', '.join(get_args(Category))} or null; got {self.category!r:.40}")
        if not isinstance(self.note, str) or len(self.note) > _LONGEST_NOTE:
            raise InputError(f"a note is a text of at most {_LONGEST_NOTE} characters")

    @property
    def empty(self) -> bool:
        """Whether nothing is said any more."""
        return self.decision is None and self.category is None and not self.note

    @property
    def wrong(self) -> bool | None:
        """Whether the given label was found wrong; ``None`` while undecided."""
        return None if self.decision is None else self.decision != "keep"

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> LabelVote:
        """From a line's object.

        Raises:
            InputError: it is none.
        """
        if not isinstance(told, dict) or not {"row", "key"} <= told.keys():
            raise InputError("not a vote: it names no row")
        words = {name: told.get(name) for name in ("decision", "label", "category")}
        return cls(told["row"], told["key"], note=told.get("note") or "", **words)

    def to_dict(self) -> dict[str, Any]:
        """As a line has it."""
        return {name: getattr(self, name) for name in ("row", "key", "decision", "label", "category", "note")}


def row_key(row: int, given: object) -> str:
    """Tells a row of one file from that of another: 16 hex digits of its place and its label.

    Example:
        >>> len(row_key(3, "cat"))
        16
    """
    return hashlib.sha256(json.dumps([row, str(given)]).encode()).hexdigest()[:16]


def read_votes(path: str | Path) -> dict[int, LabelVote]:
    """The votes that a desk has saved; the last one about a row counts.

    Raises:
        InputError: the file cannot be read, or a line is no vote; says which.
    """
    votes: dict[int, LabelVote] = {}
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the votes in {path}: {error}") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            vote = LabelVote.from_dict(json.loads(line))
        except ValueError as error:
            raise InputError(f"{path}, line {number} is no vote: {error}") from error
        votes[vote.row] = vote
    return {row: vote for row, vote in votes.items() if not vote.empty}


def decisions_of(
    votes: Mapping[int, LabelVote], given: Sequence[object], classes: Sequence[str] | None
) -> dict[int, ReviewDecision]:
    """Decisions to carry out; undecided rows are left out.

    Args:
        votes: row to vote.
        given: (N,) labels of the data, by name where classes have names.
        classes: K names; without them labels are class indices.

    Raises:
        InputError: votes are about other data, or a vote's label is no class.
    """
    strange = [row for row, vote in votes.items() if row >= len(given) or vote.key != row_key(row, given[row])]
    if strange:
        raise InputError(
            f"{plural(len(strange), 'vote')} of {len(votes):,} {'is' if len(strange) == 1 else 'are'} about other rows or labels than these, first row {strange[0]}"
        )
    return {row: _decision(vote, classes) for row, vote in votes.items() if vote.decision is not None}


def _decision(vote: LabelVote, classes: Sequence[str] | None) -> ReviewDecision:
    if vote.decision != "relabel":
        return ReviewDecision("keep" if vote.decision == "keep" else "drop")
    name = vote.label or ""
    if classes is not None and name in classes:
        return ReviewDecision("relabel", list(classes).index(name))
    if classes is None and name.isdecimal():
        return ReviewDecision("relabel", int(name))
    raise InputError(f"the vote on row {vote.row} names the label {name!r}, which is no class")
