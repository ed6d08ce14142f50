"""What a GGUF file says of itself before its weights begin: metadata and the shape of every tensor.

Read here and not by a library, because every library that does takes 15 seconds for a large vocabulary or refuses files
whose tensors it cannot use itself. Arrays are skipped: vocabularies are the tokenizer's business.

A file states its own counts and lengths, and a broken or hostile one states any. So each is held against what the file still
has, and against bounds that no model comes near; what goes beyond is refused by name before it is read.

Source: the GGUF specification, ``ggml/docs/gguf.md``, versions 2 and 3, little-endian.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, TypeAlias

__all__ = ["Header", "read_header"]

Scalar: TypeAlias = str | int | float | bool

_NUMBERS: Final = dict(zip((0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12), "BbHhIif?Qqd", strict=True))
_STRING: Final = 8
_ARRAY: Final = 9

_LONGEST_TEXT: Final = 1 << 24
"""Bytes of the longest believable text, a chat template's."""
_MOST_TEXT: Final = 1 << 26
"""Bytes of all texts that are kept, together."""
_MOST_VALUES: Final = 1 << 16
_MOST_TENSORS: Final = 1 << 18
_MOST_DIMENSIONS: Final = 8
_MOST_TEXTS: Final = 1 << 22
"""Texts in all arrays together: some ten vocabularies of the largest kind, with their merges."""
_DEEPEST: Final = 4


@dataclass(frozen=True, slots=True)
class Header:
    """A GGUF file without its weights.

    Attributes:
        metadata: by key; arrays are left out.
        shapes: of every tensor by name, as the file orders dimensions.
    """

    metadata: Mapping[str, Scalar]
    shapes: Mapping[str, tuple[int, ...]]

    @property
    def n_weights(self) -> int:
        """How many numbers all tensors hold together."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    def text(self, key: str, default: str) -> str:
        """A value of the metadata as text."""
        return str(self.metadata.get(key, default))


def read_header(path: Path) -> Header:
    """Reads the beginning of a GGUF file.

    Raises:
        ValueError: it is not GGUF of version 2 or 3, it ends before its header does, or its header states more than any
            model has: values, tensors, dimensions, texts or their lengths, or arrays within arrays.
    """
    with path.open("rb") as file:
        try:
            return _BoundedFile(file).header()
        except (struct.error, OverflowError, UnicodeDecodeError) as error:
            raise ValueError(f"{path.name} ends or breaks within its GGUF header") from error
        except KeyError as error:
            raise ValueError(f"{path.name} has a value of unknown GGUF type {error}") from error


class _BoundedFile:
    """Reads a header from a file, and counts what it has read against the bounds."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._size = file, os.fstat(file.fileno()).st_size
        self._text = self._texts = 0

    def header(self) -> Header:
        if self._file.read(4) != b"GGUF":
            raise ValueError("this is no GGUF file: it does not begin with GGUF")
        version, n_tensors, n_values = self._unpack("IQQ")
        if version not in (2, 3):
            raise ValueError(f"this GGUF file is of version {version}; wanted 2 or 3")
        _require("values", n_values, _MOST_VALUES)
        _require("tensors", n_tensors, _MOST_TENSORS)
        values = [(self._string(), self._value(*self._unpack("I"))) for _ in range(n_values)]
        shapes = dict(self._shape() for _ in range(n_tensors))
        return Header({key: value for key, value in values if value is not None}, shapes)

    def _shape(self) -> tuple[str, tuple[int, ...]]:
        name = self._string()
        (n_dimensions,) = self._unpack("I")
        _require("dimensions of a tensor", n_dimensions, _MOST_DIMENSIONS)
        shape = self._unpack(f"{n_dimensions}Q")
        self._unpack("IQ")  # how it is quantised, and where it begins
        return name, shape

    def _value(self, kind: int) -> Scalar | None:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            self._skip_array(1)
            return None
        value: Scalar = self._unpack(_NUMBERS[kind])[0]
        return value

    def _skip_array(self, depth: int) -> None:
        _require("arrays within arrays", depth, _DEEPEST)
        kind, n = self._unpack("IQ")
        if kind in (_STRING, _ARRAY):
            self._texts += n
            _require("texts and arrays in arrays", self._texts, _MOST_TEXTS)
        if kind == _STRING:
            for _ in range(n):
                self._skip(*self._unpack("Q"))
        elif kind == _ARRAY:
            for _ in range(n):
                self._skip_array(depth + 1)
        else:
            self._skip(n * struct.calcsize(_NUMBERS[kind]))

    def _skip(self, n_bytes: int) -> None:
        if self._file.tell() + n_bytes > self._size:
            raise OverflowError(n_bytes)
        self._file.seek(n_bytes, os.SEEK_CUR)

    def _string(self) -> str:
        (n,) = self._unpack("Q")
        if n > _LONGEST_TEXT:
            raise OverflowError(n)
        self._text += n
        _require("bytes of text", self._text, _MOST_TEXT)
        return self._file.read(n).decode()

    def _unpack(self, numbers: str) -> tuple[int, ...]:
        return struct.unpack(f"<{numbers}", self._file.read(struct.calcsize(f"<{numbers}")))


def _require(what: str, n: int, most: int) -> None:
    if n > most:
        raise ValueError(f"the GGUF header states {n:,} {what}; no model has more than {most:,}")
