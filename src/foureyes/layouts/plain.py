"""Rows that hold a prompt and an answer, under the names that these go by or those that a user gives.

A ``None`` counts as absent, since a column of a table has a value in every row. Nothing is guessed: a row with two possible
answers is refused until the caller names the field, and so is one with a field that belongs to a prompt and does not stand
in it. Start at :func:`plain_exchange`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.json_text import parsed_json
from foureyes.layouts.answer import LoggedAnswer
from foureyes.layouts.field_map import FieldMap
from foureyes.turns import openai_chat
from foureyes.turns.mapping import with_tool_names
from foureyes.types import Exchange, Message, Prompt, ToolDefinition

__all__ = [
    "ANSWER_FIELDS",
    "CONTEXT_FIELDS",
    "CORRECT_FIELD",
    "PROMPT_FIELDS",
    "REFERENCE_FIELD",
    "SPAN_FIELD",
    "TOOLS_FIELD",
    "answer_span",
    "listed_tools",
    "plain_answers",
    "plain_exchange",
    "prompt_of",
    "truth",
    "value_at",
]

PROMPT_FIELDS: Final = ("prompt", "messages", "input")
"""Names a prompt goes by; each may hold text or a list of chat messages."""

ANSWER_FIELDS: Final = ("answer", "response", "completion", "output")
"""Names an answer goes by."""

REFERENCE_FIELD: Final = "target"
"""What evaluation harnesses call the expected answer: read as the answer only where nothing else is one."""

SPAN_FIELD: Final = "answer_span"

TOOLS_FIELD: Final = "tools"
"""What the answering model was allowed to call: a list as in OpenAI's requests, or that list as JSON text."""

CORRECT_FIELD: Final = "correct"

CONTEXT_FIELDS: Final = (
    *("system", "system_prompt", "system_message", "instruction", "instructions", "history"),
    *("context", "contexts", "retrieved_contexts", "document", "documents", "knowledge", "passage", "passages"),
    *("background", "evidence", "article", "paragraph", "question", "query"),
)
"""Names of what belongs to a prompt besides those above; a row that has one beside its prompt says more than its prompt."""

_TRUTHS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "1", "1.0", "yes", "right", "correct", "c"), True),
    **dict.fromkeys(("false", "0", "0.0", "no", "wrong", "incorrect", "i"), False),
}


def plain_answers(row: Mapping[str, Any]) -> Iterator[LoggedAnswer]:
    """The one answer of a row under the usual names."""
    yield LoggedAnswer(plain_exchange(row, FieldMap()), correct=truth(row.get(CORRECT_FIELD)))


def plain_exchange(row: Mapping[str, Any], fields: FieldMap) -> Exchange:
    """Makes an exchange of a row.

    Args:
        row: field names and values. The prompt is text or a list of messages as in OpenAI's chat requests: contents of
            text or of parts, tool calls, results. The answer is text or one such message of the assistant. Optional are
            ``answer_span``, a pair of character positions, and ``tools``.
        fields: where the row keeps what; whatever it does not say goes by the usual names. An answer under the prompt's own
            name is the last turn of that conversation.

    Raises:
        InputError: the row has no such exchange, or more than one.

    Example:
        >>> plain_exchange({"prompt": "Capital of Australia?", "response": "Sydney"}, FieldMap()).answer
        'Sydney'
    """
    names = fields.prompt or (_only(row, PROMPT_FIELDS, "prompt"),)
    prompt = _joined(row, names) if len(names) > 1 else prompt_of(names[0], _at(row, names[0]))
    if _answered_by_last_turn(row, fields, names[0], prompt):
        prompt, turn = prompt[:-1], _last_turn(names[0], prompt)
    else:
        name = fields.answer or _answer_field(row)
        turn = _answer(name, _at(row, name))
    if not fields.prompt:
        _nothing_else(row, prompt, names[0], spoken=fields.system)
    if fields.system:
        prompt = _with_system(prompt, _text(fields.system, _at(row, fields.system)))
    tools = fields.tools or TOOLS_FIELD
    exchange = Exchange.of(prompt, turn, tools=listed_tools(tools, value_at(row, tools)))
    span = answer_span(row)
    return exchange if span is None else replace(exchange, answer_span=span)


def value_at(row: Mapping[str, Any], name: str) -> Any:
    """What stands under a name, which may lead into objects and lists with dots; ``None`` where nothing does.

    Example:
        >>> value_at({"doc": {"choices": ["a", "b"]}, "a.b": 1}, "doc.choices.1")
        'b'
    """
    if name in row:
        return row[name]
    found: Any = row
    for step in name.split("."):
        if isinstance(found, Mapping):
            found = found.get(step)
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    return found


def truth(value: object, name: str = CORRECT_FIELD) -> bool | None:
    """Whether a field says that an answer is right; ``None`` where it says nothing.

    Raises:
        InputError: it says something else.

    Example:
        >>> truth("C"), truth(0), truth(None)
        (True, False, None)
    """
    said = str(value).strip().lower()
    if value is None or said == "":
        return None
    if said not in _TRUTHS:
        raise InputError(f"{name!r} must say true or false; got {value!r:.80}")
    return _TRUTHS[said]


def prompt_of(name: str, value: object) -> str | tuple[Message, ...]:
    """A prompt as a field holds it: text, or messages as in OpenAI's chat requests.

    Raises:
        InputError: it is neither.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return with_tool_names(openai_chat.message(turn, f"{name}[{i}]") for i, turn in enumerate(value))
    raise InputError(f"{name!r} must be text or a list of messages; got {type(value).__name__}")


def listed_tools(name: str, value: object) -> tuple[ToolDefinition, ...]:
    """Tools as a field holds them: a list as in OpenAI's requests, or that list as JSON text.

    Raises:
        InputError: they are neither.
    """
    if isinstance(value, str):
        try:
            value = parsed_json(value) if value.strip() else None
        except ValueError as error:
            raise InputError(f"{name!r} must be a list of tools, or one as JSON: {error}") from error
    return openai_chat.tools({"tools": value})


def answer_span(row: Mapping[str, Any]) -> tuple[int, int] | None:
    """The characters of the answer that a row says are the final one.

    Raises:
        InputError: it is no pair of whole numbers.
    """
    value = row.get(SPAN_FIELD)
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2 or any(type(edge) is not int for edge in value):
        raise InputError(f"{SPAN_FIELD!r} must be a list of two integers; got {value!r:.80}")
    return value[0], value[1]


def _answered_by_last_turn(row: Mapping[str, Any], fields: FieldMap, name: str, prompt: Prompt) -> bool:
    if fields.answer:
        return fields.prompt == (fields.answer,) or (not fields.prompt and fields.answer == name)
    if isinstance(prompt, str) or not prompt or prompt[-1].role != "assistant":
        return False
    rivals = [rival for rival in ANSWER_FIELDS if row.get(rival) is not None]
    if rivals:
        raise InputError(
            f"{name!r} ends with the assistant's answer and there is {rivals[0]!r} too; "
            f"say which is meant with --map answer={name} or --map answer={rivals[0]}"
        )
    return True


def _last_turn(name: str, prompt: Prompt) -> Message:
    if isinstance(prompt, str) or not prompt or prompt[-1].role != "assistant":
        raise InputError(f"{name!r} must be a conversation that ends with a turn of the assistant")
    return prompt[-1]


def _answer_field(row: Mapping[str, Any]) -> str:
    if row.get(REFERENCE_FIELD) is not None and all(row.get(name) is None for name in ANSWER_FIELDS):
        return REFERENCE_FIELD
    return _only(row, ANSWER_FIELDS, "answer")


def _only(row: Mapping[str, Any], names: tuple[str, ...], what: str) -> str:
    present = [name for name in names if row.get(name) is not None]
    if not present:
        raise InputError(
            f"wanted a field {_either(names)}; the fields are {_list(row)}; say which is meant with --map {what}=FIELD"
        )
    if len(present) > 1:
        raise InputError(
            f"both {present[0]!r} and {present[1]!r} are there; say which is meant with --map {what}={present[0]}"
        )
    return present[0]


def _at(row: Mapping[str, Any], name: str) -> Any:
    value = value_at(row, name)
    if value is None:
        raise InputError(f"wanted a field {name!r}; the fields are {_list(row)}")
    return value


def _joined(row: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """Texts with a line between them; those that are empty in this row leave no line."""
    texts = [_text(name, value_at(row, name)) for name in names]
    if not any(texts):
        raise InputError(f"wanted text in {_either(names)}; the fields are {_list(row)}")
    return "\n".join(text for text in texts if text)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str | None):
        raise InputError(f"{name!r} must be text; got {type(value).__name__}")
    return value or ""


def _answer(name: str, value: object) -> Message:
    if isinstance(value, str):
        return Message("assistant", value)
    if not isinstance(value, dict):
        raise InputError(f"{name!r} must be text or a message of the assistant; got {type(value).__name__}")
    return openai_chat.message(value, name)


def _with_system(prompt: Prompt, words: str) -> Prompt:
    turns = (Message("user", prompt),) if isinstance(prompt, str) else prompt
    return (Message("system", words), *turns) if words else prompt


def _nothing_else(row: Mapping[str, Any], prompt: Prompt, name: str, *, spoken: str) -> None:
    """Refuses a row with a field that belongs to a prompt, unless its words stand in the prompt already."""
    for other in CONTEXT_FIELDS:
        value = row.get(other)
        if not value or other == spoken:
            continue
        said = prompt if isinstance(prompt, str) else "\n".join(turn.content for turn in prompt)
        if isinstance(value, str) and value.strip() in said:
            continue
        raise InputError(
            f"{other!r} belongs to a prompt and does not stand in {name!r}; "
            f"say what the prompt is with --map prompt={other}+{name}, or --map prompt={name} without it"
        )


def _either(names: Iterable[str]) -> str:
    quoted = [repr(name) for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def _list(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names) or "none"
