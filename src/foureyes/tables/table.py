"""What every file becomes: rows with named fields, whose columns can be asked for as arrays."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError

__all__ = ["ABSENT", "Column", "Table", "at"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Kind = TypeVar("Kind", bound=np.generic)

ABSENT: Final = object()
"""What :func:`at` returns where nothing is; a ``None`` in a row counts as absent too, later."""

_HINTS: Final = 3
_PER_CENT: Final = re.compile(r"\s*\d+([.,]\d+)?\s*%\s*")
_COMMA: Final = re.compile(r"\s*-?\d+,\d+\s*")
_DEEPEST: Final = 3  # objects within objects in which a name is looked for
_WORDS: Final = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True, slots=True, eq=False)
class Column(Generic[Kind]):
    """One field of all rows.

    Attributes:
        values: (N,) or (N, K); zero where absent.
        present: (N,) whether the row has a value.
    """

    values: NDArray[Kind]
    present: Bools


class Table(ABC):
    """The rows of a file.

    Attributes:
        name: of the file, for messages.
        names: its fields, the outer ones where they are nested.
        suffixes: what the name of a copy may end in.
    """

    name: str
    names: tuple[str, ...]
    suffixes: tuple[str, ...]

    @abstractmethod
    def __len__(self) -> int:
        """How many rows."""

    @abstractmethod
    def values(self, field: str) -> Sequence[Any] | NDArray[Any]:
        """(N,) values as the file holds them, ``None`` where a row has none.

        Args:
            field: its name; fields within fields are reached with dots, ``foureyes.qwen3-0.6b.log_cmp``. A name that has
                dots itself is found as well.

        Raises:
            InputError: no row has such a field.
        """

    @abstractmethod
    def save(self, path: Path, fields: Mapping[str, Sequence[Any]], *, rows: NDArray[np.intp] | None = None) -> None:
        """Writes a copy in the same format, whole or not at all.

        Args:
            path: of the copy.
            fields: name → N values to add, or to put in place of those there.
            rows: which rows to keep, in order; all by default.

        Raises:
            InputError: it cannot be written, or the values do not go into this format.
        """

    def numbers(self, field: str) -> Column[np.float64]:
        """(N,) numbers; infinities are numbers, NaN is not.

        Raises:
            InputError: no such field, or a value that is no number.
        """
        found = self.values(field)
        if isinstance(found, np.ndarray) and found.dtype.kind in "fiub" and found.ndim == 1:
            values, present = found.astype(np.float64), np.ones(len(found), np.bool_)
        else:
            values, present = _converted(found, _number, self._complaint(field, "numbers"))
        self._refuse_nan(field, np.isnan(values))
        return Column(values, present)

    def flags(self, field: str) -> Column[np.bool_]:
        """(N,) truth values, given as true and false or as 1 and 0.

        Raises:
            InputError: no such field, or another value.
        """
        values, present = _converted(self.values(field), _flag, self._complaint(field, "true or false, 1 or 0"))
        return Column(values.astype(np.bool_), present)

    def matrix(self, field: str) -> Column[np.float64]:
        """(N, K) numbers, from a field that holds lists of K numbers or from K fields named ``a,b,c``.

        Raises:
            InputError: no such field, rows of several lengths, or a value that is no number.
        """
        if "," in field and field not in self.names:
            columns = [self.numbers(part.strip()) for part in field.split(",")]
            together = np.logical_and.reduce([column.present for column in columns])
            return Column(np.column_stack([column.values for column in columns]), together)
        found = self.values(field)
        if isinstance(found, np.ndarray) and found.ndim == 2 and found.dtype.kind in "fiub":
            return Column(found, np.ones(len(found), np.bool_))  # not copied: it may be mapped from a file
        return self._stacked(field, found)

    def _stacked(self, field: str, found: Sequence[Any] | NDArray[Any]) -> Column[np.float64]:
        complain = self._complaint(field, "lists of numbers")
        present = np.array([value is not None for value in found], np.bool_)
        lists = [value if value is not None else () for value in found]
        wrong = next((i for i, row in enumerate(lists) if isinstance(row, str) or not np.iterable(row)), None)
        if wrong is not None:
            raise complain(wrong, found[wrong])
        widths = {len(row) for row, there in zip(lists, present, strict=True) if there}
        if len(widths) > 1:
            raise InputError(
                f"{self.name}: every {field!r} must be equally long; got {', '.join(map(str, sorted(widths)))}"
            )
        values = np.zeros((len(lists), widths.pop() if widths else 0))
        for i in np.flatnonzero(present).tolist():
            values[i], there = _converted(lists[i], _number, complain)
            if not there.all():
                raise complain(i, lists[i])
        self._refuse_nan(field, np.isnan(values.sum(axis=1)))
        return Column(values, present)

    def _complaint(self, field: str, wanted: str) -> Callable[[int, Any], InputError]:
        return lambda row, got: InputError(
            f"{self.name}: {field!r} must hold {wanted}; got {got!r:.60} in row {row}{_written_otherwise(got, wanted)}"
        )

    def _refuse_nan(self, field: str, bad: Bools) -> None:
        if bad.any():
            rows = np.flatnonzero(bad)
            more = f" and in {len(rows) - 1} more" if len(rows) > 1 else ""
            raise InputError(f"{self.name}: {field!r} must not contain NaN; got one in row {rows[0]}{more}")

    def _missing(self, field: str) -> InputError:
        known = ", ".join(map(repr, self.names)) or "none"
        within = [path for name in self.names for path in self._ending_in(name, field)]
        hint = f" (did you mean {' or '.join(map(repr, within[:_HINTS]))}?)" if within else ""
        return InputError(f"{self.name} has no field {field!r}{hint}; its fields are {known}")

    def _ending_in(self, name: str, field: str) -> list[str]:
        """Paths to fields of this name within the objects of a column's first row that has one."""
        first = next((value for value in self.values(name) if isinstance(value, Mapping)), {})
        return [f"{name}.{path}" for path in _paths_to(first, field, _DEEPEST)]


def at(value: Any, path: str) -> Any:
    """What stands at a path within nested objects, :data:`ABSENT` if nothing does.

    Example:
        >>> at({"foureyes": {"qwen3-0.6b": {"cme": 1.5}}}, "foureyes.qwen3-0.6b.cme")
        1.5
    """
    if not isinstance(value, Mapping):
        return ABSENT
    if path in value:
        return value[path]
    for dot in (i for i, char in enumerate(path) if char == "."):
        found = at(value.get(path[:dot]), path[dot + 1 :])
        if found is not ABSENT:
            return found
    return ABSENT


def _paths_to(value: Mapping[str, Any], field: str, deepest: int) -> list[str]:
    """Paths within nested objects that end in a name."""
    here = [field] if field in value else []
    inner = [(name, child) for name, child in value.items() if isinstance(child, Mapping)] if deepest else []
    return here + [f"{name}.{path}" for name, child in inner for path in _paths_to(child, field, deepest - 1)]


def _converted(
    found: Sequence[Any] | NDArray[Any],
    convert: Callable[[Any], float | None],
    complain: Callable[[int, Any], InputError],
) -> tuple[Floats, Bools]:
    values, present = np.zeros(len(found)), np.zeros(len(found), np.bool_)
    for i, value in enumerate(found.tolist() if isinstance(found, np.ndarray) else found):
        try:
            number = convert(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise complain(i, value) from error
        if number is not None:
            values[i], present[i] = number, True
    return values, present


def _number(value: Any) -> float | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if not isinstance(value, bool | int | float | str):
        raise TypeError(type(value).__name__)
    return float(value)


def _flag(value: Any) -> float | None:
    number = _WORDS.get(value.strip().lower()) if isinstance(value, str) else None
    number = _number(value) if number is None else number
    if number not in (None, 0.0, 1.0):
        raise ValueError(number)
    return number


def _written_otherwise(got: Any, wanted: str) -> str:
    """What to write in place of a number that only a spreadsheet reads."""
    if wanted != "numbers" or not isinstance(got, str):
        return ""
    if _PER_CENT.fullmatch(got):
        return ": this is per cent, write it without the sign and divided by 100"
    return f": write {got.strip().replace(',', '.')}, with a point" if _COMMA.fullmatch(got) else ""
