"""The questions that the author answers, which are data: those of the demo that ask for a few words, and more like them (``asked.jsonl``)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from foureyes.demo.questions import load

__all__ = ["ShortQuestion", "asked"]

_FEW_WORDS: Final = re.compile(r"Answer (?:with|in a few words|in big-O)")


@dataclass(frozen=True, slots=True)
class ShortQuestion:
    """A question with a short answer.

    Attributes:
        id: a short name in words, unique.
        prompt: the question, and how long an answer should be.
        accepted: the texts of which a right answer gives one.
    """

    id: str
    prompt: str
    accepted: tuple[str, ...]


def asked() -> tuple[ShortQuestion, ...]:
    """The questions, in their order: the demo's own first. None is left out for what a model said to it.

    Example:
        >>> questions = asked()
        >>> len(questions), questions[0].id, questions[0].accepted
        (175, 'capital-of-australia', ('Canberra',))
    """
    few = (q for q in load() if _FEW_WORDS.search(q.prompt))
    text = files(__package__).joinpath("asked.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    also = {row["id"]: row["also"] for row in rows if "also" in row}
    return (
        *(ShortQuestion(q.id, q.prompt, (q.right, *also.get(q.id, ()))) for q in few),
        *(ShortQuestion(row["id"], row["prompt"], tuple(row["accepted"])) for row in rows if "prompt" in row),
    )
