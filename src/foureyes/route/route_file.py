"""Changes a few keys of a route's TOML file and leaves everything else of it, comments included, as it was."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.toml_text import parsed_toml

__all__ = ["RouteEdit", "edited_route"]

_HEADER: Final = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_VALUE: Final = r"(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s#\[\{\"']+)"


@dataclass(frozen=True, slots=True)
class RouteEdit:
    """One key that changes.

    Attributes:
        table: its table: ``"route"``, ``"reader"`` or ``"writers"``.
        key: the key.
        value: the new value; ``None`` takes the key away.
        place: of the table among several of its name, from 0; for ``[[writers]]``.
    """

    table: str
    key: str
    value: str | None
    place: int = 0


def edited_route(text: str, edits: Sequence[RouteEdit]) -> str:
    r"""The file with some keys changed.

    Args:
        text: TOML.
        edits: what changes.

    Raises:
        InputError: it is not TOML, or it is written in a way in which a key cannot be changed for sure; the message says which
            keys to write by hand.

    Example:
        >>> print(edited_route("[route] # mine\nshadow = true\n", [RouteEdit("route", "policy", "p.json")]), end="")
        [route] # mine
        shadow = true
        policy = "p.json"
    """
    before = parsed_toml(text.encode())
    lines = text.splitlines()
    for edit in edits:
        lines = _edited(lines, edit)
    after = "\n".join(lines) + "\n"
    try:
        found = parsed_toml(after.encode())
    except InputError:
        found = None
    if found != _wanted(before, edits):
        by_hand = "; ".join(
            f"[{edit.table}] {edit.key} = {_toml(edit.value)}" for edit in edits if edit.value is not None
        )
        raise InputError(f"the file is written in a way that cannot be changed for sure. Write by hand: {by_hand}")
    return after


def _edited(lines: Sequence[str], edit: RouteEdit) -> list[str]:
    found = _section(lines, edit)
    if found is None:
        return [*lines] if edit.value is None else [*lines, "", f"[{edit.table}]", f"{edit.key} = {_toml(edit.value)}"]
    first, last = found
    known = re.compile(rf"^(\s*{re.escape(edit.key)}\s*=\s*){_VALUE}(\s*(?:#.*)?)$")
    for place in range(first + 1, last):
        if match := known.match(lines[place]):
            changed = [] if edit.value is None else [f"{match[1]}{_toml(edit.value)}{match[2]}"]
            return [*lines[:place], *changed, *lines[place + 1 :]]
    if edit.value is None:
        return [*lines]
    end = max(
        (i for i in range(first, last) if lines[i].strip() and not lines[i].lstrip().startswith("#")), default=first
    )
    return [*lines[: end + 1], f"{edit.key} = {_toml(edit.value)}", *lines[end + 1 :]]


def _section(lines: Sequence[str], edit: RouteEdit) -> tuple[int, int] | None:
    """The lines of a table: its header, and where the next one begins."""
    headers = [(i, match[2]) for i, line in enumerate(lines) if (match := _HEADER.match(line))]
    own = [i for i, name in headers if name == edit.table]
    if edit.place >= len(own):
        return None
    first = own[edit.place]
    return first, next((i for i, _ in headers if i > first), len(lines))


def _wanted(before: dict[str, Any], edits: Sequence[RouteEdit]) -> dict[str, Any] | None:
    """The document as it is to be."""
    document = copy.deepcopy(before)
    for edit in edits:
        if edit.value is not None:
            document.setdefault(edit.table, {})
        table = document.get(edit.table, {})
        if isinstance(table, list):
            if edit.place >= len(table):
                return None
            table = table[edit.place]
        if edit.value is None:
            table.pop(edit.key, None)
        else:
            table[edit.key] = edit.value
    return document


def _toml(value: str | None) -> str:
    """A text in TOML, which a text in JSON is."""
    return json.dumps(value, ensure_ascii=False)
