"""Prompts and completions, with and without a verdict (KTO): both texts, or both lists of messages, as trl takes them.

A completion of text continues its prompt, and so often begins with the space between the two; it is not part of the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from foureyes.errors import InputError
from foureyes.layouts.answer import LoggedAnswer
from foureyes.layouts.fields import (
    SYSTEM_FIELDS,
    TOOLS_FIELD,
    answer_span,
    prompt_of,
    system_in,
    tools_of,
    unjoined,
    verdict,
    with_system,
)
from foureyes.layouts.leftovers import nothing_else
from foureyes.layouts.making import logged
from foureyes.layouts.stated import author_tokens, choice_tokens
from foureyes.types import Message, Prompt

__all__ = ["completed", "completion_answers", "is_completion", "is_judged_completion"]


def is_completion(row: Mapping[str, Any]) -> bool:
    """Whether a row holds a prompt and a completion of the same kind, and no other answer."""
    kinds = {type(row.get(name)) for name in ("prompt", "completion")}
    return kinds in ({str}, {list}) and not any(row.get(name) for name in ("answer", "response", "output"))


def is_judged_completion(row: Mapping[str, Any]) -> bool:
    """Whether a row says besides that its completion is wanted or not."""
    return is_completion(row) and isinstance(row.get("label"), bool)


def completion_answers(row: Mapping[str, Any]) -> Iterator[LoggedAnswer]:
    """The one completion."""
    prompt, turn = completed(prompt_of("prompt", row["prompt"]), "completion", row["completion"])
    whole = with_system(prompt, system_in(row))
    nothing_else(row, whole, {"prompt", *SYSTEM_FIELDS})
    tools = tools_of(TOOLS_FIELD, row.get(TOOLS_FIELD))
    span = answer_span(row)
    author = author_tokens(choice_tokens(row.get("logprobs")), row.get("model"))
    yield logged(whole, turn, tools=tools, span=span, correct=verdict(row), author=author)


def completed(prompt: Prompt, name: str, value: object) -> tuple[Prompt, Message]:
    """A prompt and what completes it; all but the last turn of several belong to the prompt.

    Raises:
        InputError: it is neither text nor turns that end with the assistant.
    """
    found = prompt_of(name, value)
    if isinstance(found, str):
        return prompt, Message("assistant", unjoined(prompt, found))
    if not found or found[-1].role != "assistant":
        raise InputError(f"{name!r} must end with a turn of the assistant")
    if len(found) == 1:
        return prompt, found[-1]
    before = (Message("user", prompt),) if isinstance(prompt, str) else prompt
    return (*before, *found[:-1]), found[-1]
