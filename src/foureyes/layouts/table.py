"""The layouts that are known, most particular first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.layouts.answer import Layout
from foureyes.layouts.batches import batch_output_answers, is_batch_output
from foureyes.layouts.completions import completion_answers, is_completion, is_judged_completion
from foureyes.layouts.conversations import is_messages, is_sharegpt, messages_answers, sharegpt_answers
from foureyes.layouts.events import event_answers, is_event
from foureyes.layouts.harness import harness_answers, is_harness
from foureyes.layouts.inspect_logs import inspect_answers, is_inspect
from foureyes.layouts.instructions import instruction_answers, is_instruction
from foureyes.layouts.langfuse import is_observation, observation_answers
from foureyes.layouts.legacy import is_legacy, legacy_answers
from foureyes.layouts.plain import plain_answers
from foureyes.layouts.preferences import is_preference, preference_answers
from foureyes.layouts.promptfoo import is_promptfoo, promptfoo_answers
from foureyes.layouts.questions import is_question, is_ragas, question_answers, ragas_answers
from foureyes.layouts.refused import (
    chunk_answers,
    guarded_answers,
    is_chunk,
    is_guarded,
    is_litellm,
    is_no_answer,
    litellm_answers,
    no_answers,
)
from foureyes.layouts.wire import CHAT, CLAUDE, GEMINI, RESPONSES

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

_LOGS: Final = (
    Layout("openai-chunks", "pieces of streamed answers", "", is_chunk, chunk_answers),
    Layout(
        "batch-output",
        "batch output",
        "prompt = the batch's input, by custom_id; answer = response",
        is_batch_output,
        batch_output_answers,
    ),
    Layout("no-answer", "records without an answer", "", is_no_answer, no_answers),
    Layout(
        "openai-chat",
        "OpenAI chat completions",
        "prompt = request.messages with its tools; answer = every choice",
        CHAT.fits,
        CHAT.answers,
    ),
    Layout(
        "openai-responses",
        "OpenAI responses",
        "prompt = request.instructions and input, with its tools; answer = output",
        RESPONSES.fits,
        RESPONSES.answers,
    ),
    Layout(
        "openai-completions",
        "OpenAI text completions",
        "prompt = request.prompt or the text sent back; answer = text of every choice",
        is_legacy,
        legacy_answers,
    ),
    Layout(
        "anthropic",
        "Anthropic messages",
        "prompt = request.system and messages, with its tools; answer = content of the response",
        CLAUDE.fits,
        CLAUDE.answers,
    ),
    Layout(
        "gemini",
        "Gemini",
        "prompt = request.systemInstruction and contents, with its tools; answer = every candidate",
        GEMINI.fits,
        GEMINI.answers,
    ),
    Layout(
        "litellm-guardrail",
        "LiteLLM guardrail calls",
        "prompt = structured_messages + tools; answer = texts and tool_calls",
        is_litellm,
        litellm_answers,
    ),
    Layout(
        "nemo-guardrails",
        "NeMo Guardrails requests",
        "prompt = messages; answer = last turn of the assistant",
        is_guarded,
        guarded_answers,
    ),
    Layout(
        "lm-eval",
        "lm-evaluation-harness samples",
        "prompt = arguments, first of each; answer = resps, or every option; label = exact_match or acc, or the target",
        is_harness,
        harness_answers,
    ),
    Layout(
        "inspect",
        "Inspect samples",
        "prompt = messages before the output, with its tools; answer = every choice of output; label = scores",
        is_inspect,
        inspect_answers,
    ),
    Layout(
        "promptfoo",
        "promptfoo results",
        "prompt = raw of the prompt; answer = output of the response; label = success",
        is_promptfoo,
        promptfoo_answers,
    ),
    Layout(
        "langfuse",
        "Langfuse observations",
        "prompt = input; answer = output; label = the score named correct, by observationId",
        is_observation,
        observation_answers,
    ),
    Layout(
        "openai-evals",
        "OpenAI evals events",
        "prompt = prompt of the sampling; answer = everything sampled; label = the match, by sample_id",
        is_event,
        event_answers,
    ),
)

LAYOUTS: Final = (*_LOGS, *_DATA_SETS)
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
