"""The report of a chain of models: accuracy at every cost, beside each model alone and a coin between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from markupsafe import Markup

from foureyes.maths.bounds import clopper_pearson
from foureyes.report import page
from foureyes.report.drawing import INK, LINE, MUTED, RIGHT, WRONG, canvas, cost_axis, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from foureyes.cascade.chain_curves import ChainCurve
    from foureyes.cascade.points import ChainPoint

__all__ = ["ChainFindings", "ChainLine", "ModelLine", "chain_lines", "chain_page", "model_lines", "point_lines"]


_MOST_LINES: Final = 24


@dataclass(frozen=True, slots=True, eq=False)
class ChainFindings:
    """A chain of models, measured on labelled rows.

    Attributes:
        curve: its points.
        models: names of the models, in the order they are asked.
        n_left_out: rows of the file that lack something.
        chosen: the point that a target picked; ``None`` without a target.
    """

    curve: ChainCurve
    models: tuple[str, ...]
    n_left_out: int
    chosen: ChainPoint | None

    @property
    def in_sample(self) -> bool:
        """Whether the chain was fitted on these rows."""
        return self.curve.in_sample

    @property
    def abstains(self) -> bool:
        """Whether some policy leaves questions unanswered."""
        return any(point.answered < 1 for point in self.curve.points)

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "models": list(self.models),
            **asdict(self.curve),
            "mixtures": [asdict(corner) for corner in self.curve.mixtures],
            "over_mixture": [self.curve.over_mixture(point) for point in self.curve.points],
            "n_left_out": self.n_left_out,
            "chosen": self.chosen and asdict(self.chosen),
        }


@dataclass(frozen=True, slots=True)
class ChainLine:
    """A policy in numbers, as text."""

    cost: str
    accuracy: str
    over_coin: str
    answered: str
    of_answers: str
    stopped: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class ModelLine:
    """A model alone, as text."""

    name: str
    cost: str
    accuracy: str


def point_lines(found: ChainFindings) -> list[ChainLine]:
    """One line a policy that no other beats in both cost and accuracy, the same on a terminal and on the page.

    Where they are many, some of them; ``to_dict`` holds all.
    """
    return [
        ChainLine(
            f"{point.cost:.4g}",
            _accuracy(point),
            f"{found.curve.over_mixture(point):+.3f}".replace("-", "−"),
            f"{point.answered:.1%}",
            "–" if point.accuracy_answered is None else f"{point.accuracy_answered:.1%}, at least {point.low:.1%}",
            " · ".join(f"{share:.0%}" for share in point.stopped),
            point == found.chosen,
        )
        for point in _shown(found)
    ]


def model_lines(found: ChainFindings) -> list[ModelLine]:
    """One line a model asked for every question, then the oracle."""
    alone = zip(found.models, found.curve.alone, strict=True)
    lines = [ModelLine(name, f"{model.cost:.4g}", f"{model.accuracy:.1%}") for name, model in alone]
    oracle = found.curve.oracle
    return [*lines, ModelLine("oracle", f"{oracle.cost:.4g}", f"{oracle.accuracy:.1%}")]


def chain_lines(found: ChainFindings) -> list[str]:
    """Everything in numbers, for a terminal."""
    return [*_models(found), "", *_points(found), *(["", _words(found, found.chosen)] if found.chosen else [])]


def chain_page(found: ChainFindings) -> str:
    """The chain report as an HTML page.

    Args:
        found: what to show.

    Returns:
        A whole document, self-contained; the same for the same argument.

    Raises:
        ConfigError: matplotlib, which draws the pictures, is not installed.
    """
    return page.render(
        "chain.html",
        curve=found.curve,
        n_left_out=found.n_left_out,
        headline=_headline(found),
        names=" → ".join(found.models),
        abstains=found.abstains,
        abstain=None if found.curve.abstain is None else f"{found.curve.abstain:g}",
        models=model_lines(found),
        points=point_lines(found),
        chosen=found.chosen and _words(found, found.chosen),
        picture=Markup(_accuracies(found)),  # noqa: S704 - drawn by us, no text from outside in it
        answers=Markup(_answers(found)) if found.abstains else None,  # noqa: S704 - as above
    )


def _shown(found: ChainFindings) -> list[ChainPoint]:
    """The chosen point and the efficient ones; some of these, evenly over their costs, where they are many."""
    efficient = _efficient(found.curve.points)
    costs = [point.cost for point in efficient]
    wanted = np.linspace(costs[0], costs[-1], _MOST_LINES)
    near = {int(np.abs(np.array(costs) - cost).argmin()) for cost in wanted}
    some = efficient if len(efficient) <= _MOST_LINES else [efficient[i] for i in sorted(near)]
    chosen = [found.chosen] if found.chosen and found.chosen not in some else []
    return sorted([*some, *chosen], key=lambda point: point.cost)


def _efficient(points: Sequence[ChainPoint]) -> list[ChainPoint]:
    """The points that are dearer only for more: right answers, or right answers among those given."""

    def beaten(point: ChainPoint) -> bool:
        return any(
            other is not point and _at_least(other, point) and _worth(other) != _worth(point) for other in points
        )

    return [point for point in points if not beaten(point)]


def _worth(point: ChainPoint) -> tuple[float, float, float]:
    return -point.cost, point.accuracy, point.accuracy_answered or 0.0


def _at_least(one: ChainPoint, other: ChainPoint) -> bool:
    return all(a >= b for a, b in zip(_worth(one), _worth(other), strict=True))


def _accuracy(point: ChainPoint) -> str:
    low, high = _bounds(point)
    return f"{point.accuracy:.1%} [{low:.1%}, {high:.1%}]"


def _bounds(point: ChainPoint) -> tuple[float, float]:
    return clopper_pearson(round(point.accuracy * point.n), point.n)


def _headline(found: ChainFindings) -> str:
    """Cost and accuracy of the point that was picked, or of the most accurate one."""
    point = found.chosen or max(found.curve.points, key=lambda point: (point.accuracy, -point.cost))
    return f"Accuracy {point.accuracy:.1%} at {f'{point.cost:.4g} {found.curve.unit}'.strip()} a question"


def _words(found: ChainFindings, point: ChainPoint) -> str:
    cost = f"{point.cost:.4g} {found.curve.unit}".strip()
    answered = f"{point.answered:.1%} of the questions are answered: " if found.abstains else ""
    of_answers = (
        f", {point.accuracy_answered:.1%} of the answers"
        if found.abstains and point.accuracy_answered is not None
        else ""
    )
    return f"{answered}accuracy {_accuracy(point)} of the questions{of_answers} at {cost} a question."


def _models(found: ChainFindings) -> Iterator[str]:
    width = max(len(line.name) for line in model_lines(found)) + 2
    yield f"{'alone':<{width}}{'cost':<12}accuracy"
    for line in model_lines(found):
        yield f"{line.name:<{width}}{line.cost:<12}{line.accuracy}"


def _points(found: ChainFindings) -> Iterator[str]:
    more = f"{'answered':<10}{'of answers':<26}" if found.abstains else ""
    yield f"{'cost':<10}{'accuracy':<24}{'over coin':<11}{more}stopped at"
    for line in point_lines(found):
        said = f"{line.answered:<10}{line.of_answers:<26}" if found.abstains else ""
        mark = "  ← target" if line.chosen else ""
        yield f"{line.cost:<10}{line.accuracy:<24}{line.over_coin:<11}{said}{line.stopped}{mark}"


def _accuracies(found: ChainFindings) -> str:
    curve = found.curve
    with canvas((6.6, 4.2), "chain") as (figure, axes):
        corners = curve.mixtures
        axes.plot(
            [c.cost for c in corners],
            [c.accuracy for c in corners],
            color=MUTED,
            linestyle=(0, (3, 3)),
            linewidth=1,
            label="coin between models",
        )
        _points_with_bars(axes, found)
        alone = curve.alone
        axes.plot([a.cost for a in alone], [a.accuracy for a in alone], "s", color=WRONG, label="one model alone")
        if curve.abstain is None:
            axes.plot(curve.oracle.cost, curve.oracle.accuracy, "*", color=INK, markersize=10, label="oracle")
        axes.set(xlabel=cost_axis(curve.unit), ylabel=_axis(found))
        axes.grid(color=LINE, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.legend(frameon=False, loc="lower right", fontsize=9.5)
        return svg(figure, "Accuracy of the chain against its cost")


def _axis(found: ChainFindings) -> str:
    abstain = found.curve.abstain
    return "right answers a question" if abstain is None else f"worth a question (abstained: {abstain:g})"


def _points_with_bars(axes: Axes, found: ChainFindings) -> None:
    points, worth = found.curve.points, found.curve.worth
    cost = [point.cost for point in points]
    if found.curve.abstain is None:
        low, high = zip(*(_bounds(point) for point in points), strict=True)
        axes.vlines(cost, low, high, color=RIGHT, linewidth=1, alpha=0.35)
    axes.plot(cost, [worth(point) for point in points], "o", color=RIGHT, markersize=4, label="chain")
    if found.chosen:
        axes.plot(found.chosen.cost, worth(found.chosen), "o", color=RIGHT, markersize=10, markerfacecolor="none")


def _answers(found: ChainFindings) -> str:
    """Among the answers given, how many are right, against how many questions are answered."""
    seen = [(p.answered, p.accuracy_answered, p.low) for p in found.curve.points if p.accuracy_answered is not None]
    answered, accuracy, low = np.array(seen, np.float64).reshape(-1, 3).T
    with canvas((6.6, 3.6), "answers") as (figure, axes):
        axes.vlines(answered, low, accuracy, color=RIGHT, linewidth=1, alpha=0.35)
        axes.plot(answered, accuracy, "o", color=RIGHT, markersize=4)
        axes.set(xlabel="share of questions answered", ylabel="right answers an answer")
        axes.grid(color=LINE, linewidth=0.6)
        axes.set_axisbelow(True)
        return svg(figure, "Accuracy of the answers against the share answered")
