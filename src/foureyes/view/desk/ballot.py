"""The votes of a desk in their file: saved as they are given, read anew when another page saved one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foureyes.cleaning.votes import LabelVote
from foureyes.view.sidecar import Followed

__all__ = ["Ballot", "ballot_of"]


def ballot_of(path: Path) -> Path:
    """Where votes about the rows of a file are kept unless the user says otherwise.

    Example:
        >>> ballot_of(Path("data.csv")).as_posix()
        'data.votes.jsonl'
    """
    return path.with_name(f"{path.stem}.votes.jsonl")


class Ballot(Followed):
    """The votes in a file.

    Args:
        path: of the file; it need not be there yet.

    Attributes:
        votes: the last one about each row.
        broken: lines that are none.
        version: goes up with every change.

    Raises:
        InputError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.votes: dict[int, LabelVote] = {}
        super().__init__(path)

    def add(self, vote: LabelVote) -> None:
        """Saves a vote: when this returns, it is on the disk.

        Raises:
            InputError: it cannot be written.
        """
        self._append(vote.to_dict())

    def _forget(self) -> None:
        self.votes = {}

    def _take(self, told: dict[str, Any]) -> None:
        vote = LabelVote.from_dict(told)
        self.votes.pop(vote.row, None)
        if not vote.empty:
            self.votes[vote.row] = vote
