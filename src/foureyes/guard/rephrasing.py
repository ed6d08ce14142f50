"""Rephrases a prompt by templates, so that independent answers do not depend on one wording. Pure.

Templates, not paraphrases by a model: they cannot change what is asked, cost nothing and are the same every time.
"""

from __future__ import annotations

from typing import Final

from foureyes.errors import InputError
from foureyes.types import Message, Prompt

__all__ = ["N_PHRASINGS", "rephrase"]

_WORDINGS: Final = (
    "{asked}",
    "Answer the following from what you know, in plain words.\n\n{asked}",
    "{asked}\n\nSay only what you are sure of, and say so where you are not.",
    "{asked}\n\nThink about what is commonly got wrong here before you answer.",
    "Someone else will check your answer word by word. {asked}",
)

N_PHRASINGS: Final = len(_WORDINGS)
"""How many there are; the first is the prompt itself."""


def rephrase(prompt: Prompt, number: int) -> Prompt:
    r"""Rephrases a prompt by one of the templates.

    Args:
        prompt: a text, or turns, of which the last one of the user is rephrased.
        number: which wording, 0 … ``N_PHRASINGS`` − 1; 0 is the prompt itself.

    Raises:
        InputError: there is no such wording.

    Example:
        >>> rephrase("Capital of Australia?", 2)
        'Capital of Australia?\n\nSay only what you are sure of, and say so where you are not.'

    Source: cross-consistency over reworded prompts, FINCH-ZK, arXiv 2508.14314.
    """
    if not 0 <= number < N_PHRASINGS:
        raise InputError(f"wordings are numbered 0 to {N_PHRASINGS - 1}; got {number}")
    if isinstance(prompt, str):
        return _worded(prompt, number)
    last = max((i for i, turn in enumerate(prompt) if turn.role == "user"), default=-1)
    return tuple(_worded_turn(turn, number) if i == last else turn for i, turn in enumerate(prompt))


def _worded_turn(turn: Message, number: int) -> Message:
    if not turn.parts:
        return Message(turn.role, _worded(turn.content, number))
    before, after = _WORDINGS[number].split("{asked}")
    return Message.of(turn.role, [part for part in (before.rstrip(), *turn.parts, after.lstrip()) if part != ""])


def _worded(asked: str, number: int) -> str:
    return _WORDINGS[number].replace("{asked}", asked)
