"""A model behind a chat endpoint as somebody who answers questions."""

from __future__ import annotations

from foureyes.models.chat.connection import Connection, Endpoint
from foureyes.models.chat.wire import body, turns, words
from foureyes.types import Prompt

__all__ = ["ChatAnswerer"]


class ChatAnswerer:
    """Answers one prompt at a time.

    Args:
        endpoint: what was configured; a temperature above 0 among its options makes repeated answers independent.

    Raises:
        ConfigError: an option of the endpoint sets what is not its to set.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        body(endpoint.model, [], endpoint.options)  # refuses bad options now
        self._endpoint = endpoint
        self._connection = Connection(endpoint)

    @property
    def provider(self) -> str:
        """Who runs the model, as configured."""
        return self._endpoint.provider

    @property
    def name(self) -> str:
        """Which model, as configured."""
        return self._endpoint.model

    async def aclose(self) -> None:
        """Closes every connection to the server."""
        await self._connection.aclose()

    async def answer(self, prompt: Prompt) -> str:
        """The model's answer; see :class:`~foureyes.models.roles.Answerer`.

        Raises:
            ModelUnavailable: the server cannot be reached, is busy, or took too long.
            ModelRefused: the server or the model said no.
            ModelError: the reply is not a chat completion, empty, or cut off.
        """
        request = body(self.name, turns(prompt), self._endpoint.options)
        return words(await self._connection.complete(request), self.name)
