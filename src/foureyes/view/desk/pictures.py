"""Pictures of rows: files that a column names, or arrays of pixels, as a browser takes them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foureyes.batch.disk import reading
from foureyes.errors import InputError
from foureyes.report.assets import Asset

__all__ = ["KINDS", "PictureArrays", "PictureFiles", "Pictures", "png"]

KINDS: Final = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".bmp": "image/bmp",
    ".avif": "image/avif",
}


class PictureFiles:
    """Files that a column names.

    Args:
        names: N paths, relative ones to ``folder``; what does not end like a picture is none.
        folder: where they lie.
    """

    def __init__(self, names: Sequence[Any], folder: Path) -> None:
        self._names, self._folder = names, folder

    def has(self, row: int) -> bool:
        """Whether a row names a picture."""
        name = self._names[row] if 0 <= row < len(self._names) else None
        return isinstance(name, str) and Path(name).suffix.lower() in KINDS and "://" not in name

    def get(self, row: int) -> Asset:
        """The picture of a row.

        Raises:
            InputError: the row has none, or it cannot be read.
        """
        if not self.has(row):
            raise InputError(f"row {row} names no picture file")
        path = self._folder / self._names[row]
        with reading(path):
            return Asset(path.read_bytes(), KINDS[path.suffix.lower()], "")


class PictureArrays:
    """Pixels.

    Args:
        pixels: (N, H, W) or (N, H, W, C) with C 1, 3 or 4: bytes, or numbers from 0 to 1.

    Raises:
        InputError: another shape or type.
    """

    def __init__(self, pixels: NDArray[Any]) -> None:
        shape = pixels.shape
        if (
            pixels.dtype.kind not in "uif"
            or len(shape) not in (3, 4)
            or (len(shape) == 4 and shape[3] not in (1, 3, 4))
        ):
            raise InputError(
                f"pictures must be (N, H, W) or (N, H, W, 1, 3 or 4) numbers; got {pixels.dtype} of shape {shape}"
            )
        self._pixels = pixels

    def has(self, row: int) -> bool:
        """Whether there is a picture of a row."""
        return 0 <= row < len(self._pixels)

    def get(self, row: int) -> Asset:
        """The picture of a row.

        Raises:
            InputError: there is no such row.
        """
        if not self.has(row):
            raise InputError(f"no picture of row {row}; there are {len(self._pixels)}")
        picture = np.asarray(self._pixels[row])
        if picture.dtype.kind == "f":
            picture = np.clip(picture * 255, 0, 255)
        return Asset(png(picture.astype(np.uint8)), "image/png", "")


Pictures = PictureFiles | PictureArrays


def png(pixels: NDArray[np.uint8]) -> bytes:
    r"""Pixels as a PNG file.

    Args:
        pixels: (H, W) or (H, W, C), C 1 for grey, 3 for colours, 4 with transparency.

    Example:
        >>> png(np.zeros((2, 3), np.uint8))[:4]
        b'\x89PNG'

    Source: W3C, Portable Network Graphics (Third Edition), section 11.
    """
    lines = pixels.reshape(pixels.shape[0], pixels.shape[1], -1)
    colours = {1: 0, 3: 2, 4: 6}[lines.shape[2]]
    head = struct.pack(">IIBBBBB", lines.shape[1], lines.shape[0], 8, colours, 0, 0, 0)
    raw = b"".join(b"\0" + line.tobytes() for line in lines)
    parts = (_part(b"IHDR", head), _part(b"IDAT", zlib.compress(raw)), _part(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _part(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
