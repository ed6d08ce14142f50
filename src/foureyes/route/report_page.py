"""A route's report in words: lines for a terminal, and a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from markupsafe import Markup

from foureyes.display import plural
from foureyes.report import page
from foureyes.report.drawing import LINE, MUTED, RIGHT, WRONG, canvas, svg
from foureyes.route.report_values import RouteReport, Share, WriterUse

__all__ = ["report_lines", "report_page"]

_DONE: Final = {
    "answer": "returned as good enough",
    "strongest": "the strongest writer's answer, marked",
    "annotated": "returned as it came, only watched",
    "abstain": "not answered",
    "person": "handed to a person",
    "failed": "failed",
    "cancelled": "given up by the caller",
    "only watched": "watched without a policy",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure and what it is of, as text."""

    name: str
    says: str


def report_lines(found: RouteReport) -> list[str]:
    """Everything in words, for a terminal."""
    facts = [f"{fact.name + ':':<42}{fact.says}" for fact in _facts(found)]
    return [_headline(found), "", *facts, "", *_table(found)]


def report_page(found: RouteReport) -> str:
    """The report as an HTML page.

    Args:
        found: what to show.

    Returns:
        A whole document, self-contained; the same for the same argument.

    Raises:
        ConfigError: matplotlib, which draws the picture, is not installed.
    """
    return page.render(
        "route.html",
        headline=_headline(found),
        route=found.route,
        facts=list(_facts(found)),
        writers=[(use, _cost(use.cost), _failures(use)) for use in found.writers],
        picture=Markup(_flow(found)),  # noqa: S704 - drawn by us, no text from outside in it
    )


def _headline(found: RouteReport) -> str:
    if found.returned is None:
        return f"{found.route} watched {plural(found.n, 'request')} without a policy: learn one"
    if found.savings is None:
        return f"{found.returned.value:.1%} of {plural(found.n, 'request')} returned as good enough"
    saved = found.savings.saved
    would = "would have " if found.watched == found.n else ""
    verb = f"{would}saved" if saved >= 0 else f"{would}cost more:"
    return f"{found.route} {verb} {abs(saved):.1%} of what the strongest writer alone costs"


def _facts(found: RouteReport) -> Iterator[Fact]:
    only = f", {found.watched:,} only watched" if found.watched else ""
    yield Fact("requests", f"{found.n:,}{only}, {_moment(found.first)} to {_moment(found.last)}")
    for action, n in found.actions.items():
        yield Fact(f"  {_DONE.get(action, action)}", f"{n:,} ({n / found.n:.1%})")
    if found.returned is not None:
        yield Fact("coverage", _share(found.returned))
    yield Fact("savings", _savings(found))
    if (left := found.left) is not None:
        unknown = (
            f", and what {plural(left.unpriced, 'writer')} took before the end nobody knows" if left.unpriced else ""
        )
        yield Fact("given up", f"{plural(left.n, 'request')} by their callers, at {left.cost:.4g}{unknown}")
    if (asked := found.learning) is not None:
        unknown = f", and {plural(asked.unpriced, 'answer')} at a cost nobody knows" if asked.unpriced else ""
        yield Fact(
            "asked of all",
            f"{plural(asked.n, 'request')}, to learn from, at {asked.cost:.4g} beside the above{unknown}",
        )
    yield Fact("promise", _held(found))
    if found.suspended:
        yield Fact("suspended", f"{plural(found.suspended, 'request')} while the promise was suspended")
    yield Fact("flips", _flips(found))
    yield Fact("drift", _drift(found))
    if found.left_out:
        yield Fact("left out", "; ".join(f"{n:,} × {why}" for why, n in found.left_out.items()))


def _savings(found: RouteReport) -> str:
    saved = found.savings
    if saved is None:
        return "not known: costs need prices of every writer, and a policy"
    taken = f"; the strongest was not asked in {saved.estimated:,}, where its mean is taken" if saved.estimated else ""
    return (
        f"{saved.saved:.1%} [{saved.low:.1%}, {saved.high:.1%}] of always asking the strongest: {saved.route:.4g} beside "
        f"{saved.strongest:.4g} a request, over {saved.n:,}{taken}"
    )


def _held(found: RouteReport) -> str:
    held = found.held
    if held is None:
        return "no outcome is known of an answer returned as good enough"
    told = f"{held.wrong.k:,} of {held.wrong.n:,} wrong, {_interval(held.wrong)}"
    return (
        f"{told}; {held.verdict}" if held.limit is None else f"at most {held.limit:.3g} wrong: {held.verdict}; {told}"
    )


def _flips(found: RouteReport) -> str:
    flips = found.flips
    if flips is None:
        return "not known: it takes watched requests with a policy, and labels of the strongest writer's answers and of what would be returned"
    lost, won = flips.negative, flips.positive
    return (
        f"{lost.k:,} of {lost.n:,} right from the strongest and not from the route [{lost.low:.1%}, {lost.high:.1%}], "
        f"{won.k:,} the other way round"
    )


def _drift(found: RouteReport) -> str:
    if not found.drift:
        return "too few readings to tell"
    alarms = [f"{one.of} of {one.writer} changed at {_moment(one.at)}" for one in found.drift if one.at is not None]
    return "; ".join(alarms) or f"none in {sum(one.n for one in found.drift):,} readings"


def _table(found: RouteReport) -> Iterator[str]:
    yield f"{'writer':<24}{'asked':>8}{'kept':>8}{'passed on':>11}{'no answer':>11}{'unread':>8}{'mean cost':>12}  failures"
    for use in found.writers:
        counts = f"{use.asked:>8,}{use.kept:>8,}{use.escalated:>11,}{use.abstained:>11,}{use.unread:>8,}"
        yield f"{use.name:<24.24}{counts}{_cost(use.cost):>12}  {_failures(use)}".rstrip()


def _flow(found: RouteReport) -> str:
    with canvas((6.6, 0.9 + 0.55 * len(found.writers)), "route") as (figure, axes):
        names = [f"writer {i + 1}" for i in range(len(found.writers))]
        left = [0] * len(names)
        kinds = (("kept", "kept", RIGHT), ("passed on", "escalated", MUTED), ("no answer", "abstained", WRONG))
        for label, field, colour in kinds:
            counts = [getattr(use, field) for use in found.writers]
            axes.barh(names, counts, left=left, color=colour, label=label, height=0.6)
            left = [a + b for a, b in zip(left, counts, strict=True)]
        axes.invert_yaxis()
        axes.set(xlabel="requests")
        axes.grid(axis="x", color=LINE, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.legend(frameon=False, loc="lower right", fontsize=9.5)
        return svg(figure, "What became of the answers of each writer")


def _failures(use: WriterUse) -> str:
    return ", ".join(f"{kind} {n:,}" for kind, n in use.failures.items())


def _cost(cost: float | None) -> str:
    return "–" if cost is None else f"{cost:.4g}"


def _share(share: Share) -> str:
    return f"{share.value:.1%} {_interval(share)}"


def _interval(share: Share) -> str:
    return f"[{share.low:.1%}, {share.high:.1%}]"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
