"""What ``foureyes clean`` reads of a table: labels, experts, and labels that someone verified."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.cleaning.inputs import InputScale, label_indices
from foureyes.cleaning.issues import Method
from foureyes.cleaning.labels import find_label_issues
from foureyes.cleaning.panel import letter_probs, panel_probs
from foureyes.cleaning.stopping import precision_curve
from foureyes.errors import InputError
from foureyes.report.cleaning import MeasuredPrecision, MethodPoint
from foureyes.tables import Table, open_table

__all__ = ["LabelTable", "precision_of", "read_labels"]


@dataclass(frozen=True, slots=True, eq=False)
class LabelTable:
    """Labels and what is known of them.

    Attributes:
        table: the file.
        labels: (N,) class indices; -1 for rows without a label.
        probs: expert → (N, K) probabilities.
        classes: K names; ``None`` where indices are all there is.
        items: N things to show a person; ``None`` if none were asked for.
        scale: what the experts' numbers are.
        verified: (V,) rows whose label someone verified; ``None`` without such labels.
        wrong: (V,) whether the given label turned out wrong.
    """

    table: Table
    labels: NDArray[np.intp]
    probs: Mapping[str, NDArray[np.float64]]
    classes: tuple[str, ...] | None
    items: list[Any] | None
    scale: InputScale
    verified: NDArray[np.intp] | None
    wrong: NDArray[np.bool_] | None

    def named(self, labels: NDArray[Any]) -> list[Any]:
        """Labels as the file writes them; ``None`` for none."""
        names = self.classes
        return [None if label < 0 else label if names is None else names[label] for label in labels.tolist()]


def read_labels(table: Table, args: argparse.Namespace) -> LabelTable:
    """Reads what the options name of a table.

    Raises:
        InputError: fields that cannot be used, labels of no class, a labelled row without probabilities.
    """
    classes = _class_names(args.classes)
    probs, known = _experts(table, args, classes)
    widths = {matrix.shape[1] for matrix in probs.values()}
    if classes is not None and widths != {len(classes)}:
        raise InputError(
            f"--classes names {len(classes)} classes ({', '.join(map(repr, classes[:20]))}); got probabilities of "
            f"{', '.join(map(str, sorted(widths)))}: a name with a comma stands in double quotes"
        )
    labels = _labels(table, args.label, max(widths), classes)
    for name, present in known.items():
        if len(present) != len(labels):
            raise InputError(
                f"{name} has {len(present)} rows, {table.name} has {len(labels)}: wanted one of each label"
            )
        _require_all(table, name, present | (labels < 0))
    verified = wrong = None
    if args.true:
        true = _labels(table, args.true, max(widths), classes)
        verified = np.flatnonzero((true >= 0) & (labels >= 0))
        wrong = true[verified] != labels[verified]
    items = list(table.values(args.item)) if args.item else None
    return LabelTable(table, labels, probs, classes, items, args.scale, verified, wrong)


def _class_names(line: str | None) -> tuple[str, ...] | None:
    """Names of classes from a line of CSV, so that a name may hold a comma in quotes."""
    if not line:
        return None
    try:
        [names] = csv.reader([line], skipinitialspace=True, strict=True)
    except (csv.Error, ValueError) as error:
        raise InputError(
            f'--classes must be one line of CSV, such as cat,"dog, small"; got {line!r}: {error}'
        ) from error
    return tuple(name.strip() for name in names)


def precision_of(data: LabelTable) -> MeasuredPrecision:
    """Precision and detection of the three methods on the verified rows."""
    if data.verified is None or data.wrong is None:
        raise InputError("precision needs verified labels; got none")
    issues = find_label_issues(data.labels, data.probs, method="calibrated", keep_top=1, scale=data.scale, check=False)
    points = precision_curve(issues, data.verified, data.wrong)
    others = tuple(_point(data, method) for method in ("pooled", "basic", "confident_learning"))
    return MeasuredPrecision(points, others, len(data.verified), int(data.wrong.sum()))


def _point(data: LabelTable, method: Method) -> MethodPoint:
    mask = find_label_issues(data.labels, data.probs, method=method, scale=data.scale, check=False).mask
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


def _labels(table: Table, field: str, n_classes: int, classes: tuple[str, ...] | None) -> NDArray[np.intp]:
    """(N,) class indices; -1 where a row has no label."""
    try:
        indices, present = label_indices(_label_values(table, field), n_classes, classes)
    except InputError as error:
        named = InputError(f"{table.name}: {field!r}: {error}")
        if classes is None:
            named.add_note("names of classes go with --classes A,B,… in the order of the probabilities")
        raise named from error
    return np.where(present, indices, -1)


def _label_values(table: Table, field: str) -> NDArray[Any]:
    values = table.values(field)
    return values if isinstance(values, np.ndarray) else np.array(values, dtype=object)


def _experts(
    table: Table, args: argparse.Namespace, classes: tuple[str, ...] | None
) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.bool_]]]:
    """Everyone whom ``--probs`` and ``--letters`` name, and in which rows a field has probabilities."""
    if not args.probs and not args.letters:
        raise InputError("say who contradicts: --probs for probabilities, --letters for the letters of language models")
    read = {_expert(name): _probabilities(table, name) for name in args.probs or ()}
    models = _panel(table, args, classes) if args.letters else {}
    if len(read) < len(args.probs or ()) or read.keys() & models.keys():
        raise InputError(f"every expert needs a name of its own; got {', '.join((*(args.probs or ()), *models))}")
    known = {name: present for name, (_, present) in read.items()}
    return {name: values for name, (values, _) in read.items()} | models, known


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


def _probabilities(table: Table, name: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    column = open_table(name).matrix(Path(name).stem) if name.endswith(".npy") else table.matrix(name)
    return column.values, column.present


def _expert(name: str) -> str:
    return Path(name).stem if name.endswith(".npy") else name


def _require_all(table: Table, field: str, present: NDArray[np.bool_]) -> None:
    if not present.all():
        raise InputError(f"{table.name}: row {int(present.argmin())} has no {field!r}; every row needs one")
