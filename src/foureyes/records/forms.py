"""Which format is it? A suffix says, the first bytes confirm or tell where no suffix does."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, get_args

from foureyes.errors import InputError

__all__ = ["FORMS", "PACKED", "SUFFIXES", "Form", "check_start", "form_of_name", "form_of_start", "suffixes_of"]

Form: TypeAlias = Literal["jsonl", "json", "csv", "parquet", "arrow", "eval"]

FORMS: Final[tuple[Form, ...]] = get_args(Form)

SUFFIXES: Final[Mapping[str, Form]] = MappingProxyType(
    {
        ".jsonl": "jsonl",
        ".ndjson": "jsonl",
        ".json": "json",
        ".csv": "csv",
        ".tsv": "csv",
        ".tab": "csv",
        ".parquet": "parquet",
        ".pq": "parquet",
        ".arrow": "arrow",
        ".feather": "arrow",
        ".ipc": "arrow",
        ".eval": "eval",
    }
)
"""What files of each format end in; one of :data:`PACKED` may follow."""

PACKED: Final = (".gz", ".zst", ".bz2", ".xz")

DELIMITERS: Final = ",\t;|"

_MARK: Final = b"\xef\xbb\xbf"
_BINARY: Final[Mapping[bytes, Form]] = {
    b"PAR1": "parquet",
    b"ARROW1": "arrow",
    b"\xff\xff\xff\xff": "arrow",
    b"PK\x03\x04": "eval",
}
_TITLES: Final[Mapping[Form, str]] = {"parquet": "a Parquet file", "arrow": "an Arrow file", "eval": "a zip archive"}
_STREAM: Final = "a stream as a server sent it; log the whole answer with its request, an object a line"
_REFUSED: Final[Mapping[bytes, str]] = {
    b"\xff\xfe": "UTF-16; convert it to UTF-8, say with: iconv -f UTF-16 -t UTF-8",
    b"\xfe\xff": "UTF-16; convert it to UTF-8, say with: iconv -f UTF-16 -t UTF-8",
    b"FEA1": "a Feather file of version 1, which nothing writes any more; save it as version 2",
    b'data: {"': _STREAM,
    b"event: ": _STREAM,
    b"SQLite format 3": "an SQLite database; export its table as CSV",
}


def form_of_name(path: PurePath) -> Form | None:
    """The format that a file's suffix names, ``None`` where it names none.

    Example:
        >>> form_of_name(PurePath("answers.jsonl.gz")), form_of_name(PurePath("notes.txt"))
        ('jsonl', None)
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in PACKED:
        suffixes.pop()
    return SUFFIXES.get(suffixes[-1]) if suffixes else None


def suffixes_of(form: Form) -> tuple[str, ...]:
    """What files of a format end in.

    Example:
        >>> suffixes_of("jsonl")
        ('.jsonl', '.ndjson')
    """
    return tuple(suffix for suffix, its in SUFFIXES.items() if its == form)


def check_start(name: str, form: Form | None, start: bytes) -> None:
    """Refuses a file whose first bytes say that it is something else.

    Args:
        name: of the file, for the message.
        form: what it is taken for, if that is known.
        start: its first bytes, unpacked.

    Raises:
        InputError: it is something else.
    """
    for magic, what in _REFUSED.items():
        if start.startswith(magic):
            raise InputError(f"{name} is {what}")
    if form is None or not start:
        return
    found = _binary(start)
    if found is not None and found != form:
        raise InputError(f"{name} is {_TITLES[found]}, not {form}; rename it, or say that its format is {found}")
    if found is None and form in _TITLES:
        raise InputError(f"{name} is not {_TITLES[form]}: it begins with {start[:6]!r}")
    if form == "csv" and start.removeprefix(_MARK).lstrip()[:2] in (b'{"', b"[{"):
        raise InputError(f"{name} holds JSON, not csv; rename it, or say that its format is json")


def form_of_start(lines: Sequence[bytes]) -> Form | None:
    """The format that the first two lines show, ``None`` where they show none.

    Args:
        lines: the first lines of a file that hold anything, unpacked.

    Example:
        >>> form_of_start([b'{"prompt": "q"}']), form_of_start([b"prompt;answer"]), form_of_start([b"Dear all"])
        ('json', 'csv', None)
    """
    if not lines:
        return None
    found = _binary(lines[0])
    if found is not None:
        return found
    first = lines[0].removeprefix(_MARK).lstrip()
    if first[:1] in (b"{", b"["):
        return "json"
    if len(lines) > 1 and lines[1].lstrip()[:1] == b"{":
        return "jsonl"  # and its first line is damaged
    return "csv" if _is_header(first) else None


def _binary(start: bytes) -> Form | None:
    return next((form for magic, form in _BINARY.items() if start.startswith(magic)), None)


def _is_header(line: bytes) -> bool:
    try:
        text = line.decode()
        return any(len(next(csv.reader([text], delimiter=delimiter, strict=True))) > 1 for delimiter in DELIMITERS)
    except (UnicodeDecodeError, csv.Error, StopIteration):
        return False
