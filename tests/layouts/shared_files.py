"""The published files of logs and data sets that lie beside a checkout, where they do."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from foureyes.records import Record

DATA = Path(os.environ.get("FOUREYES_SHARED", Path(__file__).parents[3] / "shared")) / "data"


def needs(folder: str) -> pytest.MarkDecorator:
    """Skips where a folder of the shared data is not there."""
    return pytest.mark.skipif(not (DATA / folder).is_dir(), reason=f"needs {folder} of the shared data")


def records_of(path: Path) -> Iterator[Record]:
    """The records of a file of JSON or JSON lines."""
    text = path.read_text()
    if path.suffix == ".json":
        document: Any = json.loads(text)
        rows = document if isinstance(document, list) else [document]
        return (Record(f"entry {i}", row) for i, row in enumerate(rows, 1))
    return (Record(f"line {i}", json.loads(line)) for i, line in enumerate(text.splitlines(), 1))
