"""How ``foureyes calibrate`` prints tables, and what it says of data that a promise was not made on."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from foureyes.calibration import DataShift
from foureyes.report.study import TextTable

__all__ = ["print_table", "shift_words"]


def print_table(table: TextTable) -> None:
    """Columns side by side, with the note below."""
    lines = [table.columns, *table.rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())
    if table.note:
        print(f"\n{table.note}")


def shift_words(shift: DataShift | None) -> dict[str, Any]:
    """For a JSON object: ``shift`` where it was looked for."""
    if shift is None:
        return {}
    return {"shift": {**asdict(shift), "differs": shift.differs, "statement": shift.statement}}
