"""JSON that a stranger's server sent, read so that it can be sent on. Pure.

Python reads more than JSON is: NaN, lone surrogates, whole numbers of any size, and of a key that stands twice the last. What stands
behind a gateway does not write these, or reads another of the two, so a reply that holds them is none, and is found to be none before it
counts as an answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from foureyes.errors import InputError

__all__ = ["MOST_DEPTH", "reply_object", "require_depth", "strict_value"]

MOST_DEPTH: Final = 128
"""Levels; orjson writes 254, and schemas of tools, the deepest there are, have a tenth of it."""

_MOST_WHOLE: Final = 1 << 63
_UNUSUAL: Final = re.compile(rb"\\u[dD][89a-fA-F]|[eE]\+?\d{3}|\d{19}")
"""What has to be looked at number by number and text by text; hardly any reply has it."""
_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))


def reply_object(content: bytes) -> Mapping[str, Any]:
    """The object that a body holds.

    Raises:
        InputError: it is not JSON, no object, or holds what cannot be sent on. The message quotes nothing.
    """
    hooks: Any = {"parse_constant": _no_number, "object_pairs_hook": _once}
    if unusual := _UNUSUAL.search(content) is not None:
        hooks |= {"parse_int": _whole, "parse_float": _finite}
    try:
        found = json.loads(content.decode("utf-8-sig"), **hooks)
        if unusual:
            json.dumps(found, ensure_ascii=False).encode()  # a lone surrogate cannot be written
    except (ValueError, RecursionError) as error:
        raise InputError("wanted JSON; got something else") from error
    if not isinstance(found, dict):
        raise InputError("wanted a JSON object; got something else")
    require_depth(content, found)
    return found


def strict_value(text: str) -> Any:
    """The value that a model wrote as JSON, if every reader takes it for the same.

    Args:
        text: of a model.

    Raises:
        InputError: it is not JSON, deeper than :data:`MOST_DEPTH`, repeats a key, or holds a number that is none. The message quotes
            nothing.
    """
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number, parse_float=_finite)
        content = text.encode()
    except (ValueError, RecursionError) as error:
        raise InputError("wanted JSON; got something else") from error
    require_depth(content, found)
    return found


def require_depth(content: bytes, found: Any) -> None:
    """Holds JSON to a depth that everybody it is sent to can read and write.

    Args:
        content: as it came.
        found: the same, decoded.

    Raises:
        InputError: it is deeper.
    """
    if len(content.translate(None, _BRACKETS)) > 2 * MOST_DEPTH and _is_deeper(found, MOST_DEPTH):
        raise InputError(f"wanted JSON of at most {MOST_DEPTH} levels; got more")


def _is_deeper(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most):
        level = [one for outer in level for one in _inside(outer) if isinstance(one, dict | list)]
        if not level:
            return False
    return True


def _inside(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _no_number(_: str) -> NoReturn:
    raise ValueError("no number")


def _finite(digits: str) -> float:
    found = float(digits)
    return _no_number(digits) if found in (float("inf"), float("-inf")) else found


def _whole(digits: str) -> int:
    found = int(digits)
    return found if -_MOST_WHOLE <= found < 2 * _MOST_WHOLE else _no_number(digits)
