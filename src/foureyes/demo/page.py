"""The demo's page: what was found as text, numbers and pictures; the template decides only where they stand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from foureyes.demo import figures
from foureyes.demo.measures import TOGETHER, DemoResults, SignalResult
from foureyes.demo.questions import DemoQuestion
from foureyes.demo.run import Read
from foureyes.report import page
from foureyes.signals.catalog import signal

__all__ = ["demo_page"]

_N_OFFENDERS: Final = 8
_STRIP: Final = (0.3, 1.0)


@dataclass(frozen=True, slots=True)
class _Figure:
    """A value with its interval, as text and as places on a strip from 0 to 1."""

    value: str
    interval: str
    low: str
    at: str
    high: str


@dataclass(frozen=True, slots=True)
class _Line:
    """One signal in the table of measures."""

    signal: str
    meaning: str
    auroc: _Figure
    preference: _Figure


@dataclass(frozen=True, slots=True)
class _Group:
    """One verifier in the table of measures."""

    name: str
    about: str
    lines: list[_Line]


@dataclass(frozen=True, slots=True)
class _Panel:
    """A verifier's two pictures."""

    title: str
    spread: Markup
    roc: Markup


@dataclass(frozen=True, slots=True)
class _Pair:
    """A question with both answers, their surprise as text and as places on a scale from 0 to 1."""

    question: DemoQuestion
    right: str
    wrong: str
    right_at: str
    wrong_at: str
    fooled: bool


def demo_page(found: DemoResults) -> str:
    """The page as HTML.

    Args:
        found: what the demo found.

    Returns:
        A whole document, self-contained; the same for the same argument.

    Raises:
        ConfigError: matplotlib, which draws the pictures, is not installed.
    """
    pairs = [_pair(found, place) for place in range(len(found.overall.pairs.question))]
    return page.render(
        "demo.html",
        n=len(found.questions),
        n_read=len(pairs),
        n_left_out=found.n_left_out,
        n_preferred=int((found.overall.pairs.gap > 0).sum()),
        author=None if found.author is None else found.author.verifier,
        caught=found.caught,
        names=[read.verifier for read in found.verifiers],
        together=len(found.verifiers) > 1,
        overall=_line(found.overall),
        groups=_groups(found),
        panels=[_panel(measured, found) for measured in _pictured(found)],
        gaps=_drawn(figures.gaps(found.overall)),
        liked_wrong=[pairs[place] for place in found.most_liked_wrong(_N_OFFENDERS)],
        disliked_right=[pairs[place] for place in found.most_disliked_right(_N_OFFENDERS)],
        pairs=[pairs[place] for place in found.by_gap()],
        chance=_place(0.5),
        sources=[(read.verifier, read.pace, read.fingerprint) for read in found.reads],
    )


def _groups(found: DemoResults) -> list[_Group]:
    groups = [
        _Group(
            read.verifier, _place_of(read, found), [_line(measured) for measured in found.by(read.verifier).values()]
        )
        for read in found.reads
    ]
    if len(found.verifiers) > 1:
        groups.append(_Group("Together", "the mean of the verifiers", [_line(found.overall)]))
    return groups


def _place_of(read: Read, found: DemoResults) -> str:
    if found.author is None:
        return ""
    return "the author’s own doubt" if read.by == "author" else "the second reader"


def _line(measured: SignalResult) -> _Line:
    area, preferred = measured.auroc, measured.preference
    return _Line(
        measured.signal,
        signal(measured.signal).short_title,
        _figure((area.low, area.value, area.high), "{:.2f}"),
        _figure((preferred.low, preferred.value, preferred.high), "{:.0%}"),
    )


def _figure(numbers: tuple[float, float, float], form: str) -> _Figure:
    low, value, high = numbers
    interval = f"{form.format(low)}–{form.format(high)}".replace("%–", "–")
    return _Figure(form.format(value), interval, *(_place(x) for x in numbers))


def _place(x: float) -> str:
    start, end = _STRIP
    return f"{(min(max(x, start), end) - start) / (end - start):.4f}"


def _pictured(found: DemoResults) -> list[SignalResult]:
    """One measure a verifier, the one to rank by, and all verifiers together."""
    each = [found.by(read.verifier)["log_cmp"] for read in found.reads]
    return [*each, found.overall] if len(found.verifiers) > 1 else each


def _panel(measured: SignalResult, found: DemoResults) -> _Panel:
    about = next((_place_of(read, found) for read in found.reads if read.verifier == measured.verifier), "")
    title = measured.verifier.capitalize() if measured.verifier == TOGETHER else measured.verifier
    return _Panel(
        f"{title}: {about}" if about else title,
        _drawn(figures.spread(measured)),
        _drawn(figures.roc(measured)),
    )


def _drawn(svg: str) -> Markup:
    return Markup(svg)  # noqa: S704 - drawn by us, with no text from outside in it


def _pair(found: DemoResults, place: int) -> _Pair:
    pairs = found.overall.pairs
    right, wrong = float(pairs.right[place]), float(pairs.wrong[place])
    longest = math.sqrt(max(pairs.right.max(), pairs.wrong.max()))
    return _Pair(
        found.questions[pairs.question[place]],
        f"{right:.2f}",
        f"{wrong:.2f}",
        f"{math.sqrt(right) / longest:.4f}",
        f"{math.sqrt(wrong) / longest:.4f}",
        fooled=wrong < right,
    )
