"""Columns of files people already have: JSONL, JSON, CSV, Parquet, Arrow, NPY and NPZ, read whole into arrays.

The rule that holds throughout: nothing is guessed. A field that is not there, a text where a number belongs or a NaN is
an error that names the file, the field and the row; a value that is absent is absent in ``Column.present`` and never a
number. Rows are counted from 0, as arrays count them.

A newcomer starts at :func:`~foureyes.tables.opening.open_table`, then :class:`~foureyes.tables.table.Table`.
"""

from foureyes.tables.opening import open_table
from foureyes.tables.saving import write_text
from foureyes.tables.table import Column, Table

__all__ = ["Column", "Table", "open_table", "write_text"]
