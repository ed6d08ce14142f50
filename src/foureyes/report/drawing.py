"""Shared drawing: matplotlib figures as SVG, in colours that the page's style sheet decides.

Every colour stands for a role and is written as a CSS variable, so that one picture reads on light and on dark. Text
stays text. The same numbers give the same bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from foureyes.errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["INK", "LINE", "MUTED", "RIGHT", "WRONG", "canvas", "cost_axis", "pdf", "require_matplotlib", "svg"]

# Role -> (CSS variable, the colour matplotlib is told, which is also the fallback).
_ROLES: Final = {
    "ink": ("--ink", "#26201b"),
    "muted": ("--muted", "#655d57"),
    "line": ("--line", "#e1ddd9"),
    "right": ("--right", "#1366a5"),
    "wrong": ("--wrong", "#a8440e"),
}
INK, MUTED, LINE, RIGHT, WRONG = (colour for _, colour in _ROLES.values())
"""What to tell matplotlib; ``--right`` and ``--wrong`` are defined by the page's own style sheet."""

_STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
}
_OWN_ID: Final = re.compile(r' id="[\w.]+_\d+"')  # figure_1, line2d_2: of no use, and twice on a page


def require_matplotlib() -> None:
    """Raises :class:`~foureyes.errors.ConfigError` where the library that draws is not installed."""
    try:
        import matplotlib  # noqa: F401, ICN001, PLC0415 - heavy, and only a page needs it
    except ImportError as error:
        raise ConfigError("the page's pictures need matplotlib: pip install 'foureyes[report]'") from error


@contextmanager
def canvas(inches: tuple[float, float], name: str) -> Iterator[tuple[Figure, Axes]]:
    """A figure in our style; inside the block only, as matplotlib's style is global. ``name`` keeps its ids apart."""
    require_matplotlib()
    from matplotlib import rc_context  # noqa: PLC0415 - as above
    from matplotlib.figure import Figure  # noqa: PLC0415

    with rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=inches, layout="constrained")
        yield figure, figure.add_subplot()


def cost_axis(unit: str) -> str:
    """What stands along an axis of costs."""
    return f"mean cost a question, {unit}" if unit else "mean cost a question"


def svg(figure: Figure, title: str) -> str:
    """The figure as an ``<svg>`` element; ``title`` is what a screen reader says, a text of ours without quotes."""
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


def pdf(figure: Figure) -> bytes:
    """The figure as a PDF file of one page, its text as text; the same for the same figure."""
    file = io.BytesIO()
    figure.savefig(file, format="pdf", transparent=True, metadata={"CreationDate": None})
    return file.getvalue()
