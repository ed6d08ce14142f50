import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError
from foureyes.models.scripted import ScriptedWriter
from foureyes.signals.verbal import stated_guesses, stated_probability, verbalised
from foureyes.types import Exchange, Unscored


@pytest.mark.parametrize(
    ("reply", "stated"),
    [
        ("0.9", 0.9),
        (" 0.9\n", 0.9),
        ("0.9.", 0.9),
        (".9", 0.9),
        ("90%", 0.9),
        ("90 %", 0.9),
        ("99.5 percent", 0.995),
        ("9/10", 0.9),
        ("9 out of 10", 0.9),
        ("0", 0.0),
        ("1", 1.0),
        ("1.0", 1.0),
        ("1%", 0.01),
        ("100%", 1.0),
        ("**0.75**", 0.75),
        ("Probability: 0.3", 0.3),
        ("probability = 30%", 0.3),
        ("**Confidence:** 0.3", 0.3),
        ("It fits all 3 clues, so I am sure.\nProbability: 0.8", 0.8),
        ("Probability: 0.8\nAs I said:\n**Probability: 80%**", 0.8),
    ],
)
def test_what_states_one_probability(reply, stated):
    assert stated_probability(reply) == pytest.approx(stated)


@pytest.mark.parametrize(
    "reply",
    [
        "hardly correct",
        "correct",
        "Probability: hardly any",
        "",
        "   ",
        "85",
        "9",
        "1.2",
        "-0.1",
        "101%",
        "11/10",
        "0/0",
        "0.8-0.9",
        "0.8 to 0.9",
        "0.8 or 0.9",
        "about 0.9",
        "not 0.9",
        "~0.9",
        "0,9",
        "0.9 0.9",
        "I am 90% sure that it is wrong",
        "The probability is 0.9",
        "nan",
        "inf",
        "1e-1",
        "0.9.9",
        "Probability: 0.8\nProbability: 0.2",
        "Probability: 0.8\nConfidence: unsure",
        "Probability:",
        "Probability: <a number between 0 and 1>",
        "٠.٩",
    ],
)
def test_what_states_none_is_not_guessed_at(reply):
    found = stated_probability(reply)
    assert isinstance(found, Unscored)
    assert found.reason == "unparseable"
    assert "wanted one probability between 0 and 1; got" in found.detail


@given(st.floats(0, 1))
def test_any_decimal_is_read_back(p):
    text = f"{p:.6f}"
    assert stated_probability(text) == pytest.approx(float(text))
    assert stated_probability(f"Thinking.\nProbability: {text}") == pytest.approx(float(text))


@given(st.text(max_size=60))
def test_whatever_is_said_is_a_probability_or_unparseable(reply):
    found = stated_probability(reply)
    assert found.reason == "unparseable" if isinstance(found, Unscored) else 0 <= found <= 1


def test_a_long_reply_is_shortened_in_the_message():
    assert len(stated_probability("word " * 1000).detail) < 200


@pytest.mark.parametrize(
    ("reply", "stated"),
    [
        ("G1: Canberra\nP1: 0.7\nG2: Sydney\nP2: 20%", [("Canberra", 0.7), ("Sydney", 0.2)]),
        ("G2: b\nG1: a\nP2: 0.1\nP1: 0.9", [("a", 0.9), ("b", 0.1)]),
        ("Sure!\n**G1:** a\n**P1:** 1/2", [("a", 0.5)]),
        ("G1: ratio 3:1\nP1: 0.5", [("ratio 3:1", 0.5)]),
    ],
)
def test_guesses_with_their_probabilities(reply, stated):
    assert stated_guesses(reply) == [(text, pytest.approx(p)) for text, p in stated]


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "Canberra, 0.7",
        "G1: a\nP1: likely",
        "G1: a\nP1: 0.7\nG2: b",
        "P1: 0.7",
        "G1: a\nP1: 0.7\nG1: b\nP1: 0.2",
        "G1:\nP1: 0.7",
        "G1: a\nP1: 0.7\nG2: b\nP2: unsure",
    ],
)
def test_half_a_distribution_is_none(reply):
    assert stated_guesses(reply).reason == "unparseable"


def asked(reply, answer="Canberra", **settings):
    (row,) = verbalised([Exchange("Capital of Australia?", answer)], ScriptedWriter(otherwise=reply), **settings)
    return row


@pytest.mark.parametrize("style", ["vanilla", "reasoned"])
def test_a_stated_probability_comes_out_as_an_uncertainty(style):
    assert asked("90%", style=style) == pytest.approx(0.1)
    assert asked("Well.\nProbability: 0.2", style=style) == pytest.approx(0.8)
    assert asked("hardly correct", style=style).reason == "unparseable"


GUESSES = "G1: Canberra\nP1: 0.6\nG2: Sydney\nP2: 0.3"


@pytest.mark.parametrize(
    ("answer", "uncertainty"), [("It is Canberra.", 0.4), ("sydney", 0.7), ("Perth", 0.9)], ids=str
)
def test_an_answer_gets_the_probability_of_its_guess_or_what_the_guesses_leave(answer, uncertainty):
    assert asked(GUESSES, answer, style="guesses") == pytest.approx(uncertainty)


def test_guesses_that_claim_more_than_everything_leave_nothing():
    assert asked("G1: a\nP1: 0.9\nG2: b\nP2: 0.9", "Perth", style="guesses") == 1.0


def test_the_match_is_the_tasks():
    guesses = "G1: A\nP1: 0.5\nG2: B\nP2: 0.2"
    assert asked(guesses, "(B)", style="guesses", match="letter") == pytest.approx(0.8)
    assert asked(guesses, "unclear", style="guesses", match="letter").reason == "unparseable"


def test_the_question_alone_is_shown_when_guesses_are_asked_for():
    class Listening(ScriptedWriter):
        def write(self, prompts, sampling):
            self.heard = list(prompts)
            return super().write(prompts, sampling)

    for style, shown in (("vanilla", True), ("reasoned", True), ("guesses", False)):
        writer = Listening(otherwise="0.5")
        verbalised([Exchange("Which?", "Canberra")], writer, style=style)
        assert ("Canberra" in writer.heard[0]) is shown
        assert writer.heard[0].startswith("Which?")


def test_rows_fail_alone_and_stay_in_order():
    class Failing(ScriptedWriter):
        def write(self, prompts, sampling):
            rows = super().write(prompts, sampling)
            rows[1] = [Unscored("context", "too long")]
            return rows

    rows = verbalised([Exchange("q", a) for a in ("one", "", "two", "three")], Failing(otherwise="0.5"))
    assert (rows[0], rows[3]) == (0.5, 0.5)
    assert (rows[1].reason, rows[2].reason) == ("empty_answer", "context")


def test_what_cannot_be_asked():
    with pytest.raises(InputError, match="style must be one of vanilla, reasoned, guesses; got 'vibes'"):
        asked("", style="vibes")
    with pytest.raises(InputError, match="n_guesses must be at least 2; got 1"):
        asked("", style="guesses", n_guesses=1)
