"""Writes label issues to a file for a person to decide on, and applies the decisions.

A review file is a CSV with a row an issue and two columns to fill in: ``decision`` (keep, relabel or drop) and, for a
label other than the suggested one, ``new_label``. Nothing changes a label by itself: rows without a decision stay as
they are.

A newcomer starts at :func:`write_review`, then :func:`read_review`, then :func:`apply_decisions` or :func:`clean_records`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.cleaning.issues import Issue, Issues
from foureyes.errors import InputError

__all__ = [
    "ReviewAction",
    "ReviewDecision",
    "apply_decisions",
    "clean_records",
    "is_decided",
    "read_review",
    "review_table",
    "suggestions",
    "write_review",
]

ReviewAction: TypeAlias = Literal["keep", "relabel", "drop"]

_BETWEEN: Final = re.compile(r'"?row"?([,;\t])')
_FIXED = ("row", "item", "given", "suggested", "score", "agreement", "reason", "decision", "new_label")


@dataclass(frozen=True, slots=True)
class ReviewDecision:
    """A person's decision on one row: keep, relabel or drop.

    Args:
        action: keep the label, give it another, or drop the row.
        label: the new class index, for ``relabel`` only.

    Raises:
        InputError: an unknown action, or a label where none belongs, or none where one does.
    """

    action: ReviewAction
    label: int | None = None

    def __post_init__(self) -> None:
        if self.action not in get_args(ReviewAction):
            raise InputError(f"a decision is one of {', '.join(get_args(ReviewAction))}; got {self.action!r}")
        if (self.label is not None) != (self.action == "relabel"):
            raise InputError(f"relabel goes with a label, keep and drop without; got {self.action} and {self.label}")


def write_review(
    path: str | Path,
    issues: Issues,
    *,
    items: Sequence[object] | None = None,
    classes: Sequence[str] | None = None,
) -> None:
    """Writes a review file, the surest issue first.

    Args:
        path: of the CSV, UTF-8; an existing file is not overwritten.
        issues: from :func:`~foureyes.cleaning.labels.find_label_issues`.
        items: N texts, file names or links, one for every row of the data, to show what is being decided on.
        classes: K names, shown in place of class indices.

    Raises:
        InputError: the file exists or cannot be written, or there are not as many items as rows or names as classes.
    """
    table = review_table(issues, items=items, classes=classes)
    try:
        with Path(path).open("x", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(table)
    except OSError as error:
        raise InputError(f"cannot write the review file {path}: {error.strerror}") from error


def review_table(
    issues: Issues, *, items: Sequence[object] | None = None, classes: Sequence[str] | None = None
) -> Iterator[list[str]]:
    """The cells of a review file: its header, then a line an issue, the last two cells of each to be filled in.

    Args:
        issues: from :func:`~foureyes.cleaning.labels.find_label_issues`.
        items: N things to show, one for every row of the data.
        classes: K names, shown in place of class indices.

    Raises:
        InputError: there are not as many items as rows or names as classes.
    """
    if items is not None and len(items) != issues.n_rows:
        raise InputError(f"items must show each of {issues.n_rows} rows; got {len(items)}")
    if classes is not None and len(classes) != issues.n_classes:
        raise InputError(f"classes must name each of {issues.n_classes} classes; got {len(classes)}")
    columns = [*_FIXED[:-2], *(f"{name}: {what}" for name in issues.experts for what in ("label", "confidence"))]
    lines = (_line(issue, "" if items is None else str(items[issue.row]), classes) for issue in issues)
    return chain([[*columns, *_FIXED[-2:]]], lines)


def read_review(path: str | Path, *, classes: Sequence[str] | None = None) -> dict[int, ReviewDecision]:
    """The decisions of a review file; rows whose ``decision`` is empty are left out.

    Args:
        path: of the CSV.
        classes: the names it was written with; labels may then be given by name or by index.

    Returns:
        Row of the data to decision.

    Raises:
        InputError: the file cannot be read, a column is missing, a decision or a label is unknown; says which line.
    """
    return {
        _row(line, number): _decision(line, number, classes)
        for number, line in _lines(path)
        if line["decision"].strip()
    }


def is_decided(path: str | Path) -> bool:
    """Whether a person has filled in anything in a review file.

    Raises:
        InputError: the file cannot be read, or is none.
    """
    return any(line[name].strip() for _, line in _lines(path) for name in _FIXED[-2:])


def _lines(path: str | Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines of a review file, each with its number."""
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            between = _BETWEEN.match(file.readline())  # a spreadsheet saves with what its country uses
            file.seek(0)
            table = csv.DictReader(file, restval="", delimiter=between[1] if between else ",")
            if missing := set(_FIXED) - set(table.fieldnames or ()):
                raise InputError(f"{path} is no review file: it lacks the column {min(missing)!r}")
            for line in table:
                yield table.line_num, line
    except OSError as error:
        raise InputError(f"cannot read the review file {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"the review file {path} is not UTF-8: byte {error.start}") from error
    except csv.Error as error:
        raise InputError(f"the review file {path} is not CSV: {error}") from error


def suggestions(issues: Issues, action: Literal["relabel", "drop"]) -> dict[int, ReviewDecision]:
    """Decisions that follow the experts without a person: relabel every issue as suggested, or drop it."""
    if action == "drop":
        return {int(row): ReviewDecision("drop") for row in issues.row}
    pairs = zip(issues.row.tolist(), issues.suggested.tolist(), strict=True)
    return {row: ReviewDecision("relabel", label) for row, label in pairs}


def apply_decisions(
    labels: ArrayLike, decisions: Mapping[int, ReviewDecision]
) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Applies decisions: the rows to keep, and their labels.

    Args:
        labels: (N,) given class indices; they stay as they are.
        decisions: row to decision; other rows are kept.

    Returns:
        (M,) kept rows in order, and their (M,) labels.

    Raises:
        InputError: a decision names a row that does not exist.

    Example:
        >>> apply_decisions([0, 1, 1], {0: ReviewDecision("drop"), 2: ReviewDecision("relabel", 0)})
        (array([1, 2]), array([1, 0]))
    """
    new = np.array(labels)
    _require_rows(decisions, len(new))
    kept = np.ones(len(new), np.bool_)
    for row, decision in decisions.items():
        kept[row] = decision.action != "drop"
        new[row] = new[row] if decision.label is None else decision.label
    rows = np.flatnonzero(kept)
    return rows, new[rows]


def clean_records(
    records: Iterable[Mapping[str, Any]],
    decisions: Mapping[int, ReviewDecision],
    *,
    field: str,
    classes: Sequence[Any] | None = None,
) -> Iterator[dict[str, Any]]:
    """A cleaned copy of a data set of records, one at a time.

    Args:
        records: N mappings in the order of the labels.
        decisions: row to decision.
        field: name of the field that holds the label.
        classes: the value that ``field`` takes for each class; class indices by default.

    Yields:
        The kept records; relabelled ones with another value of ``field``.

    Raises:
        InputError: a record has no such field, or a decision names a row that does not exist.

    Example:
        >>> rows = [{"text": "a", "label": "cat"}, {"text": "b", "label": "dog"}]
        >>> list(clean_records(rows, {1: ReviewDecision("relabel", 0)}, field="label", classes=["cat", "dog"]))
        [{'text': 'a', 'label': 'cat'}, {'text': 'b', 'label': 'cat'}]
    """
    n = 0
    for n, record in enumerate(records, start=1):
        decision = decisions.get(n - 1, ReviewDecision("keep"))
        if field not in record:
            raise InputError(f"record {n - 1} has no field {field!r}; it has {', '.join(map(repr, record))}")
        if decision.action == "drop":
            continue
        yield {**record} if decision.label is None else {**record, field: _value(decision.label, classes)}
    _require_rows(decisions, n)


def _value(label: int, classes: Sequence[Any] | None) -> Any:
    if classes is None:
        return label
    if label >= len(classes):
        raise InputError(f"a decision names class {label}, but there are {len(classes)}")
    return classes[label]


def _line(issue: Issue, item: str, classes: Sequence[str] | None) -> list[str]:
    def named(label: int) -> str:
        return str(label) if classes is None else classes[label]

    votes = [cell for vote in issue.votes for cell in (named(vote.label), f"{vote.confidence:.4f}")]
    head = [str(issue.row), _inert(item), named(issue.given), named(issue.suggested)]
    return [*head, f"{issue.score:.4g}", f"{issue.agreement:.4g}", _inert(issue.explain(classes)), *votes, "", ""]


def _inert(text: str) -> str:
    """Text that a spreadsheet shows and does not run as a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _row(line: Mapping[str, str], number: int) -> int:
    if not line["row"].strip().isdecimal():
        raise InputError(f"line {number}: row must be a whole number; got {line['row']!r}")
    return int(line["row"])


def _decision(line: Mapping[str, str], number: int, classes: Sequence[str] | None) -> ReviewDecision:
    action = line["decision"].strip().lower()
    if action not in get_args(ReviewAction):
        raise InputError(f"line {number}: decision must be one of {', '.join(get_args(ReviewAction))}; got {action!r}")
    if action != "relabel":
        return ReviewDecision("keep" if action == "keep" else "drop")
    return ReviewDecision("relabel", _label((line["new_label"] or line["suggested"]).strip(), number, classes))


def _label(text: str, number: int, classes: Sequence[str] | None) -> int:
    if classes is not None and text in classes:
        return list(classes).index(text)
    if text.isdecimal() and (classes is None or int(text) < len(classes)):
        return int(text)
    wanted = "a class index" if classes is None else f"a class name or an index below {len(classes)}"
    raise InputError(f"line {number}: new_label must be {wanted}; got {text!r}")


def _require_rows(decisions: Mapping[int, ReviewDecision], n: int) -> None:
    outside = [row for row in decisions if not 0 <= row < n]
    if outside:
        raise InputError(f"a decision names row {outside[0]}, but there are {n} rows")
