"""Records of known kinds that hold no answer, or an answer without its prompt: each is refused with what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from foureyes.errors import InputError
from foureyes.layouts.answer import LoggedAnswer
from foureyes.layouts.batches import is_batch_input
from foureyes.layouts.conversations import is_messages, messages_answers
from foureyes.layouts.fields import tools_of
from foureyes.layouts.langfuse import is_score
from foureyes.layouts.making import logged
from foureyes.layouts.wire import failure
from foureyes.turns import openai_chat
from foureyes.turns.mapping import listed, required

__all__ = [
    "chunk_answers",
    "guarded_answers",
    "is_chunk",
    "is_guarded",
    "is_litellm",
    "is_no_answer",
    "litellm_answers",
    "no_answers",
]


def is_chunk(row: Mapping[str, Any]) -> bool:
    """Whether a record is a piece of a streamed chat completion, or holds its pieces in place of a response."""
    return _piece(row).get("object") == "chat.completion.chunk"


def chunk_answers(row: Mapping[str, Any]) -> NoReturn:
    """None.

    Raises:
        InputError: always.
    """
    raise InputError(
        f"a piece of the streamed answer {_piece(row).get('id')!r:.60}; log the whole answer, with its request"
    )


def _piece(row: Mapping[str, Any]) -> Mapping[str, Any]:
    response = row.get("response")
    return response[0] if isinstance(response, list) and response and isinstance(response[0], dict) else row


def is_no_answer(row: Mapping[str, Any]) -> bool:
    """Whether a record is known to hold no answer: a failed call, a request of a batch, a score."""
    return bool(failure(row)) or is_batch_input(row) or is_score(row)


def no_answers(row: Mapping[str, Any]) -> NoReturn:
    """None.

    Raises:
        InputError: always.
    """
    if is_batch_input(row):
        raise InputError(f"the request {row['custom_id']!r:.60} of a batch; give the file with its output too")
    if is_score(row):
        raise InputError(
            f"a score of the observation {row['observationId']!r:.60}; give the file with that observation too"
        )
    raise InputError(f"the call failed: {failure(row):.200}")


def is_litellm(row: Mapping[str, Any]) -> bool:
    """Whether a record is what LiteLLM shows a guardrail."""
    return {"input_type", "litellm_call_id", "texts"} <= row.keys()


def litellm_answers(row: Mapping[str, Any]) -> Iterator[LoggedAnswer]:
    """The one answer, where the conversation stands beside it."""
    turns = listed(row, "structured_messages")
    if row["input_type"] != "response":
        raise InputError("a request that a guardrail was shown, and no answer")
    texts = [required(text, str, "texts[]") for text in listed(row, "texts")]
    if not turns or len(texts) > 1:
        raise InputError(
            "an answer that a guardrail was shown without its prompt; log the call itself, request and response"
        )
    prompt = openai_chat.messages({"messages": turns})
    answer = openai_chat.message({"role": "assistant", "content": "".join(texts), "tool_calls": row.get("tool_calls")})
    yield logged(prompt, answer, tools=tools_of("tools", row.get("tools")))


def is_guarded(row: Mapping[str, Any]) -> bool:
    """Whether a record is a request of NeMo Guardrails."""
    return isinstance(row.get("guardrails"), dict) and isinstance(row.get("messages"), list)


def guarded_answers(row: Mapping[str, Any]) -> Iterator[LoggedAnswer]:
    """The last turn of the assistant, where the request is about one."""
    if not is_messages(row):
        raise InputError("a request to a guarded model, and no answer")
    context = row["guardrails"].get("context")
    if context:
        raise InputError(
            "'guardrails.context' belongs to the prompt; "
            "say what it is with --map prompt=guardrails.context.FIELD+FIELD and --map answer=FIELD"
        )
    yield from messages_answers(row)
