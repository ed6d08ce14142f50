"""What a GGUF file says of itself before its weights begin: metadata and the shape of every tensor.

Read here and not by a library, because every library that does takes 15 seconds for a large vocabulary or refuses files
whose tensors it cannot use itself. Arrays are skipped: vocabularies are the tokenizer's business.

A file states its own counts and lengths, and a broken or hostile one states any. So each is held against what the file still
has, and against bounds that no model comes near; what goes beyond is refused by name before it is read.

Source: the GGUF specification, ``ggml/docs/gguf.md``, versions 2 and 3, little-endian.
"""

from __future__ import annotations

import math
import mmap
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, TypeAlias

__all__ = ["Header", "read_header"]

Scalar: TypeAlias = str | int | float | bool

_NUMBERS: Final = dict(zip((0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12), "BbHhIif?Qqd", strict=True))
_LENGTH: Final = struct.Struct("<Q")
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

_BYTES_A_BLOCK: Final[Mapping[int, Mapping[int, int]]] = {
    1: {0: 4, 1: 2, 24: 1, 25: 2, 26: 4, 27: 8, 28: 8, 30: 2},
    32: {2: 18, 3: 20, 6: 22, 7: 24, 8: 34, 20: 18, 39: 17},
    256: {10: 84, 11: 110, 12: 144, 13: 176, 14: 210, 15: 292, 16: 66, 17: 74, 18: 98, 19: 50, 21: 110, 22: 82, 23: 136}
    | {29: 56, 34: 54, 35: 66},
}
_BLOCKS: Final = {
    kind: (per_block, n_bytes) for per_block, kinds in _BYTES_A_BLOCK.items() for kind, n_bytes in kinds.items()
}
"""Weights and bytes of a block, by the number of its format (``ggml_type``). Of a format that is not here nothing is said."""


@dataclass(frozen=True, slots=True)
class Header:
    """A GGUF file without its weights.

    Attributes:
        metadata: by key; arrays are left out.
        shapes: of every tensor by name, as the file orders dimensions.
        n_bytes: the file's size up to the end of its last tensor, as far as its formats are known here.
    """

    metadata: Mapping[str, Scalar]
    shapes: Mapping[str, tuple[int, ...]]
    n_bytes: int = 0

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
        self._text = self._texts = self._tensors_end = 0

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
        metadata = {key: value for key, value in values if value is not None}
        return Header(metadata, shapes, self._end(metadata.get("general.alignment", 32)))

    def _end(self, alignment: Scalar) -> int:
        """Where the last tensor ends; tensors begin at the next multiple of the alignment behind the header."""
        if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
            raise ValueError(f"the GGUF header states an alignment of {alignment}; wanted a power of two")
        return -(-self._file.tell() // alignment) * alignment + self._tensors_end

    def _shape(self) -> tuple[str, tuple[int, ...]]:
        name = self._string()
        (n_dimensions,) = self._unpack("I")
        _require("dimensions of a tensor", n_dimensions, _MOST_DIMENSIONS)
        shape = self._unpack(f"{n_dimensions}Q")
        kind, begins = self._unpack("IQ")
        per_block, n_bytes = _BLOCKS.get(kind, (1, 0))
        self._tensors_end = max(self._tensors_end, begins + -(-math.prod(shape) // per_block) * n_bytes)
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
            self._skip_texts(n)
        elif kind == _ARRAY:
            for _ in range(n):
                self._skip_array(depth + 1)
        else:
            self._skip(n * struct.calcsize(_NUMBERS[kind]))

    def _skip_texts(self, n: int) -> None:
        """Goes past as many texts, over the mapped file: half a million of them are no rarity."""
        at = self._file.tell()
        if n == 0:
            return
        with mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            for _ in range(n):
                at += _LENGTH.size + _LENGTH.unpack_from(mapped, at)[0]
        self._file.seek(at)
        self._skip(0)

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
