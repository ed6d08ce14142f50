import html

import pytest

from foureyes.demo.measures import DemoResults, study
from foureyes.demo.page import demo_page
from foureyes.demo.questions import load
from foureyes.models.scripted import ScriptedReader
from foureyes.types import Unscored
from tests.demo.verifiers import author_and_reader, reading_of


@pytest.fixture(scope="module")
def shown(arbitrary: DemoResults) -> str:
    return demo_page(arbitrary)


def test_every_question_stands_there_with_both_answers_and_why(shown: str) -> None:
    text = html.unescape(shown)
    for question in load():
        for part in (question.text, question.right, question.wrong, question.note):
            assert part in text, question.id


def test_it_is_the_same_for_the_same_study(arbitrary: DemoResults, shown: str) -> None:
    assert demo_page(arbitrary) == shown


def test_the_headline_counts_what_was_measured(arbitrary: DemoResults, shown: str) -> None:
    pairs = arbitrary.overall.pairs
    assert f"in {(pairs.right < pairs.wrong).sum()} of 120 questions" in shown


def test_a_verifiers_name_is_text_and_not_markup() -> None:
    page = demo_page(study(load(), [reading_of(ScriptedReader(name="<b>bold</b>"))]))
    assert "<b>bold</b>" not in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page


def test_questions_left_out_are_said(shown: str) -> None:
    left = study(load(), [reading_of(ScriptedReader(failures={"Sydney": Unscored("unavailable")}))])
    assert "1 more question was left out" in demo_page(left)
    assert "left out" not in shown


def test_one_verifier_is_no_mean(shown: str) -> None:
    assert "mean of the verifiers" in shown
    assert "mean of the verifiers" not in demo_page(study(load(), [reading_of(ScriptedReader())]))


def test_who_is_in_the_authors_place_is_said(shown: str) -> None:
    page = html.unescape(demo_page(author_and_reader()))
    assert "the-author stands in the place of an author" in page
    assert "<span>the author’s own doubt</span>" in page
    assert "<span>the second reader</span>" in page
    assert "<figcaption>the-reader: the second reader</figcaption>" in page
    assert "the-reader read 240 answers" in page
    assert "the place of an author" not in shown
