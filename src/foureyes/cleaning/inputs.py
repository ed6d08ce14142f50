"""Reads labels and class probabilities as people have them: names, missing labels, logits, tensors, ragged lists.

Mistakes in labels are collected and told together, so that one run says all that has to be mended.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.display import plural
from foureyes.errors import InputError
from foureyes.maths.arrays import as_array
from foureyes.maths.label_noise import class_matrix
from foureyes.maths.row_blocks import row_blocks

__all__ = ["ClassRows", "InputScale", "class_numbers", "class_rows", "column_names", "label_indices"]

InputScale: TypeAlias = Literal["auto", "probabilities", "logits"]

UNLABELLED: Final = -1
_KINDS_TOLD: Final = 8
_ROWS_TOLD: Final = 3
_NULLS: Final = ("", "nan", "none", "null", "<na>")


class ClassRows:
    """Rows of a class matrix as the formulas want them, made block by block: only some rows, or logits made probabilities.

    Args:
        source: (N, K) numbers, in memory or mapped.
        rows: (M,) the rows it shows; all by default.
        logits: whether a softmax is taken.
    """

    def __init__(self, source: NDArray[Any], rows: NDArray[np.intp] | None, *, logits: bool) -> None:
        self.source, self._rows, self._logits = source, rows, logits
        self.shape = (len(source) if rows is None else len(rows), source.shape[1])
        self.dtype = np.promote_types(source.dtype, np.float32) if logits else source.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[Any]:
        block = np.asarray(self.source[key if self._rows is None else self._rows[key]])
        return _softmax(block.astype(self.dtype)) if self._logits else block


def column_names(pred_probs: Any) -> tuple[str, ...] | None:
    """Names of the classes, where the probabilities are a data frame whose columns have names.

    Example:
        >>> column_names([[0.1, 0.9]]) is None
        True
    """
    names = getattr(pred_probs, "columns", None)
    if names is None or not all(isinstance(name, str) for name in names):
        return None
    return tuple(names)


def class_numbers(name: str, probs: Any) -> NDArray[Any]:
    """One expert's matrix as an array: of an array, a tensor, a data frame, lists.

    Raises:
        InputError: lists are ragged, or it is no matrix of numbers.
    """
    return class_matrix(name, as_array(name, probs))


def class_rows(name: str, matrix: NDArray[Any], rows: NDArray[np.intp] | None, scale: InputScale) -> Any:
    """One expert's rows that have a label, as probabilities.

    Args:
        name: of the expert, for messages.
        matrix: (N, K) probabilities or logits.
        rows: the rows with a label; ``None`` for all.
        scale: what the numbers are; ``"auto"`` takes them for logits where one of the first is negative.

    Raises:
        InputError: the scale is unknown, or logits are not finite.
    """
    if scale not in get_args(InputScale):
        raise InputError(f"scale must be one of {', '.join(get_args(InputScale))}; got {scale!r}")
    logits = scale == "logits" or (scale == "auto" and _has_negative(matrix))
    if logits:
        _require_finite(name, matrix)
    return ClassRows(matrix, rows, logits=logits) if logits or rows is not None else matrix


def label_indices(
    labels: ArrayLike, n_classes: int, classes: Sequence[str] | None
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Class indices of labels, and which rows have one: ``None``, NaN, -1 and empty names are no label.

    Args:
        labels: (N,) class indices, or names of classes.
        n_classes: K.
        classes: K names in the order of the columns; needed where labels are names.

    Raises:
        InputError: labels that no class has; all of them are told, with their rows.
    """
    column = _label_column(labels)
    if classes is not None and len(classes) != n_classes:
        raise InputError(f"classes must name each of {n_classes} columns; got {len(classes)}")
    if classes is not None and len(set(classes)) != len(classes):
        raise InputError("every class needs a name of its own; one is named twice")
    if column.dtype.kind in "iu":
        present = column != UNLABELLED
        outside = present & ~((column >= 0) & (column < n_classes))
        _require_known(
            {str(value): np.flatnonzero(column == value) for value in np.unique(column[outside])}, n_classes, classes
        )
        return np.where(present, column, 0).astype(np.intp), present
    return _named_indices(column, n_classes, classes)


def _named_indices(
    column: NDArray[Any], n_classes: int, classes: Sequence[str] | None
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    place = _places(n_classes, classes)
    unknown: defaultdict[str, list[int]] = defaultdict(list)
    found, present = np.zeros(len(column), np.intp), np.ones(len(column), np.bool_)
    for row, value in enumerate(column.tolist()):
        name = _name_of(value)
        if name is None:
            present[row] = False
        elif name in place:
            found[row] = place[name]
        else:
            unknown[name].append(row)
    _require_known(unknown, n_classes, classes)
    return found, present


def _places(n_classes: int, classes: Sequence[str] | None) -> dict[str, int]:
    indices = {str(i): i for i in range(n_classes)}
    return indices if classes is None else {**indices, **{name: i for i, name in enumerate(classes)}}


def _name_of(value: object) -> str | None:
    """A label as text; ``None`` where it is none."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    return None if text.lower() in _NULLS or value == UNLABELLED else text


def _require_known(
    unknown: dict[str, Any] | defaultdict[str, list[int]], n_classes: int, classes: Sequence[str] | None
) -> None:
    if not unknown:
        return
    names = classes or ()
    told = [_unknown(name, rows, names) for name, rows in list(unknown.items())[:_KINDS_TOLD]]
    more = f"; and {plural(len(unknown) - _KINDS_TOLD, 'kind')} more" if len(unknown) > _KINDS_TOLD else ""
    n_rows = sum(len(rows) for rows in unknown.values())
    known = (
        f"the classes are {', '.join(map(repr, names[:20]))}"
        if names
        else f"labels are 0..{n_classes - 1}, one for each column"
    )
    hint = "" if names else "; give classes=, the names in the order of the columns, where labels are names"
    raise InputError(f"{plural(n_rows, 'label')} of no class: {'; '.join(told)}{more}; {known}{hint}")


def _unknown(name: str, rows: Sequence[int] | NDArray[np.intp], classes: Sequence[str]) -> str:
    places = ", ".join(str(int(row)) for row in rows[:_ROWS_TOLD]) + (", …" if len(rows) > _ROWS_TOLD else "")
    lower = {known.lower(): known for known in classes}
    near = [lower[key] for key in get_close_matches(name.lower(), lower, n=1)]
    meant = f", perhaps {near[0]!r}" if near else ""
    return f"{name!r} in {plural(len(rows), 'row')} ({places}){meant}"


def _label_column(labels: ArrayLike) -> NDArray[Any]:
    """The labels as a column; ``None`` among them is no label, which no matrix may hold."""
    try:
        values = as_array("labels", labels) if hasattr(labels, "detach") else np.asarray(labels)
    except ValueError as error:
        raise InputError(f"labels must be one a row: {error}") from error
    if values.ndim != 1:
        raise InputError(f"labels must be one a row; got {values.dtype} of shape {values.shape}")
    if values.dtype.kind in "iuUOfT":
        return values
    if values.dtype.kind == "b":
        return values.astype(np.intp)
    raise InputError(f"labels must be class indices or names; got {values.dtype}")


def _has_negative(matrix: NDArray[Any]) -> bool:
    """Whether its first rows are no probabilities since one is below zero; a file is not read for it to its end."""
    return bool((matrix[:1000] < -1e-6).any())


def _require_finite(name: str, matrix: NDArray[Any]) -> None:
    for where, block in row_blocks(matrix):
        bad = np.isnan(block).any(axis=1) | ~np.isfinite(block.max(axis=1))
        if bad.any():
            raise InputError(
                f"logits of {name} must be numbers, each row with a finite largest one; got another in row {where.start + int(bad.argmax())}"
            )


def _softmax(block: NDArray[Any]) -> NDArray[Any]:
    block = block - block.max(axis=1, keepdims=True)
    np.exp(block, out=block)
    block /= block.sum(axis=1, keepdims=True)
    return block
