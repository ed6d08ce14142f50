"""Records within records: documents of JSON that hold many (logs of Inspect, results of promptfoo), and JSON text in cells of tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.json_text import parsed_json
from foureyes.records.record import Record

__all__ = ["decoded", "entries"]

_LISTS: Final = frozenset({"data", "examples", "records", "rows", "samples"})
"""Names of the one list of a document that holds nothing else."""


def entries(record: Record) -> Iterator[Record]:
    """The records within a document, each with its place; any other record as it is.

    Example:
        >>> [found.place for found in entries(Record("line 1", {"data": [{"prompt": "a", "answer": "b"}], "has_more": False}))]
        ['entry 1 of data']
    """
    document = record.fields or {}
    where, rows = next(iter(document.items())) if _is_list(document) else _rows(document)
    if not where:
        yield record
        return
    file, comma, _ = record.place.rpartition(", ")
    for i, row in enumerate(rows, 1):
        place = f"{file}{comma}entry {i} of {where}"
        if isinstance(row, dict):
            yield Record(place, row)
        else:
            yield Record(place, None, f"wanted an object; got {type(row).__name__}")


def decoded(row: dict[str, Any]) -> dict[str, Any]:
    """The same row, with what tables hold as JSON text in its own form: conversations, and requests beside their responses."""
    names = [name for name in ("messages", "conversations") if _is_json(row.get(name), "[")]
    if _is_json(row.get("request"), "{") and _is_json(row.get("response"), "{"):
        names += ["request", "response"]
    for name in names:
        try:
            row = {**row, name: parsed_json(row[name])}
        except ValueError as error:
            raise InputError(f"{name!r} holds JSON that cannot be read: {error}") from error
    return row


def _rows(document: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """The name of the list that a document is about, and the list; an empty name where it is about itself."""
    match document:
        case {"eval": {}, "samples": [*rows]}:
            return "samples", rows
        case {"results": {"results": [*rows], "stats": _}}:
            return "results.results", rows
        case {"results": [*rows], "stats": _}:
            return "results", rows
        case {"data": [*rows], "meta": _} | {"data": [*rows], "has_more": _} | {"object": "list", "data": [*rows]}:
            return "data", rows
        case {"rows": [*rows], "features": _}:  # of the Hub's viewer
            return "rows", [row.get("row") if isinstance(row, dict) else row for row in rows]
        case _:
            return "", []


def _is_list(document: Mapping[str, Any]) -> bool:
    """Whether a document is a list of objects under one of the usual names, and nothing else."""
    [rows, *others] = [document[name] for name in document] or [None]
    return not others and not _LISTS.isdisjoint(document) and isinstance(rows, list) and _are_objects(rows)


def _are_objects(rows: list[Any]) -> bool:
    return bool(rows) and all(isinstance(row, dict) for row in rows)


def _is_json(value: object, bracket: str) -> bool:
    return isinstance(value, str) and value.lstrip()[:1] == bracket
