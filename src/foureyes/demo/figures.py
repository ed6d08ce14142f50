"""The pictures of the page, drawn by matplotlib as SVG that takes its colours from the page's style sheet.

The same numbers give the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from foureyes.demo.measures import SignalResult
from foureyes.report.drawing import LINE, MUTED, RIGHT, WRONG, canvas, require_matplotlib, svg
from foureyes.signals.catalog import signal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["gaps", "require_matplotlib", "roc", "spread"]

Floats = NDArray[np.float64]

_TICKS: Final = (0, 0.1, 0.5, 1, 2, 3, 4, 6, 8, 12)


def spread(measured: SignalResult) -> str:
    """Every answer as a dot at its uncertainty: right answers stacked upwards, wrong ones downwards.

    Args:
        measured: what to draw.

    Returns:
        An ``<svg>`` element.
    """
    pairs = measured.pairs
    edges = np.linspace(0, max(pairs.right.max(), pairs.wrong.max()) * 1.0001, 37)
    with canvas((3.7, 2.9), f"spread-{measured.verifier}") as (figure, axes):
        tallest = max(
            _stack(axes, values, edges, side=side, colour=colour)
            for values, side, colour in ((pairs.right, 1, RIGHT), (pairs.wrong, -1, WRONG))
        )
        for values, side, colour in ((pairs.right, 1, RIGHT), (pairs.wrong, -1, WRONG)):
            axes.vlines(np.median(values), 0, side * (tallest + 1.5), color=colour, linewidth=1.6)
        axes.axhline(0, color=MUTED, linewidth=0.8)
        axes.set(ylim=(-tallest - 2, tallest + 2), xlim=(0, edges[-1]), yticks=[], xlabel=_axis(measured))
        axes.spines["left"].set_visible(False)
        _label(axes, (0.98, 0.94), "right answers", RIGHT)
        _label(axes, (0.98, 0.06), "wrong answers", WRONG)
        return svg(figure, "Right and wrong answers by their surprise, one dot an answer")


def roc(measured: SignalResult) -> str:
    """The ROC curve with its band and the area under it.

    Args:
        measured: what to draw.

    Returns:
        An ``<svg>`` element.
    """
    curve, area = measured.curve(), measured.auroc
    with canvas((3.7, 3.5), f"roc-{measured.verifier}") as (figure, axes):
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (3, 3)))
        axes.fill_between(curve.grid, curve.low, curve.high, color=WRONG, alpha=0.18, linewidth=0)
        axes.plot(curve.false_alarms, curve.caught, color=WRONG, linewidth=2)
        ticks = [0, 0.25, 0.5, 0.75, 1]
        axes.set(xlim=(0, 1), ylim=(0, 1), xticks=ticks, yticks=ticks, aspect="equal")
        axes.set(xlabel="share of right answers flagged", ylabel="share of wrong answers flagged")
        axes.grid(color=LINE, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.text(0.97, 0.13, f"AUROC {area.value:.2f}", ha="right", fontsize=15, fontweight="bold")
        axes.text(0.97, 0.05, f"{area.low:.2f} to {area.high:.2f}", ha="right", color=MUTED)
        return svg(figure, f"ROC curve, area {area.value:.2f}")


def gaps(measured: SignalResult) -> str:
    """Every question as a line from its right answer's uncertainty to its wrong one's, ordered by the gap.

    Args:
        measured: what to draw.

    Returns:
        An ``<svg>`` element.
    """
    pairs = measured.pairs
    order = np.argsort(pairs.gap, kind="stable")
    right, wrong, x = pairs.right[order], pairs.wrong[order], np.arange(len(order))
    n_fooled = int((pairs.gap < 0).sum())
    with canvas((11.4, 4), "gaps") as (figure, axes):
        axes.vlines(x, right, wrong, color=np.where(wrong < right, WRONG, RIGHT), linewidth=1.6, alpha=0.4)
        axes.scatter(x, right, s=22, color=RIGHT, linewidths=0, label="right answer")
        axes.scatter(x, wrong, s=22, color=WRONG, linewidths=0, label="wrong answer")
        if n_fooled:
            axes.axvline(n_fooled - 0.5, color=MUTED, linewidth=1, linestyle=(0, (3, 3)))
        axes.set(xlim=(-1, len(x)), xticks=[], ylabel=_axis(measured))
        axes.set_yscale("function", functions=(np.sqrt, np.square))
        axes.set(ylim=(0, None), yticks=[y for y in _TICKS if y <= max(right.max(), wrong.max())])
        _below(axes, 0, "left", f"{n_fooled} questions: the wrong answer surprises less", WRONG)
        _below(axes, 1, "right", f"{int((pairs.gap > 0).sum())} questions: the right answer surprises less", RIGHT)
        axes.legend(frameon=False, loc="upper center", ncols=2)
        return svg(figure, "Surprise of the right and the wrong answer to every question")


def _axis(measured: SignalResult) -> str:
    row = signal(measured.signal)
    return f"{row.short_title}, {row.unit}"


def _stack(axes: Axes, values: Floats, edges: Floats, *, side: int, colour: str) -> int:
    """Draws one dot a value, stacked by bins away from 0; returns the tallest stack."""
    bins = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    order = np.argsort(bins, kind="stable")
    counts = np.bincount(bins, minlength=len(edges) - 1)
    height = np.arange(len(values)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    centres = (edges[:-1] + edges[1:]) / 2
    axes.scatter(centres[bins[order]], side * (height - 0.1), s=11, color=colour, linewidths=0)
    return int(counts.max())


def _label(axes: Axes, place: tuple[float, float], text: str, colour: str) -> None:
    axes.text(*place, text, transform=axes.transAxes, ha="right", va="center", color=colour, fontweight="bold")


def _below(axes: Axes, x: float, side: str, text: str, colour: str) -> None:
    axes.text(x, -0.06, text, transform=axes.transAxes, ha=side, va="top", color=colour)
