"""Requests and responses of replacing personal data by tokens, and of restoring it."""

from __future__ import annotations

from pydantic import Field

from foureyes.service.wire.base import Agent, RequestModel, ResponseModel, Session, Text, example

__all__ = [
    "RehydrateRequest",
    "RehydrateResponse",
    "SessionResponse",
    "TokenItem",
    "TokenizeRequest",
    "TokenizeResponse",
]


class TokenizeRequest(RequestModel):
    """A text whose personal data is to be replaced."""

    model_config = example(text="Write to jane@example.com.", session_id="chat-7")

    text: str
    agent_id: Agent | None = None
    session_id: Session | None = Field(default=None, description="a new one is made when absent")


class TokenItem(ResponseModel):
    """One token and what kind of data it stands for; never the data."""

    token: str
    kind: str


class TokenizeResponse(ResponseModel):
    """The text with tokens."""

    model_config = example(
        tokenized_text="Write to [EMAIL_ADDRESS_1_K3F9QX2D].",
        session_id="chat-7",
        tokens_created=1,
        token_manifest=[{"token": "[EMAIL_ADDRESS_1_K3F9QX2D]", "kind": "EMAIL_ADDRESS"}],
    )

    tokenized_text: str
    session_id: str = Field(description="needed to restore the text")
    tokens_created: int = Field(ge=0, description="tokens that this text was the first to need")
    token_manifest: list[TokenItem]


class RehydrateRequest(RequestModel):
    """A text with tokens, of one conversation."""

    model_config = example(text="I wrote to [EMAIL_ADDRESS_1_K3F9QX2D].", session_id="chat-7")

    text: Text
    session_id: Session


class RehydrateResponse(ResponseModel):
    """The text with the data back in place. Tokens that the conversation does not know stay as they are."""

    model_config = example(rehydrated_text="I wrote to jane@example.com.", session_id="chat-7")

    rehydrated_text: str
    session_id: str


class SessionResponse(ResponseModel):
    """That a conversation's data can no longer be restored."""

    model_config = example(session_id="chat-7", revoked=True)

    session_id: str
    revoked: bool
