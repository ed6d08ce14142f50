"""What a GGUF file says of itself before its weights begin: metadata and the shape of every tensor.

Read here and not by a library, because every library that does takes 15 seconds for a large vocabulary or refuses files
whose tensors it cannot use itself. Arrays are skipped: vocabularies are the tokenizer's business.

Source: the GGUF specification, ``ggml/docs/gguf.md``, versions 2 and 3, little-endian.
"""

from __future__ import annotations

import math
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

_LONGEST: Final = 1 << 24
"""Bytes of the longest believable text, a chat template's; a length beyond is the mark of a broken file."""


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
        ValueError: it is not GGUF of version 2 or 3, or it ends before its header does.
    """
    with path.open("rb") as file:
        try:
            return _header(file)
        except (struct.error, OverflowError, UnicodeDecodeError) as error:
            raise ValueError(f"{path.name} ends or breaks within its GGUF header") from error
        except KeyError as error:
            raise ValueError(f"{path.name} has a value of unknown GGUF type {error}") from error


def _header(file: IO[bytes]) -> Header:
    if file.read(4) != b"GGUF":
        raise ValueError("this is no GGUF file: it does not begin with GGUF")
    version, n_tensors, n_values = _unpack(file, "IQQ")
    if version not in (2, 3):
        raise ValueError(f"this GGUF file is of version {version}; wanted 2 or 3")
    values = [(_string(file), _value(file, *_unpack(file, "I"))) for _ in range(n_values)]
    shapes = dict(_shape(file) for _ in range(n_tensors))
    return Header({key: value for key, value in values if value is not None}, shapes)


def _shape(file: IO[bytes]) -> tuple[str, tuple[int, ...]]:
    name = _string(file)
    (n_dimensions,) = _unpack(file, "I")
    shape = _unpack(file, f"{n_dimensions}Q")
    _unpack(file, "IQ")  # how it is quantised, and where it begins
    return name, shape


def _value(file: IO[bytes], kind: int) -> Scalar | None:
    if kind == _STRING:
        return _string(file)
    if kind == _ARRAY:
        _skip_array(file)
        return None
    value: Scalar = _unpack(file, _NUMBERS[kind])[0]
    return value


def _skip_array(file: IO[bytes]) -> None:
    kind, n = _unpack(file, "IQ")
    if kind == _STRING:
        for _ in range(n):
            (n_bytes,) = _unpack(file, "Q")
            file.seek(n_bytes, 1)
    elif kind == _ARRAY:
        for _ in range(n):
            _skip_array(file)
    else:
        file.seek(n * struct.calcsize(_NUMBERS[kind]), 1)


def _string(file: IO[bytes]) -> str:
    (n,) = _unpack(file, "Q")
    if n > _LONGEST:
        raise OverflowError(n)
    return file.read(n).decode()


def _unpack(file: IO[bytes], numbers: str) -> tuple[int, ...]:
    return struct.unpack(f"<{numbers}", file.read(struct.calcsize(f"<{numbers}")))
