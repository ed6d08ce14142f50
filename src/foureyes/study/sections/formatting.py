"""Figures as text, one format for each kind; of a figure that is missing, the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from foureyes.maths.difference import Difference
from foureyes.maths.flips import FlipShare
from foureyes.maths.ranking import Auroc
from foureyes.study.cells import Cell, SignalValues
from foureyes.study.measures import MissingFigure
from foureyes.study.store import Cost

__all__ = [
    "COST",
    "auroc_interval",
    "cell_label",
    "cost_per_row",
    "ece",
    "fixed",
    "interval",
    "optional",
    "or_missing",
    "share",
    "signal_label",
    "signed",
    "too_few",
]

COST: Final = ("read", "written", "ms")
"""Headings of :func:`cost_per_row`."""


def or_missing(found: Any, words: Callable[[Any], str] | None = None) -> str:
    """A figure in words, or why it is missing; a dash where there is nothing to say."""
    if found is None:
        return "–"
    if isinstance(found, MissingFigure):
        return f"– ({found.why})" if found.why else ""
    return (words or interval)(found)


def cost_per_row(cost: Cost, n: int) -> tuple[str, str, str]:
    """Tokens read and written and milliseconds, a row; nothing where nothing was spent."""
    if not n or cost == Cost():
        return "", "", ""
    return f"{cost.read / n:,.0f}", f"{cost.written / n:,.0f}", f"{1000 * cost.seconds / n:,.0f}"


def cell_label(cell: Cell) -> str:
    """``TASK: GENERATOR``."""
    return f"{cell.task}: {cell.generator}"


def signal_label(signal: SignalValues) -> str:
    """``SIGNAL of MODEL``."""
    if signal.model == "control":
        return f"{signal.name}, a control"
    return f"{signal.name} of {'the generator' if signal.model == 'own' else signal.model}"


def interval(found: Any, digits: int = 3) -> str:
    """A value with its interval."""
    return f"{fixed(found.value, digits)} [{fixed(found.low, digits)}, {fixed(found.high, digits)}]"


def fixed(value: float, digits: int = 3) -> str:
    """A number to so many places, without a sign before a rounded zero, which would suggest a direction.

    Example:
        >>> fixed(-0.00001), fixed(-0.0126, 4)
        ('0.000', '-0.0126')
    """
    return f"{value:z.{digits}f}"


def share(found: FlipShare) -> str:
    """A share with its count."""
    return f"{found.k:,} = {interval(found)}"


def ece(found: Any) -> str:
    """An error of calibration, and what chance alone gives."""
    return f"{interval(found)}, chance {found.chance:.3f}"


def optional(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """A value that may be undefined, to two places."""
    if value is None:
        return "undefined"
    ends = f" [{low:.2f}, {high:.2f}]" if low is not None and high is not None else ""
    return f"{value:.2f}{ends}".replace("-", "−")


def signed(value: float, low: float | None = None, high: float | None = None) -> str:
    """A difference, and its interval where there is one."""
    ends = f" [{low:+.3f}, {high:+.3f}]" if low is not None and high is not None else ""
    return f"{value:+.3f}{ends}".replace("-", "−")


def auroc_interval(found: Auroc) -> str:
    """An area with its interval, or with why the interval is not to be believed."""
    return f"{found.value:.3f} ({too_few(found)})" if found.few else interval(found)


def too_few(found: Auroc | Difference) -> str:
    """How few there are of the rarer class."""
    return f"too few: {found.n_rarer} of the rarer kind"
