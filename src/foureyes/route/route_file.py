"""Changes a few keys of a route's TOML file and leaves everything else of it, comments included, as it was."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from foureyes.errors import InputError
from foureyes.toml_edit import with_keys
from foureyes.toml_text import parsed_toml

__all__ = ["RouteEdit", "edited_route"]


@dataclass(frozen=True, slots=True)
class RouteEdit:
    """One key that changes.

    Attributes:
        table: its table: ``"route"``, ``"reader"`` or ``"writers"``.
        key: the key.
        value: the new value; ``None`` makes its line a comment.
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
    parsed_toml(text.encode())
    try:
        for edit in edits:
            text = _edited(text, edit)
    except InputError as error:
        by_hand = "; ".join(f"[{edit.table}] {edit.key} = {json.dumps(edit.value)}" for edit in edits if edit.value)
        raise InputError(f"{error}. Write by hand: {by_hand}") from error
    return text


def _edited(text: str, edit: RouteEdit) -> str:
    document = parsed_toml(text.encode())
    if edit.table not in document:
        if edit.value is None:
            return text
        text = f"{text.rstrip()}\n\n[{edit.table}]\n"
    place = edit.place if isinstance(document.get(edit.table), list) else None
    return with_keys(text, (edit.table,), {edit.key: edit.value}, place=place)
