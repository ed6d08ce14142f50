"""What was asked and answered, as requests say it: turns, messages of a chat, and tools that were offered."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from foureyes.service.wire.base import RequestModel, Text, example
from foureyes.types import Role

__all__ = [
    "EITHER_PROMPT",
    "AssistantMessage",
    "ChatMessage",
    "OfferedFunction",
    "OfferedTool",
    "PromptRequest",
    "Turn",
]

MAX_TURNS: Final = 256
"""Turns of a conversation given as prompt."""


class Turn(RequestModel):
    """One turn of a conversation."""

    role: Role
    content: Text


_SAYS_SOMETHING: Final[dict[str, Any]] = {
    "anyOf": [
        {"properties": {"role": {"enum": ["assistant", "tool", "function"]}}},
        {"required": ["content"], "properties": {"content": {"type": ["string", "array"]}}},
    ]
}
"""What a schema says of a message: a user's, or an instruction, has a content."""


class ChatMessage(RequestModel):
    """A message in the shape of OpenAI's chat completions, as applications send and receive it.

    What is not named here is read as well, or is a part that cannot be read; nothing is dropped.
    """

    model_config = ConfigDict(extra="allow", json_schema_extra=_SAYS_SOMETHING)

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Any] | None = Field(default=None, description="text, or a list of parts")
    tool_calls: list[Any] | None = Field(default=None, description="functions that the assistant asks to be called")
    tool_call_id: str | None = Field(default=None, description="the call that a message of a tool answers")

    def as_sent(self) -> dict[str, Any]:
        """The message with the fields that were sent, and an empty content where none was."""
        return {"content": None, **self.model_dump(exclude_unset=True)}


class AssistantMessage(ChatMessage):
    """What a model answered, as a message: text, tool calls, or both."""

    model_config = example(
        role="assistant",
        content=None,
        tool_calls=[
            {
                "id": "call_1",
                "type": "function",
                "function": {"name": "wire_transfer", "arguments": '{"to": "Ana", "amount": 5}'},
            }
        ],
    )

    role: Literal["assistant"]


class OfferedFunction(RequestModel):
    """A function that a model may call."""

    model_config = ConfigDict(extra="ignore")

    name: Text
    description: str | None = None
    parameters: dict[str, Any] | None = Field(default=None, description="JSON schema of the arguments")


class OfferedTool(RequestModel):
    """A tool in the shape of OpenAI's chat completions."""

    type: Literal["function"] = "function"
    function: OfferedFunction


EITHER_PROMPT: Final[dict[str, Any]] = {
    "oneOf": [
        {"required": [one], "properties": {one: {"not": {"type": "null"}}, other: {"type": "null"}}}
        for one, other in (("prompt", "messages"), ("messages", "prompt"))
    ]
}
"""What a schema says of a request with a prompt or messages."""


class PromptRequest(RequestModel):
    """What was asked: a prompt, or the messages of a chat."""

    model_config = ConfigDict(json_schema_extra=EITHER_PROMPT)

    prompt: Text | Annotated[list[Turn], Field(min_length=1, max_length=MAX_TURNS)] | None = Field(
        default=None,
        description="the user's words, or the conversation up to the response; never retrieved context or memory",
    )
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=MAX_TURNS)] | None = Field(
        default=None, description="instead of prompt: the conversation as it was sent to OpenAI's chat completions"
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.prompt is None) == (self.messages is None):
            raise ValueError("wanted either prompt or messages")
        return self
