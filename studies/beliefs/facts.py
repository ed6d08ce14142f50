"""Facts with one right and one wrong answer, and as statements that are true or false: the questions of the demo."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from foureyes.demo.questions import load

__all__ = ["Fact", "facts", "lot"]


@dataclass(frozen=True, slots=True)
class Fact:
    """A question that two answers are offered to.

    Attributes:
        id, topic, question: of the demo's question.
        right, wrong: the two answers.
    """

    id: str
    topic: str
    question: str
    right: str
    wrong: str

    def clause(self, answer: str, verb: str = "is") -> str:
        """That an answer is the right one, without a full stop.

        Example:
            >>> Fact("a", "maths", "What is 1 + 1?", "2", "3").clause("2", "is not")
            'the right answer to "What is 1 + 1?" is not "2"'
        """
        return f'the right answer to "{self.question}" {verb} "{answer}"'

    @property
    def is_told_truly(self) -> bool:
        """Whether its one statement is the true one: half of the facts, drawn by hash."""
        return lot(self.id, "truth")

    @property
    def told_answer(self) -> str:
        """The answer that its one statement asserts."""
        return self.right if self.is_told_truly else self.wrong


def facts() -> Sequence[Fact]:
    """All of them, in the order of the file."""
    return [Fact(one.id, one.topic, one.text, one.right, one.wrong) for one in load()]


def lot(*of: str) -> bool:
    """A coin thrown by hash: the same for the same texts, on every machine."""
    return bool(hashlib.sha256("\0".join(of).encode()).digest()[0] & 1)
