"""Finds label issues in a table, and does with them what was asked."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

import numpy as np

from foureyes.cleaning.labels import find_label_issues
from foureyes.cleaning.review import apply_decisions, read_review, suggestions, write_review
from foureyes.cleaning.stopping import keep_top_for
from foureyes.cli.clean.table import LabelTable, precision_of, read_labels
from foureyes.cli.files import require_new_fields, require_places, require_same_format
from foureyes.cli.output import CommandOutput
from foureyes.display import plural
from foureyes.errors import InputError
from foureyes.report.cleaning import CleaningFindings, cleaning_page, issue_of
from foureyes.report.review import review_page
from foureyes.tables.saving import write_text

__all__ = ["run"]

_SHOWN: Final = 20


def run(args: argparse.Namespace, output: CommandOutput) -> None:
    """Finds issues, and does with them what was asked.

    Raises:
        InputError: options that do not go together, or fields that cannot be used.
    """
    _require_options(args)
    require_places(args.html, args.out)
    data = read_labels(args)
    if args.out:
        require_same_format(data.table, args.out)
    found = _find(data, args, output)
    experts = " and ".join(found.issues.experts)
    labels = plural(found.issues.n_rows, "label")
    output.say(
        f"{len(found.issues):,} of {labels} {'is' if len(found.issues) == 1 else 'are'} contradicted by {experts}"
    )
    if args.review:
        _write_review(found, args.review, output)
    if args.out:
        _write_copy(data, found, args, output)
    _write_page(found, args, output)  # before anything is printed: whoever reads our stdout may go away
    output.give(found.to_dict, lambda: _show(found))


def _show(found: CleaningFindings) -> None:
    for issue in found.issues[:_SHOWN]:
        shown = issue_of(issue, found)
        print(f"row {shown.row}  score {shown.score}  {shown.reason}")


def _require_options(args: argparse.Namespace) -> None:
    if args.confidence and not args.letters:
        raise InputError("--confidence goes with --letters, once for each")
    if args.precision is not None and (args.true is None or args.method != "calibrated" or args.keep_top is not None):
        raise InputError(
            "--precision chooses --keep-top by verified labels: it goes with --true, --method calibrated and no --keep-top"
        )
    if args.keep_top is not None and args.method != "calibrated":
        raise InputError(f"--keep-top belongs to --method calibrated; got {args.method}")
    if (args.decisions or args.action != "flag") and not args.out:
        raise InputError("--action and --decisions say how to write a copy: give -o OUT")


def _find(data: LabelTable, args: argparse.Namespace, output: CommandOutput) -> CleaningFindings:
    measured = precision_of(data) if data.wrong is not None else None
    keep_top = 0.3 if args.keep_top is None else args.keep_top
    if measured is not None and args.precision is not None:
        keep_top = keep_top_for(measured.points, args.precision).keep_top
        output.say(f"keep-top {keep_top:g}: the largest share that surely is {args.precision:g} precise")
    issues = find_label_issues(data.labels, data.probs, method=args.method, keep_top=keep_top)
    return CleaningFindings(
        issues, keep_top if args.method == "calibrated" else None, data.classes, data.items, measured
    )


def _write_review(found: CleaningFindings, path: Path, output: CommandOutput) -> None:
    if path.suffix.lower() in {".html", ".htm"}:
        write_text(path, review_page(found))
    else:
        write_review(path, found.issues, items=found.items, classes=found.classes)
    output.say(f"to decide on: {path}")


def _write_copy(data: LabelTable, found: CleaningFindings, args: argparse.Namespace, output: CommandOutput) -> None:
    if args.action == "flag" and not args.decisions:
        data.table.save(args.out, _flags(data, found))
        output.say(f"{plural(found.issues.n_rows, 'row')} with 'is_label_issue' → {args.out}")
        return
    chosen = (
        read_review(args.decisions, classes=data.classes) if args.decisions else suggestions(found.issues, args.action)
    )
    kept, labels = apply_decisions(data.labels, chosen)
    new: list[Any] = data.named(data.labels)
    for row, label in zip(kept.tolist(), data.named(labels), strict=True):
        new[row] = label
    data.table.save(args.out, {args.label: new}, rows=kept)
    n_changed = int((data.labels[kept] != np.asarray(labels)).sum())
    output.say(
        f"{n_changed:,} relabelled, {len(data.labels) - len(kept):,} dropped, {plural(len(kept), 'row')} → {args.out}"
    )


def _flags(data: LabelTable, found: CleaningFindings) -> dict[str, list[Any]]:
    """The columns of a flagged copy; rows without an issue suggest the label they have."""
    suggested = data.labels.copy()
    suggested[found.issues.row] = found.issues.suggested
    columns = {"is_label_issue": found.issues.mask.tolist(), "suggested_label": data.named(suggested)}
    require_new_fields(data.table, columns, "rename it")
    return columns


def _write_page(found: CleaningFindings, args: argparse.Namespace, output: CommandOutput) -> None:
    if args.html:
        write_text(args.html, cleaning_page(found))
        output.say(f"page: {args.html}")
