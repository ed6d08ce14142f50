"""Rows as objects, in memory: JSON lines, JSON and CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError
from foureyes.records import Record
from foureyes.records.forms import suffixes_of
from foureyes.tables.saving import replacing
from foureyes.tables.table import ABSENT, Table, at

__all__ = ["RecordTable", "TextForm"]

TextForm: TypeAlias = Literal["jsonl", "json", "csv"]

_Rows: TypeAlias = Iterable[dict[str, Any]]


class RecordTable(Table):
    """The records of a file; every value of CSV is text until it is asked for as a number.

    Args:
        name: of the file, for messages.
        form: in which copies are written.
        records: of the file.
        delimiter: of CSV, where it is known: copies have it too, unless their name says otherwise.

    Raises:
        InputError: it cannot be read, or holds what is no record; says where.
    """

    def __init__(self, name: str, form: TextForm, records: Iterable[Record], delimiter: str | None = None) -> None:
        self.name, self._form, self._delimiter = name, form, delimiter
        self.suffixes = suffixes_of(form)
        self._records = [_fields(record, name) for record in records]
        self.names = tuple(dict.fromkeys(field for record in self._records for field in record))

    def __len__(self) -> int:
        return len(self._records)

    def values(self, field: str) -> Sequence[Any]:
        """One array or list, see :meth:`Table.values`."""
        found = [at(record, field) for record in self._records]
        if found and all(value is ABSENT for value in found):
            raise self._missing(field)
        return [None if value is ABSENT else value for value in found]

    def save(self, path: Path, fields: Mapping[str, Sequence[Any]], *, rows: NDArray[np.intp] | None = None) -> None:
        """A copy, see :meth:`Table.save`."""
        kept = range(len(self)) if rows is None else rows.tolist()
        changed = (self._records[i] | {name: values[i] for name, values in fields.items()} for i in kept)
        with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as file:
            if self._form == "csv":
                names = list(dict.fromkeys((*self.names, *fields)))
                table = csv.DictWriter(file, names, delimiter=self._between(path), lineterminator="\n")
                table.writeheader()
                table.writerows(changed)
            else:
                _WRITERS[self._form](file, changed)

    def _between(self, path: Path) -> str:
        """What stands between the values of a copy: the same as in the file, unless one of the two is called one of tabs."""
        tabs, were_tabs = _called_tabs(path), _called_tabs(Path(self.name))
        if self._delimiter is not None and tabs == were_tabs:
            return self._delimiter
        return "\t" if tabs else ","


def _called_tabs(path: Path) -> bool:
    return any(suffix.lower() in (".tsv", ".tab") for suffix in path.suffixes)


def _fields(record: Record, name: str) -> dict[str, Any]:
    if record.fields is None:
        raise InputError(f"{name}, {record.place}: {record.problem}")
    return record.fields


def _write_lines(file: IO[str], rows: _Rows) -> None:
    for row in rows:
        file.write(_json(row) + "\n")


def _write_list(file: IO[str], rows: _Rows) -> None:
    for i, row in enumerate(rows):
        file.write(("[\n" if i == 0 else ",\n") + _json(row))
    file.write("\n]\n")


_WRITERS: Final[Mapping[str, Callable[[IO[str], _Rows], None]]] = {"jsonl": _write_lines, "json": _write_list}


def _json(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, allow_nan=False)
