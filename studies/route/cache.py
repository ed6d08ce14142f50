"""Rows that took a model to make, kept in a file, so that a second run of a study is quick."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

__all__ = ["Row", "kept", "rows_in"]

Row = dict[str, Any]


def kept(path: Path, ids: Sequence[str], make: Callable[[Sequence[str]], list[Row]], *, batch: int = 8) -> list[Row]:
    """One row an id, from the file where it is there, made and appended where it is not.

    Args:
        path: JSON lines; a last line that was cut is made anew.
        ids: of the rows that are wanted, in order.
        make: makes the rows of some ids, in order.
        batch: how many are made before the file grows.
    """
    found = {row["id"]: row for row in rows_in(path)}
    missing = [one for one in ids if one not in found]
    path.parent.mkdir(parents=True, exist_ok=True)
    for first in range(0, len(missing), batch):
        some = missing[first : first + batch]
        made = [{"id": one, **row} for one, row in zip(some, make(some), strict=True)]
        with path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in made)
        found |= {row["id"]: row for row in made}
    return [found[one] for one in ids]


def rows_in(path: Path) -> Iterator[Row]:
    """What the file holds; a last line that was cut is taken off."""
    if not path.exists():
        return
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    yield from map(json.loads, whole.splitlines())
