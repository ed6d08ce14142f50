"""The layouts that are known, most particular first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.layouts.answer import Layout
from foureyes.layouts.completions import completion_answers, is_completion, is_judged_completion
from foureyes.layouts.conversations import is_messages, is_sharegpt, messages_answers, sharegpt_answers
from foureyes.layouts.instructions import instruction_answers, is_instruction
from foureyes.layouts.plain import plain_answers
from foureyes.layouts.preferences import is_preference, preference_answers
from foureyes.layouts.questions import is_question, is_ragas, question_answers, ragas_answers

__all__ = ["LAYOUTS", "layout_named", "layout_of"]

_DATA_SETS: Final = (
    Layout(
        "preference",
        "pairs of chosen and rejected answers (DPO)",
        "prompt = system + instruction + context + input + question + prompt + turns before the last; answer = chosen and rejected",
        is_preference,
        preference_answers,
    ),
    Layout(
        "kto",
        "judged completions (KTO)",
        "prompt = system + prompt; answer = completion; label = label",
        is_judged_completion,
        completion_answers,
    ),
    Layout(
        "prompt-completion",
        "prompts and completions",
        "prompt = system + prompt; answer = completion",
        is_completion,
        completion_answers,
    ),
    Layout(
        "sharegpt",
        "ShareGPT",
        "prompt = system + conversations + conversation + tools; answer = last turn of the assistant",
        is_sharegpt,
        sharegpt_answers,
    ),
    Layout(
        "messages",
        "chat messages",
        "prompt = system + messages + tools; answer = last turn of the assistant",
        is_messages,
        messages_answers,
    ),
    Layout(
        "alpaca",
        "Alpaca",
        "prompt = system + history + instruction + input + context + tools; answer = output | response | answer | completion",
        is_instruction,
        instruction_answers,
    ),
    Layout(
        "ragas",
        "ragas",
        "prompt = retrieved_contexts + user_input; answer = response | multi_responses | last turn",
        is_ragas,
        ragas_answers,
    ),
    Layout(
        "question",
        "questions and answers",
        "prompt = system + context + contexts + passage + knowledge + documents + question + query; answer = answer | response | completion | output; label = correct | label",
        is_question,
        question_answers,
    ),
    Layout(
        "plain",
        "prompt and answer",
        "prompt = prompt | messages | input; answer = answer | response | completion | output | target | last turn; label = correct",
        lambda _: True,
        plain_answers,
    ),
)

LAYOUTS: Final = (*_DATA_SETS,)
"""The first that fits a record is its layout; the last one fits every record."""


def layout_of(row: Mapping[str, Any]) -> Layout:
    """The layout of a record, by its fields."""
    return next(layout for layout in LAYOUTS if layout.fits(row))


def layout_named(name: str) -> Layout:
    """The layout that ``--layout`` names.

    Raises:
        InputError: there is none of that name.
    """
    for layout in LAYOUTS:
        if layout.name == name:
            return layout
    raise InputError(f"a layout is one of {', '.join(layout.name for layout in LAYOUTS)}; got {name!r:.40}")
