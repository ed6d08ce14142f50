"""JSON that anybody may have written or changed, read without surprises."""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn

from foureyes.errors import InputError

__all__ = ["MAX_JSON_DEPTH", "JsonNumber", "parsed_json", "parsed_strictly"]

MAX_JSON_DEPTH: Final = 64
"""Levels of lists and objects that :func:`parsed_strictly` reads."""


class JsonNumber(str):
    """A number as it was written, every digit of it."""

    __slots__ = ()


def parsed_json(text: str) -> Any:
    """The document, or one exception for all that is none.

    Python's own parser raises others for lists nested too deeply and for numbers of over 4300 digits.

    Raises:
        json.JSONDecodeError: it is not JSON, or too deep or too long a number to be read.

    Example:
        >>> parsed_json('{"n": 1}')
        {'n': 1}
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError) as error:
        raise json.JSONDecodeError("nested too deeply, or a number of too many digits", text, 0) from error


def parsed_strictly(text: str) -> Any:
    """The document with nothing in it that two readers could understand differently.

    Args:
        text: one JSON document; numbers come back as :class:`JsonNumber`, with all their digits.

    Raises:
        InputError: it is not JSON, repeats a key, holds NaN, an infinity or a lone surrogate, or is deeper than
            :data:`MAX_JSON_DEPTH`.

    Example:
        >>> parsed_strictly('{"amount": 1.50}')
        {'amount': '1.50'}
        >>> parsed_strictly('{"amount": 1, "amount": 2}')
        Traceback (most recent call last):
        foureyes.errors.InputError: not strict JSON: the key 'amount' stands there twice
    """
    try:
        text.encode()
        found = json.loads(
            text,
            object_pairs_hook=_once,
            parse_constant=_no_number,
            parse_int=JsonNumber,
            parse_float=JsonNumber,
        )
        json.dumps(found, ensure_ascii=False).encode()  # finds surrogates that were escaped
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(f"not strict JSON: {error}") from error
    if _deeper(found, MAX_JSON_DEPTH):
        raise InputError(f"not strict JSON: nested more than {MAX_JSON_DEPTH} levels deep")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise InputError(f"not strict JSON: the key {key!r:.40} stands there twice")
        found[key] = value
    return found


def _no_number(name: str) -> NoReturn:
    raise InputError(f"not strict JSON: {name} is no number")


def _deeper(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper(one, levels - 1) for one in inner)
