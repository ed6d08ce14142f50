"""Arrays from whatever holds numbers: lists, NumPy, and torch's tensors on any device, with gradients, in any precision."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.errors import InputError

__all__ = ["as_array"]


def as_array(name: str, values: ArrayLike | Any) -> NDArray[Any]:
    """What anybody gives for an array, as a NumPy array; without a copy where it can.

    A tensor is taken off its device and out of its graph; bfloat16, which NumPy does not have, becomes float32 exactly.

    Args:
        name: what to call it in an error.
        values: an array, a tensor, or nested lists of numbers or tensors.

    Raises:
        InputError: rows of several lengths, or entries that are missing.

    Example:
        >>> as_array("scores", [1, 2]).tolist()
        [1, 2]
    """
    if isinstance(values, np.ndarray):
        return _in_numpys_own(values)
    if _is_tensor(values):
        return _of_tensor(values)
    if isinstance(values, (list, tuple)) and values and _is_tensor(values[0]):
        values = [_of_tensor(value) if _is_tensor(value) else value for value in values]
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise InputError(f"{name} must have rows of one length; got {_lengths(values)}") from error
    if array.dtype == object and (missing := [i for i, value in enumerate(array.flat) if value is None]):
        row = missing[0] * len(array) // max(array.size, 1)
        raise InputError(
            f"{name} must not hold None; got {len(missing):,}, the first at row {row}: leave such rows out"
        )
    return _in_numpys_own(array)


def _is_tensor(values: Any) -> bool:
    return hasattr(values, "detach") and hasattr(values, "cpu")


def _of_tensor(tensor: Any) -> NDArray[Any]:
    plain = tensor.detach().cpu()
    if str(plain.dtype) == "torch.bfloat16":
        plain = plain.float()
    return np.asarray(plain.numpy())


def _in_numpys_own(array: NDArray[Any]) -> NDArray[Any]:
    """The array in a type of NumPy's own: ml_dtypes' bfloat16, as of JAX, becomes float32."""
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array


def _lengths(values: Any) -> str:
    lengths = Counter(len(row) if hasattr(row, "__len__") else None for row in values)
    usual = lengths.most_common(1)[0][0]
    other = next((i for i, row in enumerate(values) if (len(row) if hasattr(row, "__len__") else None) != usual), 0)
    if len(lengths) == 1:
        return f"lists of several depths in rows of {usual}"
    told = ", ".join(f"{n:,} of {'no length' if length is None else length}" for length, n in lengths.most_common(3))
    return f"{told}; the first odd one at row {other}"
