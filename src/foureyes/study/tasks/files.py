"""Records of a file as its publisher wrote it: JSON lines, a JSON list, CSV or Parquet, compressed or not."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

from foureyes.errors import ConfigError, InputError

__all__ = ["SUFFIXES", "Record", "checksum", "records"]

Record: TypeAlias = dict[str, Any]

SUFFIXES: Final = (".jsonl", ".ndjson", ".json", ".csv", ".parquet")
"""What a file with records ends in; ``.gz`` may follow all but the last."""


def records(path: Path) -> Iterator[Record | str]:
    """Every record of a file, in order; text instead of one says why a place holds none.

    Args:
        path: a file that ends in one of :data:`SUFFIXES`, or in one of them and ``.gz``.

    Raises:
        InputError: another suffix, a file that cannot be read, or one that is damaged as a whole.
        ConfigError: Parquet, and pyarrow is not installed.
    """
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    try:
        if suffix == ".parquet":
            yield from _parquet(path)
        elif suffix == ".csv":
            yield from _csv(_text(path))
        elif suffix in SUFFIXES:
            yield from _json(_text(path))
        else:
            raise InputError(f"cannot tell what {path} is; wanted a file that ends in {', '.join(SUFFIXES)}")
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read {path}: {error}") from error


def checksum(path: Path) -> str:
    """sha256 of a file, lower-case hexadecimal.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error


def _text(path: Path) -> str:
    raw = path.read_bytes()
    return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")


def _json(text: str) -> Iterator[Record | str]:
    """A list of objects, or an object a line: files called .json hold either."""
    if text.lstrip().startswith("["):
        try:
            found = json.loads(text)
        except json.JSONDecodeError as error:
            raise InputError(f"not JSON: {error}") from error
        yield from (entry if isinstance(entry, dict) else "not an object" for entry in found)
        return
    for line in text.split("\n"):  # not splitlines: other line ends are legal inside a JSON text
        if line.strip():
            yield _line(line)


def _line(line: str) -> Record | str:
    try:
        found = json.loads(line)
    except json.JSONDecodeError as error:
        return f"not JSON: {error.msg}"
    return found if isinstance(found, dict) else "not an object"


def _csv(text: str) -> Iterator[Record | str]:
    csv.field_size_limit(sys.maxsize)
    for row in csv.DictReader(io.StringIO(text, newline="")):
        yield "wrong number of columns" if None in row or None in row.values() else row


def _parquet(path: Path) -> Iterator[Record]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ConfigError("Parquet files need pyarrow: pip install 'foureyes[parquet]'") from error
    try:
        for batch in pq.ParquetFile(path).iter_batches():
            yield from batch.to_pylist()
    except pa.ArrowInvalid as error:
        raise InputError(f"cannot read {path}: {error}") from error
