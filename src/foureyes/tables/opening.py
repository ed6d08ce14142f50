"""Which file is it? Its suffix says, or its first bytes."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import get_args

from foureyes.layouts.documents import entries
from foureyes.records import Record, records
from foureyes.records.delimited import delimiter_between
from foureyes.records.forms import Form
from foureyes.records.reading import form_of, paths_of
from foureyes.records.streams import opened
from foureyes.tables.arrays import ArrayTable
from foureyes.tables.records import RecordTable, TextForm
from foureyes.tables.table import Table

__all__ = ["open_table"]

_ARRAYS = (".npz", ".npy")


def open_table(source: str | Path) -> Table:
    """Reads files whole; arrays of a NPY file stay on disk.

    Args:
        source: the path of a file that :func:`foureyes.records.records` reads, or of one that ends in .npz or .npy; a
            pattern of several, such as ``"logs/*.jsonl"``; ``-`` for standard input.

    Raises:
        InputError: a file cannot be read, or its format cannot be told.
        ConfigError: Parquet or Arrow, and pyarrow is not installed.
    """
    if str(source) == "-":
        return _of_records("standard input", ["jsonl"], records(sys.stdin.buffer))
    paths = paths_of(source) or []
    if not all(path.is_file() for path in paths):  # a pipe, which is read once; or nothing
        return _of_records(str(source), ["jsonl"], records(paths))
    if len(paths) > 1:
        return _of_records(str(source), map(form_of, paths), records(paths))
    [path] = paths
    if path.suffix.lower() in _ARRAYS:
        return ArrayTable(path)
    form = form_of(path)
    if form == "parquet" or form == "arrow":  # noqa: PLR1714 - what narrows the type
        from foureyes.records.row_groups import read_table  # noqa: PLC0415 - pyarrow is an extra
        from foureyes.tables.columns import ColumnTable  # noqa: PLC0415

        return ColumnTable(str(path), form, read_table(path, form))
    return _of_records(str(path), [form], records(path, form=form), _delimiter(path) if form == "csv" else None)


def _delimiter(path: Path) -> str:
    with opened(path, str(path)) as (file, _):
        return delimiter_between(file, str(path))


def _of_records(name: str, forms: Iterable[Form], found: Iterable[Record], delimiter: str | None = None) -> RecordTable:
    """A table of records, and of those in documents that hold some; copies are written as the files are, or as JSON lines."""
    only = set(forms)
    form: TextForm = next((form for form in get_args(TextForm) if only == {form}), "jsonl")
    return RecordTable(name, form, chain.from_iterable(map(entries, found)), delimiter)
