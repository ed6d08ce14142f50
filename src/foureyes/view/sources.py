"""Which kind of file is it? Its first bytes say."""

from __future__ import annotations

from pathlib import Path

from foureyes.batch.disk import reading
from foureyes.errors import InputError
from foureyes.view.jsonl_rows import JsonlRows
from foureyes.view.row_source import ScoredRows

__all__ = ["open_source"]


def open_source(path: Path) -> ScoredRows:
    """Rows of a file.

    Raises:
        InputError: it cannot be read, or is neither JSON lines nor Parquet.
        ConfigError: Parquet, and pyarrow is not installed.
    """
    with reading(path), path.open("rb") as file:
        start = file.read(4)
    if start == b"PAR1":
        from foureyes.view.parquet_rows import ParquetRows  # noqa: PLC0415 - pyarrow is an extra

        return ParquetRows(path)
    if start.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK")):
        raise InputError(f"{path} is compressed; view reads JSON lines and Parquet as foureyes score writes them")
    return JsonlRows(path)
