"""Which file is it? Its suffix says."""

from __future__ import annotations

from pathlib import Path

from foureyes.errors import InputError
from foureyes.tables.arrays import ArrayTable
from foureyes.tables.records import CsvTable, JsonlTable
from foureyes.tables.table import Table

__all__ = ["open_table"]


def open_table(path: str | Path) -> Table:
    """Reads a file whole; arrays of a NPY file stay on disk.

    Args:
        path: a file that ends in .jsonl, .ndjson, .csv, .parquet, .npz or .npy.

    Raises:
        InputError: another suffix, or the file cannot be read.
        ConfigError: Parquet, and pyarrow is not installed.
    """
    file = Path(path)
    suffix = file.suffix.lower()
    if suffix in (".jsonl", ".ndjson"):
        return JsonlTable(file)
    if suffix == ".csv":
        return CsvTable(file)
    if suffix in (".npz", ".npy"):
        return ArrayTable(file)
    if suffix == ".parquet":
        from foureyes.tables.parquet import ParquetTable  # noqa: PLC0415 - pyarrow is an extra

        return ParquetTable(file)
    raise InputError(f"cannot tell what {path} is; wanted a file that ends in .jsonl, .csv, .parquet, .npz or .npy")
