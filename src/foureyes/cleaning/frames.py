"""Data frame in, the same data frame out, with what was found of its labels in new columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import numpy as np

from foureyes.cleaning.issues import Issues
from foureyes.cleaning.labels import find_label_issues
from foureyes.errors import InputError

__all__ = ["NEW_COLUMNS", "flag_frame"]

Frame = TypeVar("Frame")

NEW_COLUMNS: Final = ("is_label_issue", "suggested_label", "label_rank")


def flag_frame(
    frame: Frame,
    label: str,
    probs: Sequence[str] | Mapping[str, Sequence[str]],
    *,
    classes: Sequence[str] | None = None,
    cut: float | None = None,
) -> Frame:
    """Flags the suspect labels of a pandas or polars data frame.

    Args:
        frame: with a row an item; it stays as it is.
        label: name of the column in question.
        probs: names of one expert's columns of probabilities, one a class; or experts' names to theirs.
        classes: names of the classes in the order of the columns; by default the columns' own names where labels are names.
        cut: see :func:`~foureyes.cleaning.labels.find_label_issues`.

    Returns:
        A frame of the same kind with the same rows, index and columns, and three more: ``is_label_issue``; ``suggested_label``,
        the label itself where there is no issue; ``label_rank``, 1 for the likeliest error, missing for rows without a label.

    Raises:
        InputError: a column is missing or there already, or labels and probabilities cannot be used.

    Example:
        >>> import pandas as pd
        >>> cat = np.array([0.9, 0.1] * 30 + [0.97])
        >>> frame = pd.DataFrame({"pet": ["cat", "dog"] * 30 + ["dog"], "cat": cat, "dog": 1 - cat})
        >>> flag_frame(frame, "pet", ["cat", "dog"]).tail(1)[["pet", "is_label_issue", "suggested_label"]]
            pet  is_label_issue suggested_label
        60  dog            True             cat
    """
    table: Any = frame
    experts = probs if isinstance(probs, Mapping) else {"probs": probs}
    wanted = [label, *(name for names in experts.values() for name in names)]
    if missing := [name for name in wanted if name not in table.columns]:
        raise InputError(f"the frame has no column {', '.join(map(repr, missing))}")
    if taken := [name for name in NEW_COLUMNS if name in table.columns]:
        raise InputError(f"the frame has a column {', '.join(map(repr, taken))} already; rename it")
    given = table[label].to_list() if hasattr(table[label], "to_list") else list(table[label])
    names = tuple(classes or _names(given, next(iter(experts.values()))) or ())
    matrices = {name: table[list(columns)].to_numpy() for name, columns in experts.items()}
    issues = find_label_issues(given, matrices, classes=names or None, cut=cut)
    flagged: Frame = _with_columns(table, _columns(issues, given, names))
    return flagged


def _names(given: Sequence[Any], columns: Sequence[str]) -> Sequence[str] | None:
    """The columns' names, where labels are such names."""
    return columns if any(isinstance(label, str) and label in columns for label in given) else None


def _columns(issues: Issues, given: Sequence[Any], names: Sequence[str]) -> dict[str, list[Any]]:
    suggested = list(given)
    for row, index in zip(issues.row.tolist(), issues.suggested.tolist(), strict=True):
        suggested[row] = names[index] if names else index
    rank: list[int | None] = [None] * issues.n_rows
    for place, row in enumerate(issues.ranked.tolist(), start=1):
        rank[row] = place
    return dict(zip(NEW_COLUMNS, (issues.mask.tolist(), suggested, rank), strict=True))


def _with_columns(table: Any, columns: Mapping[str, list[Any]]) -> Any:
    if hasattr(table, "with_columns"):
        series = type(table[table.columns[0]])
        return table.with_columns(*(series(name, values) for name, values in columns.items()))
    if hasattr(table, "assign"):
        nullable = columns["label_rank"]
        whole = {**columns, "label_rank": np.array(nullable, dtype=object)} if None in nullable else columns
        return table.assign(**whole).astype({"label_rank": "Int64"})
    raise InputError(f"wanted a pandas or polars data frame; got {type(table).__name__}")
