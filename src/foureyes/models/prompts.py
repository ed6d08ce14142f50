"""From a prompt and an answer to the exact text a verifier reads.

A model with a chat template reads the conversation through its own template, generation prompt included. A base model
has none and reads a plain question-and-answer form. Either way the answer is tokenised by itself, without special
tokens, and appended: no token ever spans the boundary, and no end-of-sequence token is scored.
"""

from __future__ import annotations

from typing import Final

from foureyes.types import Prompt

__all__ = ["PLAIN_PREFIX", "TEMPLATE_DATE", "as_messages", "plain_prompt"]

PLAIN_PREFIX: Final = " "
"""Stands between the plain form's ``Answer:`` and the answer; it is read as part of the answer's first token."""

TEMPLATE_DATE: Final = "26 Jul 2024"
"""Some templates print today's date unless told one; a reading must not depend on the day it is made."""

_SPEAKER = {"system": "Instruction", "user": "Question", "assistant": "Answer"}


def as_messages(prompt: Prompt) -> list[dict[str, str]]:
    """The prompt as the list of role/content objects that chat templates and chat endpoints take."""
    if isinstance(prompt, str):
        return [{"role": "user", "content": prompt}]
    return [{"role": message.role, "content": message.content} for message in prompt]


def plain_prompt(prompt: Prompt) -> str:
    r"""The plain question-and-answer form for base models, up to where the answer begins.

    Example:
        >>> plain_prompt("Capital of Australia?")
        'Question: Capital of Australia?\nAnswer:'
    """
    turns = [f"{_SPEAKER[turn['role']]}: {turn['content']}" for turn in as_messages(prompt)]
    return "\n".join([*turns, "Answer:"])
