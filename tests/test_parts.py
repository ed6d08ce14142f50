"""Messages of parts: nothing of them is dropped, and every value has its place."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError
from foureyes.types import (
    Exchange,
    Message,
    OtherPart,
    Reasoning,
    Refusal,
    ToolCall,
    ToolDefinition,
    ToolResult,
    render_parts,
)
from foureyes.types.parts import parts_text

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
calls = st.builds(
    lambda name, arguments, spaced: ToolCall(name, json.dumps(arguments, indent=spaced)),
    words,
    st.dictionaries(words, values, max_size=4),
    st.none() | st.integers(0, 4),
)
parts = st.lists(
    words
    | calls
    | st.builds(ToolResult, words)
    | st.builds(Reasoning, words)
    | st.builds(Refusal, words)
    | st.builds(OtherPart, words),
    max_size=5,
)


@given(parts)
def test_a_message_says_everything_that_its_parts_say(some):
    text = Message.of("assistant", some).content
    for part in some:
        match part:
            case str():
                assert part in text
            case ToolCall():
                assert json.dumps(part.name, ensure_ascii=False) in text
            case ToolResult():
                assert part.content in text
            case Reasoning() | Refusal():
                assert part.text in text
            case OtherPart():
                assert part.kind in text


@given(calls)
def test_a_call_is_rendered_as_json_of_the_same_meaning(call):
    said = json.loads(render_parts([call]).text)
    assert said == {"name": call.name, "arguments": json.loads(call.arguments)}


@given(parts)
def test_spans_are_in_order_and_within_the_text(some):
    found = render_parts(some)
    edges = [edge for span in found.spans for edge in span.span]
    assert edges == sorted(edges)
    assert not edges or edges[-1] <= len(found.text)
    assert {span.part for span in found.spans} == set(range(len(some)))


@given(parts)
def test_the_text_alone_is_that_of_the_rendering(some):
    assert parts_text(some) == render_parts(some).text


def test_a_value_within_arguments_has_its_way_as_name():
    found = render_parts([ToolCall("order", '{"items":[{"id":7},{"id":8}],"note":"a \\"b\\"","gift":{}}')])
    assert [(s.path, found.text[slice(*s.span)]) for s in found.spans] == [
        ("name", '"order"'),
        ("arguments.items[0].id", "7"),
        ("arguments.items[1].id", "8"),
        ("arguments.note", '"a \\"b\\""'),
        ("arguments.gift", "{}"),
    ]


def test_the_way_to_a_value_is_short_however_long_a_key_is():
    call = ToolCall("pay", json.dumps({"k" * 200_000: [{"x": 1}] * 20_000}))
    assert max(len(span.path) for span in render_parts([call]).spans) == 200


@pytest.mark.parametrize("number", ["1.50", "1e400", "-0", "12345678901234567890.123456789", "9" * 5000])
def test_numbers_keep_every_digit(number):
    assert (
        render_parts([ToolCall("f", f'{{"n": {number}}}')]).text == f'{{"name": "f", "arguments": {{"n": {number}}}}}'
    )


@pytest.mark.parametrize(
    "arguments",
    ["{", "[1]", '"x"', "null", '{"a": NaN}', '{"a": 1, "a": 2}', '{"a": "\\ud800"}', '{"a":' * 100 + "1" + "}" * 100],
)
def test_arguments_that_are_no_json_object_are_kept_and_named(arguments):
    turn = Message.of("assistant", ["Done.", ToolCall("wire_transfer", arguments)])
    assert json.dumps(arguments, ensure_ascii=False) in turn.content
    (named,) = Exchange.of("Pay.", turn).unread
    assert "wire_transfer" in named
    assert named.endswith("in the answer")


def test_blank_arguments_are_none():
    turn = Message.of("assistant", [ToolCall("now", " ")])
    assert turn.content == '{"name": "now", "arguments": {}}'
    assert turn.unread == ()


def test_text_alone_is_the_same_however_it_is_given():
    assert Message.of("user", ["Hi"]) == Message("user", "Hi")
    assert Exchange.of("Hi", Message("assistant", "Hello")) == Exchange("Hi", "Hello")


def test_content_that_is_not_that_of_the_parts_is_refused():
    with pytest.raises(InputError, match=r"Message\.of"):
        Message("assistant", "harmless", (ToolCall("wire_transfer"),))
    with pytest.raises(InputError, match=r"Exchange\.of"):
        Exchange("Pay.", "harmless", turn=Message.of("assistant", [ToolCall("wire_transfer")]))
    with pytest.raises(InputError, match="assistant"):
        Exchange.of("Pay.", Message("user", "x"))


def test_signals_are_taken_over_what_follows_the_reasoning():
    exchange = Exchange.of("2 + 2?", Message.of("assistant", [Reasoning("Two and two."), "4"]))
    assert exchange.answer[slice(*exchange.answer_span)] == "4"
    assert Exchange.of("2 + 2?", Message.of("assistant", [Reasoning("Two and two.")])).answer_span is None


def test_what_cannot_be_read_is_named_wherever_it_stands():
    exchange = Exchange.of(
        (Message("system", "Help."), Message.of("user", ["What is it?", OtherPart("image_url")])),
        Message.of("assistant", [OtherPart("audio")]),
    )
    assert exchange.unread == ("image_url in message 2", "audio in the answer")


def test_a_tool_needs_a_schema_that_is_an_object():
    with pytest.raises(InputError, match="'pay' must be a JSON object"):
        ToolDefinition("pay", parameters="[]")
