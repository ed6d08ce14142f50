"""Reliability diagrams: what confidences claim against what comes true, with intervals and counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from foureyes.display import plural
from foureyes.maths.reliability import Reliability
from foureyes.report.drawing import INK, LINE, MUTED, RIGHT, WRONG, canvas, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["reliability_diagram"]

_TICKS = (0, 0.25, 0.5, 0.75, 1)


def reliability_diagram(table: Reliability, name: str) -> str:
    """Accuracy against mean confidence, bin by bin, and below how many rows each bin has.

    Args:
        table: the bins.
        name: what keeps the picture's ids apart from those of others on the page.

    Returns:
        An ``<svg>`` element.
    """
    with canvas((4.6, 4.9), f"reliability-{name}") as (figure, only):
        figure.delaxes(only)
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(5, 1))
        _accuracies(above, table)
        _counts(below, table)
        return svg(
            figure, f"Reliability diagram, {plural(int(table.n.sum()), 'row')} in {plural(len(table.n), 'bin')}, {name}"
        )


def _accuracies(axes: Axes, table: Reliability) -> None:
    low, high = table.intervals().T
    accuracy = table.accuracy
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (3, 3)))
    axes.vlines(
        table.confidence,
        np.minimum(table.confidence, accuracy),
        np.maximum(table.confidence, accuracy),
        color=WRONG,
        linewidth=5,
        alpha=0.25,
    )
    axes.vlines(table.confidence, low, high, color=RIGHT, linewidth=1.2)
    axes.plot(table.confidence, accuracy, color=RIGHT, linewidth=1.2, marker="o", markersize=5)
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=_TICKS, yticks=_TICKS, ylabel="share of right answers")
    axes.grid(color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)


def _counts(axes: Axes, table: Reliability) -> None:
    """A bar a bin, from its lowest to its highest confidence, as tall as it is dense."""
    width = np.maximum(table.upper - table.lower, 0.004)
    axes.bar(table.lower, table.n / width, width=width, align="edge", color=MUTED, alpha=0.55, linewidth=0)
    most = int(table.n.max())
    axes.set(yticks=[], xlabel=f"stated confidence ({plural(len(table.n), 'bin')} of at most {plural(most, 'row')})")
    axes.spines["left"].set_visible(False)
    axes.text(0, 1.02, "density of rows", transform=axes.transAxes, color=INK, fontsize=9, va="bottom")
