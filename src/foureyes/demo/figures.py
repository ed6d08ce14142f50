"""The pictures of the page, drawn by matplotlib as SVG that takes its colours from the page's style sheet.

Every colour stands for a role and is written as a CSS variable, so that one picture reads on light and on dark. Text
stays text. The same numbers give the same bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from foureyes.demo.measures import Measured
from foureyes.errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["AXIS", "gaps", "require_matplotlib", "roc", "spread"]

Floats = NDArray[np.float64]

AXIS: Final = {
    "log_cmp": "mean surprise per token (log_cmp), nats",
    "cme": "mean entropy (cme), nats",
    "excess": "surprise beyond entropy (log_cmp − cme), nats",
    "nats_per_byte": "surprise per byte, nats",
    "worst_token": "surprise of the worst token, nats",
}
"""What stands under an axis of each signal."""

# Role -> (CSS variable, the colour matplotlib is told, which is also the fallback).
_ROLES: Final = {
    "ink": ("--ink", "#26201b"),
    "muted": ("--muted", "#655d57"),
    "line": ("--line", "#e1ddd9"),
    "right": ("--right", "#1366a5"),
    "wrong": ("--wrong", "#a8440e"),
}
_INK, _MUTED, _LINE, _RIGHT, _WRONG = (colour for _, colour in _ROLES.values())
_STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "font.size": 11,
    "text.color": _INK,
    "axes.edgecolor": _MUTED,
    "axes.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "xtick.color": _MUTED,
    "ytick.color": _MUTED,
    "xtick.labelcolor": _INK,
    "ytick.labelcolor": _INK,
}
_TICKS: Final = (0, 0.1, 0.5, 1, 2, 3, 4, 6, 8, 12)
_OWN_ID: Final = re.compile(r' id="[\w.]+_\d+"')  # figure_1, line2d_2: of no use, and twice on a page


def require_matplotlib() -> None:
    """Raises :class:`~foureyes.errors.ConfigError` where the library that draws is not installed."""
    try:
        import matplotlib  # noqa: F401, ICN001, PLC0415 - heavy, and only a page needs it
    except ImportError as error:
        raise ConfigError("the page's pictures need matplotlib: pip install 'foureyes[report]'") from error


def spread(measured: Measured) -> str:
    """Every answer as a dot at its uncertainty: right answers stacked upwards, wrong ones downwards.

    Args:
        measured: what to draw.

    Returns:
        An ``<svg>`` element.
    """
    pairs = measured.pairs
    edges = np.linspace(0, max(pairs.right.max(), pairs.wrong.max()) * 1.0001, 37)
    with _canvas((3.7, 2.9), f"spread-{measured.verifier}") as (figure, axes):
        tallest = max(
            _stack(axes, values, edges, side=side, colour=colour)
            for values, side, colour in ((pairs.right, 1, _RIGHT), (pairs.wrong, -1, _WRONG))
        )
        for values, side, colour in ((pairs.right, 1, _RIGHT), (pairs.wrong, -1, _WRONG)):
            axes.vlines(np.median(values), 0, side * (tallest + 1.5), color=colour, linewidth=1.6)
        axes.axhline(0, color=_MUTED, linewidth=0.8)
        axes.set(ylim=(-tallest - 2, tallest + 2), xlim=(0, edges[-1]), yticks=[], xlabel=AXIS[measured.signal])
        axes.spines["left"].set_visible(False)
        _label(axes, (0.98, 0.94), "right answers", _RIGHT)
        _label(axes, (0.98, 0.06), "wrong answers", _WRONG)
        return _svg(figure, "Right and wrong answers by their surprise, one dot an answer")


def roc(measured: Measured) -> str:
    """The ROC curve with its band and the area under it.

    Args:
        measured: what to draw.

    Returns:
        An ``<svg>`` element.
    """
    curve, area = measured.curve(), measured.auroc
    with _canvas((3.7, 3.5), f"roc-{measured.verifier}") as (figure, axes):
        axes.plot([0, 1], [0, 1], color=_MUTED, linewidth=1, linestyle=(0, (3, 3)))
        axes.fill_between(curve.grid, curve.low, curve.high, color=_WRONG, alpha=0.18, linewidth=0)
        axes.plot(curve.false_alarms, curve.caught, color=_WRONG, linewidth=2)
        ticks = [0, 0.25, 0.5, 0.75, 1]
        axes.set(xlim=(0, 1), ylim=(0, 1), xticks=ticks, yticks=ticks, aspect="equal")
        axes.set(xlabel="share of right answers flagged", ylabel="share of wrong answers flagged")
        axes.grid(color=_LINE, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.text(0.97, 0.13, f"AUROC {area.value:.2f}", ha="right", fontsize=15, fontweight="bold")
        axes.text(0.97, 0.05, f"{area.low:.2f} to {area.high:.2f}", ha="right", color=_MUTED)
        return _svg(figure, f"ROC curve, area {area.value:.2f}")


def gaps(measured: Measured) -> str:
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
    with _canvas((11.4, 4), "gaps") as (figure, axes):
        axes.vlines(x, right, wrong, color=np.where(wrong < right, _WRONG, _RIGHT), linewidth=1.6, alpha=0.4)
        axes.scatter(x, right, s=22, color=_RIGHT, linewidths=0, label="right answer")
        axes.scatter(x, wrong, s=22, color=_WRONG, linewidths=0, label="wrong answer")
        if n_fooled:
            axes.axvline(n_fooled - 0.5, color=_MUTED, linewidth=1, linestyle=(0, (3, 3)))
        axes.set(xlim=(-1, len(x)), xticks=[], ylabel=AXIS[measured.signal])
        axes.set_yscale("function", functions=(np.sqrt, np.square))
        axes.set(ylim=(0, None), yticks=[y for y in _TICKS if y <= max(right.max(), wrong.max())])
        _below(axes, 0, "left", f"{n_fooled} questions: the wrong answer surprises less", _WRONG)
        _below(axes, 1, "right", f"{int((pairs.gap > 0).sum())} questions: the right answer surprises less", _RIGHT)
        axes.legend(frameon=False, loc="upper center", ncols=2)
        return _svg(figure, "Surprise of the right and the wrong answer to every question")


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


@contextmanager
def _canvas(inches: tuple[float, float], name: str) -> Iterator[tuple[Figure, Axes]]:
    """A figure in our style; inside the block only, as matplotlib's style is global. ``name`` keeps its ids apart."""
    require_matplotlib()
    from matplotlib import rc_context  # noqa: PLC0415 - as above
    from matplotlib.figure import Figure  # noqa: PLC0415

    with rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=inches, layout="constrained")
        yield figure, figure.add_subplot()


def _svg(figure: Figure, title: str) -> str:
    file = io.StringIO()
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<(metadata|style).*?</\1>", "", text, flags=re.DOTALL)
    text = re.sub(
        r'width="[\d.]+pt" height="[\d.]+pt"', f'role="img" aria-label="{title}"', _OWN_ID.sub("", text), count=1
    )
    for variable, colour in _ROLES.values():
        text = text.replace(colour, f"var({variable}, {colour})")
    return text
