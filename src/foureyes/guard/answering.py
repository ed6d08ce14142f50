"""Asks an answerer and refuses a reply that is not a text."""

from __future__ import annotations

from foureyes.errors import ModelError
from foureyes.models.roles import Answerer
from foureyes.types import Prompt

__all__ = ["ask_answerer"]


async def ask_answerer(answerer: Answerer, prompt: Prompt) -> str:
    """Asks a model for an answer to a prompt.

    Nothing happens before this is awaited, so a plug-in that fails when called fails in its task.

    Raises:
        ModelError: it says so, or what it returned is not a text with words in it.
    """
    said: object = await answerer.answer(prompt)
    if not isinstance(said, str) or not said.strip():
        raise ModelError(f"{answerer.name} said nothing", model=answerer.name, summary="the model said nothing")
    return said
