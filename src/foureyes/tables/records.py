"""JSONL and CSV: rows as objects."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError
from foureyes.tables.saving import replacing
from foureyes.tables.table import ABSENT, Table, at

__all__ = ["CsvTable", "JsonlTable"]


class _Records(Table):
    """Rows as objects, in memory."""

    def __init__(self, name: str, names: Iterable[str], records: list[dict[str, Any]]) -> None:
        self.name, self.names, self._records = name, tuple(names), records

    def __len__(self) -> int:
        return len(self._records)

    def values(self, field: str) -> Sequence[Any]:
        """One array or list, see :meth:`Table.values`."""
        found = [at(record, field) for record in self._records]
        if found and all(value is ABSENT for value in found):
            raise self._missing(field)
        return [None if value is ABSENT else value for value in found]

    def _changed(self, fields: Mapping[str, Sequence[Any]], rows: NDArray[np.intp] | None) -> Iterable[dict[str, Any]]:
        kept = range(len(self)) if rows is None else rows.tolist()
        return (self._records[i] | {name: values[i] for name, values in fields.items()} for i in kept)


class JsonlTable(_Records):
    """JSON objects, one a line; empty lines are no rows.

    Args:
        path: of the file.

    Raises:
        InputError: it cannot be read, or a line is no JSON object; says which.
    """

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                records = [_object(path, number, raw) for number, raw in enumerate(file, start=1) if raw.strip()]
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror or error}") from error
        super().__init__(str(path), dict.fromkeys(name for record in records for name in record), records)

    def save(self, path: Path, fields: Mapping[str, Sequence[Any]], *, rows: NDArray[np.intp] | None = None) -> None:
        """A copy, see :meth:`Table.save`."""
        with replacing(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:
            for record in self._changed(fields, rows):
                file.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")


class CsvTable(_Records):
    """Comma-separated values with a header, UTF-8; every value is text until it is asked for as a number.

    Args:
        path: of the file.

    Raises:
        InputError: it cannot be read, has no header, a field twice, or a row of another length; says which line.
    """

    def __init__(self, path: Path) -> None:
        records: list[dict[str, Any]] = []
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                lines = csv.reader(file, strict=True)
                header = next(lines, [])
                _require_header(path, header)
                for line in lines:
                    if line:
                        _require_length(path, lines.line_num, line, header)
                        records.append({name: value or None for name, value in zip(header, line, strict=True)})
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror or error}") from error
        except (csv.Error, UnicodeDecodeError) as error:
            raise InputError(f"{path} is not CSV in UTF-8: {error}") from error
        super().__init__(str(path), header, records)

    def save(self, path: Path, fields: Mapping[str, Sequence[Any]], *, rows: NDArray[np.intp] | None = None) -> None:
        """A copy, see :meth:`Table.save`."""
        with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, list(dict.fromkeys((*self.names, *fields))), lineterminator="\n")
            table.writeheader()
            table.writerows(self._changed(fields, rows))


def _object(path: Path, number: int, raw: bytes) -> dict[str, Any]:
    try:
        record = json.loads(raw.removeprefix(b"\xef\xbb\xbf").decode(), parse_constant=_refuse_constant)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{path}, line {number}: not JSON: {error}") from error
    except ValueError as error:  # NaN and Infinity, or a number of over 4300 digits
        raise InputError(f"{path}, line {number}: {error}") from error
    if not isinstance(record, dict):
        raise InputError(f"{path}, line {number}: wanted a JSON object; got {type(record).__name__}")
    return record


def _refuse_constant(name: str) -> NoReturn:
    raise InputError(f"{name} is not a JSON value; leave the field out or write null")


def _require_header(path: Path, header: list[str]) -> None:
    if not header:
        raise InputError(f"{path} is empty; wanted a line with the names of the columns")
    if twice := {name for name in header if header.count(name) > 1}:
        raise InputError(f"{path} has more than one column called {min(twice)!r}")


def _require_length(path: Path, number: int, line: list[str], header: list[str]) -> None:
    if len(line) != len(header):
        raise InputError(f"{path}, line {number}: wanted {len(header)} values, one a column; got {len(line)}")
