"""From one row of a data set to an exchange, without touching a file.

A row is a mapping from field names to JSON-like values, whichever format it came from; a ``None`` counts as absent,
since a Parquet column has a value in every row. What is no exchange is an ``Unscored("bad_row")`` that says why, and one
with a part that cannot be read an ``Unscored("unread_part")`` that names it; nothing is guessed: a row with two possible
answers is refused until the caller names the field. Start at :func:`exchange_of`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.json_text import parsed_json
from foureyes.signals.cross import with_final_answer
from foureyes.signals.spans import final_answer_span
from foureyes.turns import openai_chat
from foureyes.turns.mapping import with_tool_names
from foureyes.types import Exchange, Message, ToolDefinition, Unscored

__all__ = ["ANSWER_FIELDS", "PROMPT_FIELDS", "REFERENCE_FIELD", "SPAN_FIELD", "TOOLS_FIELD", "Fields", "exchange_of"]

PROMPT_FIELDS: Final = ("prompt", "messages", "input")
"""Names a prompt goes by; each may hold text or a list of chat messages."""

ANSWER_FIELDS: Final = ("answer", "response", "completion", "output")
"""Names an answer goes by."""

REFERENCE_FIELD: Final = "target"
"""What evaluation harnesses call the expected answer: read as the answer only where nothing else is one."""

SPAN_FIELD: Final = "answer_span"

TOOLS_FIELD: Final = "tools"
"""What the answering model was allowed to call: a list as in OpenAI's requests, or that list as JSON text."""


@dataclass(frozen=True, slots=True)
class Fields:
    """Where a row keeps its prompt and its answer.

    Args:
        prompt: name of the field; ``None`` for whichever of :data:`PROMPT_FIELDS` the row has.
        answer: name of the field; ``None`` for whichever of :data:`ANSWER_FIELDS` the row has, or the last turn of
            a conversation that ends with the assistant. The prompt's own name asks for that last turn.
        final_answer: pattern of the final answer within the answer, see
            :func:`~foureyes.signals.spans.final_answer_span`. A row's own ``answer_span`` goes first.

    Raises:
        InputError: the pattern is not one.
    """

    prompt: str | None = None
    answer: str | None = None
    final_answer: str | None = None

    def __post_init__(self) -> None:
        if self.final_answer is not None:
            final_answer_span("", self.final_answer)

    def read_from(self, names: Collection[str], lists: Collection[str]) -> tuple[str, ...]:
        """Those of a table's columns that rows are made from.

        Args:
            names: of all columns.
            lists: those of them that hold lists, and so may hold conversations that end with the answer.

        Raises:
            InputError: the table can hold no prompt, or no answer.
        """
        prompts = [name for name in _wanted(self.prompt, PROMPT_FIELDS) if name in names]
        answers = [name for name in _wanted(self.answer, (*ANSWER_FIELDS, REFERENCE_FIELD)) if name in names]
        if not prompts:
            raise InputError(
                f"no column {_either(_wanted(self.prompt, PROMPT_FIELDS))}; the columns are {_list(names)}"
            )
        if not answers and (self.answer is not None or not set(prompts) & set(lists)):
            raise InputError(
                f"no column {_either(_wanted(self.answer, ANSWER_FIELDS))}; the columns are {_list(names)}"
            )
        return tuple(
            dict.fromkeys([*prompts, *answers, *(name for name in (SPAN_FIELD, TOOLS_FIELD) if name in names)])
        )


def exchange_of(row: Mapping[str, Any], fields: Fields, where: str) -> Exchange | Unscored:
    """Makes an exchange of a row.

    Args:
        row: field names and values. The prompt is text or a list of messages as in OpenAI's chat requests: contents of
            text or of parts, tool calls, results. The answer is text or one such message of the assistant. Optional are
            ``answer_span``, a pair of character positions, and ``tools``.
        fields: where the row keeps what.
        where: the row's place, for the message: ``"line 17"``.

    Returns:
        The exchange, or ``Unscored("bad_row")``; ``Unscored("unread_part")`` where it holds a part that cannot be read,
        ``Unscored("span")`` for an answer without its final answer.

    Example:
        >>> exchange_of({"prompt": "Capital of Australia?", "response": "Sydney"}, Fields(), "line 1").answer
        'Sydney'
        >>> str(exchange_of({"prompt": "Capital of Australia?"}, Fields(), "line 2"))
        "bad_row: line 2: wanted a field 'answer', 'response', 'completion' or 'output'; the fields are 'prompt'"
    """
    try:
        exchange = _exchange(row, fields)
    except InputError as error:
        return Unscored("bad_row", f"{where}: {error}")
    if exchange.unread:
        return Unscored("unread_part", f"{where}: cannot read {', '.join(exchange.unread)}")
    if fields.final_answer is None or exchange.answer_span is not None or not exchange.answer:
        return exchange
    return with_final_answer(exchange, fields.final_answer)


def _exchange(row: Mapping[str, Any], fields: Fields) -> Exchange:
    prompt_field = _only(row, _wanted(fields.prompt, PROMPT_FIELDS), "--prompt-field")
    prompt = _prompt(prompt_field, row[prompt_field])
    if _answered_by_last_turn(row, fields, prompt_field, prompt):
        prompt, turn = prompt[:-1], _last_turn(prompt_field, prompt)
    else:
        answer_field = _answer_field(row, fields)
        turn = _answer(answer_field, row[answer_field])
    exchange, span = Exchange.of(prompt, turn, tools=_tools(row)), _span(row)
    return exchange if span is None else replace(exchange, answer_span=span)


def _answered_by_last_turn(
    row: Mapping[str, Any], fields: Fields, prompt_field: str, prompt: str | tuple[Message, ...]
) -> bool:
    if fields.answer is not None:
        return fields.answer == prompt_field
    if isinstance(prompt, str) or not prompt or prompt[-1].role != "assistant":
        return False
    rivals = [name for name in ANSWER_FIELDS if row.get(name) is not None]
    if rivals:
        raise InputError(
            f"{prompt_field!r} ends with the assistant's answer and there is {rivals[0]!r} too; "
            "say which is meant with --answer-field"
        )
    return True


def _last_turn(field: str, prompt: str | tuple[Message, ...]) -> Message:
    if isinstance(prompt, str) or not prompt or prompt[-1].role != "assistant":
        raise InputError(f"{field!r} must be a conversation that ends with a turn of the assistant")
    return prompt[-1]


def _answer_field(row: Mapping[str, Any], fields: Fields) -> str:
    names = _wanted(fields.answer, ANSWER_FIELDS)
    if (
        fields.answer is None
        and row.get(REFERENCE_FIELD) is not None
        and not any(row.get(n) is not None for n in names)
    ):
        return REFERENCE_FIELD
    return _only(row, names, "--answer-field")


def _only(row: Mapping[str, Any], names: tuple[str, ...], option: str) -> str:
    present = [name for name in names if row.get(name) is not None]
    if not present:
        raise InputError(f"wanted a field {_either(names)}; the fields are {_list(row)}")
    if len(present) > 1:
        raise InputError(f"both {present[0]!r} and {present[1]!r} are there; say which is meant with {option}")
    return present[0]


def _prompt(field: str, value: object) -> str | tuple[Message, ...]:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return with_tool_names(openai_chat.message(turn, f"{field}[{i}]") for i, turn in enumerate(value))
    raise InputError(f"{field!r} must be text or a list of messages; got {type(value).__name__}")


def _answer(field: str, value: object) -> Message:
    if isinstance(value, str):
        return Message("assistant", value)
    if not isinstance(value, dict):
        raise InputError(f"{field!r} must be text or a message of the assistant; got {type(value).__name__}")
    return openai_chat.message(value, field)


def _tools(row: Mapping[str, Any]) -> tuple[ToolDefinition, ...]:
    value = row.get(TOOLS_FIELD)
    if isinstance(value, str):
        try:
            value = parsed_json(value) if value.strip() else None
        except ValueError as error:
            raise InputError(f"{TOOLS_FIELD!r} must be a list of tools, or one as JSON: {error}") from error
    return openai_chat.tools({TOOLS_FIELD: value})


def _span(row: Mapping[str, Any]) -> tuple[int, int] | None:
    value = row.get(SPAN_FIELD)
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2 or any(type(edge) is not int for edge in value):
        raise InputError(f"{SPAN_FIELD!r} must be a list of two integers; got {value!r:.80}")
    return value[0], value[1]


def _wanted(named: str | None, usual: tuple[str, ...]) -> tuple[str, ...]:
    return usual if named is None else (named,)


def _either(names: tuple[str, ...]) -> str:
    quoted = [repr(name) for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def _list(names: Collection[str]) -> str:
    return ", ".join(repr(name) for name in names) or "none"
