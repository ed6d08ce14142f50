"""What ``foureyes clean`` reads of a table: labels, experts, and labels that someone verified."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.cleaning.labels import Method, find_label_issues
from foureyes.cleaning.stopping import precision_curve
from foureyes.errors import InputError
from foureyes.report.cleaning import Measured, MethodPoint
from foureyes.tables import Table, open_table

__all__ = ["Labelled", "precision_of", "read_labelled"]


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Labels and what is known of them.

    Attributes:
        table: the file.
        labels: (N,) class indices.
        probs: expert → (N, K) probabilities.
        classes: K names; ``None`` where indices are all there is.
        items: N things to show a person; ``None`` if none were asked for.
        verified: (V,) rows whose label someone verified; ``None`` without such labels.
        wrong: (V,) whether the given label turned out wrong.
    """

    table: Table
    labels: NDArray[np.intp]
    probs: Mapping[str, NDArray[np.float64]]
    classes: tuple[str, ...] | None
    items: list[Any] | None
    verified: NDArray[np.intp] | None
    wrong: NDArray[np.bool_] | None

    def named(self, labels: NDArray[Any]) -> list[Any]:
        """Labels as the file writes them."""
        found: list[Any] = labels.tolist()
        return found if self.classes is None else [self.classes[label] for label in found]


def read_labelled(args: argparse.Namespace) -> Labelled:
    """Reads what the options name.

    Raises:
        InputError: fields that cannot be used, a row without a label or probabilities.
    """
    table = open_table(args.source)
    classes = tuple(name.strip() for name in args.classes.split(",")) if args.classes else None
    labels, present = _labels(table, args.label, classes)
    _require_all(table, args.label, present)
    probs = {_expert(name): _probabilities(table, name) for name in args.probs}
    if len(probs) < len(args.probs):
        raise InputError(f"every expert needs a name of its own; got {', '.join(args.probs)}")
    widths = {matrix.shape[1] for matrix in probs.values()}
    if classes is not None and widths != {len(classes)}:
        raise InputError(
            f"--classes names {len(classes)} classes; got probabilities of {', '.join(map(str, sorted(widths)))}"
        )
    verified = wrong = None
    if args.true:
        true, known = _labels(table, args.true, classes)
        verified = np.flatnonzero(known)
        wrong = true[verified] != labels[verified]
    return Labelled(
        table, labels, probs, classes, list(table.values(args.item)) if args.item else None, verified, wrong
    )


def precision_of(data: Labelled) -> Measured:
    """Precision and detection of the three methods on the verified rows."""
    if data.verified is None or data.wrong is None:
        raise InputError("precision needs verified labels; got none")
    issues = find_label_issues(data.labels, data.probs, keep_top=1)
    points = precision_curve(issues, data.verified, data.wrong)
    others = tuple(_point(data, method) for method in ("basic", "confident_learning"))
    return Measured(points, others, len(data.verified), int(data.wrong.sum()))


def _point(data: Labelled, method: Method) -> MethodPoint:
    mask = find_label_issues(data.labels, data.probs, method=method).mask
    assert data.verified is not None
    assert data.wrong is not None
    flagged = mask[data.verified]
    hits, n_wrong = int((flagged & data.wrong).sum()), int(data.wrong.sum())
    return MethodPoint(
        method,
        int(mask.sum()),
        hits / int(flagged.sum()) if flagged.any() else None,
        hits / n_wrong if n_wrong else None,
    )


def _labels(table: Table, field: str, classes: tuple[str, ...] | None) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    if classes is None:
        column = table.numbers(field)
        bad = column.values != np.floor(column.values)
        if bad.any():
            raise InputError(
                f"{table.name}: {field!r} must hold class indices; got {column.values[bad][0]:g} in row {bad.argmax()}"
            )
        return column.values.astype(np.intp), column.present
    place = {name: i for i, name in enumerate(classes)}
    found = [None if value is None or value == "" else str(value) for value in table.values(field)]
    unknown = next((i for i, name in enumerate(found) if name is not None and name not in place), None)
    if unknown is not None:
        raise InputError(
            f"{table.name}: {field!r} is {found[unknown]!r} in row {unknown}, which --classes does not name"
        )
    indices = [0 if name is None else place[name] for name in found]
    return np.array(indices, np.intp), np.array([name is not None for name in found], np.bool_)


def _probabilities(table: Table, name: str) -> NDArray[np.float64]:
    if name.endswith(".npy"):
        path = Path(name)
        return open_table(path).matrix(path.stem).values
    column = table.matrix(name)
    _require_all(table, name, column.present)
    return column.values


def _expert(name: str) -> str:
    return Path(name).stem if name.endswith(".npy") else name


def _require_all(table: Table, field: str, present: NDArray[np.bool_]) -> None:
    if not present.all():
        raise InputError(f"{table.name}: row {int(present.argmin())} has no {field!r}; every row needs one")
