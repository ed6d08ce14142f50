"""The picture that opens the page, drawn by matplotlib as SVG that takes its colours from the page's style sheet.

The same numbers give the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from foureyes.demo.measures import Comparison
from foureyes.demo.recorded import AUTHOR
from foureyes.report.drawing import MUTED, RIGHT, WRONG, canvas, require_matplotlib, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["doubts", "require_matplotlib"]

_TICKS: Final = (0, 0.1, 0.5, 1, 2, 3, 4, 6, 8, 12)


def doubts(found: Comparison) -> str:
    """Every answer as a dot: to the right the author's own doubt, upwards the second reader's surprise.

    Args:
        found: what to draw.

    Returns:
        An ``<svg>`` element.
    """
    wrong, edge = found.wrong, _between(found)
    with canvas((5.2, 4.5), "doubts") as (figure, axes):
        for kind, colour, marker, label in ((~wrong, RIGHT, "o", "right answer"), (wrong, WRONG, "X", "wrong answer")):
            axes.scatter(
                found.own[kind],
                found.second[kind],
                s=34,
                color=colour,
                marker=marker,
                alpha=0.8,
                linewidths=0,
                label=label,
            )
        for side, values in (("x", found.own), ("y", found.second)):
            _root_scale(axes, side, float(values.max()))
        axes.axvline(edge, color=MUTED, linewidth=1, linestyle=(0, (3, 3)))
        axes.set(xlabel=f"own entropy of {AUTHOR}, nats a token", ylabel="surprise of the second reader, nats a token")
        axes.text(edge, 1.01, "sure ◂  ", transform=axes.get_xaxis_transform(), ha="right", color=MUTED)
        axes.text(edge, 1.01, "  ▸ in doubt", transform=axes.get_xaxis_transform(), ha="left", color=MUTED)
        axes.legend(frameon=False, loc="upper left", handletextpad=0.2)
        return svg(figure, "Every answer by the doubt of its author and the surprise of the second reader")


def _between(found: Comparison) -> float:
    """Where the sure half ends."""
    return float((found.own[found.sure].max() + found.own[~found.sure].min()) / 2)


def _root_scale(axes: Axes, side: str, largest: float) -> None:
    """Square roots, since most numbers are small; from a little below 0, so that no dot is cut."""
    forward, back = (lambda v: np.sign(v) * np.sqrt(np.abs(v))), (lambda v: np.sign(v) * np.square(v))
    ticks = [tick for tick in _TICKS if tick <= largest]
    {"x": axes.set_xscale, "y": axes.set_yscale}[side]("function", functions=(forward, back))
    axes.set(**{f"{side}lim": (-0.004 * largest, largest * 1.08), f"{side}ticks": ticks})
    {"x": axes.set_xticklabels, "y": axes.set_yticklabels}[side]([f"{tick:g}" for tick in ticks])
