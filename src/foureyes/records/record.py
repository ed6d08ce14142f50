"""One record of a file."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from foureyes.errors import InputError

__all__ = ["NoText", "Record", "require_once", "text_of"]


@dataclass(frozen=True, slots=True)
class Record:
    """A line of JSON, an entry of a JSON list, a row of a table: fields by their names, and where it stood.

    Attributes:
        place: where it stands in its file, as a person counts: ``"line 17"``, ``"row 5"``, ``"entry 3 of samples"``.
        fields: values as JSON has them; ``None`` where there is no record.
        problem: why there is none; empty where there is.
        text: the JSON object as it is written in the file, on one line, for those who copy it; ``None`` where the file
            holds no JSON. Where there is no record, what stands in its place, as far as it is text.
    """

    place: str
    fields: dict[str, Any] | None
    problem: str = ""
    text: str | None = None


class NoText(str):
    """Bytes that are no text, in base64: a hash or a picture may be kept so, and nobody's words are."""

    __slots__ = ()


def text_of(raw: bytes) -> str:
    """Bytes as the text that they are in UTF-8; in base64, as :class:`NoText`, where they are none."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return NoText(base64.b64encode(raw).decode())


def require_once(columns: Iterable[str], name: str) -> None:
    """Makes sure that no two columns have one name.

    Args:
        columns: their names.
        name: of the file, for the message.

    Raises:
        InputError: two have one name.
    """
    twice = [column for column, n in Counter(columns).items() if n > 1]
    if twice:
        raise InputError(f"{name} has more than one column called {min(twice)!r}")
