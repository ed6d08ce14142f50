"""A response of OpenAI's Responses: what was asked, the items that were written, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["WrittenResponse", "response_of"]

_REPEATED: Final[Mapping[str, Any]] = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": None,
    "top_p": None,
    "reasoning": None,
    "user": None,
}
"""Fields of a request that a response repeats, with what stands there where they were not sent."""

_INCOMPLETE: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}


@dataclass(slots=True)
class WrittenResponse:
    """What has been written of a response.

    Attributes:
        id: names it.
        created: seconds since 1970.
        model: that wrote it.
        output: its items.
        finish: why the writer ended, in the words of a chat completion; empty while it has not.
        usage: tokens, in the same words.
    """

    id: str
    created: int
    model: str
    output: list[dict[str, Any]] = field(default_factory=list)
    finish: str = ""
    usage: Mapping[str, Any] | None = None

    @property
    def status(self) -> str:
        """How it stands."""
        if not self.finish:
            return "in_progress"
        return "incomplete" if self.finish in _INCOMPLETE else "completed"


def response_of(asked: Mapping[str, Any], written: WrittenResponse) -> dict[str, Any]:
    """The response as an object.

    Args:
        asked: the body of the request.
        written: what came of it.
    """
    repeated = {name: usual if asked.get(name) is None else asked[name] for name, usual in _REPEATED.items()}
    return {
        "id": written.id,
        "object": "response",
        "created_at": written.created,
        "status": written.status,
        "background": False,
        "error": None,
        "incomplete_details": {"reason": _INCOMPLETE[written.finish]} if written.status == "incomplete" else None,
        "model": written.model,
        "output": written.output,
        "previous_response_id": None,
        "store": False,
        "truncation": "disabled",
        "usage": None if written.usage is None else _usage(written.usage),
        **repeated,
    }


def _usage(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Tokens under the names that this API has for them."""
    read, wrote = usage.get("prompt_tokens_details") or {}, usage.get("completion_tokens_details") or {}
    return {
        "input_tokens": usage.get("prompt_tokens", 0),
        "input_tokens_details": {**read, "cached_tokens": read.get("cached_tokens") or 0},
        "output_tokens": usage.get("completion_tokens", 0),
        "output_tokens_details": {**wrote, "reasoning_tokens": wrote.get("reasoning_tokens") or 0},
        "total_tokens": usage.get("total_tokens", 0),
    }
