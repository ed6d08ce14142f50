"""The demo's page: what was found as text, numbers and one picture; the template decides only where they stand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from markupsafe import Markup

from foureyes.demo import figures, words
from foureyes.demo.measures import Comparison, DemoResults, ErrorsFound
from foureyes.demo.recorded import AUTHOR, Bug, Seen
from foureyes.maths.ranking import Auroc
from foureyes.report import page
from foureyes.report.cells import Piece, pieces
from foureyes.report.colour_scale import strength

__all__ = ["demo_page"]

_EXAMPLES: Final = 8
_STRIP: Final = (0.3, 1.0)
_CONTEXT: Final = 18
"""Characters of a program that are shown on either side of its bug."""


@dataclass(frozen=True, slots=True)
class _Area:
    """An area with its interval, as text and as places on a strip from 0 to 1."""

    value: str
    interval: str
    low: str
    at: str
    high: str


@dataclass(frozen=True, slots=True)
class _Line:
    """One sign in a table."""

    model: str
    words: str
    how: str
    areas: tuple[_Area, _Area]


@dataclass(frozen=True, slots=True)
class _Spot:
    """The text of one token, and its place on the colour scale."""

    pieces: list[Piece]
    strength: str


@dataclass(frozen=True, slots=True)
class _Row:
    """One answer."""

    question: str
    accepted: str
    right: bool
    sure: bool
    spots: list[_Spot]
    own: str
    second: str
    surer: str
    stranger: str


@dataclass(frozen=True, slots=True)
class _Author:
    """One author's part of the page."""

    name: str
    n: int
    n_wrong: int
    headline: tuple[str, str]
    beside_chance: str
    lines: list[_Line]
    overall: str
    everywhere: str
    sure: str
    among_sure: ErrorsFound
    rows: list[_Row]


@dataclass(frozen=True, slots=True)
class _Program:
    """One program: the place of its bug, and by how much it surprises each reader more than the right one."""

    name: str
    before: str
    was: str
    now: str
    after: str
    margins: list[tuple[str, bool]]


def demo_page(found: DemoResults) -> str:
    """The page as HTML.

    Args:
        found: what the demo found.

    Returns:
        A whole document, self-contained; the same for the same argument.

    Raises:
        ConfigError: matplotlib, which draws the picture, is not installed.
    """
    main = _author(found.main)
    return page.render(
        "demo.html",
        reader=found.recorded.reader,
        main=main,
        picture=Markup(figures.doubts(found.main)),  # noqa: S704 - drawn by us, with no text from outside in it
        examples=[main.rows[i] for i in found.main.sure_and_wrong()[:_EXAMPLES]],
        by_certainty=[main.rows[i] for i in np.argsort(found.main.own, kind="stable")],
        n_empty=found.recorded.provenance["n_empty"],
        liking=[words.liking(one) for one in found.bugs],
        bug_readers=[one.model for one in found.bugs],
        programs=_programs(found),
        chance=_place(0.5),
        provenance=found.recorded.provenance,
        live=[(read.model, read.pace, read.fingerprint) for read in found.live],
    )


def _author(found: Comparison) -> _Author:
    return _Author(
        AUTHOR,
        found.everywhere.n,
        found.everywhere.n_wrong,
        words.headline(found),
        words.beside_chance(found.among_sure),
        [_Line(sign.model, sign.words, sign.how, (_area(sign.everywhere), _area(sign.sure))) for sign in found.signs],
        f"{words.overall(found)} {words.beside_chance(found.everywhere)}",
        words.decided(found.everywhere),
        words.decided(found.among_sure),
        found.among_sure,
        [_row(found, i) for i in range(len(found.answers))],
    )


def _row(found: Comparison, i: int) -> _Row:
    answer = found.answers[i]
    surer, stranger = words.places(found, i)
    return _Row(
        answer.question,
        answer.accepted[0],
        answer.right,
        bool(found.sure[i]),
        _spots(answer.answer, answer.second),
        f"{found.own[i]:.2f}",
        f"{found.second[i]:.2f}",
        f"{surer:.0%}",
        f"{stranger:.0%}",
    )


def _spots(text: str, seen: Seen) -> list[_Spot]:
    """A text cut at the ends of its tokens; tokens that end within one character are shown with it."""
    raw, spots, at, surprise = text.encode(), [], 0, 0.0
    for end, nll in zip(seen.ends, seen.nll, strict=True):
        surprise += float(nll)
        if end > at and _whole(raw, int(end)):
            spots.append(_Spot(pieces(raw[at:end].decode()), f"{strength(surprise):.3f}"))
            at, surprise = int(end), 0.0
    return spots


def _whole(raw: bytes, end: int) -> bool:
    """Whether a character begins or the text ends here."""
    return end == len(raw) or raw[end] & 0xC0 != 0x80


def _programs(found: DemoResults) -> list[_Program]:
    return [
        _Program(bug.id, *_shown(bug), [_margin(one.margins[i]) for one in found.bugs])
        for i, bug in enumerate(found.recorded.bugs)
    ]


def _shown(bug: Bug) -> tuple[str, str, str, str]:
    """The line of the bug, around it."""
    end = bug.start + len(bug.was)
    before = bug.program[: bug.start].rpartition("\n")[2].lstrip()
    after = bug.program[end:].partition("\n")[0]
    return before[-_CONTEXT:], bug.was, bug.now, after[:_CONTEXT]


def _margin(value: float) -> tuple[str, bool]:
    return (f"{value:+.1f}", value > 0) if math.isfinite(value) else ("–", False)


def _area(found: Auroc) -> _Area:
    interval = f"{found.low:.2f}–{found.high:.2f}"
    return _Area(f"{found.value:.2f}", interval, *(_place(x) for x in (found.low, found.value, found.high)))


def _place(x: float) -> str:
    start, end = _STRIP
    return f"{(min(max(x, start), end) - start) / (end - start):.4f}"
