"""What the demo found, for a person at a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from foureyes.demo.measures import DemoResults, SignalResult

__all__ = ["draw", "strip"]

_N_OFFENDERS: Final = 5
_STRIP: Final = (0.3, 1.0, 22)  # from, to, characters


def draw(console: Console, found: DemoResults) -> None:
    """Writes the table of measures and the worst offenders.

    Args:
        console: where to; its colours and width are respected.
        found: what the demo found.
    """
    n = len(found.questions)
    unit = "  nats per byte, mean of the verifiers" if len(found.verifiers) > 1 else "  nats per byte"
    parts: list[RenderableType] = [
        Text(f"{n} questions, each with a right and a plausible wrong answer: {2 * n} answers", "bold"),
        "",
        _measures(found),
        "",
        Text("Preferred: it surprises less. 95 % intervals, whole questions resampled; ┊ marks chance.", "dim"),
        *_places(found),
        Text("Small models know few facts: read the intervals.", "dim"),
        "",
        Text.assemble(("The wrong answers liked most", "bold"), (unit, "dim")),
        _offenders(found, found.most_liked_wrong(_N_OFFENDERS), first="wrong"),
        "",
        Text.assemble(("The right answers disliked most", "bold"), (unit, "dim")),
        _offenders(found, found.most_disliked_right(_N_OFFENDERS), first="right"),
    ]
    if found.n_left_out:
        parts += [
            "",
            Text(f"Left out: {found.n_left_out} of {n} questions, an answer to which could not be read.", "yellow"),
        ]
    for part in parts:
        console.print(part)


def strip(low: float, value: float, high: float) -> str:
    """An interval and its value on a line from 0.3 to 1, with a mark at chance; what lies outside sits on the end.

    Example:
        >>> strip(0.6, 0.7, 0.8)
        '······┊··━━━●━━━······'
    """
    start, end, width = _STRIP
    chance, left, dot, right = (
        round((min(max(x, start), end) - start) / (end - start) * (width - 1)) for x in (0.5, low, value, high)
    )
    marks = ["·"] * width
    marks[chance] = "┊"
    marks[left : right + 1] = "━" * (right + 1 - left)
    marks[dot] = "●"
    return "".join(marks)


def _measures(found: DemoResults) -> Table:
    start, end, width = _STRIP
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for column in ("", "AUROC of “wrong”", f"{start}{'':{width - 6}}{end}", "right preferred"):
        table.add_column(column)
    for read in found.reads:
        table.add_row(Text(read.verifier, "bold"))
        for signal, measured in found.by(read.verifier).items():
            table.add_row(f"  {signal}", *_cells(measured))
    if len(found.verifiers) > 1:
        table.add_row(Text(found.overall.verifier, "bold"))
        table.add_row(f"  {found.overall.signal}", *_cells(found.overall))
    return table


def _places(found: DemoResults) -> list[Text]:
    """Who is in the author's place and who reads, where that was so."""
    if found.author is None or found.caught is None:
        return []
    author, reader, caught = found.author.verifier, found.verifiers[0].verifier, found.caught
    return [
        Text(f"{author} is in the author's place: its own doubt; {reader} is the second reader."),
        Text(
            f"The author's model likes the wrong answer better in {caught.n_fooled} questions (nats per byte); the second "
            f"reader prefers the right one in {caught.n_caught} of them."
        ),
    ]


def _cells(measured: SignalResult) -> tuple[Text, str, Text]:
    area, preferred = measured.auroc, measured.preference
    return (
        Text.assemble(f"{area.value:.3f} ", (f"{area.low:.2f}–{area.high:.2f}", "dim")),
        strip(area.low, area.value, area.high),
        Text.assemble(f"{preferred.value:.1%} ", (f"{preferred.low:.0%}–{preferred.high:.0%}", "dim")),
    )


def _offenders(found: DemoResults, places: Sequence[int], *, first: str) -> Table:
    pairs = found.overall.pairs
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False, expand=True)
    table.add_column(ratio=1)
    table.add_column(ratio=1)
    for place in places:
        question = found.questions[pairs.question[place]]
        sides = [
            ("wrong", (f"{pairs.wrong[place]:.2f} ✗", question.wrong), "red"),
            ("right", (f"{pairs.right[place]:.2f} ✓", question.right), "cyan"),
        ]
        answers = Table.grid(padding=(0, 1, 0, 0))
        for _, cells, style in sorted(sides, key=lambda side: side[0] != first):
            answers.add_row(*(Text(cell, style) for cell in cells))
        table.add_row(answers, Text(" ".join(question.text.split())))
    return table
