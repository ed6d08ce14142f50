"""Rows that took a model to make, kept in a file, so that a second run of a study is quick."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from foureyes.models.weights import ensure

__all__ = ["Row", "digest_of", "kept", "rows_of", "weights_of"]

Row = dict[str, Any]


def kept(
    path: Path, asked: Mapping[str, object], make: Callable[[Sequence[str]], list[Row]], *, batch: int = 8
) -> list[Row]:
    """One row an id, from the file where it is there, made and appended where it is not.

    Args:
        path: JSON lines; a last line that was cut is made anew.
        asked: in order, ids of the rows that are wanted, and for each all that its row depends on: the model's weights, what it
            was asked, and how. A row that was made of anything else is made anew.
        make: makes the rows of some ids, in order.
        batch: how many are made before the file grows.
    """
    found = rows_of(path, asked)
    missing = [one for one in asked if one not in found]
    path.parent.mkdir(parents=True, exist_ok=True)
    for first in range(0, len(missing), batch):
        some = missing[first : first + batch]
        made = [{"id": one, "of": digest_of(asked[one]), **row} for one, row in zip(some, make(some), strict=True)]
        with path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in made)
        found |= {row["id"]: row for row in made}
    return [found[one] for one in asked]


def rows_of(path: Path, asked: Mapping[str, object]) -> dict[str, Row]:
    """The rows that the file has of those asked for, by their ids and in this order."""
    found = {(row["id"], row.get("of")): row for row in _rows_in(path)}
    there = {one: found.get((one, digest_of(of))) for one, of in asked.items()}
    return {one: row for one, row in there.items() if row is not None}


def digest_of(what: object) -> str:
    """Of what a row depends on, by its ``repr``."""
    return hashlib.sha256(repr(what).encode()).hexdigest()[:16]


@cache
def weights_of(model: str) -> str:
    """The fingerprint of a model's weights, which a row that it wrote or read depends on."""
    return ensure(model).fingerprint


def _rows_in(path: Path) -> Iterator[Row]:
    """What the file holds; a last line that was cut is taken off."""
    if not path.exists():
        return
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    yield from map(json.loads, whole.splitlines())
