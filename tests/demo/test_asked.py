"""The questions are ours, and each has one right answer in a few words."""

import re
from collections import Counter

import pytest

from foureyes.demo.asked import ShortQuestion, asked
from foureyes.demo.questions import load
from studies.demo_readings import first_line, is_right

QUESTIONS = asked()


@pytest.mark.parametrize("field", ["id", "prompt"])
def test_nothing_occurs_twice(field: str) -> None:
    assert [value for value, n in Counter(getattr(q, field) for q in QUESTIONS).items() if n > 1] == []


def test_all_short_questions_of_the_demo_are_asked_and_no_sentence_is() -> None:
    short = [q.id for q in load() if not q.right.endswith(".")]
    assert [q.id for q in QUESTIONS if q.id in {one.id for one in load()}] == short


@pytest.mark.parametrize("q", QUESTIONS, ids=lambda q: q.id)
def test_a_question_says_how_to_answer_and_its_own_accepted_texts_are_right(q: ShortQuestion) -> None:
    assert re.search(r" Answer (with|in) ", q.prompt)
    assert all(is_right(q, text) for text in q.accepted)
    assert not is_right(q, "something else")


@pytest.mark.parametrize(
    ("accepted", "said", "right"),
    [
        (("63",), "9 times 7 is 63.", True),
        (("63",), "63 divided by 9 is 7", False),
        (("8", "eight"), "A spider has eight legs.", True),
        (("Au", "symbol for gold is Au"), "The chemical symbol for gold is Au.", True),
        (("Canberra",), "It is not Canberra", False),
        (("3/4",), "0.75", True),
    ],
)
def test_answers_are_graded_as_a_person_would(accepted: tuple[str, ...], said: str, *, right: bool) -> None:
    assert is_right(ShortQuestion("q", "Which? Answer with one word.", accepted), said) == right


@pytest.mark.parametrize(
    ("text", "line"),
    [("\n Sydney\nQuestion:", "Sydney"), ("Answer:\nOslo", "Oslo"), ("Answer: Oslo", "Oslo"), (" \n", "")],
)
def test_of_what_was_written_the_first_line_that_says_something_counts(text: str, line: str) -> None:
    assert first_line(text) == line
