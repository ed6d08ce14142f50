"""Rows of a large matrix, one block at a time, so that memory does not grow with the number of rows.

A block is small enough to stay in a core's cache while several formulas look at it. A read-only memory-mapped file is
handed back to the operating system as it is read: a file larger than memory costs what one block costs.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["copy_rows", "row_blocks"]

Matrix = NDArray[Any]

_NUMBERS_A_BLOCK = 1 << 17


def row_blocks(matrix: Matrix, rows: NDArray[np.intp] | None = None) -> Iterator[tuple[slice, Matrix]]:
    """Blocks of a matrix as floating-point numbers, in order.

    Args:
        matrix: (N, K) numbers of any real type, in memory or memory-mapped, or what makes its rows from a ``source`` that is.
        rows: (M,) the rows wanted; all of them by default.

    Yields:
        ``(where, block)``: ``where`` is the block's place among the N rows, or among the M wanted ones; ``block`` is
        (rows, K), at least as precise as float32, not to be written to and gone when the next one is asked for.
    """
    n = len(matrix) if rows is None else len(rows)
    step = max(1, _NUMBERS_A_BLOCK // max(1, matrix.shape[1]))
    dtype = np.promote_types(matrix.dtype, np.float32)
    mapped = _mapped_file(matrix)
    for start in range(0, n, step):
        where = slice(start, min(start + step, n))
        yield where, np.asarray(matrix[where if rows is None else rows[where]], dtype=dtype)
        if mapped is not None:
            mapped.madvise(mmap.MADV_DONTNEED)


def copy_rows(matrix: Matrix, rows: NDArray[np.intp]) -> Matrix:
    """(M, K) some rows, copied block by block, so that a mapped file does not stay in memory beside them."""
    copy = np.empty((len(rows), matrix.shape[1]), np.promote_types(matrix.dtype, np.float32))
    for where, block in row_blocks(matrix, rows):
        copy[where] = block
    return copy


def _mapped_file(matrix: Any) -> mmap.mmap | None:
    """The file mapping behind an array, if its pages can be dropped and read again unchanged."""
    matrix = getattr(matrix, "source", matrix)
    while isinstance(matrix, np.ndarray):
        if isinstance(matrix, np.memmap) and matrix.mode != "r":
            return None
        matrix = matrix.base
    return matrix if isinstance(matrix, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED") else None
