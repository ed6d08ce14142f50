import io

import pytest
from rich.console import Console

from foureyes.demo import words
from foureyes.demo.measures import DemoResults
from foureyes.demo.terminal import draw


def drawn(found: DemoResults, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    draw(console, found)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_what_matters_stands_first_and_all_of_it_fits_one_screen(found: DemoResults) -> None:
    lines = drawn(found).splitlines()
    assert tuple(lines[:2]) == words.headline(found.main)
    assert lines[2] == words.beside_chance(found.main.among_sure)
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


def test_every_sign_stands_there_with_its_interval_and_every_difference_with_its_verdict(found: DemoResults) -> None:
    lines = drawn(found, 100).splitlines()
    for sign in found.main.signs:
        assert any(sign.model in line and words.area(sign.everywhere) in line for line in lines), sign.model
    for one in (found.main.everywhere, found.main.among_sure):
        assert any(words.decided(one) in line for line in lines)
    assert all(words.liking(one) in lines for one in found.bugs)


@pytest.mark.parametrize("width", [80, 100])
def test_the_surest_wrong_answer_is_shown_whatever_the_reader_made_of_it(found: DemoResults, width: int) -> None:
    surest = found.main.answers[found.main.sure_and_wrong()[0]]
    assert f"{surest.answer} ✗" in drawn(found, width)
