"""Draws a check on a terminal: every token of the answer on a background as strong as its surprise.

Colours carry their own letters, so they can be read on black and on white. Where there is no colour (``NO_COLOR``, a
dumb terminal, a pipe), the surprising tokens are followed by their surprise as a number instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.color import Color
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.style import Style
from rich.table import Table
from rich.text import Text

from foureyes.report.cells import HeatCell, Piece, cells_of, pieces, visible_text
from foureyes.report.check_result import CheckResult, SurpriseDegree, excess_of
from foureyes.report.colour_scale import CLIP_NATS, TERMINAL_FROM, TERMINAL_INK, TICKS, terminal_colour
from foureyes.report.wording import (
    CAVEAT,
    REFERENCE,
    finding,
    headline,
    likelihood,
    peak_sentence,
    signal_lines,
    surprise_sentence,
)
from foureyes.types import Exchange, Reading, Scored

__all__ = ["draw_check"]

_PROMPT_LENGTH: Final = 600
_SHOWN: Final = {"newline": "↵\n", "tab": "⇥\t"}


def draw_check(console: Console, exchange: Exchange, outcomes: Sequence[CheckResult]) -> None:
    """Draws the results of a check: the coloured answer of each verifier, and the table of signals.

    Args:
        console: where to; its colour system and width are respected.
        exchange: the prompt and the answer that were read.
        outcomes: one per verifier.
    """
    coloured = console.color_system is not None and not console.no_color
    scored = [outcome for outcome in outcomes if isinstance(outcome.row, Scored)]
    parts: list[RenderableType] = [Text(headline(outcomes), "bold"), _prompt(exchange)]
    parts += [_verifier(outcome, coloured=coloured) for outcome in outcomes]
    if scored:
        parts += [_legend(coloured=coloured), _signals(scored), Text(f"{CAVEAT} {REFERENCE}", "dim")]
    for part in parts:
        console.print(part)
        console.print()


def _prompt(exchange: Exchange) -> Text:
    if isinstance(exchange.prompt, str):
        turns = [("prompt", exchange.prompt)]
    else:
        turns = [(turn.role, turn.content) for turn in exchange.prompt]
    lines = [Text.assemble((f"{label}  ", "dim"), _one_line(words)) for label, words in turns]
    return Text("\n", overflow="fold").join(lines)


def _one_line(text: str) -> str:
    return visible_text(text if len(text) <= _PROMPT_LENGTH else f"{text[:_PROMPT_LENGTH]} …")


def _verifier(outcome: CheckResult, *, coloured: bool) -> RenderableType:
    name = (visible_text(outcome.verifier), "bold")
    if not isinstance(outcome.row, Scored):
        return Group(Text.assemble(name, "  could not tell"), _indent(Text(visible_text(str(outcome.row)))))
    loud = "bold" if excess_of(outcome.row).degree >= SurpriseDegree.SURPRISED else ""
    return Group(
        Text.assemble(name, "  ", (finding(outcome.row), loud)),
        _indent(_answer(outcome.row.reading, coloured=coloured)),
        *_parts(outcome.row.reading, coloured=coloured),
        Text(),
        _indent(Text(surprise_sentence(outcome.row))),
        _indent(Text(peak_sentence(outcome.row))),
    )


def _parts(reading: Reading, *, coloured: bool) -> Iterator[Padding]:
    """A line for each part of a turn: what it is, its words, its surprise."""
    for part in reading.parts:
        shared, nats = reading.tokens_of(part), reading.surprise_of(part)
        background = terminal_colour(float(reading.nll[shared].max())) if coloured and shared.any() else None
        said = _text(_one_line(reading.answer[slice(*part.span)]), _heat(background) if background else Style())
        label = (f"{visible_text(part.path)}  ", "dim")
        yield _indent(
            Text.assemble(label, said, f"  {'?' if nats is None else format(nats, '.2f')} nats", overflow="fold")
        )


def _answer(reading: Reading, *, coloured: bool) -> Text:
    mark = _colour_cell if coloured else _number_cell
    answer = Text(overflow="fold")
    for cell in cells_of(reading):
        answer.append_text(mark(cell))
    if answer.plain.endswith("\n"):
        answer.right_crop(1)
    return answer


def _colour_cell(cell: HeatCell) -> Text:
    background = terminal_colour(cell.surprise) if cell.selected else None
    return Text(cell.lead).append_text(_text(cell.body, _heat(background) if background else Style()))


def _number_cell(cell: HeatCell) -> Text:
    shown = _text(cell.text, Style())
    if cell.surprise < TERMINAL_FROM or not cell.selected:
        return shown
    end = len(shown.plain.rstrip())
    return Text.assemble(shown[:end], f"[{cell.surprise:.1f}]", shown[end:])


def _text(text: str, style: Style) -> Text:
    return Text("".join(_SHOWN.get(piece.kind, _visible_piece(piece)) for piece in pieces(text)), style)


def _visible_piece(piece: Piece) -> str:
    return f"⟨{piece.text}⟩" if piece.kind == "name" and len(piece.text) > 1 else piece.text


def _heat(background: tuple[int, int, int]) -> Style:
    return Style(color=Color.from_rgb(*TERMINAL_INK), bgcolor=Color.from_rgb(*background))


def _legend(*, coloured: bool) -> Text:
    if not coloured:
        return Text(f"[n] after a token is its surprise −ln p in nats, shown from {TERMINAL_FROM:g} up.", "dim")
    return Text.assemble(("surprise in nats = p  ", "dim"), *_swatches())


def _swatches() -> Iterator[Text]:
    for tick in TICKS:
        background = terminal_colour(tick)
        more = "+" if tick == CLIP_NATS else ""
        style = _heat(background) if background else Style()
        yield Text(f" {tick:g}{more} = {likelihood(tick)} ", style)


def _signals(scored: Sequence[CheckResult]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("signal")
    for outcome in scored:
        table.add_column(visible_text(outcome.verifier), justify="right")
    table.add_column("")
    for line in signal_lines([outcome.row for outcome in scored if isinstance(outcome.row, Scored)]):
        table.add_row(line.name, *line.values, Text(line.meaning, "dim"))
    return table


def _indent(text: Text) -> Padding:
    return Padding(text, (0, 0, 0, 2))
