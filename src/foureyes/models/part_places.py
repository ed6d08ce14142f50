"""Where the parts of a turn stand in a text that somebody else made of them: a chat template.

A template writes the same values in its own way: JSON, XML, keys before values, text with its white space stripped. Each
value is looked for behind its key, in the forms that templates write. Whatever is not found has been left out, and then
there is no answer at all: a reading of such a text would pass over it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from foureyes.json_text import JsonNumber
from foureyes.types import Part, PartSpan, Reasoning, Refusal, ToolCall, ToolResult
from foureyes.types.parts import extended_path

__all__ = ["places_of"]

_HTML_SAFE: Final = str.maketrans({"<": r"\u003c", ">": r"\u003e", "&": r"\u0026", "'": r"\u0027"})
_KINDS: Final = {str: "text", Reasoning: "reasoning", Refusal: "refusal", ToolResult: "result"}


def places_of(parts: Sequence[Part], text: str) -> tuple[PartSpan, ...] | None:
    """The places of all parts, in order; ``None`` where one of them, or a value of a call, is not there.

    Args:
        parts: of a turn; none that cannot be read.
        text: what was made of them.

    Example:
        >>> text = '<call>{"amount": 5, "to": "Ana", "name": "pay"}</call>'
        >>> found = places_of([ToolCall("pay", '{"amount": 5, "to": "Ana"}')], text)
        >>> [(place.path, text[slice(*place.span)]) for place in found]
        [('name', 'pay'), ('arguments.amount', '5'), ('arguments.to', '"Ana"')]
    """
    found: list[PartSpan] = []
    start = 0
    for index, part in enumerate(parts):
        places = _call(part, index, text, start) if isinstance(part, ToolCall) else _words(part, index, text, start)
        if places is None:
            return None
        found += places
        start = max([start, *(place.span[1] for place in places)])
    return tuple(found)


def _words(part: Part, index: int, text: str, start: int) -> list[PartSpan] | None:
    words = (part if isinstance(part, str) else getattr(part, "text", getattr(part, "content", ""))).strip()
    at = text.find(words, start)
    return None if at < 0 else [PartSpan(index, _KINDS.get(type(part), "other"), (at, at + len(words)))]


def _call(call: ToolCall, index: int, text: str, start: int) -> list[PartSpan] | None:
    """The name first, since most templates write it so; values wherever they stand from the start of the call."""
    name = _first(text, [call.name], start)
    if name is None:
        return None
    found = [PartSpan(index, "name", name)]
    at = start
    for path, keys, value in _leaves(call.parsed(), "arguments", ()):
        place = _value(text, keys, value, at) or _value(text, keys, value, start)
        if place is None and not _holds_nothing(value):
            return None
        if place is not None:
            found.append(PartSpan(index, path, place))
            at = place[1]
    return found


def _leaves(value: object, path: str, keys: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...], object]]:
    """Every value that holds no other: the way to it, the keys on that way that stand right before it, and itself."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, extended_path(path, f".{key}"), (*keys, key))
    elif isinstance(value, list) and value:
        for i, inner in enumerate(value):
            yield from _leaves(inner, extended_path(path, f"[{i}]"), () if i else keys)
    else:
        yield path, keys, value


def _value(text: str, keys: Sequence[str], value: object, start: int) -> tuple[int, int] | None:
    """The first place of a value behind the last of its keys that stands behind the start."""
    at = start
    for key in keys[-1:]:
        place = _first(text, _quoted(key), at) or _first(text, [key], at)
        at = start if place is None else place[1]
    return _first(text, _forms(value), at)


def _first(text: str, forms: Iterable[str], start: int) -> tuple[int, int] | None:
    """The earliest of several forms; of two at one place, the longer."""
    best: tuple[int, int] | None = None
    for form in filter(None, forms):
        ends = len(text) if best is None else best[0] + len(form)  # what begins behind the best is of no use
        if (at := text.find(form, start, ends)) >= 0:
            best = min(best or (at, 0), (at, -len(form)))
    return best and (best[0], best[0] - best[1])


def _forms(value: object) -> list[str]:
    match value:
        case JsonNumber():
            return [str(value)]
        case str():
            return [*_quoted(value), value, value.strip()]
        case True | False | None:
            return [json.dumps(value), str(value)]
        case _:
            return [json.dumps(value)]


def _quoted(text: str) -> list[str]:
    plain, ascii_only = json.dumps(text, ensure_ascii=False), json.dumps(text)
    return [plain, ascii_only, plain.translate(_HTML_SAFE), ascii_only.translate(_HTML_SAFE)]


def _holds_nothing(value: object) -> bool:
    return isinstance(value, str | dict | list) and not value
