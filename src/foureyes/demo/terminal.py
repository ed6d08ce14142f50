"""What the demo found, for a person at a terminal: all of it fits a screen of 80 columns and 24 lines."""

from __future__ import annotations

from typing import Final

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from foureyes.demo import words
from foureyes.demo.measures import Comparison, DemoResults
from foureyes.demo.recorded import AUTHOR

__all__ = ["draw"]

_EXAMPLES: Final = 3


def draw(console: Console, found: DemoResults) -> None:
    """Writes what matters, the table of signs, some answers and the programs.

    Args:
        console: where to; its colours and width are respected.
        found: what the demo found.
    """
    main = found.main
    first, second = words.headline(main)
    parts: list[RenderableType] = [
        Text(first, "bold"),
        Text(second, "bold"),
        Text(words.beside_chance(main.among_sure)),
        Text(f"{AUTHOR} answered {len(main.answers)} questions; {found.recorded.reader} read the answers.", "dim"),
        "",
        _signs(main),
        Text(f"Reader − own entropy: {words.decided(main.everywhere)}", "dim"),
        Text(f"    in the sure half: {words.decided(main.among_sure)}", "dim"),
        "",
        _examples(main),
        "",
        Text("One wrong token in a program: is the right one likelier?", "bold"),
        *(Text(words.liking(one)) for one in found.bugs),
    ]
    for part in parts:
        console.print(part)


def _signs(found: Comparison) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for column in ("AUROC of “wrong”", f"all {found.everywhere.n}", f"sure {found.among_sure.n}"):
        table.add_column(column, no_wrap=column != "AUROC of “wrong”")
    for sign in found.signs:
        how = "" if sign.how == "recorded" else f" ({sign.how})"
        table.add_row(f"{sign.model} {sign.words}{how}", words.area(sign.everywhere), words.area(sign.sure))
    return table


def _examples(found: Comparison) -> Table:
    """The surest wrong answers, whatever the second reader made of them."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim", expand=True)
    table.add_column(Text("Wrong, and sure of it", "bold"), ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column("surer than", no_wrap=True, justify="right", min_width=10)
    table.add_column("stranger than", no_wrap=True, justify="right", min_width=13)
    for i in found.sure_and_wrong()[:_EXAMPLES]:
        answer = found.answers[i]
        said = Text.assemble((f"{answer.answer} ✗ ", "red"), (answer.question, "dim"))
        own, second = words.places(found, i)
        table.add_row(said, f"{own:.0%}", f"{second:.0%}")
    return table
