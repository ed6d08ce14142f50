"""Readings and answers come back from bytes as they were."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foureyes.models.scripted import ScriptedReader
from foureyes.study.serialization import decode_reading, decode_written, encode, plain, plain_exchange
from foureyes.types import Exchange, Message, PartSpan, Reading, ToolCall, ToolDefinition, ToolResult, Unscored, Written

text = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)


def same(one: Reading, other: Reading) -> bool:
    arrays = [name for name in Reading.__slots__ if isinstance(getattr(one, name), np.ndarray)]
    others = [name for name in Reading.__slots__ if name not in arrays]
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays) and all(
        getattr(one, name) == getattr(other, name) for name in others
    )


@given(prompt=text, answer=text, top_k=st.integers(0, 3))
def test_a_reading_comes_back_as_it_was(prompt: str, answer: str, top_k: int) -> None:
    exchange = Exchange(prompt, answer)
    (reading,) = ScriptedReader().read([exchange], top_k=top_k)
    back = decode_reading(encode(reading), exchange)
    if isinstance(reading, Unscored):
        assert back == reading
    else:
        assert isinstance(back, Reading)
        assert same(back, reading)
        seen = replace(reading, logit=reading.nll - 3.0)
        assert same(decode_reading(encode(seen), exchange), seen)


@given(answer=text)
def test_an_answer_comes_back_as_it_was(answer: str) -> None:
    exchange = Exchange("q", answer)
    (reading,) = ScriptedReader().read([exchange])
    written = Written(exchange, None if isinstance(reading, Unscored) else reading, "length")
    back = decode_written(encode(written), "q")
    assert isinstance(back, Written)
    assert (back.exchange, back.finish) == (exchange, "length")
    assert (back.reading is None) == (written.reading is None)


def test_why_a_row_was_not_read_comes_back() -> None:
    why = Unscored("context", "3000 tokens do not fit", got=3000, limit=2048)
    assert decode_reading(encode(why), Exchange("q", "a")) == why
    assert decode_written(encode(why), "q") == why


def test_a_conversation_is_not_the_text_it_prints_as() -> None:
    assert plain((Message("user", "hi"),)) == [["user", "hi"]]
    assert plain("hi") == "hi"


def test_a_turn_comes_back_as_its_template_wrote_it() -> None:
    exchange = Exchange.of("Pay Ana 5.", Message.of("assistant", [ToolCall("pay", '{"to": "Ana"}')]))
    (reading,) = ScriptedReader().read([Exchange("Pay Ana 5.", "<call> pay to=Ana </call>")])
    assert isinstance(reading, Reading)
    written = replace(reading, parts=(PartSpan(0, "name", (7, 10)), PartSpan(0, "arguments.to", (14, 17))))
    back = decode_reading(encode(written), exchange)
    assert isinstance(back, Reading)
    assert same(back, written)


def test_whatever_a_reading_depends_on_makes_another_question() -> None:
    call, text = ToolCall("pay", '{"amount": 5}', "c1"), '{"name": "pay", "arguments": {"amount": 5}}'
    result = ToolResult("done", "c1", "pay")
    exchanges = [
        Exchange("q", text),
        Exchange.of("q", Message.of("assistant", [call])),
        Exchange.of("q", Message.of("assistant", [replace(call, id="c2")])),
        Exchange.of("q", Message.of("assistant", [call]), tools=[ToolDefinition("pay")]),
        Exchange.of("q", Message.of("assistant", [call]), tools=[ToolDefinition("pay", "Pays.")]),
        Exchange((Message("tool", "done"),), text),
        Exchange((Message.of("tool", [result]),), text),
    ]
    assert len({str(plain_exchange(exchange)) for exchange in exchanges}) == len(exchanges)
