"""What one bench found: aims that were kept or missed, and the tables behind them, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.ratios import Spread

__all__ = [
    "MIB",
    "Aim",
    "BenchSection",
    "Grid",
    "aims",
    "at_least",
    "at_most",
    "grid",
    "put",
    "steady",
    "under",
    "words",
]

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Aim:
    """Something wanted, what was reached, and whether that will do; ``None`` where it was not measured."""

    what: str
    wanted: str
    reached: str
    kept: bool | None


@dataclass(frozen=True, slots=True)
class Grid:
    """A table under a title."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class BenchSection:
    """A bench's results.

    Attributes:
        title: of the section.
        aims: what was wanted.
        grids: the tables.
        notes: sentences to read them by.
    """

    title: str
    aims: Sequence[Aim] = ()
    grids: Sequence[Grid] = ()
    notes: Sequence[str] = field(default=())


def at_least(what: str, wanted: float, reached: Spread | None) -> Aim:
    """A ratio that should be large, judged by its median."""
    return Aim(
        what, f"≥ {wanted:g}", str(reached or "not measured"), None if reached is None else reached.median >= wanted
    )


def at_most(what: str, wanted: float, reached: Spread | None) -> Aim:
    """A ratio that should be small, judged by its median."""
    return Aim(
        what, f"≤ {wanted:g}", str(reached or "not measured"), None if reached is None else reached.median <= wanted
    )


def under(what: str, limit: float, seconds: Sequence[float]) -> Aim:
    """A time that should stay below a limit, judged by the slowest round."""
    slowest = max(seconds)
    return Aim(what, f"< {limit:g} s", f"{slowest:.2f} s", slowest < limit)


def steady(what: str, steps: Sequence[float]) -> Aim:
    """What a row more costs at the last step of growth, over the first step: no more than 1.25 of it."""
    if len(steps) < 2 or min(steps) <= 0:
        return Aim(what, "1 (linear)", "not measured", None)
    return Aim(what, "1 (linear)", f"{steps[-1] / steps[0]:.2f}", steps[-1] / steps[0] <= 1.25)


def aims(found: Iterable[Aim]) -> str:
    """The aims as a table."""
    marks = {True: " ✓", False: " ✗", None: ""}
    rows = [(aim.what, aim.wanted, aim.reached + marks[aim.kept]) for aim in found]
    return grid(("", "aim", "reached"), rows)


def words(section: BenchSection) -> str:
    """A section as Markdown, without its aims."""
    parts = [f"## {section.title}", *section.notes]
    for one in section.grids:
        parts += [f"**{one.title}**", grid(one.head, one.rows)]
    return "\n\n".join(parts)


def grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *rows))


def put(page: Path, bench: str, text: str) -> None:
    """Puts what a bench found in the place that a page keeps for it.

    Raises:
        ValueError: the page has no place for it.
    """
    begin, end = f"<!-- measured: made by python -m {bench} -->", "<!-- /measured -->"
    head, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, closed, tail = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{page}: wanted the lines {begin} and {end}; got neither, or one of them")
    page.write_text(f"{head}{begin}\n{text}\n{end}{tail}", encoding="utf-8")
