"""Where the data is, and what of it was read: the only module here that opens data files."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MissingDataError", "Store", "data_folder"]


class MissingDataError(Exception):
    """A file of the data folder is not there."""


@dataclass(frozen=True, slots=True)
class Store:
    """A data folder.

    Attributes:
        folder: holds one folder a data set.
        read: SHA-256 of every file read so far, by its path in the folder.
    """

    folder: Path
    read: dict[str, str] = field(default_factory=dict)

    def arrays(self, path: str) -> dict[str, NDArray[Any]]:
        """The arrays of an NPZ file, by name."""
        with np.load(self._found(path), allow_pickle=False) as data:
            return {name: data[name] for name in data.files}

    def array(self, path: str) -> NDArray[Any]:
        """The array of an NPY file."""
        values: NDArray[Any] = np.load(self._found(path), allow_pickle=False)
        return values

    def json(self, path: str) -> Any:
        """A JSON file."""
        return json.loads(self._found(path).read_text(encoding="utf-8"))

    def rows(self, path: str) -> list[dict[str, str]]:
        """A gzipped CSV file, one mapping a row."""
        with gzip.open(self._found(path), "rt", encoding="utf-8", newline="") as text:
            return list(csv.DictReader(text))

    def _found(self, path: str) -> Path:
        file = self.folder / path
        if not file.is_file():
            raise MissingDataError(f"{path} is not in the data folder")
        if path not in self.read:
            self.read[path] = hashlib.sha256(file.read_bytes()).hexdigest()
        return file


def data_folder(asked: str | None, repository: Path) -> Path:
    """The folder asked for, else that of ``FOUREYES_SHARED``, else the one beside the repository."""
    if asked:
        return Path(asked)
    shared = os.environ.get("FOUREYES_SHARED")
    return (Path(shared) if shared else repository.parent / "shared") / "data"
