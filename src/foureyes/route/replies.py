"""Whether what a writer sent is an answer to what was asked. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from foureyes.errors import InputError
from foureyes.route.outcome import RouteRequest, StageFailure
from foureyes.route.reply_json import strict_value
from foureyes.turns import openai_chat
from foureyes.types import Message, Refusal, TokenUsage
from foureyes.types.reasoning import find_reasoning

__all__ = [
    "CheckedReply",
    "StageFault",
    "are_logprobs",
    "checked_reply",
    "merged_replies",
    "reply_of",
    "said",
    "usage_of",
]


@dataclass(frozen=True, slots=True)
class StageFault:
    """Why a writer's reply cannot be returned as it is.

    Attributes:
        failure: as a word a program can act on.
        detail: in words for a person, with nothing of the reply.
    """

    failure: StageFailure
    detail: str


@dataclass(frozen=True, slots=True)
class CheckedReply:
    """The answers in a reply, as they are read.

    Attributes:
        choices: the elements of ``choices``, unchanged.
        turns: the same as messages.
        fault: what is wrong with them; ``None`` where nothing is. Answers that the model declined are kept beside their
            fault; of any other reply with a fault there are none.
    """

    choices: tuple[Mapping[str, Any], ...] = ()
    turns: tuple[Message, ...] = ()
    fault: StageFault | None = None


def checked_reply(body: object, request: RouteRequest) -> CheckedReply:
    """Holds a reply against its request.

    Args:
        body: a chat completion, as decoded from JSON.
        request: what was asked, with as many answers as the writer was asked for.

    Example:
        >>> request = RouteRequest.of({"messages": [{"role": "user", "content": "Capital of Australia?"}]})
        >>> reply = {"choices": [{"message": {"role": "assistant", "content": ""}, "finish_reason": "stop"}]}
        >>> checked_reply(reply, request).fault.detail
        'choice 1 is empty'
    """
    try:
        turns = openai_chat.answer(_object(body))
    except InputError as error:
        return CheckedReply(fault=StageFault("bad_reply", _shape_of(error)))
    choices = tuple(_object(body)["choices"])
    if len(choices) != request.n:
        return CheckedReply(fault=StageFault("bad_reply", f"wanted {request.n} choices; got {len(choices)}"))
    faults = [fault for i in range(request.n) for fault in _faults(choices[i], turns[i], request, i + 1)]
    if not faults:
        return CheckedReply(choices, turns)
    if all(fault == _DECLINED for fault in faults):
        return CheckedReply(choices, turns, _DECLINED)
    return CheckedReply(fault=next(fault for fault in faults if fault != _DECLINED))


def usage_of(body: object) -> TokenUsage | None:
    """The tokens that a reply says it took; ``None`` where it does not."""
    usage = body.get("usage") if isinstance(body, Mapping) else None
    if not isinstance(usage, Mapping):
        return None
    asked, written = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if not _is_count(asked) or not _is_count(written):
        return None
    return TokenUsage(asked, written)


def merged_replies(bodies: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Replies to the same request, one answer each, as one reply with several choices."""
    if len(bodies) == 1:
        return bodies[0]
    listed = [choices for body in bodies if isinstance(choices := body.get("choices"), list)]
    merged = {**bodies[0], "choices": [choice for choices in listed for choice in choices]}
    usages = [usage_of(body) for body in bodies]
    known = [usage for usage in usages if usage is not None]
    merged.pop("usage", None)
    if len(known) == len(usages):
        asked, written = sum(one.prompt_tokens for one in known), sum(one.answer_tokens for one in known)
        merged["usage"] = {"prompt_tokens": asked, "completion_tokens": written, "total_tokens": asked + written}
    return merged


def reply_of(body: Mapping[str, Any], choices: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """A reply with only these of its choices, numbered from 0."""
    return {**body, "choices": [{**choice, "index": i} for i, choice in enumerate(choices)]}


_BROKEN_OFF: Final = frozenset({"abort", "error"})
"""How vLLM, SGLang and routers in front of other servers say that a reply is not whole."""

_DECLINED: Final = StageFault("filtered", "the model declined")


def _faults(choice: Mapping[str, Any], turn: Message, request: RouteRequest, place: int) -> Iterator[StageFault]:
    """What is wrong with one choice, the first of it."""
    if (fault := _ending_fault(choice, place)) is not None:
        yield fault
    elif any(isinstance(part, Refusal) for part in turn.parts):
        yield _DECLINED
    elif turn.calls and not _may_call(request):
        yield StageFault("bad_reply", f"choice {place} calls a tool; wanted text")
    elif any(not _are_arguments(call.arguments) for call in turn.calls):
        yield StageFault("bad_reply", f"choice {place} calls a tool with arguments that are no JSON object")
    elif not are_logprobs(choice.get("logprobs")):
        yield StageFault("bad_reply", f"choice {place} has log-probabilities of another form")
    elif not turn.calls and _must_call(request):
        yield StageFault("bad_reply", f"choice {place} calls no tool; wanted a call")
    elif not turn.calls and not _answered(said(turn)):
        yield StageFault("bad_reply", f"choice {place} is empty")
    elif not turn.calls and (form := _json_form(request)) is not None and not _is_json(said(turn), form):
        yield StageFault("bad_reply", f"choice {place} is not the JSON that was asked for")


def _ending_fault(choice: Mapping[str, Any], place: int) -> StageFault | None:
    """What the way a choice ended says against it."""
    ending = choice.get("finish_reason")
    if ending == "content_filter":
        return StageFault("filtered", f"the provider's filter withheld choice {place}")
    if choice.get("error") is not None or ending in _BROKEN_OFF:
        return StageFault("bad_reply", f"choice {place} broke off")
    if not ending:
        return StageFault("bad_reply", f"choice {place} has no finish reason: it is not known to be whole")
    return None


def _are_arguments(text: str) -> bool:
    """Whether a tool can be called with them; without any, some servers send nothing."""
    return not text.strip() or _is_json(text, dict)


def are_logprobs(found: object) -> bool:
    """Whether they can be told in any of OpenAI's forms."""
    if found is None:
        return True
    rows = found.get("content") if isinstance(found, Mapping) else False
    return rows is None or (isinstance(rows, list) and all(_is_token(row) and _has_tokens(row) for row in rows))


def _has_tokens(row: Mapping[str, Any]) -> bool:
    others = row.get("top_logprobs")
    return others is None or (isinstance(others, list) and all(map(_is_token, others)))


def _is_token(row: object) -> TypeGuard[Mapping[str, Any]]:
    if not isinstance(row, Mapping) or not isinstance(row.get("token"), str):
        return False
    return isinstance(value := row.get("logprob"), int | float) and not isinstance(value, bool)


def _may_call(request: RouteRequest) -> bool:
    return bool(request.tools) and request.body.get("tool_choice") != "none"


def _must_call(request: RouteRequest) -> bool:
    chosen = request.body.get("tool_choice")
    return bool(request.tools) and (chosen == "required" or isinstance(chosen, Mapping))


def _json_form(request: RouteRequest) -> type | None:
    """What the words have to be as JSON: an object, or anything; ``None`` where they need not be any."""
    form = request.body.get("response_format")
    if not isinstance(form, Mapping) or form.get("type") not in ("json_object", "json_schema"):
        return None
    named = form.get("json_schema")
    schema = named.get("schema") if isinstance(named, Mapping) else None
    of_any_kind = isinstance(schema, Mapping) and schema.get("type") != "object"
    return object if of_any_kind else dict


def said(turn: Message) -> str:
    """The words of a turn without what the model thought."""
    words = "".join(part for part in turn.parts if isinstance(part, str)) if turn.parts else turn.content
    return words.strip()


def _answered(words: str) -> str:
    """What stands behind reasoning that a server left in the text; nothing where the model never came to an answer."""
    reasoning = find_reasoning(words)
    return words if reasoning is None else words[reasoning.answer :]


def _is_json(text: str, form: type) -> bool:
    try:
        return isinstance(strict_value(text), form)
    except InputError:
        return False


def _object(body: object) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise InputError("wanted a chat completion; got something else")
    return body


def _shape_of(error: InputError) -> str:
    """What is wrong with a reply's shape. Our own words, but what is quoted in them is the reply's."""
    return "wanted a chat completion; got something else" if "'" in str(error) else str(error)[:200]


_MOST_TOKENS: Final = 1_000_000_000
"""More than any reply takes; a count beyond it is none, and what was paid is not known."""


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_TOKENS
