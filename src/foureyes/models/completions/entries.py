"""Replies in which one list is far larger than the rest: read an entry at a time, so that no more than one is held as JSON.

A vLLM shows about 1.8 kB of JSON for every token of prompt and answer, which is four times as much in Python's dicts. What is
wanted of them fits a few numbers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias, TypeVar

from foureyes.models.token_logprobs import RowFault

__all__ = ["Place", "Take", "decoded", "or_fault", "whole"]

T = TypeVar("T")

Place: TypeAlias = Sequence[str | int]
"""Keys and indices that lead to a list from the outside in."""

Take: TypeAlias = Callable[[int, Callable[[], Any]], Any]
"""Given the place of an entry and what decodes it; what it returns stands in the entry's stead."""

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_SKIP: Final = json.JSONDecoder().raw_decode


def decoded(content: bytes, place: Place, take: Take) -> Any:
    """A JSON document with each entry of one list replaced by what is taken of it.

    Args:
        content: the document, in UTF-8.
        place: where the list is; what stands there instead is decoded as it is.
        take: called once an entry, in their order.

    Raises:
        ValueError: it is no JSON.
        RecursionError: it is too deep.

    Example:
        >>> decoded(b'{"a": [{"big": [1, 2]}, {"big": [3]}], "b": 1}', ["a"], lambda i, entry: len(entry()["big"]))
        {'a': [2, 1], 'b': 1}
    """
    scan = _Scan(content, take)
    value, end = scan.value(scan.after_space(0), tuple(place))
    if scan.after_space(end) != len(content):
        raise ValueError(f"wanted the end of the document at byte {end}; got more")
    return value


def or_fault(take: Callable[[], T]) -> T | RowFault:
    """What is taken of an entry, or why that cannot be: counts are looked at before it matters."""
    try:
        return take()
    except RowFault as fault:
        return fault


def whole(taken: object, kind: type[T]) -> T:
    """What was taken of an entry; raises the fault that stands in its stead."""
    if isinstance(taken, RowFault):
        raise taken
    if not isinstance(taken, kind):
        raise TypeError(f"entries are taken before a reply is understood; got {type(taken).__name__}")
    return taken


class _Scan:
    """Walks a document; its text has a character a byte, so that places in it are places in the bytes."""

    def __init__(self, content: bytes, take: Take) -> None:
        self._content = content
        self._text = content.decode("latin-1")
        self._take = take

    def after_space(self, at: int) -> int:
        found = _SPACE.match(self._text, at)
        return at if found is None else found.end()

    def value(self, at: int, place: tuple[str | int, ...] | None) -> tuple[Any, int]:
        """The value that begins here and where it ends; ``place`` leads on to the list, ``None`` where that is elsewhere."""
        opening = self._text[at : at + 1]
        if place is not None and opening == "[" and (not place or isinstance(place[0], int)):
            return self._list(at, place)
        if place and opening == "{" and isinstance(place[0], str):
            return self._object(at, place)
        _, end = _SKIP(self._text, at)
        return json.loads(self._content[at:end]), end

    def _list(self, at: int, place: tuple[str | int, ...]) -> tuple[list[Any], int]:
        found: list[Any] = []
        at = self.after_space(at + 1)
        if self._text[at : at + 1] == "]":
            return found, at + 1
        while True:
            value, at = self._item(at, len(found), place)
            found.append(value)
            at, ended = self._next(at, "]")
            if ended:
                return found, at

    def _item(self, at: int, index: int, place: tuple[str | int, ...]) -> tuple[Any, int]:
        if place:
            return self.value(at, place[1:] if place[0] == index else None)
        _, end = _SKIP(self._text, at)
        return self._take(index, lambda: json.loads(self._content[at:end])), end

    def _object(self, at: int, place: tuple[str | int, ...]) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        at = self.after_space(at + 1)
        if self._text[at : at + 1] == "}":
            return found, at + 1
        while True:
            key, at = self.value(at, None)
            at = self.after_space(at)
            if not isinstance(key, str) or self._text[at : at + 1] != ":":
                raise ValueError(f"wanted a key and a colon at byte {at}")
            found[key], at = self.value(self.after_space(at + 1), place[1:] if key == place[0] else None)
            at, ended = self._next(at, "}")
            if ended:
                return found, at

    def _next(self, at: int, closing: str) -> tuple[int, bool]:
        """Where the next entry begins, or where the list or object has ended."""
        at = self.after_space(at)
        mark = self._text[at : at + 1]
        if mark not in {",", closing}:
            raise ValueError(f"wanted , or {closing} at byte {at}")
        return (at + 1, True) if mark == closing else (self.after_space(at + 1), False)
