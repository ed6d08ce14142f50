"""What a terminal is sent: the whole answer, readable with and without colour, and no commands of the answer's own."""

from __future__ import annotations

import io
import re

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from foureyes.report.check_result import CheckResult
from foureyes.report.colour_scale import TERMINAL_INK, terminal_colour
from foureyes.report.terminal import draw_check
from foureyes.types import Exchange, Message, Unscored
from tests.report.readings import outcome, reading

INK = ";".join(str(part) for part in TERMINAL_INK)


def drawn(*outcomes: CheckResult, prompt: object = "Why?", answer: str = "unread", **console: object) -> str:
    settings: dict[str, object] = {"width": 80, "color_system": None, "no_color": True} | console
    out = io.StringIO()
    exchange = Exchange(prompt, answer)  # type: ignore[arg-type]
    draw_check(Console(file=out, highlight=False, **settings), exchange, outcomes)  # type: ignore[arg-type]
    return out.getvalue()


def in_colour(*outcomes: CheckResult) -> str:
    return drawn(*outcomes, force_terminal=True, color_system="truecolor", no_color=False)


def background(surprise: float) -> str:
    found = terminal_colour(surprise)
    assert found is not None
    return "48;2;" + ";".join(str(part) for part in found)


def test_every_surprising_token_stands_on_the_colour_of_its_surprise() -> None:
    shown = in_colour(outcome(reading("It is Sydney now", [0.1, 3.0, 6.9, 1.9])))
    assert f"\x1b[38;2;{INK};{background(3.0)}mis\x1b[0m" in shown
    assert f"\x1b[38;2;{INK};{background(6.9)}mSydney\x1b[0m" in shown
    assert "It \x1b" in shown
    assert " now" in shown.split("Sydney\x1b[0m")[1].splitlines()[0]


def test_the_legend_shows_the_colours() -> None:
    shown = in_colour(outcome(reading("It is", [0.1, 3.0])))
    assert f"{background(4.0)}m 4 = 1.8% " in shown
    assert f"{background(8.0)}m 8+ = 1 in 3,000 " in shown


def test_without_colour_surprising_tokens_carry_a_number() -> None:
    shown = drawn(outcome(reading("It is Sydney now", [0.1, 3.0, 6.94, 1.9])))
    assert "It is[3.0] Sydney[6.9] now" in shown
    assert "[n] after a token is its surprise −ln p in nats, shown from 2 up." in shown
    assert "\x1b" not in shown


def test_a_terminal_that_wants_no_colour_gets_numbers() -> None:
    shown = drawn(outcome(reading("It is", [0.1, 3.0])), force_terminal=True, color_system="truecolor", no_color=True)
    assert "is[3.0]" in shown
    assert "48;" not in shown


def test_tokens_outside_the_final_answer_are_not_marked() -> None:
    read = reading("so it is", [5.0, 5.0, 5.0], selected=[False, True, False])
    assert "so it[5.0] is" in drawn(outcome(read))
    assert in_colour(outcome(read)).count(background(5.0)) == 1


def test_numbers_stand_before_line_ends() -> None:
    shown = drawn(outcome(reading("a\nb", [3.0, 4.0], spans=[(0, 2), (2, 3)])))
    assert "  a↵[3.0]" in shown
    assert "  b[4.0]" in shown


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40))
def test_no_text_from_outside_reaches_the_terminal_as_a_command(text: str) -> None:
    read = reading(text, [5.0], spans=[(0, len(text.encode()))], alternatives=[[(text, 0.5)]], model=text)
    silent = CheckResult(text, None, Unscored("bad_reply", text))
    shown = drawn(outcome(read), silent, prompt=text)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)


def test_markup_is_not_obeyed() -> None:
    shown = drawn(outcome(reading("[bold]x[/bold]", [1.0], model="[red]m[/red]")), prompt="[i]p[/i]")
    assert "[bold]x[/bold]" in shown
    assert "[red]m[/red]" in shown
    assert "[i]p[/i]" in shown


def test_the_signals_of_every_verifier_stand_side_by_side() -> None:
    shown = drawn(outcome(reading("a b", [1.0, 3.0], model="one")), outcome(reading("a b", [2.0, 5.0], model="two")))
    assert re.search(r"signal +one +two", shown)
    assert re.search(r"log_cmp +2\.00 +3\.50", shown)
    assert "not a verdict" in re.sub(r"\s+", " ", shown)


def test_a_verifier_that_could_not_tell_says_why() -> None:
    shown = drawn(CheckResult("tiny", None, Unscored("context", "9 tokens do not fit a context of 8", 9, 8)))
    assert "No verifier could read this answer." in shown
    assert "tiny  could not tell\n  context: 9 tokens do not fit a context of 8" in shown
    assert "log_cmp" not in shown


def test_a_conversation_is_shown_turn_by_turn() -> None:
    prompt = (Message("system", "Be brief."), Message("user", "Why?"))
    shown = drawn(outcome(reading("a", [1.0])), prompt=prompt)
    assert "system  Be brief.\nuser  Why?\n" in shown


def test_a_long_prompt_is_cut() -> None:
    shown = drawn(outcome(reading("a", [1.0])), prompt="x" * 5000)
    assert re.sub(r"\s", "", shown).count("x" * 600 + "…") == 1
    assert "x" * 601 not in re.sub(r"\s", "", shown)
