import re
from collections.abc import Callable
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from foureyes.demo import figures
from foureyes.demo.measures import DemoResults, SignalResult, study
from foureyes.demo.questions import load
from tests.demo.verifiers import Opinionated, reading_of

DRAWINGS = (figures.spread, figures.roc, figures.gaps)


@pytest.fixture(scope="module")
def measured(arbitrary: DemoResults) -> SignalResult:
    return arbitrary.overall


@pytest.mark.parametrize("draw", DRAWINGS)
def test_it_is_one_well_formed_svg_that_loads_nothing(
    draw: Callable[[SignalResult], str], measured: SignalResult
) -> None:
    svg = draw(measured)
    root = ET.fromstring(svg)  # noqa: S314 - our own
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("role") == "img"
    assert root.get("aria-label")
    links = re.findall(r'href="([^"]*)"', svg)
    assert all(link.startswith("#") for link in links)


@pytest.mark.parametrize("draw", DRAWINGS)
def test_every_colour_is_a_variable_of_the_page(draw: Callable[[SignalResult], str], measured: SignalResult) -> None:
    without_variables = re.sub(r"var\(--\w+, #[0-9a-f]{6}\)", "", draw(measured))
    assert re.findall(r"#[0-9a-f]{6}\b(?=[;\"])", without_variables) == []


@pytest.mark.parametrize("draw", DRAWINGS)
def test_the_same_numbers_give_the_same_bytes(draw: Callable[[SignalResult], str], measured: SignalResult) -> None:
    assert draw(measured) == draw(measured)


def test_pictures_on_one_page_share_no_id(arbitrary: DemoResults) -> None:
    drawn = [
        draw(m) for m in (arbitrary.by("first")["log_cmp"], arbitrary.overall) for draw in (figures.spread, figures.roc)
    ]
    ids = [
        name for svg in [*drawn, figures.gaps(arbitrary.overall)] for name in set(re.findall(r'\bid="([^"]+)"', svg))
    ]
    assert len(ids) == len(set(ids))


def test_every_answer_is_a_dot(measured: SignalResult) -> None:
    for draw in (figures.spread, figures.gaps):
        dots = re.findall(r"<use ", draw(measured))
        assert len(dots) >= 240


def test_the_picture_says_the_area_and_its_interval(measured: SignalResult) -> None:
    svg, area = figures.roc(measured), measured.auroc
    assert f"AUROC {area.value:.2f}" in svg
    assert f"{area.low:.2f} to {area.high:.2f}" in svg


def test_a_verifier_that_is_never_fooled_can_be_drawn_too() -> None:
    right = {(q.prompt, q.right) for q in load()}
    knows = Opinionated("knows", lambda e: 0.0 if (e.prompt, e.answer) in right else 1.0)
    overall = study(load(), [reading_of(knows)]).overall
    assert "0 questions: the wrong answer surprises less" in figures.gaps(overall)
    assert "120 questions: the right answer surprises less" in figures.gaps(overall)
    assert np.allclose(overall.pairs.right, 0)
    assert figures.spread(overall).startswith("<svg")
