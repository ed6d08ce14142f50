"""One record of a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Record"]


@dataclass(frozen=True, slots=True)
class Record:
    """A line of JSON, an entry of a JSON list, a row of a table: fields by their names, and where it stood.

    Attributes:
        place: where it stands in its file, as a person counts: ``"line 17"``, ``"row 5"``, ``"entry 3 of samples"``.
        fields: values as JSON has them; ``None`` where there is no record.
        problem: why there is none; empty where there is.
        text: the JSON object as it is written in the file, on one line, for those who copy it; ``None`` where the file
            holds no JSON. Where there is no record, what stands in its place, as far as it is text.
    """

    place: str
    fields: dict[str, Any] | None
    problem: str = ""
    text: str | None = None
