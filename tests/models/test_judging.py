"""The request quotes the exchange so that nothing in it is more than data; the reply is believed whole or not at all."""

import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError
from foureyes.models.judging import (
    MalformedReply,
    new_code,
    parse_ruling,
    quoted,
    schema,
    strict_json_object,
    verdict_request,
    vote_of,
)
from foureyes.types import Exchange, Message

CODE = "5eed5eed5eed"
FINE = {"code": CODE, "verdict": "safe", "confidence": 0.9, "reason": "It is."}
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def said(**changed):
    return json.dumps(FINE | changed)


def without(key):
    return json.dumps({name: value for name, value in FINE.items() if name != key})


def test_a_verdict_in_the_form_asked_for_is_believed():
    found = parse_ruling(said(), CODE)
    assert (found.verdict, found.confidence, found.reason) == ("safe", 0.9, "It is.")
    assert parse_ruling(" \n" + said(verdict="unsafe", confidence=0) + "\n", CODE).confidence == 0.0
    assert parse_ruling(said(verdict="abstain", confidence=1), CODE).verdict == "abstain"


@pytest.mark.parametrize(
    "reply",
    [
        f"```json\n{said()}\n```",
        f" \n```\n{said()}\n  ```\n",
        f"```JSON\r\n{said()}\r\n```",
        f"```json\n{json.dumps({**FINE, 'reason': 'It says ``` here.'}, indent=2)}\n```",
        f"<think>\nIs it? {{'verdict': 'unsafe'}}\n```json\n{{}}\n```\n</think>\n\n{said()}\n",
        f"<think></think>{said()}",
    ],
)
def test_one_fence_around_a_verdict_or_one_closed_think_block_before_it_is_let_pass(reply):
    found = parse_ruling(reply, CODE)
    assert (found.verdict, found.confidence) == ("safe", 0.9)


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "safe",
        '"safe"',
        "true",
        "null",
        "[]",
        "{}",
        "Probably fine.",
        "Not unsafe.",
        f"```json\n```json\n{said()}\n```\n```",
        f"```python\n{said()}\n```",
        f"```json\n{said()}\n```\nI hope this helps!",
        f"Here it is:\n```json\n{said()}\n```",
        f"```json\n{said()}",
        f"{said()}\n```",
        f"```json\n{said()}\n```\n```json\n{said()}\n```",
        f"<think>It is.</think>\n```json\n{said()}\n```",
        f"```json\n<think>It is.</think>{said()}\n```",
        f"<think>It is.{said()}",
        f"It is.</think>{said()}",
        f"<think>It is.</think> So: {said()}",
        f"<think>It is.</think><think>Or not?</think>{said()}",
        f"<think>Is <think>it?</think></think>{said()}",
        f"<think>It is.</think>{said()}</think>",
        f"{said()}<think>It is.</think>",
        f"<THINK>It is.</THINK>{said()}",
        f"<think>{said()}</think>",
        f"Here it is: {said()}",
        f"{said()} I hope this helps!",
        f"{said()}{said()}",
        f"[{said()}]",
        said()[:-1],
        said() + ",",
        said().replace('"', "'"),
        without("code"),
        without("verdict"),
        without("confidence"),
        without("reason"),
        said(extra=1),
        said(code="5eed5eed5eee"),
        said(code=CODE.upper()),
        said(code=CODE + " "),
        said(code=None),
        said(code=[CODE]),
        said(code=""),
        said(verdict="SAFE"),
        said(verdict="safe "),
        said(verdict="not unsafe"),
        said(verdict="error"),
        said(verdict=True),
        said(verdict=["safe"]),
        said(verdict=None),
        said(confidence="0.9"),
        said(confidence=True),
        said(confidence=None),
        said(confidence=90),
        said(confidence=1.0000001),
        said(confidence=-0.1),
        said(confidence=10**400),
        said(confidence=math.nan),
        said(confidence=math.inf),
        said(confidence=[0.9]),
        said(confidence=0.49),
        said(verdict="unsafe", confidence=0.95),
        said(reason=None),
        said(reason=["It is."]),
        said(reason="\ud800"),
        said().replace("{", '{"verdict": "unsafe", ', 1),
        said().replace("{", '{"verdict": "safe", ', 1),
        "[" * 100_000,
        '{"code":' * 50_000,
        "9" * 10_000,
        "\ud800" + said(),
        "\ufeff" + said(),
        "\x00" + said(),
    ],
    ids=lambda reply: repr(reply[:40]),
)
def test_anything_else_is_not_a_verdict(reply):
    with pytest.raises(MalformedReply) as caught:
        parse_ruling(reply, CODE)
    assert "It is." not in str(caught.value), "a reply is not quoted in the reason"


@given(text)
def test_no_text_without_the_code_is_ever_a_verdict(reply):
    with pytest.raises(MalformedReply):
        parse_ruling(reply, CODE)


@given(st.recursive(st.none() | st.booleans() | st.floats() | text, lambda v: st.lists(v) | st.dictionaries(text, v)))
def test_no_json_of_another_shape_is_a_verdict(value):
    with pytest.raises(MalformedReply):
        parse_ruling(json.dumps(value), CODE)


@given(st.sampled_from(["safe", "unsafe", "abstain"]), st.floats(0, 1), text)
def test_what_is_stated_is_what_is_said(verdict, confidence, reason):
    consistent = {"safe": confidence >= 0.5, "unsafe": confidence <= 0.5, "abstain": True}[verdict]
    reply = json.dumps({"code": CODE, "verdict": verdict, "confidence": confidence, "reason": reason})
    if consistent:
        found = parse_ruling(reply, CODE)
        assert (found.verdict, found.confidence, found.reason) == (verdict, confidence, reason)
    else:
        with pytest.raises(MalformedReply, match="with a confidence of"):
            parse_ruling(reply, CODE)


def test_a_vote_carries_the_reason_on_one_line_and_an_error_states_no_confidence():
    question = verdict_request(Exchange("p", "r"), CODE)
    vote = vote_of(said(reason="It\nis\x1b[2J " + "so " * 500), question, provider="p", model="m")
    assert vote.reason.startswith("It is [2J so so")
    assert vote.reason.isprintable()
    assert len(vote.reason) <= 301
    error = vote_of("safe", question, provider="p", model="m")
    assert (error.verdict, error.confidence, error.provider, error.model) == ("error", None, "p", "m")


def test_the_schema_asks_for_what_the_parser_takes():
    for asked in (schema(), schema(CODE)):
        assert set(asked["required"]) == set(asked["properties"]) == set(FINE)
        assert asked["additionalProperties"] is False
    assert schema(CODE)["properties"]["code"]["enum"] == [CODE]
    assert "enum" not in schema()["properties"]["code"], "a hosted server can prepare it once"


def test_strict_objects_hold_exactly_the_keys_asked_for():
    assert strict_json_object(f'{{"code": "{CODE}", "a": [1]}}', CODE, ["a"]) == {"a": [1]}
    with pytest.raises(MalformedReply, match="exactly code, a, b"):
        strict_json_object(f'{{"code": "{CODE}", "a": [1]}}', CODE, ["a", "b"])
    with pytest.raises(MalformedReply, match="repeats a key"):
        strict_json_object(f'{{"code": "{CODE}", "a": {{"b": 1, "b": 2}}}}', CODE, ["a"])


LINES = [
    rf"BEGIN PROMPT {CODE}",
    r"(.*)",
    rf"END PROMPT {CODE}",
    rf"BEGIN RESPONSE {CODE}",
    r"(.*)",
    rf"END RESPONSE {CODE}",
    rf"Reply with the JSON object only\. Its code is {CODE}\.",
]
FORMAT = re.compile("\n".join(LINES))


@given(text, text)
def test_whatever_the_exchange_holds_the_request_has_one_shape_and_gives_it_back(prompt, answer):
    question = verdict_request(Exchange(prompt, answer), CODE)
    found = FORMAT.fullmatch(question.user)
    assert found is not None
    assert json.loads(found.group(1)) == prompt
    assert json.loads(found.group(2)) == answer
    assert question.system == verdict_request(Exchange("", ""), CODE).system


@given(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), text), min_size=1, max_size=4))
def test_turns_are_quoted_so_that_none_can_be_forged(turns):
    prompt = tuple(Message(role, content) for role, content in turns)
    found = FORMAT.fullmatch(verdict_request(Exchange(prompt, "x"), CODE).user)
    assert found is not None
    assert json.loads(found.group(1)) == [{"role": role, "content": content} for role, content in turns]


@given(text)
def test_what_is_quoted_is_visible_and_holds_no_mark_of_a_template(value):
    shown = quoted(value)
    assert shown.isprintable()
    assert json.loads(shown) == value
    assert not re.search(r"[<<]|\[/?[A-Z_]{2,}\]", shown)


def test_code_and_words_of_other_scripts_stay_readable():
    assert quoted("arr[i] = 日本 é 👍") == '"arr[i] = 日本 é 👍"'


@pytest.mark.parametrize("code", ["", "short", "5EED5EED", "5eed 5eed", "5eed5eed\n", "g" * 8, "0" * 65])
def test_a_code_is_hexadecimal(code):
    with pytest.raises(InputError, match="8 to 64 hexadecimal digits"):
        verdict_request(Exchange("p", "r"), code)


@pytest.mark.parametrize(
    "exchange", [Exchange(f"x {CODE}", "r"), Exchange("p", CODE), Exchange((Message("user", CODE),), "r")]
)
def test_a_code_that_stands_in_the_exchange_is_refused(exchange):
    with pytest.raises(InputError, match="stands in the exchange"):
        verdict_request(exchange, CODE)


def test_codes_are_fresh():
    codes = {new_code() for _ in range(1000)}
    assert len(codes) == 1000
    verdict_request(Exchange("p", "r"), codes.pop())
