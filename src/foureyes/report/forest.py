"""A forest plot: figures of one kind below one another, each with its interval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Final, Protocol

from markupsafe import Markup

from foureyes.errors import InputError
from foureyes.report.drawing import INK, LINE, MUTED, RIGHT, WRONG, canvas, pdf, svg
from foureyes.tables.saving import replacing, write_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Estimate", "ForestMark", "ForestPlot", "plain_title"]

_LABEL_WIDTH: Final = 36
_TITLE_WIDTH: Final = 92


class Estimate(Protocol):
    """A figure with its interval."""

    @property
    def value(self) -> float:
        """The figure."""
        ...

    @property
    def low(self) -> float:
        """Lower end of its interval."""
        ...

    @property
    def high(self) -> float:
        """Upper end of its interval."""
        ...


@dataclass(frozen=True, slots=True)
class ForestMark:
    """A figure with its interval, in a :class:`ForestPlot`.

    Attributes:
        label: what it is of.
        value, low, high: the figure and its ends; without ends for a published one.
        published: whether somebody else's, drawn as a ring.
    """

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    published: bool = False


@dataclass(frozen=True, slots=True)
class ForestPlot:
    """Figures of one kind below one another.

    Attributes:
        title: what they are.
        marks: top to bottom.
        chance: where a vertical line stands.
    """

    title: str
    marks: tuple[ForestMark, ...]
    chance: float = 0.5

    @classmethod
    def of(cls, title: str, figures: Mapping[str, Estimate], *, chance: float = 0.5) -> ForestPlot:
        """A plot of results of this library.

        Args:
            title: what the figures are.
            figures: results with an interval, such as those of :func:`~foureyes.maths.ranking.auroc`, by their labels, top to
                bottom.
            chance: where a vertical line stands.

        Raises:
            InputError: there are none.

        Example:
            >>> from foureyes.maths.ranking import auroc
            >>> found = auroc([0.1, 0.4, 0.3, 0.9], wrong=[False, False, True, True])
            >>> ForestPlot.of("AUROC", {"log_cmp": found}).marks[0].value
            0.75
        """
        if not figures:
            raise InputError("a forest plot wants at least one figure; got none")
        marks = (ForestMark(label, float(one.value), one.low, one.high) for label, one in figures.items())
        return cls(title, tuple(marks), chance)

    def drawn(self, name: str) -> Markup:
        """As an ``<svg>`` element; ``name`` keeps its ids apart from those of others on the page."""
        with self._canvas(name) as figure:
            return Markup(svg(figure, plain_title(self.title)))  # noqa: S704 - drawn by us; matplotlib escapes labels

    def picture(self, name: str = "0") -> str:
        """As the text of an SVG file."""
        drawn = str(self.drawn(name))
        return (
            drawn if "xmlns=" in drawn[:400] else drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
        )

    def save(self, path: str | Path) -> None:
        """Writes the plot as a picture.

        Args:
            path: a file that ends in ``.svg``, for the web, or ``.pdf``, for LaTeX.

        Raises:
            InputError: another ending, or a file that cannot be written.
            ConfigError: matplotlib, which draws, is not installed.
        """
        file = Path(path)
        if file.suffix not in (".svg", ".pdf"):
            raise InputError(f"a forest plot is saved as .svg or .pdf; got {file.name!r:.80}")
        if file.suffix == ".svg":
            write_text(file, self.picture())
            return
        with self._canvas("pdf") as figure:
            printed = pdf(figure)
        with replacing(file) as part:
            part.write_bytes(printed)

    def _repr_html_(self) -> str:
        return str(self.drawn("notebook"))

    @contextmanager
    def _canvas(self, name: str) -> Iterator[Figure]:
        labels = [fill(mark.label, _LABEL_WIDTH) for mark in self.marks]
        n_lines = sum(label.count("\n") + 1 for label in labels)
        with canvas((7.2, 1.0 + 0.12 * len(labels) + 0.16 * n_lines), f"forest-{name}") as (figure, axes):
            places = range(len(self.marks), 0, -1)
            axes.axvline(self.chance, color=MUTED, linewidth=1, linestyle=(0, (3, 3)))
            for place, mark in zip(places, self.marks, strict=True):
                _draw_mark(axes, place, mark, self.chance)
            axes.set_yticks(list(places), labels, fontsize=9)
            axes.set(ylim=(0.3, len(self.marks) + 0.7))
            figure.suptitle(fill(self.title, _TITLE_WIDTH), x=0.01, ha="left", fontsize=10)
            axes.grid(axis="x", color=LINE, linewidth=0.6)
            axes.set_axisbelow(True)
            axes.spines["left"].set_visible(False)
            axes.tick_params(left=False)
            yield figure


def _draw_mark(axes: Axes, place: int, mark: ForestMark, chance: float) -> None:
    colour = INK if mark.published else RIGHT if mark.value >= chance else WRONG
    if mark.low is not None and mark.high is not None:
        axes.hlines(place, mark.low, mark.high, color=colour, linewidth=1.4)
    face = "none" if mark.published else colour
    axes.plot([mark.value], [place], marker="o", markersize=5, color=colour, markerfacecolor=face)


def plain_title(title: str) -> str:
    """A title without the characters that mean something to HTML."""
    return "".join(c for c in title if c not in "\"'<>&")
