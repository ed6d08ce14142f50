"""The questions of the demo, which are data (``questions.jsonl`` beside this file)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, Literal, TypeAlias

from foureyes.types import Exchange

__all__ = ["DemoQuestion", "Level", "load"]

_HOW_LONG: Final = re.compile(r"\s+Answer (in|with) [^.?]*\.$")

Level: TypeAlias = Literal["easy", "hard"]


@dataclass(frozen=True, slots=True)
class DemoQuestion:
    """One question with two answers of the same form, of which exactly one is right.

    Attributes:
        id: a short name in words, unique.
        topic: one of nine, say ``"geography"``.
        level: what the author expected of a person with a school education; set before any model read it.
        prompt: the question, and how long an answer should be.
        right: the right answer.
        wrong: what a confident model may say instead, of similar length.
        note: why the right answer is right, in one line.
    """

    id: str
    topic: str
    level: Level
    prompt: str
    right: str
    wrong: str
    note: str

    @property
    def text(self) -> str:
        """The question alone, without how long an answer should be."""
        return _HOW_LONG.sub("", self.prompt)

    @property
    def exchanges(self) -> tuple[Exchange, Exchange]:
        """The prompt with the right answer, then with the wrong one."""
        return Exchange(self.prompt, self.right), Exchange(self.prompt, self.wrong)


def load() -> tuple[DemoQuestion, ...]:
    """The questions, in their order in the file.

    Example:
        >>> questions = load()
        >>> questions[0].right, questions[0].wrong
        ('Canberra', 'Sydney')
        >>> len(questions)
        120
    """
    text = files(__package__).joinpath("questions.jsonl").read_text(encoding="utf-8")
    return tuple(DemoQuestion(**json.loads(line)) for line in text.splitlines())
