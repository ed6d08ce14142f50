import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from foureyes.demo.measures import DemoResults, study
from foureyes.demo.questions import load
from foureyes.demo.terminal import draw, strip
from foureyes.models.scripted import ScriptedReader
from foureyes.models.weights import KNOWN
from foureyes.types import Unscored
from tests.demo.verifiers import author_and_reader, reading_of


def drawn(found: DemoResults, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    draw(console, found)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_every_measure_stands_there_with_its_interval(arbitrary: DemoResults) -> None:
    lines = drawn(arbitrary).splitlines()
    for measured in arbitrary.measured:
        area = measured.auroc
        wanted = f"{area.value:.3f} {area.low:.2f}–{area.high:.2f}"
        assert any(measured.signal in line and wanted in line for line in lines), (measured.verifier, measured.signal)


def test_the_offenders_stand_there_with_both_answers(arbitrary: DemoResults) -> None:
    text = drawn(arbitrary, width=200)
    worst = arbitrary.questions[arbitrary.overall.pairs.question[arbitrary.most_liked_wrong(1)[0]]]
    assert f"✗ {worst.wrong}" in text
    assert f"✓ {worst.right}" in text


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal(arbitrary: DemoResults, width: int) -> None:
    assert max(map(len, drawn(arbitrary, width).splitlines())) <= width


def test_a_terminal_of_80_columns_has_room_for_the_longest_known_name() -> None:
    name = max(KNOWN, key=len)
    lines = drawn(study(load(), [reading_of(ScriptedReader(name=name))]), width=80).splitlines()
    assert name in lines[3]
    assert all("…" not in line for line in lines if "●" in line)


def test_one_verifier_has_no_together(arbitrary: DemoResults) -> None:
    alone = study(load(), [reading_of(ScriptedReader())])
    assert "together" in drawn(arbitrary)
    assert "together" not in drawn(alone)


def test_who_is_in_the_authors_place_is_said(arbitrary: DemoResults) -> None:
    words = "the-author is in the author's place: its own doubt; the-reader is the second reader."
    assert words in drawn(author_and_reader(), width=100)
    assert "author" not in drawn(arbitrary)


def test_questions_left_out_are_said() -> None:
    left = study(load(), [reading_of(ScriptedReader(failures={"Sydney": Unscored("unavailable")}))])
    assert "Left out: 1 of 120 questions" in drawn(left)


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3).map(sorted))
def test_a_strip_is_always_as_wide_and_has_one_dot_inside_its_bar(numbers: list[float]) -> None:
    text = strip(*numbers)
    assert len(text) == 22
    assert text.count("●") == 1
    bar = text.strip("·┊")
    assert set(bar) <= {"━", "●"}
