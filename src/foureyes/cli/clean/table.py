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
from foureyes.cleaning.panel import letter_probs, panel_probs
from foureyes.cleaning.stopping import precision_curve
from foureyes.cli.files import class_indices
from foureyes.errors import InputError
from foureyes.report.cleaning import MeasuredPrecision, MethodPoint
from foureyes.tables import Column, Table, open_table

__all__ = ["LabelTable", "precision_of", "read_labels"]


@dataclass(frozen=True, slots=True, eq=False)
class LabelTable:
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


def read_labels(args: argparse.Namespace) -> LabelTable:
    """Reads what the options name.

    Raises:
        InputError: fields that cannot be used, a row without a label or probabilities.
    """
    table = open_table(args.source)
    classes = tuple(name.strip() for name in args.classes.split(",")) if args.classes else None
    labels, present = _labels(table, args.label, classes)
    _require_all(table, args.label, present)
    probs = _experts(table, args, classes)
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
    return LabelTable(
        table, labels, probs, classes, list(table.values(args.item)) if args.item else None, verified, wrong
    )


def precision_of(data: LabelTable) -> MeasuredPrecision:
    """Precision and detection of the three methods on the verified rows."""
    if data.verified is None or data.wrong is None:
        raise InputError("precision needs verified labels; got none")
    issues = find_label_issues(data.labels, data.probs, keep_top=1)
    points = precision_curve(issues, data.verified, data.wrong)
    others = tuple(_point(data, method) for method in ("basic", "confident_learning"))
    return MeasuredPrecision(points, others, len(data.verified), int(data.wrong.sum()))


def _point(data: LabelTable, method: Method) -> MethodPoint:
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


def _indices(table: Table, field: str) -> Column[np.float64]:
    try:
        return table.numbers(field)
    except InputError as error:
        error.add_note("names of classes go with --classes A,B,… in the order of the probabilities")
        raise


def _labels(table: Table, field: str, classes: tuple[str, ...] | None) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    if classes is None:
        column = _indices(table, field)
        return class_indices(table, field, column), column.present
    place = {name: i for i, name in enumerate(classes)}
    found = [None if value is None or value == "" else str(value) for value in table.values(field)]
    unknown = next((i for i, name in enumerate(found) if name is not None and name not in place), None)
    if unknown is not None:
        raise InputError(
            f"{table.name}: {field!r} is {found[unknown]!r} in row {unknown}, which --classes does not name"
        )
    indices = [0 if name is None else place[name] for name in found]
    return np.array(indices, np.intp), np.array([name is not None for name in found], np.bool_)


def _experts(table: Table, args: argparse.Namespace, classes: tuple[str, ...] | None) -> dict[str, NDArray[np.float64]]:
    """Everyone whose probabilities ``--probs`` names, and the models whose letters ``--letters`` names."""
    if not args.probs and not args.letters:
        raise InputError("say who contradicts: --probs for probabilities, --letters for the letters of language models")
    found = {_expert(name): _probabilities(table, name) for name in args.probs or ()}
    models = _panel(table, args, classes) if args.letters else {}
    if len(found) < len(args.probs or ()) or found.keys() & models.keys():
        raise InputError(f"every expert needs a name of its own; got {', '.join((*(args.probs or ()), *models))}")
    return found | models


def _panel(table: Table, args: argparse.Namespace, classes: tuple[str, ...] | None) -> dict[str, NDArray[np.float64]]:
    """Letters alone make one expert, the panel; with confidences every model is an expert by itself."""
    options = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(classes or ())])
    if classes != options:
        raise InputError(
            f"--letters goes with --classes A,B,…, the options in order; got {','.join(classes or ()) or 'none'}"
        )
    letters = {name: _letters(table, name) for name in args.letters}
    if len(letters) < len(args.letters):
        raise InputError(f"every model needs a field of its own; got --letters {', '.join(args.letters)}")
    if not args.confidence:
        return {"panel": panel_probs(letters, len(options))}
    if len(args.confidence) != len(letters):
        raise InputError(f"--confidence goes once with each of {len(letters)} --letters; got {len(args.confidence)}")
    return {
        name: letter_probs(said, len(options), confidences=_confidences(table, field, said))
        for (name, said), field in zip(letters.items(), args.confidence, strict=True)
    }


def _letters(table: Table, name: str) -> list[str | None]:
    said = list(table.values(name))
    wrong = next((i for i, letter in enumerate(said) if not isinstance(letter, str | None)), None)
    if wrong is not None:
        raise InputError(f"{table.name}: {name!r} must hold letters; got {said[wrong]!r} in row {wrong}")
    return said


def _confidences(table: Table, field: str, said: list[str | None]) -> NDArray[np.float64]:
    """Confidences; none is needed where a model said nothing."""
    column = table.numbers(field)
    silent = np.array([not letter for letter in said], np.bool_)
    _require_all(table, field, column.present | silent)
    return column.values


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
