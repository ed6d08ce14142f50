"""Records of whatever a user has. Start at :func:`records`."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Final, TypeAlias

from foureyes.errors import InputError
from foureyes.records.delimited import csv_records
from foureyes.records.folders import files_below
from foureyes.records.forms import FORMS, SUFFIXES, Form, check_start, form_of_name, form_of_start
from foureyes.records.inspect_logs import eval_records
from foureyes.records.json_lines import json_lines, numbered_lines
from foureyes.records.json_values import json_records
from foureyes.records.objects import object_records
from foureyes.records.record import Record
from foureyes.records.streams import non_empty_lines, opened, replayed
from foureyes.storage.addresses import has_signs, is_remote, scheme_of

__all__ = ["Source", "form_of", "paths_of", "records"]

Source: TypeAlias = str | os.PathLike[str] | IO[bytes] | Iterable[Any]

_START: Final = 16


def records(source: Source, *, form: Form | None = None) -> Iterator[Record]:
    """Reads records one after the other: of files, of a stream, of a data frame or a data set.

    Memory holds some records at a time and never a whole file, but for a JSON file that is one object.

    Args:
        source: a path, a pattern such as ``"logs/*.jsonl"``, a folder of files, a list of these, an open binary stream, a data frame of
            pandas or polars, a table of pyarrow, a data set of Hugging Face, or an iterable of mappings.
        form: of the files, whatever their suffixes say; told by suffix and first bytes where it is ``None``. Text may
            be packed with gzip, zstd, bzip2 or xz.

    Returns:
        All records, in order. What is no record (a line cut in the middle, a row of another length) is a
        :class:`Record` with a problem.

    Raises:
        InputError: there is no such file, it is damaged as a whole, or its format cannot be told. Much of it comes up
            while records are taken.
        ConfigError: Parquet, Arrow or zstd, and pyarrow is not installed.

    Example:
        >>> [record.fields for record in records([{"prompt": "q", "answer": "a"}])]
        [{'prompt': 'q', 'answer': 'a'}]
    """
    if form is not None and form not in FORMS:
        raise InputError(f"wanted a format, one of {', '.join(FORMS)}; got {form!r}")
    if hasattr(source, "read"):
        return _file_records(_binary(source), str(getattr(source, "name", "the stream")), form)
    paths = paths_of(source)
    if paths is None:
        return object_records(source)
    if len(paths) == 1:
        return _file_records(paths[0], str(paths[0]), form)
    return _of_several(paths, form)


def paths_of(source: object) -> list[Path] | None:
    """The files that a path, a pattern, a folder or a list of these means, in the order of their names; ``None`` for other things.

    Raises:
        InputError: nothing fits a pattern, a folder holds no files of one format, or an address is given where only paths are read.
    """
    if isinstance(source, str | os.PathLike):
        found = _paths(os.fspath(source))
    elif isinstance(source, list | tuple) and source and all(isinstance(one, str | os.PathLike) for one in source):
        found = [path for one in source for path in _paths(os.fspath(one))]
    else:
        return None
    return [file for path in found for file in (files_below(path) if path.is_dir() else [path])]


def form_of(path: Path) -> Form:
    """The format of a regular file, by its suffix or else by its beginning.

    Raises:
        InputError: it cannot be read, is something else than its suffix says, or neither says what it is.
    """
    name = str(path)
    with opened(path, name) as (file, _):
        start = file.read(_START)
        form = form_of_name(path)
        check_start(name, form, start)
        return form or _told_by_content(replayed([start], file), name, is_file=True)[0]


def _paths(text: str) -> list[Path]:
    if is_remote(text):
        scheme_of(text)
        raise InputError(f"{text} is read by foureyes score -o FOLDER/ only; fetch it, or score into a folder")
    path = Path(text)
    if path.exists() or not has_signs(text):
        return [path]
    found = sorted(map(Path, glob.glob(text, recursive=True)))  # noqa: PTH207 - pathlib's cannot take an absolute pattern
    if not found:
        raise InputError(f"no file fits the pattern {text!r}")
    return found


def _of_several(paths: Iterable[Path], form: Form | None) -> Iterator[Record]:
    for path in paths:
        for record in _file_records(path, str(path), form):
            yield replace(record, place=f"{path}, {record.place}")


def _file_records(source: Path | IO[bytes], name: str, form: Form | None) -> Iterator[Record]:
    form = form or (form_of_name(source) if isinstance(source, Path) else None)
    with opened(source, name) as (file, packed):
        start = file.read(_START)
        check_start(name, form, start)
        whole: IO[bytes] = replayed([start], file)
        if form is None:
            form, whole = _told_by_content(whole, name, is_file=isinstance(source, Path))
        if form == "jsonl":
            yield from json_lines(numbered_lines(whole))
        elif form == "json":
            yield from json_records(whole, name)
        elif form == "csv":
            yield from csv_records(whole, name)
        else:
            direct = isinstance(source, Path) and source.is_file() and not packed
            place = source if direct else whole
            yield from eval_records(place, name) if form == "eval" else _columns(place, name, form, start)


def _columns(source: Path | IO[bytes], name: str, form: Form, start: bytes) -> Iterator[Record]:
    from foureyes.records.columns import column_records  # noqa: PLC0415 - an extra
    from foureyes.records.row_groups import arrow_batches, parquet_batches  # noqa: PLC0415

    if form == "parquet":
        return column_records(parquet_batches(source, name), name)
    return column_records(arrow_batches(source, name, start=start), name)


def _told_by_content(file: IO[bytes], name: str, *, is_file: bool) -> tuple[Form, IO[bytes]]:
    lines, seen = non_empty_lines(file, 2)
    form = form_of_start(lines)
    if form is None and is_file:
        known = ", ".join(SUFFIXES)
        raise InputError(f"cannot tell what {name} is; wanted a file that ends in {known}, or say its format")
    return form or "jsonl", replayed(seen, file)


def _binary(source: Any) -> IO[bytes]:
    if isinstance(source.read(0), str):
        raise InputError("wanted a stream of bytes; got one of text: open it with mode 'rb', or give sys.stdin.buffer")
    found: IO[bytes] = source
    return found
