"""JSON documents that are a table: what pandas writes of a data frame, whichever way it is told to lay it out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["frame_rows"]


def frame_rows(document: Mapping[str, Any]) -> list[Any] | None:
    """The rows of a table, ``None`` if the document is none.

    Recognised are the layouts that pandas calls ``columns`` (its default), ``index``, ``split`` and ``table``: the first two
    by what their rows are called, numbers.

    Example:
        >>> frame_rows({"prompt": {"0": "q", "1": "r"}, "answer": {"0": "a", "1": "b"}})
        [{'prompt': 'q', 'answer': 'a'}, {'prompt': 'r', 'answer': 'b'}]
        >>> frame_rows({"prompt": "q", "answer": "a"}) is None
        True
    """
    match document:
        case {"columns": [*names], "index": [*_], "data": [*rows], **rest} if not rest and _are_rows(rows, len(names)):
            return [dict(zip(names, row, strict=True)) for row in rows]
        case {"schema": {"fields": [*_], "pandas_version": _}, "data": [*rows], **rest} if not rest:
            return rows
    parts = list(document.values())
    if not parts or not all(isinstance(part, dict) for part in parts):
        return None
    if _are_numbers(document):
        return parts
    if all(_are_numbers(part) and part.keys() == parts[0].keys() for part in parts):
        return [{name: part[row] for name, part in document.items()} for row in parts[0]]
    return None


def _are_rows(rows: Iterable[Any], width: int) -> bool:
    return all(isinstance(row, list) and len(row) == width for row in rows)


def _are_numbers(names: Mapping[str, Any]) -> bool:
    return bool(names) and all(name.isdecimal() for name in names)
