"""Logs of Inspect in its own format, ``.eval``: a zip archive with a JSON file for each sample."""

from __future__ import annotations

import io
import sys
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Final
from zipfile import BadZipFile, ZipFile, ZipInfo

from foureyes.errors import InputError
from foureyes.records.json_values import json_records
from foureyes.records.record import Record
from foureyes.records.streams import seekable, unpacked_zstd

__all__ = ["eval_records"]

LARGEST_SAMPLE: Final = 1 << 28
"""Bytes of a sample, unpacked."""

_ZSTD: Final = 93  # the number it has in zip archives; Python's zipfile knows it from 3.14 on
_HEADER: Final = 30
_DAMAGED: Final = (BadZipFile, OSError, zlib.error, EOFError, NotImplementedError, RuntimeError)


def eval_records(source: Path | IO[bytes], name: str) -> Iterator[Record]:
    """A record for each sample, in the order in which they were written; one that is damaged costs no other.

    Args:
        source: the file, or what it holds.
        name: of the file, for messages.

    Raises:
        InputError: it is no such archive.
        ConfigError: it is packed with zstd, and nothing here unpacks it.
    """
    with seekable(source) as place, _opened(place, name) as archive:
        names = archive.namelist()
        if "header.json" not in names and "_journal/start.json" not in names:
            raise InputError(f"{name} is a zip archive, and no log of Inspect: of Excel, save CSV; else unpack it")
        for member in archive.infolist():
            if member.filename.startswith("samples/") and member.filename.endswith(".json"):
                yield _record(archive, member)


def _opened(place: Path | IO[bytes], name: str) -> ZipFile:
    try:
        return ZipFile(place)
    except _DAMAGED as error:
        raise InputError(f"cannot read {name}: it is cut or damaged: {error}") from error


def _record(archive: ZipFile, member: ZipInfo) -> Record:
    place = member.filename
    if member.file_size > LARGEST_SAMPLE:
        return Record(place, None, f"more than the {LARGEST_SAMPLE:,} bytes that a sample may have")
    try:
        content = _content(archive, member)
        found = next(json_records(io.BytesIO(content), place), None)
        return Record(place, None, "an empty list") if found is None else replace(found, place=place, text=None)
    except _DAMAGED as error:
        return Record(place, None, f"it is damaged: {error}")
    except InputError as error:
        return Record(place, None, str(error).removeprefix(f"{place}: "))


def _content(archive: ZipFile, member: ZipInfo) -> bytes:
    if member.compress_type != _ZSTD or sys.version_info >= (3, 14):
        return archive.read(member)
    found: bytes = unpacked_zstd(io.BytesIO(_packed(archive, member))).read(member.file_size + 1)
    if len(found) != member.file_size or zlib.crc32(found) != member.CRC:
        raise BadZipFile("its content is not what the archive says")
    return found


def _packed(archive: ZipFile, member: ZipInfo) -> bytes:
    """The bytes of a member as they are stored, which follow a header of two parts of variable length."""
    file = archive.fp
    if file is None:
        raise BadZipFile("the archive is closed")
    file.seek(member.header_offset)
    header = file.read(_HEADER)
    if len(header) < _HEADER or not header.startswith(b"PK\x03\x04"):
        raise BadZipFile("it has no header")
    file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), io.SEEK_CUR)
    return file.read(min(member.compress_size, LARGEST_SAMPLE))
