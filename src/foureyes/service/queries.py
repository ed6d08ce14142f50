"""From the body of a request to what is verified."""

from __future__ import annotations

from collections.abc import Sequence

from foureyes.service.verification import VerificationQuery
from foureyes.service.wire.guard import Turn, VerifyRequest
from foureyes.types import Exchange, Message, Prompt

__all__ = ["prompt_of", "query_of"]


def query_of(body: VerifyRequest) -> VerificationQuery:
    """What a request asks to be verified.

    Raises:
        InputError: text that is not UTF-8.
    """
    members = None if body.models is None else tuple((model.provider, model.model) for model in body.models)
    return VerificationQuery(
        Exchange(prompt_of(body.prompt), body.response),
        agent_id=body.agent_id,
        session_id=body.session_id,
        members=members,
        sources=tuple(body.sources or ()),
    )


def prompt_of(prompt: str | Sequence[Turn]) -> Prompt:
    """The prompt in the shapes of a request.

    Raises:
        InputError: text that is not UTF-8.
    """
    return prompt if isinstance(prompt, str) else tuple(Message(turn.role, turn.content) for turn in prompt)
