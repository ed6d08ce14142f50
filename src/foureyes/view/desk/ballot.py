"""The votes of a desk in their file: saved as they are given, read anew when another page saved one."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from foureyes.cleaning.votes import LabelVote
from foureyes.errors import InputError
from foureyes.view.sidecar import Sidecar

__all__ = ["Ballot", "ballot_of"]


def ballot_of(path: Path) -> Path:
    """Where votes about the rows of a file are kept unless the user says otherwise.

    Example:
        >>> ballot_of(Path("data.csv")).as_posix()
        'data.votes.jsonl'
    """
    return path.with_name(f"{path.stem}.votes.jsonl")


class Ballot:
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
        self.path = path
        self.votes: dict[int, LabelVote] = {}
        self.broken = self.version = 0
        self._file = Sidecar(path)
        self._reading = threading.Lock()
        self.refresh()

    def refresh(self) -> None:
        """Takes up what was written since, by whomever."""
        with self._reading:
            if self._file.cut():
                self.votes, self.broken = {}, 0
            if self._file.changed():
                for told in self._file.news():
                    self._take(told)
                self.version += 1

    def add(self, vote: LabelVote) -> None:
        """Saves a vote: when this returns, it is on the disk.

        Raises:
            InputError: it cannot be written.
        """
        self._file.append(vote.to_dict())
        self.refresh()

    def _take(self, told: Any) -> None:
        try:
            vote = LabelVote.from_dict(told)
        except InputError:
            self.broken += 1
            return
        self.votes.pop(vote.row, None)
        if not vote.empty:
            self.votes[vote.row] = vote
