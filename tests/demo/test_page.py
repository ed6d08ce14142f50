import html
import re

import pytest

from foureyes.demo import words
from foureyes.demo.figures import doubts
from foureyes.demo.measures import DemoResults, measure
from foureyes.demo.page import demo_page
from foureyes.demo.recorded import recorded
from tests.demo.verifiers import live


@pytest.fixture(scope="module")
def page(found: DemoResults) -> str:
    return demo_page(found)


def test_the_headline_is_the_terminals(found: DemoResults, page: str) -> None:
    assert f"<h1>{' '.join(words.headline(found.main))}</h1>" in page
    assert words.beside_chance(found.main.among_sure) in page
    assert words.beside_chance(found.main.everywhere) in page


def test_every_question_and_program_stands_there(found: DemoResults, page: str) -> None:
    text = html.unescape(page)
    assert all(answer.question in text for answer in found.main.answers)
    assert all(bug.id in text for bug in found.recorded.bugs)


def test_it_is_the_same_for_the_same_results_and_loads_nothing(found: DemoResults, page: str) -> None:
    assert demo_page(found) == page
    assert re.findall(r'(?:src|href)="(?!#|data:,)([^"]*)"', page) == []


def test_where_the_recorded_readings_come_from_is_said(page: str) -> None:
    provenance = recorded().provenance
    assert provenance["command"] in page
    assert all(model["sha256"] in page for model in provenance["models"].values())


def test_a_models_name_is_text_and_not_markup() -> None:
    page = demo_page(measure(recorded(), [live(name="<b>bold</b>")]))
    assert "<b>bold</b>" not in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page


def test_the_picture_has_a_dot_an_answer_in_colours_of_the_page(found: DemoResults) -> None:
    svg = doubts(found.main)
    assert len(re.findall(r"<use ", svg)) >= len(found.main.answers)
    assert re.findall(r"#[0-9a-f]{6}\b(?=[;\"])", re.sub(r"var\(--\w+, #[0-9a-f]{6}\)", "", svg)) == []
