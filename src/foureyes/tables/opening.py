"""Which file is it? Its suffix says, or its first bytes."""

from __future__ import annotations

from pathlib import Path

from foureyes.records.reading import form_of, records
from foureyes.tables.arrays import ArrayTable
from foureyes.tables.records import RecordTable
from foureyes.tables.table import Table

__all__ = ["open_table"]


def open_table(path: str | Path) -> Table:
    """Reads a file whole; arrays of a NPY file stay on disk.

    Args:
        path: of a file that :func:`foureyes.records.records` reads, or one that ends in .npz or .npy.

    Raises:
        InputError: the file cannot be read, or its format cannot be told.
        ConfigError: Parquet or Arrow, and pyarrow is not installed.
    """
    file = Path(path)
    if file.suffix.lower() in (".npz", ".npy"):
        return ArrayTable(file)
    form = form_of(file)
    if form == "parquet" or form == "arrow":  # noqa: PLR1714 - what narrows the type
        from foureyes.records.columns import read_table  # noqa: PLC0415 - pyarrow is an extra
        from foureyes.tables.columns import ColumnTable  # noqa: PLC0415

        return ColumnTable(str(file), form, read_table(file, form))
    return RecordTable(str(file), form, records(file, form=form))
