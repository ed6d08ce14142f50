"""What an answer claims, apart from the words around it, and the surprise of the worst claim."""

import json
import math
import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from foureyes.models.part_places import places_of
from foureyes.models.scripted import ScriptedReader
from foureyes.signals.claims import COURTESY_PROMPT, distinct_claims, question_words, split_claims
from foureyes.signals.worst import MOST_CLAIMS, WorstClaim, worst_claim, worst_claim_rounds
from foureyes.types import Exchange, Message, OtherPart, Reasoning, ToolCall, Unscored

QUESTION = "What is the capital of Australia? Answer with the name only."
_WORDS = re.compile(r"\w+")


class PoliteReader(ScriptedReader):
    """Knows the capital, expects nothing but the name, and knows courtesies when it is asked for them."""

    def __init__(self):
        super().__init__(name="polite")
        self.asked = []

    def read(self, exchanges, *, top_k=0):
        self.asked.append(list(exchanges))
        return super().read(exchanges, top_k=top_k)

    def _probability(self, prompt, word):
        bare = word.strip(".,:;!?“”\"'()").casefold()
        courtesies = {"thank", "you", "for", "asking", "vielen", "dank", "für", "ihre", "anfrage", "answer"}
        if prompt == " ".join(message.content for message in COURTESY_PROMPT):
            return 0.5 if bare in courtesies else 1e-6
        if bare in {"canberra", "the", "capital", "of", "australia", "is", "1", "2", "3", "4", "5", "6", "7", "8", "9"}:
            return 0.95
        return {"sydney": 0.05, "melbourne": 0.02}.get(bare, 0.001)


def value(answer, reader=None):
    (found,) = worst_claim([Exchange(QUESTION, answer)], reader or PoliteReader())
    return found


RIGHT, WRONG = value("Canberra"), value("Sydney")


def test_a_plain_answer_is_read_once_and_its_value_is_its_mean_surprise():
    reader = PoliteReader()
    assert value("Sydney", reader) == pytest.approx(-math.log(0.05))
    assert [len(rows) for rows in reader.asked] == [1]


@pytest.mark.parametrize(
    "wording",
    [
        "{}. 1, 2, 3, 4, 5, 6, 7, 8, 9.",
        "{} 1, 2, 3, 4, 5, 6, 7, 8, 9.",
        "1, 2, 3, 4, 5, 6, 7, 8, 9. {}",
        "What is the capital of Australia? {}",
        "The capital of Australia is {}.",
        "{} is the capital of Australia.",
        "{}. {}. {}. {}.",
        "{}, {}, {}, {}",
        "Thank you for asking! {}",
        "Vielen Dank für Ihre Anfrage! {}. Thank you for asking.",
        "The answer is: “{}”.",
        "> **{}**",
    ],
)
def test_words_around_a_wrong_answer_never_make_it_less_surprising(wording):
    assert value(wording.format(*["Sydney"] * 4)) >= WRONG - 1e-9 or " 1, 2" in wording
    assert value(wording.format(*["Sydney"] * 4)) > value(wording.format(*["Canberra"] * 4))


@pytest.mark.parametrize(
    "wording",
    [
        "Thank you for asking! {}",
        "{}. Thank you for asking.",
        "Answer: {}",
        "What is the capital of Australia? {}.",
        "The capital of Australia is {}.",
        "Vielen Dank für Ihre Anfrage!\n\n{}",
    ],
)
def test_a_right_answer_in_polite_words_is_as_little_surprising_as_plain(wording):
    assert value(wording.format("Canberra")) == pytest.approx(RIGHT)
    assert value(wording.format("Sydney")) == pytest.approx(WRONG)


def test_one_wrong_claim_among_right_ones_counts():
    assert value("Canberra. The capital is Canberra. Melbourne. Canberra, the capital.") >= -math.log(0.02) - 1e-9


def test_nothing_but_courtesy_is_judged_as_what_it_says():
    assert value("Thank you for asking!") > WRONG


def test_a_question_back_that_is_not_the_question_is_a_claim():
    assert value("Canberra. Is it not true that Melbourne won?") > WRONG


def test_a_repeated_question_of_two_options_is_no_way_past():
    """The words of the prompt may be the answer: only those that the verifier expected are left out."""

    class Doubts(PoliteReader):
        def _probability(self, prompt, word):
            return 0.001 if word.strip(".,").casefold() == "flat" else super()._probability(prompt, word)

    (found,) = worst_claim([Exchange("Is the earth flat or is it round?", "The earth is flat, the.")], Doubts())
    assert found > 1


def test_a_part_that_cannot_be_read_leaves_the_answer_unread():
    reader = ScriptedReader(failures={"Sydney": Unscored("unavailable", "the server died")})
    (found,) = worst_claim([Exchange(QUESTION, "It rains. Sydney.")], reader)
    assert found == Unscored("unavailable", "the server died")
    (empty,) = worst_claim([Exchange(QUESTION, "")], reader)
    assert empty.reason == "empty_answer"


def test_many_answers_share_each_round():
    reader = PoliteReader()
    answers = ["Canberra", "The capital of Australia is Sydney.", "Thank you for asking! Sydney", ""]
    together = worst_claim([Exchange(QUESTION, answer) for answer in answers], reader)
    assert len(reader.asked) == 2
    assert [value(answer) for answer in answers] == together


def test_more_claims_than_are_read_one_by_one_are_judged_where_they_stand():
    reader = PoliteReader()
    found = value(" ".join(["Canberra it is."] * MOST_CLAIMS + ["Sydney."]), reader)
    assert [len(rows) for rows in reader.asked] == [1]
    assert found >= WRONG


def test_every_value_of_a_tool_call_is_a_claim_where_it_stands():
    turn = Message.of("assistant", ["Canberra.", ToolCall("pay", '{"to": "Canberra", "city": "Sydney"}')])
    exchange = Exchange.of(QUESTION, turn)
    rounds = worst_claim_rounds(exchange)
    reader = PoliteReader()
    wanted = next(rounds)
    try:
        while True:
            wanted = rounds.send(reader.read(wanted))
    except StopIteration as done:
        found = done.value
    assert isinstance(found, WorstClaim)
    assert found.claim.text in {'"pay"', '"Sydney"'}
    assert found.n_claims == 6  # the words, the name, two keys and two values


@pytest.mark.parametrize("marks", ["*", "._", " ,", "“«"])
def test_a_long_run_of_marks_is_looked_at_once(marks):
    text = marks * 100_000 + "x"
    assert [claim.text for claim in split_claims(text)][-1].endswith("x")


class TemplateReader(PoliteReader):
    """Reads turns as a template writes them: within tags, results of a call in other places than in the exchange."""

    def read(self, exchanges, *, top_k=0):
        shown = [e if e.turn is None else Exchange(e.prompt, self._written(e)) for e in exchanges]
        rows = super().read(shown, top_k=top_k)
        return [
            row if e.turn is None else replace(row, parts=places_of(e.turn.parts, row.answer))
            for e, row in zip(exchanges, rows, strict=True)
        ]

    @staticmethod
    def _written(exchange):
        return "\n".join(
            f"<is> the call of {part.name} {' '.join(f'{k} = {v} ;' for k, v in json.loads(part.arguments).items())} </is>"
            if isinstance(part, ToolCall)
            else f"the capital {part}"
            for part in exchange.turn.parts
        )


@pytest.mark.parametrize("parts", [["Canberra. Canberra it is."], [], [Reasoning("The capital."), "Canberra."]])
@pytest.mark.parametrize(("city", "wanted"), [("Sydney", 0.05), ("Melbourne", 0.02)])
def test_a_value_is_judged_where_the_template_has_written_it(parts, city, wanted):
    turn = Message.of("assistant", [*parts, ToolCall("capital", json.dumps({"the": "Canberra", "of": city}))])
    rounds, reader = worst_claim_rounds(Exchange.of(QUESTION, turn)), TemplateReader()
    found = next(rounds)
    try:
        while True:
            found = rounds.send(reader.read(found))
    except StopIteration as done:
        found = done.value
    assert found.claim.text == city == found.whole.answer[found.claim.start : found.claim.end]
    assert found.surprise == pytest.approx(-math.log(wanted))


@pytest.mark.parametrize(
    ("arguments", "worst"),
    [
        ('{"to": "Ana", "city": "Canberra"}', None),
        ('{"to": "Ana", "city": "Sydney"}', "Sydney"),
        ('{"to": "Sydney", "city": "Canberra"}', "Sydney"),
        ('{"to": "Ana", "Sydney": "Canberra"}', "Sydney"),
        ('{"to": {"Ana": [{"Sydney": []}]}}', "Sydney"),
    ],
)
@pytest.mark.parametrize("reader", [PoliteReader, TemplateReader])
def test_every_key_and_value_of_a_call_is_judged_where_the_verifier_read_it(reader, arguments, worst):
    class Reader(reader):
        def _probability(self, _, word):
            return 1e-6 if "Sydney" in word else 0.9

    rounds = worst_claim_rounds(Exchange.of(QUESTION, Message.of("assistant", [ToolCall("pay", arguments)])))
    wanted = next(rounds)
    try:
        while True:
            wanted = rounds.send(Reader().read(wanted))
    except StopIteration as done:
        found = done.value
    assert found.surprise == pytest.approx(-math.log(0.9 if worst is None else 1e-6))
    assert worst is None or found.claim.text.strip('"') == worst


def test_a_turn_of_nothing_but_a_tool_call_is_judged():
    turn = Message.of("assistant", [ToolCall("Canberra", '{"city": "Sydney"}')])
    (found,) = worst_claim([Exchange.of(QUESTION, turn)], PoliteReader())
    assert found >= WRONG


def test_pieces_are_cut_at_sentences_lines_and_colons():
    texts = [claim.text for claim in split_claims("Thanks! The answer is: **Sydney**.\n- It rains\n> 答案是：Au。好的")]
    assert texts == ["Thanks", "The answer is", "Sydney", "It rains", "答案是", "Au", "好的"]
    assert [claim.text for claim in split_claims("Ag, ag, Ag; Ag")] == ["Ag"]
    assert [claim.text for claim in split_claims("New York, New York / new york, York")] == [
        "New York, New York / new york, York"
    ]
    assert [claim.text for claim in split_claims("-5 degrees")] == ["-5 degrees"]
    assert [claim.text for claim in split_claims("3:45 pm, $5.00")] == ["3:45 pm, $5.00"]
    assert [claim.text for claim in split_claims("Ag. Au", (4, 6))] == ["Au"]
    assert split_claims("… !") == []


def test_what_is_said_again_counts_once():
    assert [c.text for c in distinct_claims(split_claims("Sydney. It is Sydney. SYDNEY!"))] == [
        "Sydney",
        "It is Sydney",
    ]


def test_the_question_is_what_was_said_last():
    assert question_words((Message("system", "Be brief."), Message("user", "Is it Ag?"))) == ("is", "it", "ag")
    assert question_words("Is it?") == ("is", "it")


@given(st.text(alphabet="ab .:!?\n“”，。é🙂-*", max_size=60))
def test_pieces_are_where_they_say_in_order_and_hold_something(answer):
    claims = split_claims(answer)
    assert all(answer[claim.start : claim.end] == claim.text for claim in claims)
    assert all(one.end <= other.start for one, other in pairwise(claims))
    assert all(any(character.isalnum() for character in claim.text) for claim in claims)
    words = {word for claim in claims for word in claim.text.casefold().split()}
    assert all(any(part in word or word in part for word in words) for part in _WORDS.findall(answer.casefold()))


@given(st.text(alphabet="Sydney. Canb,:!?\n“é🙂", max_size=80))
@example(": : :")
def test_every_answer_gets_a_number_or_a_reason(answer):
    (found,) = worst_claim([Exchange(QUESTION, answer)], PoliteReader())
    assert isinstance(found, Unscored) or found >= 0


def test_an_unread_part_stays_unread():
    turn = Message.of("assistant", ["Canberra", OtherPart("image_url")])

    class Names(ScriptedReader):
        def read(self, exchanges, *, top_k=0):
            rows = super().read(exchanges, top_k=top_k)
            return [
                Unscored("unread_part", ", ".join(e.unread)) if e.unread else row
                for e, row in zip(exchanges, rows, strict=True)
            ]

    (found,) = worst_claim([Exchange.of(QUESTION, turn)], Names())
    assert isinstance(found, Unscored)
    assert "image_url" in found.detail


class ChattyReader(PoliteReader):
    """Finds some words unlikely, and a little less so where nothing was asked."""

    def _probability(self, prompt, word):
        bare = word.strip(".,!").casefold()
        if bare not in {"cheerio", "folks", "museum"}:
            return super()._probability(prompt, word)
        return 3e-5 if prompt == " ".join(message.content for message in COURTESY_PROMPT) else 1e-5


@pytest.mark.parametrize("wording", ["{}. Cheerio folks!", "Museum folks! {}", "Cheerio.\n{}. Museum museum museum"])
@pytest.mark.parametrize(("answer", "plain"), [("Sydney", WRONG), ("Canberra", RIGHT)])
def test_what_the_question_makes_less_likely_is_context_however_unlikely_it_is(wording, answer, plain):
    assert value(wording.format(answer), ChattyReader()) == pytest.approx(plain)


@pytest.mark.parametrize("hidden", ["Cheerio Sydney folks", "Museum folks, Sydney", "Cheerio 55 folks"])
def test_a_claim_among_such_words_is_still_judged(hidden):
    assert value(f"Canberra. {hidden}.", ChattyReader()) > WRONG - 1e-9 > RIGHT
