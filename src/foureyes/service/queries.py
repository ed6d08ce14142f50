"""From the body of a request to what is verified."""

from __future__ import annotations

from foureyes.service.verification import VerificationQuery
from foureyes.service.wire.guard import VerifyRequest
from foureyes.service.wire.messages import AssistantMessage, PromptRequest
from foureyes.turns import openai_chat
from foureyes.types import Exchange, Message, Prompt

__all__ = ["prompt_of", "query_of"]


def query_of(body: VerifyRequest) -> VerificationQuery:
    """What a request asks to be verified.

    Raises:
        InputError: text that is not UTF-8, or a message that is none.
    """
    members = None if body.models is None else tuple((model.provider, model.model) for model in body.models)
    return VerificationQuery(
        _exchange(body),
        agent_id=body.agent_id,
        session_id=body.session_id,
        members=members,
        sources=tuple(body.sources or ()),
    )


def prompt_of(body: PromptRequest) -> Prompt:
    """What a request says was asked.

    Raises:
        InputError: text that is not UTF-8, or a message that is none.
    """
    if isinstance(body.prompt, str):
        return body.prompt
    if body.prompt is not None:
        return tuple(Message(turn.role, turn.content) for turn in body.prompt)
    return openai_chat.messages({"messages": [message.as_sent() for message in body.messages or ()]})


def _exchange(body: VerifyRequest) -> Exchange:
    offered = [tool.model_dump(exclude_unset=True) for tool in body.tools or ()]
    turn = Message("assistant", body.response) if isinstance(body.response, str) else _turn(body.response)
    return Exchange.of(prompt_of(body), turn, tools=openai_chat.tools({"tools": offered}))


def _turn(response: AssistantMessage) -> Message:
    return openai_chat.message(response.as_sent(), "response")
