"""Reasoning and answer told apart, and scored apart."""

import numpy as np
import pytest

from foureyes.models.prompts import why_unread
from foureyes.models.transformers import TransformersReader
from foureyes.types import Exchange, Message, Reading, Reasoning, ToolCall
from foureyes.types.reasoning import find_reasoning


@pytest.mark.parametrize(
    ("text", "thought", "answer"),
    [
        ("<think>\n2 + 2?\n</think>\n\nIt is 4.", "2 + 2?", "It is 4."),
        ("  <think>a</think>b", "a", "b"),
        ("2 + 2?\n</think>\n\nIt is 4.", "2 + 2?", "It is 4."),
        ("<think>\n\n</think>\n\nIt is 4.", "", "It is 4."),
        ("<think>a</think>b</think>c", "a", "b</think>c"),
        ("<think>never ends", "never ends", ""),
        ("<think>a</think>\n", "a", ""),
    ],
)
def test_reasoning_is_found_before_an_answer(text, thought, answer):
    place = find_reasoning(text)
    assert (text[slice(*place.span)], text[place.answer :]) == (thought, answer)
    assert Exchange("q", text).answer_span == ((len(text) - len(answer), len(text)) if answer else None)


@pytest.mark.parametrize(
    "text",
    [
        "It is 4.",
        "Close it with `</think>`.",
        'Write "</think>" behind.',
        "Use <think>…</think> for that.",
        "",
        "think>",
    ],
)
def test_what_speaks_of_the_marks_is_no_reasoning(text):
    assert find_reasoning(text) is None
    assert Exchange("q", text).answer_span is None


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("<think>never ends", "never ends"),
        ("<think>a</think>\n ", "nothing follows"),
        (Message.of("assistant", [Reasoning("a")]), "nothing follows"),
        (Message.of("assistant", [Reasoning("a"), " \n"]), "nothing follows"),
    ],
)
def test_reasoning_alone_is_no_answer(answer, says):
    exchange = Exchange("q", answer) if isinstance(answer, str) else Exchange.of("q", answer)
    found = why_unread(exchange)
    assert found.reason == "empty_answer"
    assert says in found.detail


def test_a_call_behind_reasoning_is_an_answer():
    assert why_unread(Exchange.of("q", Message.of("assistant", [Reasoning("a"), ToolCall("now")]))) is None


def test_signals_are_taken_over_the_answer_and_the_reasoning_has_numbers_of_its_own(tiny_model):
    reader = TransformersReader.load(tiny_model, dtype="float32")
    (reading,) = reader.read([Exchange("q", "<think>\nHm.\n</think>\n\nFour.")])
    assert isinstance(reading, Reading)
    chosen = [reading.answer.encode()[a:b].decode() for a, b in reading.spans[reading.selected]]
    assert "".join(chosen) == "Four."
    assert [(place.path, reading.answer[slice(*place.span)]) for place in reading.parts] == [
        ("reasoning", "Hm."),
        ("text", "Four."),
    ]
    start, end = reading.parts[0].span
    assert np.isfinite(reading.nll[(reading.spans[:, 0] < end) & (reading.spans[:, 1] > start)]).all()


def test_one_text_and_its_parts_are_read_alike(tiny_model):
    reader = TransformersReader.load(tiny_model, dtype="float32")
    text = Exchange("q", "<think>\nHm.\n</think>\nFour.")
    parts = Exchange.of("q", Message.of("assistant", [Reasoning("Hm."), "Four."]))
    assert text.answer == parts.answer
    one, other = reader.read([text, parts])
    assert one.nll.tolist() == other.nll.tolist()
    assert one.selected.tolist() == other.selected.tolist()


def test_where_the_opening_was_left_to_a_template_it_is_read_and_not_scored(tiny_model):
    reader = TransformersReader.load(tiny_model, dtype="float32")
    whole, half = reader.read([Exchange("q", "<think>\nHm.</think>Four."), Exchange("q", "Hm.</think>Four.")])
    assert half.n_prompt_tokens == whole.n_prompt_tokens + len("<think>\n")
    assert whole.nll[whole.selected].tolist() == half.nll[half.selected].tolist()
