"""The published data that is read, and its checksums: the only module here that opens data files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError
from foureyes.records import Record, records
from foureyes.records.streams import checksum

__all__ = ["PublishedData"]


@dataclass(frozen=True, slots=True)
class PublishedData:
    """A folder of data; every method raises :class:`FileNotFoundError` where its file is not there.

    Attributes:
        folder: holds one folder a data set.
        read: SHA-256 of every file read so far, by its path in the folder.
    """

    folder: Path
    read: dict[str, str] = field(default_factory=dict)

    def arrays(self, path: str) -> dict[str, NDArray[Any]]:
        """The arrays of an NPZ file, by name."""
        with np.load(self.file(path), allow_pickle=False) as data:
            return {name: data[name] for name in data.files}

    def array(self, path: str) -> NDArray[Any]:
        """The array of an NPY file."""
        values: NDArray[Any] = np.load(self.file(path), allow_pickle=False)
        return values

    def json(self, path: str) -> Any:
        """A JSON file."""
        return json.loads(self.file(path).read_text(encoding="utf-8"))

    def rows(self, path: str) -> list[dict[str, Any]]:
        """A file of records."""
        return [_fields(record) for record in records(self.file(path))]

    def file(self, path: str) -> Path:
        """A file, its checksum taken."""
        file = self.folder / path
        if not file.is_file():
            raise FileNotFoundError(f"{path} is not in the data folder")
        if path not in self.read:
            self.read[path] = checksum(file)
        return file


def _fields(record: Record) -> dict[str, Any]:
    if record.fields is None:
        raise InputError(f"{record.place}: {record.problem}")
    return record.fields
