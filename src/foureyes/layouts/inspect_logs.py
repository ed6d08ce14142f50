"""Samples of the logs that Inspect writes as JSON: the whole conversation, the output with its log-probs, and the scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.layouts.answer import LoggedAnswer
from foureyes.layouts.fields import truth
from foureyes.layouts.making import logged
from foureyes.layouts.stated import author_tokens, choice_tokens
from foureyes.turns.mapping import (
    ShapeTable,
    WireShape,
    as_json,
    content_parts,
    listed,
    required,
    role_of,
    said,
    shaped_parts,
    tool_of,
    tool_result,
    unread_fields,
    with_tool_names,
    worded,
)
from foureyes.types import Message, OtherPart, Part, Reasoning, Refusal, Role, ToolCall, ToolDefinition

__all__ = ["inspect_answers", "is_inspect"]

_FIELDS: Final = frozenset({"epoch", "input", "target", "messages", "output"})
_ATTACHED: Final = "attachment://"
_ROLES: Final[Mapping[object, Role]] = {
    "system": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}
_ABOUT: Final = frozenset(
    {
        "id",
        "role",
        "source",
        "metadata",
        "model",
        "tool_call_id",
        "function",
        "internal",
        "content",
        "tool_calls",
        "error",
    }
)


def _text(raw: Mapping[str, Any]) -> list[Part]:
    return worded(Refusal if raw.get("refusal") else str)(raw.get("text"))


def _thought(raw: Mapping[str, Any]) -> list[Part]:
    if raw.get("redacted"):
        return [OtherPart("redacted reasoning")]
    return worded(Reasoning)(raw.get("reasoning") or raw.get("summary") or "")


_CONTENT: Final[ShapeTable] = {
    "text": WireShape(_text, {"text"}, {"refusal", "citations", "internal", "cache_breakpoint"}),
    "reasoning": WireShape(_thought, {"reasoning", "summary", "redacted"}, {"signature", "internal"}),
    "function": WireShape(
        lambda raw: [_call(raw)], {"function", "arguments"}, {"id", "view", "internal", "parse_error", "model_call"}
    ),
}


def is_inspect(row: Mapping[str, Any]) -> bool:
    """Whether a row is a sample of an Inspect log."""
    return row.keys() >= _FIELDS


def inspect_answers(row: Mapping[str, Any]) -> Iterator[LoggedAnswer]:
    """Every choice of the sample's output."""
    output = required(row["output"], dict, "output")
    choices = listed(output, "choices")
    if not choices:
        raise InputError(f"the sample has no output: {_failed(row)}")
    attached = row.get("attachments") if isinstance(row.get("attachments"), dict) else {}
    prompt = _prompt(row, choices, attached or {})
    correct = _correct(row.get("scores")) if len(choices) == 1 else None
    for i, raw in enumerate(choices, 1):
        choice = required(raw, dict, f"output.choices[{i - 1}]")
        turn = _message(choice.get("message"), f"output.choices[{i - 1}].message", attached or {})
        author = author_tokens(choice_tokens(choice.get("logprobs")), output.get("model"))
        which = f"choice {i}" if len(choices) > 1 else ""
        yield logged(prompt, turn, tools=_tools(row), which=which, correct=correct, author=author)


def _prompt(row: Mapping[str, Any], choices: Sequence[Any], attached: Mapping[str, Any]) -> tuple[Message, ...]:
    """The turns before the output: before the message that the sample holds of it, or else before the assistant's last."""
    turns = listed(row, "messages")
    ids = {
        choice["message"].get("id")
        for choice in choices
        if isinstance(choice, dict) and isinstance(choice.get("message"), dict)
    }
    places = [i for i, turn in enumerate(turns) if isinstance(turn, dict) and turn.get("role") == "assistant"]
    own = [i for i in places if turns[i].get("id") is not None and turns[i]["id"] in ids]
    end = (own or places or [len(turns)])[-1]
    return with_tool_names(_message(turn, f"messages[{i}]", attached) for i, turn in enumerate(turns[:end]))


def _message(raw: object, place: str, attached: Mapping[str, Any]) -> Message:
    role = role_of(raw, _ROLES, place)
    fields = _detached(required(raw, dict, place), attached)
    content = fields.get("content")
    if role == "tool":
        content = _error_of(fields) or content
        parts = tool_result(content, _CONTENT, call_id=fields.get("tool_call_id"), name=fields.get("function"))
    else:
        parts = list(content_parts(content, _CONTENT))
    for call in listed(fields, "tool_calls"):
        parts += shaped_parts(call, _CONTENT, usual="function")
    return said(role, [*parts, *unread_fields(fields, _ABOUT)])


def _error_of(fields: Mapping[str, Any]) -> str:
    """What Inspect shows a model of a tool that failed, instead of its content."""
    match fields.get("error"):
        case {"message": str(said)}:
            return f"Error: {said}"
        case _:
            return ""


def _call(raw: Mapping[str, Any]) -> ToolCall:
    arguments = as_json(required(raw.get("arguments"), dict, "arguments"))
    return ToolCall(required(raw.get("function"), str, "function"), arguments, required(raw.get("id") or "", str, "id"))


def _detached(value: Any, attached: Mapping[str, Any]) -> Any:
    """The same, with the texts that stand among the sample's attachments in their places."""
    if isinstance(value, str) and value.startswith(_ATTACHED):
        found = attached.get(value.removeprefix(_ATTACHED))
        if not isinstance(found, str):
            raise InputError(f"the sample lacks the attachment {value!r:.60}")
        return found
    if isinstance(value, list):
        return [_detached(one, attached) for one in value]
    if isinstance(value, dict):
        return {name: _detached(one, attached) for name, one in value.items()}
    return value


def _tools(row: Mapping[str, Any]) -> tuple[ToolDefinition, ...]:
    """What the model was told of tools when it was asked last, where the log keeps its events."""
    for event in reversed(listed(row, "events")):
        if isinstance(event, dict) and event.get("event") == "model":
            return tuple(
                tool_of(tool, f"tools[{i}]", parameters=("parameters",))
                for i, tool in enumerate(listed(event, "tools"))
            )
    return ()


def _correct(scores: object) -> bool | None:
    """Whether the scorers agree that it is right, by the values that mean right and wrong to Inspect."""
    found = set()
    for score in scores.values() if isinstance(scores, dict) else ():
        value = score.get("value") if isinstance(score, dict) else None
        try:
            found.add(False if value == "N" else truth(value))
        except InputError:  # a grade between both, or a table of them
            found.add(None)
    return found.pop() if len(found) == 1 else None


def _failed(row: Mapping[str, Any]) -> str:
    match row.get("error"):
        case {"message": str(said)}:
            return said[:200]
        case _:
            return "no choices"
