"""Changes a few keys of one table in a TOML file that people wrote, and leaves every other character as it is.

Python reads TOML and does not write it. So lines are changed, and the result is read again: it must say what was wanted and
otherwise what the file said before, or nothing is changed.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.toml_text import parsed_toml

__all__ = ["with_keys"]

_MARK: Final = "\ufeff"  # of byte order, with which some editors begin a file
_HEADER: Final = re.compile(r"\s*\[\[?[^\[\]]+\]\]?\s*(#.*)?$")
_ANY_HEADER: Final = re.compile(r"\s*\[")
_VALUE: Final = r"""("[^"\\]*"|'[^']*'|[^\s#"'\[{]+)"""


def with_keys(
    text: str, table: Sequence[str], values: Mapping[str, str | float | None], *, place: int | None = None
) -> str:
    r"""The document with these keys of a table set.

    Args:
        text: a TOML document.
        table: names that lead to the table, such as ``("verifiers", "local")``; it must have a header of its own.
        values: key → text or number, or ``None`` for a key that must not be there: its line becomes a comment. Keys that are
            new come after the others of the table.
        place: of the table among those of a list, ``[[writers]]``, from 0; ``None`` where it is no list.

    Raises:
        InputError: not TOML; no such table under a header of its own; a value that stands over several lines.

    Example:
        >>> print(with_keys('[a.b] # mine\nx = 1\n\n[c]\n', ("a", "b"), {"y": "new"}))
        [a.b] # mine
        x = 1
        y = "new"
        <BLANKLINE>
        [c]
        <BLANKLINE>
    """
    lines = text.splitlines(keepends=True)
    first = _header(lines, table, place)
    end = next((at for at in range(first + 1, len(lines)) if _ANY_HEADER.match(lines[at])), len(lines))
    body = lines[first + 1 : end]
    for key, value in values.items():
        body = _set(body, key, value, _line_end(lines[first]))
    found = "".join([*_ended(lines[: first + 1], _line_end(lines[first])), *body, *lines[end:]])
    _require_meant(text, found, table, values, place)
    return found


def _header(lines: Sequence[str], table: Sequence[str], place: int | None) -> int:
    wanted: Any = {} if place is None else [{}]
    for name in reversed(table):
        wanted = {name: wanted}
    found = [at for at, line in enumerate(lines) if _HEADER.match(line.lstrip(_MARK)) and _parsed(line) == wanted]
    if len(found) <= (place or 0):
        header = f"[{'.'.join(table)}]" if place is None else f"[[{'.'.join(table)}]] number {place + 1}"
        raise InputError(f"wanted a table {header} with a header of its own; found none")
    return found[place or 0]


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(line.lstrip(_MARK))
    except tomllib.TOMLDecodeError:
        return None


def _set(body: list[str], key: str, value: str | float | None, line_end: str) -> list[str]:
    there = re.compile(rf"(\s*{re.escape(key)}\s*=\s*){_VALUE}(\s*(?:#.*)?)$")
    for place, line in enumerate(body):
        if match := there.match(line.rstrip("\r\n")):
            new = f"# {line.lstrip()}" if value is None else f"{match[1]}{_quoted(value)}{match[3]}{_line_end(line)}"
            return [*body[:place], new, *body[place + 1 :]]
    if value is None:
        return body
    used = [place for place, line in enumerate(body) if line.strip() and not line.lstrip().startswith("#")]
    at = used[-1] + 1 if used else 0
    return [*_ended(body[:at], line_end), f"{key} = {_quoted(value)}{line_end}", *body[at:]]


def _quoted(value: str | float) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _line_end(line: str) -> str:
    return "\r\n" if line.endswith("\r\n") else "\n"


def _ended(lines: Sequence[str], line_end: str) -> list[str]:
    """The last line of a file may lack its end."""
    return [*lines[:-1], lines[-1] if lines[-1].endswith("\n") else lines[-1] + line_end] if lines else []


def _require_meant(
    before: str,
    after: str,
    table: Sequence[str],
    values: Mapping[str, str | float | None],
    place: int | None,
) -> None:
    wanted = deepcopy(parsed_toml(before.encode()))
    changed: Any = wanted
    for name in table:
        changed = changed[name]
    changed = changed if place is None else changed[place]
    for key, value in values.items():
        changed.pop(key, None)
        if value is not None:
            changed[key] = value
    if parsed_toml(after.encode()) != wanted:
        raise InputError(
            f"cannot set {', '.join(values)} in [{'.'.join(table)}]: they or what is around them stand over several lines; "
            "set them by hand"
        )
