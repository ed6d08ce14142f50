"""The report of a two-model cascade: accuracy at every cost, the router beside its baselines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from foureyes.report import page
from foureyes.report.drawing import INK, LINE, MUTED, RIGHT, WRONG, canvas, cost_axis, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from foureyes.cascade.curves import Curve, Point
    from foureyes.cascade.lead import RouterLead

__all__ = [
    "CascadeFindings",
    "CurveLine",
    "LeadLine",
    "cascade_lines",
    "cascade_page",
    "curve_lines",
    "interval",
    "lead_lines",
]

_LOOKS: Final = {
    "router": (RIGHT, "-", 2.2),
    "threshold": (WRONG, "-", 1.4),
    "uncalibrated": (WRONG, (0, (1, 1.5)), 1.6),
    "random": (MUTED, (0, (3, 3)), 1.0),
    "oracle": (INK, (0, (5, 2)), 1.0),
}
_OTHER_DASHES: Final = ((0, (6, 1.5, 1, 1.5)), (0, (2, 1)), (0, (8, 2)), (0, (4, 1, 1, 1, 1, 1)))
"""Of routers that the user named, in turn."""


@dataclass(frozen=True, slots=True, eq=False)
class CascadeFindings:
    """Curves of several routers on the same rows, and how far they lie apart.

    Attributes:
        curves: name → curve; ``router`` is the one that was fitted.
        n_left_out: rows of the file that lack something.
        chosen: the point of the router's curve that a target picked; ``None`` without a target.
        leads: name → how far ``router`` is ahead of the router of that name.
    """

    curves: Mapping[str, Curve]
    n_left_out: int
    chosen: Point | None
    leads: Mapping[str, RouterLead] = field(default_factory=dict)

    @property
    def router(self) -> Curve:
        """The curve of the fitted router."""
        return self.curves["router"]

    @property
    def best(self) -> Point:
        """The router's most accurate point, the cheapest of equals."""
        return max(self.router.points, key=lambda point: (point.accuracy, -point.cost))

    @property
    def in_sample(self) -> bool:
        """Whether some router was fitted on these rows."""
        return any(curve.in_sample for curve in self.curves.values())

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object. The cut of a curve's first point, which escalates nothing, is ``None``: JSON has no infinity."""
        return {
            "curves": {name: _without_infinities(asdict(curve)) for name, curve in self.curves.items()},
            "leads": {name: asdict(lead) for name, lead in self.leads.items()},
            "n_left_out": self.n_left_out,
            "chosen": self.chosen and _point(asdict(self.chosen)),
        }


@dataclass(frozen=True, slots=True)
class CurveLine:
    """A curve in numbers, as text."""

    name: str
    apgr: str
    over_random: str
    cpt50: str
    cpt80: str
    on_cost: str


@dataclass(frozen=True, slots=True)
class LeadLine:
    """How far the router is ahead of another, as text."""

    name: str
    apgr: str
    accuracy: str


def curve_lines(found: CascadeFindings) -> list[CurveLine]:
    """One line a curve, the same on a terminal and on the page."""
    return [
        CurveLine(
            name,
            interval(curve.apgr, curve.low, curve.high),
            f"{curve.over_random:+.4f}".replace("-", "−"),
            _share(curve.cpt50),
            _share(curve.cpt80),
            _number(curve.apgr_on_cost),
        )
        for name, curve in found.curves.items()
    ]


def lead_lines(found: CascadeFindings) -> list[LeadLine]:
    """One line for each router to compare with, the same on a terminal and on the page."""
    return [
        LeadLine(
            name,
            interval(lead.apgr, lead.low, lead.high, sign="+"),
            interval(lead.over_random, lead.over_random_low, lead.over_random_high, sign="+"),
        )
        for name, lead in found.leads.items()
    ]


def cascade_lines(found: CascadeFindings) -> list[str]:
    """Everything in numbers, for a terminal."""
    curve = found.router
    priced = curve.apgr_on_cost is not None
    first = _words(found.chosen, curve.unit) if found.chosen else _headline(found.best, curve.unit, priced=priced)
    return [first, "", *_table(found), *_leads(found), "", *_adds(found), _at_best(found)]


def cascade_page(found: CascadeFindings) -> str:
    """The cascade report as an HTML page.

    Args:
        found: what to show.

    Returns:
        A whole document, self-contained; the same for the same argument.

    Raises:
        ConfigError: matplotlib, which draws the picture, is not installed.
    """
    curve = found.router
    return page.render(
        "cascade.html",
        curve=curve,
        n_left_out=found.n_left_out,
        lines=curve_lines(found),
        leads=lead_lines(found),
        in_sample=found.in_sample,
        with_costs=curve.apgr_on_cost is not None,
        accuracies=(f"{curve.small_accuracy:.1%}", f"{curve.large_accuracy:.1%}"),
        complementary=(f"{curve.only_small:.1%}", f"{curve.only_large:.1%}"),
        apgr=None if curve.apgr is None else f"{curve.apgr:.2f}",
        headline=_headline(found.chosen or found.best, curve.unit, priced=curve.apgr_on_cost is not None),
        adds=" ".join(_adds(found)),
        at_best=_at_best(found),
        chosen=found.chosen and _words(found.chosen, curve.unit),
        picture=Markup(_curves(found)),  # noqa: S704 - drawn by us, no text from outside in it
    )


def _table(found: CascadeFindings) -> Iterator[str]:
    costs = found.router.apgr_on_cost is not None
    yield f"{'':<14}{'APGR':<24}{'above random':<14}{'CPT 50 %':<10}{'CPT 80 %':<10}{'APGR on cost' * costs}".rstrip()
    for line in curve_lines(found):
        numbers = f"{line.apgr:<24}{line.over_random:<14}{line.cpt50:<10}{line.cpt80:<10}{line.on_cost * costs}"
        yield f"{line.name:<14}{numbers}".rstrip()


def _leads(found: CascadeFindings) -> Iterator[str]:
    if found.leads:
        yield f"\n{'router less':<14}{'APGR':<26}mean accuracy"
    for line in lead_lines(found):
        yield f"{line.name:<14}{line.apgr:<26}{line.accuracy}"


def _looks(names: Iterable[str]) -> dict[str, tuple[str, Any, float]]:
    others = [name for name in names if name not in _LOOKS]
    theirs = {name: (MUTED, _OTHER_DASHES[i % len(_OTHER_DASHES)], 1.6) for i, name in enumerate(others)}
    return {**_LOOKS, **theirs}


def _curves(found: CascadeFindings) -> str:
    with canvas((6.6, 4.2), "cascade") as (figure, axes):
        for name, (colour, dashes, width) in _looks(found.curves).items():
            if name in found.curves:
                points = found.curves[name].points
                axes.plot(
                    [p.cost for p in points],
                    [p.accuracy for p in points],
                    color=colour,
                    linestyle=dashes,
                    linewidth=width,
                    label=name,
                )
        _band(axes, found)
        costs = (
            cost_axis(found.router.unit)
            if found.router.apgr_on_cost is not None
            else "share of questions for the large model"
        )
        axes.set(xlabel=costs, ylabel="accuracy")
        axes.grid(color=LINE, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.legend(frameon=False, loc="lower right", fontsize=9.5)
        return svg(figure, "Accuracy of the cascade against its cost")


def _band(axes: Axes, found: CascadeFindings) -> None:
    points = found.router.points
    axes.fill_between(
        [p.cost for p in points],
        [p.low for p in points],
        [p.high for p in points],
        color=RIGHT,
        alpha=0.15,
        linewidth=0,
    )
    if found.chosen:
        axes.plot(found.chosen.cost, found.chosen.accuracy, "o", color=RIGHT, markersize=9, markerfacecolor="none")


def _headline(point: Point, unit: str, *, priced: bool) -> str:
    cost = (
        f"at {point.cost:.4g} {unit}".strip() + " a question"
        if priced
        else f"with {point.escalated:.1%} for the large model"
    )
    return f"Accuracy {point.accuracy:.1%} {cost}"


def _words(point: Point, unit: str) -> str:
    cost = f"{point.cost:.4g} {unit}".strip()
    return (
        f"{point.escalated:.1%} of the questions go to the large model: accuracy {point.accuracy:.1%} "
        f"[{point.low:.1%}, {point.high:.1%}] at {cost} a question."
    )


def _adds(found: CascadeFindings) -> Iterator[str]:
    """What the router adds to the plain threshold, in a sentence; nothing where that was not measured."""
    lead = found.leads.get("threshold")
    if lead is None:
        return
    low, value, high = lead.over_random_low, lead.over_random, lead.over_random_high
    if low == value == high == 0:
        yield "It escalates as a plain threshold on the same confidence would: the advantage adds nothing on these rows."
        return
    clear = "is ahead of" if low > 0 else "is behind" if high < 0 else "is not clearly apart from"
    by = f"mean accuracy {interval(value, low, high, sign='+')}, 95 %"
    apgr = "" if lead.apgr is None else f"; APGR {interval(lead.apgr, lead.low, lead.high, sign='+')}"
    yield f"The router {clear} a plain threshold on the same confidence: {by}{apgr}."


def _at_best(found: CascadeFindings) -> str:
    """Whether the cascade beats both of its models, which it may where each knows what the other does not."""
    best, curve = found.best, found.router
    alone = max(curve.small_accuracy, curve.large_accuracy)
    return (
        f"At its best, with {best.escalated:.1%} of the questions for the large model, the router is right in "
        f"{best.accuracy:.1%} [{best.low:.1%}, {best.high:.1%}], the better model alone in {alone:.1%}. "
        "The best point was picked on these rows: expect a little less on new ones."
    )


def _without_infinities(curve: dict[str, Any]) -> dict[str, Any]:
    return curve | {"points": [_point(point) for point in curve["points"]]}


def _point(point: dict[str, Any]) -> dict[str, Any]:
    return point | {"cut": None if point["cut"] == float("inf") else point["cut"]}


def interval(value: float | None, low: float | None, high: float | None, *, sign: str = "") -> str:
    """A figure with its ends, as text."""
    if value is None:
        return "no gap"
    if low is None or high is None:
        return _number(value, sign)
    return f"{_number(value, sign)} [{_number(low, sign)}, {_number(high, sign)}]"


def _number(value: float | None, sign: str = "") -> str:
    return "–" if value is None else f"{value:{sign}.3f}".replace("-", "−")


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"
