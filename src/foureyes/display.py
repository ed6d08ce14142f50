"""How results show themselves: one line at a prompt, a table in a notebook, a data frame on request.

A result is a frozen dataclass. One that inherits :class:`Result` prints as a line that fits a terminal, whatever arrays it
carries, and as a table of its fields in a notebook or a paper; one that inherits :class:`TableResult` is a table of rows and
becomes a pandas or polars data frame. Neither pandas nor polars is needed before it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import Field, fields, is_dataclass
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Final

from foureyes.errors import ConfigError
from foureyes.latex import latex_table

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ["Result", "TableResult", "cause_of", "columns_of", "plural"]

_SHOWN_ROWS: Final = 20
_SHOWN_TEXT: Final = 40
_CAUSE: Final = re.compile(r"[^:;'\"\d]*")


def cause_of(why: str) -> str:
    """What rows with a problem are counted by: its words up to those that tell one row from another.

    Args:
        why: what is the matter with a row, without its place.

    Example:
        >>> cause_of("not JSON: Expecting value at character 17")
        'not JSON'
    """
    found = _CAUSE.match(why)
    return found[0].strip() if found and found[0].strip() else why[:40]


def plural(n: int, one: str, many: str | None = None) -> str:
    """A number with its noun, for a sentence.

    Args:
        n: how many.
        one: the noun for one.
        many: the noun for any other number; ``one`` with an s by default.

    Example:
        >>> plural(1, "row"), plural(0, "row"), plural(1200, "entry", "entries")
        ('1 row', '0 rows', '1,200 entries')
    """
    return f"{n:,} {one if n == 1 else many or f'{one}s'}"


class Result:
    """A dataclass whose ``repr`` is one line and which a notebook shows as a table of its fields.

    Numbers are shown with four significant digits, arrays and long sequences by their size, fields marked
    ``field(repr=False)`` not at all. Declare the dataclass with ``repr=False``, or it writes a ``repr`` of its own.
    """

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={text}' for name, text in _shown(self).items())})"

    def to_latex(self, caption: str = "", *, label: str = "") -> str:
        r"""The fields, and their values to four significant digits, as a LaTeX table for a paper.

        Args:
            caption: of the table; the name of this kind of result when empty.
            label: for ``\ref``.

        Returns:
            A ``table`` environment, see :func:`foureyes.latex.latex_table`.
        """
        rows = [(name, text.strip("'")) for name, text in _shown(self).items()]
        return latex_table(("", "value"), rows, caption=caption or type(self).__name__, label=label)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in _shown(self).items()
        )
        return f"<table><caption>{escape(type(self).__name__)}</caption>{rows}</table>"


class TableResult(Result):
    """A result that is a table: rows of named columns."""

    __slots__ = ()

    def columns(self) -> Mapping[str, Sequence[Any]]:
        """The columns by name, all of one length."""
        raise NotImplementedError

    def __repr__(self) -> str:
        n = _length(self.columns())
        shown = ", ".join(f"{name}={text}" for name, text in _shown(self).items() if not text.startswith("<"))
        return f"{type(self).__name__}({shown}{', ' if shown else ''}{plural(n, 'row')})"

    def to_pandas(self) -> pd.DataFrame:
        """The rows as a pandas data frame.

        Raises:
            ConfigError: pandas is not installed.
        """
        frame: pd.DataFrame = _library("pandas").DataFrame(dict(self.columns()))
        return frame

    def to_polars(self) -> pl.DataFrame:
        """The rows as a polars data frame.

        Raises:
            ConfigError: polars is not installed.
        """
        frame: pl.DataFrame = _library("polars").DataFrame(dict(self.columns()))
        return frame

    def to_latex(self, caption: str = "", *, label: str = "") -> str:
        """All rows, numbers to four significant digits, as a LaTeX table for a paper; see :meth:`Result.to_latex`."""
        columns = self.columns()
        rows = [[_text(column[i]) for column in columns.values()] for i in range(_length(columns))]
        return latex_table(tuple(columns), rows, caption=caption or repr(self), label=label)

    def _repr_html_(self) -> str:
        columns = self.columns()
        n = _length(columns)
        head = "".join(f"<th>{escape(name)}</th>" for name in columns)
        rows = "".join(
            f"<tr>{''.join(f'<td>{escape(_text(column[i]))}</td>' for column in columns.values())}</tr>"
            for i in range(min(n, _SHOWN_ROWS))
        )
        more = f"<p>{_SHOWN_ROWS} of {plural(n, 'row')}</p>" if n > _SHOWN_ROWS else ""
        return f"<p>{escape(repr(self))}</p><table><tr>{head}</tr>{rows}</table>{more}"


def columns_of(rows: Sequence[Any], *, without: Sequence[str] = ()) -> dict[str, list[Any]]:
    """Columns of dataclass values of one kind, one a field, but for those named in ``without``.

    Example:
        >>> from foureyes.maths.scoring import Brier, brier
        >>> columns_of([brier([0.5], [True])], without=("miscalibration", "discrimination", "uncertainty"))
        {'value': [0.25], 'n': [1]}
    """
    names = [f.name for f in fields(rows[0]) if f.name not in without] if rows else []
    return {name: [getattr(row, name) for row in rows] for name in names}


def _length(columns: Mapping[str, Sequence[Any]]) -> int:
    return max(map(len, columns.values()), default=0)


def _shown(result: Result) -> dict[str, str]:
    shown: dict[str, str] = {}
    for f in fields(result):
        value = getattr(result, f.name)
        if f.repr and isinstance(value, Mapping) and all(isinstance(entry, float | None) for entry in value.values()):
            shown |= {_label(str(name)): _text(entry) for name, entry in value.items()}
        elif f.repr:
            shown[f.name] = _text(value)
    return shown


def _label(name: str) -> str:
    """A name as it is, or quoted where part of it is not seen: others may have given it."""
    return name if name.isprintable() else repr(name)


def _text(value: object) -> str:
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:  # a number of numpy's
        value = value.item()
    if isinstance(value, float):
        return f"{value:.4g}"
    if hasattr(value, "shape"):
        return f"<array {' × '.join(map(str, value.shape))}>"
    if isinstance(value, (tuple, list)):
        return _sequence(value)
    if is_dataclass(value) and not isinstance(value, Result):
        return f"<{type(value).__name__}>"
    text = repr(value)
    return text if len(text) <= _SHOWN_TEXT or isinstance(value, Result) else f"{text[:_SHOWN_TEXT]}…"


def _sequence(values: Sequence[object]) -> str:
    if len(values) > 3 or any(is_dataclass(value) for value in values):
        return f"<{len(values)} in all>"
    return f"({', '.join(map(_text, values))}{',' * (len(values) == 1)})"


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise ConfigError(f"a data frame of {name} needs {name}: pip install {name}") from error
