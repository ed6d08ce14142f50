import pytest

from foureyes.errors import InputError
from foureyes.models.roles import Sampling
from foureyes.signals.agree import same_answer, v_agree
from foureyes.types import Exchange, Message, ToolCall, Unscored, Written


@pytest.mark.parametrize(
    ("one", "other", "match", "same"),
    [
        ("B", "The answer is (B).", "letter", True),
        ("A", "B) because A is wrong", "letter", False),
        ("It's Apple", "B", "letter", None),
        ("I'm sure: C", "C", "letter", True),
        ("1000", "so it is 1,000.00 dollars", "number", True),
        ("5 apples, then 7", "7", "number", True),
        ("-3", "−3", "number", True),
        ("0.5", ".5", "number", True),
        ("many", "7", "number", None),
        ("Canberra", "It is Canberra.", "text", True),
        ("The Beatles", "beatles", "text", True),
        ("Sao Paulo", "São Paulo", "text", True),
        ("art", "Bart Simpson", "text", False),
        ("York", "New York", "text", True),
        ("the", "x", "text", None),
        ("", "x", "text", None),
    ],
)
def test_same_answer(one, other, match, same):
    assert same_answer(one, other, match) is same
    assert same_answer(other, one, match) is same


def test_an_unknown_match_is_refused():
    with pytest.raises(InputError, match="match must be"):
        same_answer("a", "b", "vibes")


class Parrot:
    """Answers every prompt with the prompt."""

    name = fingerprint = "parrot"

    def write(self, prompts, sampling):
        assert sampling == Sampling(max_tokens=64)
        return [[Written(Exchange(p, p), None, "stop") if p else Unscored("empty_prompt")] for p in prompts]


def test_v_agree_is_an_uncertainty():
    rows = v_agree([Exchange("yes", "Yes."), Exchange("yes", "no"), Exchange("!", "no"), Exchange("", "x")], Parrot())
    assert rows[:2] == [0.0, 1.0]
    assert [row.reason for row in rows[2:]] == ["unparseable", "empty_prompt"]


def test_a_tool_call_is_not_held_against_words():
    call = Message.of("assistant", ["yes", ToolCall("pay", '{"amount": 5}')])
    (found,) = v_agree([Exchange.of("yes", call)], Parrot())
    assert found.reason == "unparseable"
