"""Rows that hold a prompt and an answer, under the names that these go by or those that a user gives.

A ``None`` counts as absent, since a column of a table has a value in every row. Nothing is guessed: a row with two possible
answers is refused until the caller names the field, and so is one with a field that belongs to a prompt and does not stand
in it. Start at :func:`plain_answer`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.layouts.answer import LoggedAnswer
from foureyes.layouts.answer_field import answer_field
from foureyes.layouts.asked import stated_prompt
from foureyes.layouts.field_map import FieldMap
from foureyes.layouts.fields import (
    ANSWER_FIELDS,
    CORRECT_FIELD,
    SYSTEM_FIELDS,
    TOOLS_FIELD,
    answer_of,
    answer_span,
    either,
    joined,
    listed,
    meant,
    only,
    prompt_of,
    system_in,
    tools_of,
    truth,
    value_at,
    with_system,
    words_in,
)
from foureyes.layouts.leftovers import nothing_else
from foureyes.layouts.making import logged
from foureyes.layouts.stated import author_tokens, choice_tokens
from foureyes.types import Message, Prompt

__all__ = ["PROMPT_FIELDS", "REFERENCE_FIELD", "plain_answer", "plain_answers"]

PROMPT_FIELDS: Final = ("prompt", "messages", "input")
"""Names a prompt goes by; each may hold text or a list of chat messages."""

REFERENCE_FIELD: Final = "target"
"""What evaluation harnesses call the expected answer: read as the answer only where nothing else is one."""


def plain_answers(row: Mapping[str, Any]) -> Iterator[LoggedAnswer]:
    """The one answer of a row under the usual names."""
    yield plain_answer(row, FieldMap())


def plain_answer(row: Mapping[str, Any], fields: FieldMap) -> LoggedAnswer:
    """The answer of a row, with its prompt.

    Args:
        row: field names and values. The prompt is text or a list of messages as in OpenAI's chat requests: contents of
            text or of parts, tool calls, results. The answer is text or one such message of the assistant. Optional are
            ``answer_span``, a pair of character positions, ``tools``, ``correct``, and ``logprobs`` as OpenAI's servers
            state them.
        fields: where the row keeps what; whatever it does not say goes by the usual names. An answer under the prompt's own
            name is the last turn of that conversation.

    Raises:
        InputError: the row has no such exchange, or more than one.

    Example:
        >>> plain_answer({"prompt": "Capital of Australia?", "response": "Sydney"}, FieldMap()).exchange.answer
        'Sydney'
    """
    prompt, turn = _asked_and_answered(row, fields)
    if fields.system:
        prompt = with_system(prompt, words_in(row, fields.system))
    tools = fields.tools or TOOLS_FIELD
    return logged(
        prompt,
        turn,
        tools=tools_of(tools, value_at(row, tools)),
        span=answer_span(row),
        correct=None if fields.label else truth(row.get(CORRECT_FIELD)),
        author=author_tokens(choice_tokens(row.get("logprobs")), row.get("model")),
    )


def _asked_and_answered(row: Mapping[str, Any], fields: FieldMap) -> tuple[Prompt, Message]:
    otherwise = row.get("instruction") or not any(row.get(name) for name in PROMPT_FIELDS)
    stated = stated_prompt(row) if otherwise and not fields.prompt else None
    if stated is not None:  # a question, an instruction … whose answer a map names
        name = fields.answer or _answer_field(row)
        return stated, answer_of(name, _at(row, name))
    names = fields.prompt or (_prompt_field(row, fields),)
    prompt = joined(row, names) if len(names) > 1 else prompt_of(names[0], _at(row, names[0]))
    if _answered_by_last_turn(row, fields, names[0], prompt):
        prompt, turn = prompt[:-1], _last_turn(names[0], prompt)
    else:
        name = fields.answer or _answer_field(row)
        turn = answer_of(name, _at(row, name))
    if not fields.prompt:
        prompt = prompt if fields.system else with_system(prompt, system_in(row))
        nothing_else(row, prompt, {names[0], fields.system, fields.answer, *SYSTEM_FIELDS})
    return prompt, turn


def _answered_by_last_turn(row: Mapping[str, Any], fields: FieldMap, name: str, prompt: Prompt) -> bool:
    if fields.answer:
        return name == fields.answer and len(fields.prompt) < 2
    if isinstance(prompt, str) or not prompt or prompt[-1].role != "assistant":
        return False
    rivals = [rival for rival in ANSWER_FIELDS if row.get(rival)]
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


def _prompt_field(row: Mapping[str, Any], fields: FieldMap) -> str:
    answered = fields.answer or any(row.get(name) is not None for name in (*ANSWER_FIELDS, REFERENCE_FIELD))
    if answered or any(row.get(name) is not None for name in PROMPT_FIELDS):
        return only(row, PROMPT_FIELDS, "prompt")
    asked, said = meant(row, (*PROMPT_FIELDS, "question", "query", "instruction")), meant(row, ANSWER_FIELDS)
    raise InputError(
        f"wanted a field {either(PROMPT_FIELDS)}, and one {either(ANSWER_FIELDS)}; the fields are {listed(row)}; "
        f"say which are meant with {_flag('prompt', asked)} and {_flag('answer', said)}"
    )


def _flag(what: str, name: str) -> str:
    return f"--map '{what}={name}'" if " " in name else f"--map {what}={name}"


def _answer_field(row: Mapping[str, Any]) -> str:
    if row.get(REFERENCE_FIELD) is not None and all(row.get(name) is None for name in ANSWER_FIELDS):
        return REFERENCE_FIELD
    return answer_field(row)


def _at(row: Mapping[str, Any], name: str) -> Any:
    value = value_at(row, name)
    if value is None:
        raise InputError(f"wanted a field {name!r}; the fields are {listed(row)}")
    return value
