"""A model that can be talked to as somebody who answers questions."""

from __future__ import annotations

from foureyes.models.chat.protocol import ChatModel, ChatRequest, messages_of, whole_text
from foureyes.types import Prompt

__all__ = ["ChatAnswerer"]


class ChatAnswerer:
    """Answers one prompt at a time; see :class:`~foureyes.models.roles.Answerer`.

    Args:
        model: that answers; a temperature above 0 among its options makes repeated answers independent.
    """

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    @property
    def provider(self) -> str:
        """Who runs the model."""
        return self._model.provider

    @property
    def name(self) -> str:
        """Which model."""
        return self._model.name

    async def aclose(self) -> None:
        """Closes every connection to the model's server."""
        await self._model.aclose()

    async def answer(self, prompt: Prompt) -> str:
        """The model's answer.

        Raises:
            ModelUnavailable: it cannot be reached, is busy, or took too long.
            ModelRefused: the model, its filter or its server said no.
            ModelError: what came back is no reply, is empty, or was cut off.
        """
        reply, *_ = await self._model.say(ChatRequest(messages_of(prompt)))
        return whole_text(reply, self.name)
