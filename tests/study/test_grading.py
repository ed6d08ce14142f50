"""Who is right: traps made by hand, since every one of these has been got wrong by somebody's harness."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError
from foureyes.study.tasks.grading import grade, letter_of, normalised, number_of
from foureyes.study.tasks.items import TaskItem

OPTIONS = ["Paris", "London", "Rome", "Athens"]


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("B", "B"),
        ("b", "B"),
        (" (B) ", "B"),
        ("B.", "B"),
        ("B. London", "B"),
        ("**B**", "B"),
        ("b) London", "B"),
        ("The answer is B", "B"),
        ("the answer is (b).", "B"),
        ("Answer: B", "B"),
        ("The correct option is **C** because A is wrong.", "C"),
        ("At first I thought the answer is A, but the answer is D.", "D"),
        ("A good guess would be (C).", "C"),
        ("I think C", "C"),
        ("London", "B"),
        ("london.", "B"),
        ("It must be D", "D"),
        ("", None),
        ("E", None),  # there are four options
        ("The answer is F.", None),
        ("Either B or C.", None),
        ("A city in France", None),  # the article
        ("I do not know", None),  # the pronoun
        ("It is Vitamin B12", None),
        ("None of them", None),
        ("Because", None),
        ("Don't", None),
    ],
)
def test_letters(answer: str, letter: str | None) -> None:
    assert letter_of(answer, OPTIONS) == letter


def test_two_options_with_one_text_choose_nothing() -> None:
    assert letter_of("Yes", ["yes", "Yes!", "no"]) is None


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        ("18", "18"),
        ("#### 18", "18"),
        ("He pays 3 * 4 = <<3*4=12>>12 dollars\n#### 12", "12"),
        ("It was 5. Then #### 7 eggs", "7"),
        ("#### 5\n#### 6", "6"),
        ("#### 70,000", "70000"),
        ("$1,000", "1000"),
        ("1,000.00", "1000"),
        ("1,234,567", "1234567"),
        ("-5", "-5"),
        ("−5", "-5"),
        ("-$5", "-5"),
        ("$-5", "-5"),
        ("it is -3", "-3"),
        ("16-3", "3"),
        ("16 - 3", "3"),
        ("so 16 - 3 = 13.", "13"),
        ("50%", "50"),
        (".5", "0.5"),
        ("3/4", "0.75"),
        ("The answer is 18 apples for 3 people", "18"),
        (r"so \boxed{42} of 100", "42"),
        ("She has 2 eggs, so 18.", "18"),
        ("18th", "18"),
        ("no number", None),
        ("####", None),
        ("#### none", None),
        ("1/0", None),
        ("B12", None),
        ("", None),
    ],
)
def test_numbers(answer: str, number: str | None) -> None:
    found = number_of(answer)
    assert found == (None if number is None else Decimal(number))


@given(st.integers(-(10**9), 10**9))
def test_a_number_is_read_however_it_is_written(n: int) -> None:
    for text in (f"{n}", f"{n:,}", f"#### {n}", f"It costs {n} dollars.", f"{n}.00", f"The answer is {n:,}."):
        assert number_of(text) == n


def text_item(*aliases: str) -> TaskItem:
    return TaskItem("1", "Capital of Australia?", "text", aliases)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("Canberra", "right"),
        ("canberra.", "right"),
        ("The Canberra", "right"),
        ("It is Canberra, of course.", "right"),
        ("Sydney", "wrong"),
        ("It is not Canberra", "wrong"),
        ("It isn't Canberra", "wrong"),
        ("Canberras", "wrong"),
        ("I don't know", "unparseable"),
        ("I'm not sure, maybe Sydney", "unparseable"),
        ("As an AI language model I cannot tell", "unparseable"),
        ("...", "unparseable"),
        ("   ", "unparseable"),
        ("Not Sydney but Canberra", "wrong"),  # the price: what may be a denial is never graded right
    ],
)
def test_texts(answer: str, verdict: str) -> None:
    assert grade(text_item("Canberra", "Canberra, ACT"), answer) == verdict


def test_short_aliases_must_be_all_that_is_said() -> None:
    assert grade(text_item("B"), "B") == "right"
    assert grade(text_item("B"), "Vitamin B is good") == "wrong"


def test_aliases_that_normalise_to_nothing_match_nothing() -> None:
    assert grade(text_item("🙏", "prayer"), "🙏") == "unparseable"
    assert grade(text_item("the", "prayer"), "a") == "unparseable"


def test_accents_case_and_articles_do_not_matter() -> None:
    assert normalised("The  Déjà-Vu!") == normalised("deja vu")


def test_a_published_verdict_wins_but_an_empty_answer_claims_nothing() -> None:
    item = TaskItem("1", "q", "judged")
    assert grade(item, "anything", stated=True) == "right"
    assert grade(item, "anything", stated=False) == "wrong"
    assert grade(item, " ", stated=True) == "unparseable"


def test_a_judged_question_without_a_verdict_is_refused() -> None:
    with pytest.raises(InputError, match="question 7: a judged question"):
        grade(TaskItem("7", "q", "judged"), "anything")


def test_where_no_option_is_right_every_letter_is_wrong() -> None:
    item = TaskItem("1", "q", "letter", (), options=("x", "y"))
    assert [grade(item, answer) for answer in ("A", "B", "neither")] == ["wrong", "wrong", "unparseable"]


@given(st.text())
def test_whatever_is_said_has_a_verdict(answer: str) -> None:
    for item in (
        text_item("Canberra"),
        TaskItem("1", "q", "number", ("4",)),
        TaskItem("1", "q", "letter", ("A",), options=("x", "y")),
    ):
        assert grade(item, answer) in ("right", "wrong", "unparseable")
