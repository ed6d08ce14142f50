"""Tables of questions and answers, with the passage they are asked about, and ragas' names for the same.

The passage stands before the question, a line each, as ragas and those who write such tables show it to a model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.layouts.answer import LoggedAnswer
from foureyes.layouts.answer_field import answer_field
from foureyes.layouts.conversations import turns_of
from foureyes.layouts.fields import (
    ANSWER_FIELDS,
    SYSTEM_FIELDS,
    TOOLS_FIELD,
    answer_of,
    answer_span,
    only,
    system_in,
    text_in,
    tools_of,
    verdict,
    with_system,
    words_in,
)
from foureyes.layouts.leftovers import nothing_else
from foureyes.layouts.making import logged
from foureyes.types import Prompt

__all__ = ["is_question", "is_ragas", "question_answers", "question_prompt", "ragas_answers"]

_QUESTIONS: Final = ("question", "query")
_OTHERS: Final = ("prompt", "messages", "input", "instruction", "conversations")
_PASSAGES: Final = (
    *("context", "contexts", "passage", "passages", "knowledge", "document", "documents"),
    *("background", "evidence", "article", "paragraph"),
)


def is_question(row: Mapping[str, Any]) -> bool:
    """Whether a row holds a question and an answer, and no prompt made of them."""
    return (
        any(isinstance(row.get(name), str) for name in _QUESTIONS)
        and any(row.get(name) is not None for name in ANSWER_FIELDS)
        and not any(row.get(name) for name in _OTHERS)
    )


def question_answers(row: Mapping[str, Any]) -> Iterator[LoggedAnswer]:
    """The one answer."""
    name = answer_field(row)
    tools = tools_of(TOOLS_FIELD, row.get(TOOLS_FIELD))
    span = answer_span(row)
    yield logged(question_prompt(row), answer_of(name, row[name]), tools=tools, span=span, correct=verdict(row))


def question_prompt(row: Mapping[str, Any]) -> Prompt:
    """What is asked: passage and question.

    Raises:
        InputError: it is not of that form, or there is more that belongs to a prompt.
    """
    asked = only(row, _QUESTIONS, "prompt")
    passage = next((name for name in _PASSAGES if row.get(name)), "")
    prompt = _shown(row, words_in(row, passage) if passage else "", text_in(row, asked))
    nothing_else(row, prompt, {asked, passage, *SYSTEM_FIELDS})
    return prompt


def is_ragas(row: Mapping[str, Any]) -> bool:
    """Whether a row has ragas' name of what the user says."""
    return row.get("user_input") is not None


def ragas_answers(row: Mapping[str, Any]) -> Iterator[LoggedAnswer]:
    """The response, every one of several, or the last turn of a conversation."""
    if isinstance(row["user_input"], list):
        turns = turns_of("user_input", [_ragas_turn(turn) for turn in row["user_input"]])
        if not turns or turns[-1].role != "assistant":
            raise InputError("'user_input' must be text, or a conversation that ends with a turn of type 'ai'")
        nothing_else(row, turns[:-1], {"user_input"})
        yield logged(turns[:-1], turns[-1], tools=tools_of(TOOLS_FIELD, row.get(TOOLS_FIELD)), correct=verdict(row))
        return
    prompt = _shown(row, words_in(row, "retrieved_contexts"), text_in(row, "user_input"))
    nothing_else(row, prompt, {"user_input", "retrieved_contexts", *SYSTEM_FIELDS})
    tools = tools_of(TOOLS_FIELD, row.get(TOOLS_FIELD))
    several = row.get("multi_responses")
    if row.get("response") is None and isinstance(several, list):
        for i, text in enumerate(several, 1):
            yield logged(prompt, answer_of("multi_responses", text), tools=tools, which=f"response {i}")
    else:
        name = answer_field(row)
        yield logged(prompt, answer_of(name, row[name]), tools=tools, span=answer_span(row), correct=verdict(row))


def _ragas_turn(turn: object) -> object:
    """A turn of ragas', in ShareGPT's names; calls have none there, and so stay to be named as unread."""
    if not isinstance(turn, dict):
        return turn
    rest = {name: value for name, value in turn.items() if name not in ("type", "content", "metadata")}
    return {"from": turn.get("type"), "value": turn.get("content"), **rest}


def _shown(row: Mapping[str, Any], passage: str, question: str) -> Prompt:
    if not question:
        raise InputError("the question is empty")
    return with_system(f"{passage}\n{question}" if passage else question, system_in(row))
