"""What all requests and responses share: strict checking, names, and the problem that every error is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

__all__ = [
    "EXAMPLE_ID",
    "Agent",
    "FieldError",
    "MemorySource",
    "Name",
    "Problem",
    "RequestModel",
    "ResponseModel",
    "Session",
    "Text",
]

EXAMPLE_ID: Final = "0f8fad5bd9cb469fa16570867728950e"

Text: TypeAlias = Annotated[str, Field(min_length=1)]
"""Any text with at least one character; the size of a body bounds it from above."""

_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._:@/+-]*$"

Name: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=_NAME)]
"""Letters, digits and ``._:@/+-``: safe in a log line, a metric and a path."""

Session: TypeAlias = Annotated[Name, Field(description="conversation whose tokens stay the same", examples=["chat-7"])]
Agent: TypeAlias = Annotated[Name, Field(description="who acts on the answer", examples=["agent-7"])]
MemorySource: TypeAlias = Annotated[Name, Field(description="a memory, index or document store", examples=["notes"])]


class RequestModel(BaseModel):
    """A body of ours: an unknown field is refused, and so is text where a number belongs."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ResponseModel(BaseModel):
    """What we send back."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")


class FieldError(ResponseModel):
    """One thing that is wrong with a request."""

    where: str = Field(description="JSON pointer into the body, or the name of a parameter", examples=["/response"])
    what: str = Field(description="what was wanted", examples=["Field required"])


class Problem(ResponseModel):
    """Every error, whatever its status (RFC 9457, ``application/problem+json``)."""

    type: str = Field(description="a stable name of the kind of problem", examples=["urn:foureyes:problem:invalid"])
    title: str = Field(description="the kind of problem in words", examples=["The request is not valid"])
    status: int = Field(description="the HTTP status", examples=[422])
    detail: str | None = Field(default=None, description="what happened this time", examples=["1 field is wrong"])
    request_id: str = Field(description="names this request in our logs", examples=[EXAMPLE_ID])
    errors: list[FieldError] | None = Field(default=None, description="what is wrong, field by field")

    def body(self) -> bytes:
        """As JSON, without the members that say nothing."""
        return self.model_dump_json(exclude_none=True).encode()


def example(schema: Mapping[str, Any] | None = None, **fields: Any) -> ConfigDict:
    """The configuration of a model with one example in the OpenAPI document.

    Args:
        schema: what the document says of it besides.
        fields: of the example.
    """
    return ConfigDict(json_schema_extra={"examples": [fields], **(schema or {})})
