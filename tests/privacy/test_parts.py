"""Personal data in every part of a message: out and back, and what is JSON stays JSON."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.privacy_fuzz import counted, left_over
from bench.privacy_texts import random_parts
from foureyes.errors import InputError, PrivacyError
from foureyes.privacy import PatternDetector, Vault, conceal_parts, reveal_json, reveal_parts
from foureyes.types import OtherPart, Reasoning, Refusal, ToolCall, ToolDefinition, ToolResult

DETECTOR = PatternDetector()
MAIL, CARD = "ana@example.org", "4111111111111111"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from([MAIL, CARD, int(CARD), f'"{MAIL}"\n']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4) | st.just(MAIL), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


def hidden(*parts):
    conversation = Vault.open().conversation()
    return conceal_parts(parts, DETECTOR, conversation), conversation


@pytest.mark.parametrize(
    "part",
    [
        f"mail {MAIL}",
        Reasoning(f"mail {MAIL}"),
        Refusal(f"not {MAIL}"),
        OtherPart(MAIL),
        ToolCall(f"mail {MAIL}"),
        ToolCall("mail", json.dumps({"to": [{"all": MAIL}]})),
        ToolCall("mail", json.dumps({MAIL: 1})),
        ToolCall("mail", f"no JSON: {MAIL}"),
        ToolCall("mail", '{"to": "ana\\u0040example.org"}'),
        ToolCall("mail", f'{{"to": "{MAIL}", "to": "ana2@example.org"}}'),
        ToolCall("mail", f'{{"to": "{MAIL}", "half": "\\ud800"}}'),
        ToolCall("mail", "{}", MAIL),
        ToolResult(f"from {MAIL}"),
        ToolResult(json.dumps({"from": MAIL})),
        ToolResult("", MAIL, MAIL),
        ToolDefinition("mail", f"Asks {MAIL}.", json.dumps({"default": MAIL})),
    ],
)
def test_no_part_keeps_personal_data(part):
    [safe], conversation = hidden(part)
    shown = repr(safe).replace("\\\\u0040", "@")
    assert type(safe) is type(part)
    assert "example.org" not in shown
    assert "EMAIL_ADDRESS_1" in shown
    [back] = reveal_parts([safe], conversation)
    assert back == part or json.loads(back.arguments) == json.loads(part.arguments)


def test_a_number_becomes_a_string_and_a_number_again():
    call = ToolCall("pay", '{"card" : 4111111111111111, "text": "4111111111111111", "amount": 1.50}')
    [safe], conversation = hidden(call)
    shown = json.loads(safe.arguments)
    assert shown["card"].islower()
    assert shown["card"].upper() == shown["text"]
    assert safe.arguments.endswith('"amount": 1.50}')
    assert reveal_parts([safe], conversation) == (call,)


def test_keys_names_and_questions_are_context():
    [call], _ = hidden(ToolCall("pay", '{"passport_number": "123456789", "count": "987654321"}'))
    assert "123456789" not in call.arguments
    [call], _ = hidden(ToolCall("find_passport", '{"value": 123456789}'))
    assert "123456789" not in call.arguments
    (_, answer), _ = hidden("What is your passport number?", "123456789")
    assert "123456789" not in answer


def test_a_value_has_one_token_in_all_parts():
    (text, call, result), _ = hidden(MAIL, ToolCall("mail", json.dumps({"to": MAIL})), ToolResult(MAIL))
    assert json.loads(call.arguments)["to"] == text == result.content


def test_what_a_model_writes_with_tokens_is_restored_as_json():
    conversation = Vault.open().conversation()
    [token] = [entry.token for entry in conversation.issue([("PERSON", 'Ana "A" \\ Cruz\n')])]
    written = json.dumps({"to": f"Dear {token}", token: 5})
    assert json.loads(reveal_json(written, conversation)) == {"to": 'Dear Ana "A" \\ Cruz\n', 'Ana "A" \\ Cruz\n': 5}
    assert reveal_json(f"{token} said", conversation) == 'Ana "A" \\ Cruz\n said'


@given(JSON, st.booleans())
def test_any_json_stays_json_and_comes_back(value, escape):
    call = ToolCall("pay", json.dumps({"value": value}, ensure_ascii=escape))
    [safe], conversation = hidden(call)
    said = json.loads(safe.arguments)
    assert MAIL not in json.dumps(said)
    assert CARD not in json.dumps(said)
    [back] = reveal_parts([safe], conversation)
    assert json.loads(back.arguments) == json.loads(call.arguments)


def test_deep_json_is_looked_at_as_text():
    [safe], _ = hidden(ToolCall("pay", "[" * 100_000 + MAIL))
    assert MAIL not in safe.arguments


def test_what_is_no_part_and_a_detector_that_fails():
    class Failing:
        def find(self, _text):
            raise RuntimeError(MAIL)

    with pytest.raises(InputError, match="a part is text or one of the parts"):
        hidden(5)
    with pytest.raises(PrivacyError) as raised:
        conceal_parts([MAIL], Failing(), Vault.open().conversation())
    assert MAIL not in str(raised.value)


def test_nothing_that_the_detector_finds_is_left_in_texts_drawn_at_random():
    total = counted(range(120))
    assert (total["texts"], total["left with a value"], total["not restored"], total["blocked"]) == (120, 0, 0, 0)
    assert total["with something to conceal"] > 60


def test_the_count_would_notice_what_is_left():
    assert left_over("[EMAIL_ADDRESS_1_ABCDEFGH] ana@example.org", DETECTOR) == [MAIL]
    assert left_over("[EMAIL_ADDRESS_1_ABCDEFGH]", DETECTOR) == []
    assert len(random_parts(random.Random(1))) == 3  # noqa: S311 - no secret
