"""TOML of files that anybody may have written, read within bounds of size and depth.

Python's own parser takes a minute for a table whose name has a hundred thousand parts, and its stack ends in lists that are
nested as deep. So a document is measured in one pass over its tokens before it is parsed.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final

from foureyes.errors import InputError

__all__ = ["LARGEST_TOML", "parsed_toml"]

LARGEST_TOML: Final = 1 << 20
"""Bytes of the largest document that :func:`parsed_toml` reads."""

_DEEPEST: Final = 16
_MOST_PARTS: Final = 16
_TOKEN: Final = re.compile(
    r'"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"{3,5}'
    r"|'''[^']*(?:'(?!'')[^']*)*'{3,5}"
    r'|(?P<endless>"{3}|\'{3})'
    r'|"[^"\\\n]*(?:\\.[^"\\\n]*)*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|(?P<mark>[\[\]{}.=,\n])"
    r"|(?P<open>['\"])",
    re.DOTALL,
)
"""Texts and comments as wholes, so that what stands in them is not counted; then the marks that are."""


def parsed_toml(raw: bytes) -> dict[str, Any]:
    """The document, or one exception for all that is none or too much.

    Raises:
        InputError: it is not TOML, not UTF-8, larger than :data:`LARGEST_TOML` bytes, nested more than 16 deep, has a key of
            more than 16 parts or a whole number of more than 64 bits; where that has a line, the message says which.

    Example:
        >>> parsed_toml(b"n = 1")
        {'n': 1}
    """
    if len(raw) > LARGEST_TOML:
        raise InputError(f"it is larger than {LARGEST_TOML:,} bytes")
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise InputError(f"it is not UTF-8 text, at byte {error.start}") from error
    _require_bounds(text)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise InputError("it is nested too deeply, or holds a whole number of more than 64 bits") from error
    _require_sizes(document)
    return document


def _require_bounds(text: str) -> None:
    depth = dots = 0
    for token in _TOKEN.finditer(text):
        if token["open"] or token["endless"]:
            raise InputError(f"a text that begins in line {_line(text, token)} does not end")
        mark = token["mark"]
        if mark is None:
            continue
        dots = dots + 1 if mark == "." else 0
        depth += (mark in "[{") - (mark in "]}")
        if depth > _DEEPEST:
            raise InputError(
                f"it is nested too deeply in line {_line(text, token)}: at most {_DEEPEST} levels are read"
            )
        if dots >= _MOST_PARTS:
            raise InputError(f"a key in line {_line(text, token)} has more than {_MOST_PARTS} parts")


def _line(text: str, token: re.Match[str]) -> int:
    return text.count("\n", 0, token.start()) + 1


def _require_sizes(value: Any) -> None:
    """TOML's whole numbers have 64 bits; Python's parser takes longer ones, which it may not even print."""
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        raise InputError("it holds a whole number of more than 64 bits")
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _require_sizes(inner)
