"""Finds label issues in a table, and does with them what was asked."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

import numpy as np

from foureyes.cleaning.counting import estimate_errors
from foureyes.cleaning.issues import Method
from foureyes.cleaning.labels import DEFAULT_KEEP_TOP, find_label_issues
from foureyes.cleaning.review import apply_decisions, is_decided, suggestions, write_review
from foureyes.cleaning.stopping import keep_top_for
from foureyes.cli.clean.serving import read_decisions, serve
from foureyes.cli.clean.table import LabelTable, precision_of, read_labels
from foureyes.cli.copies import opened_for_copy
from foureyes.cli.files import require_new_fields, require_places
from foureyes.cli.output import CommandOutput
from foureyes.display import plural
from foureyes.errors import InputError
from foureyes.report.cleaning import CleaningFindings, cleaning_page, issue_of
from foureyes.report.review import review_page
from foureyes.tables.saving import replacing, write_text

__all__ = ["run"]

_SHOWN: Final = 20


def run(args: argparse.Namespace, output: CommandOutput) -> None:
    """Finds issues, and does with them what was asked.

    Raises:
        InputError: options that do not go together, or fields that cannot be used.
    """
    _require_options(args)
    require_places(args.html, args.review, None if isinstance(args.out, str) else args.out)
    if args.review:
        _require_free(args.review, resume=args.resume)
    with opened_for_copy(args) as table:
        _clean(read_labels(table, args), args, output)


def _clean(data: LabelTable, args: argparse.Namespace, output: CommandOutput) -> None:
    found = _find(data, args, output)
    for sentence in found.issues.findings:
        output.say(sentence)
    if args.review:
        _write_review(found, args.review, output, resume=args.resume)
    if args.out:
        _write_copy(data, found, args, output)
    _write_page(found, args, output)  # before anything is printed: whoever reads our stdout may go away
    if args.desk:
        serve(data, found, args, output)
        return
    output.give(found.to_dict, lambda: _show(found))


def _show(found: CleaningFindings) -> None:
    for issue in found.issues[:_SHOWN]:
        shown = issue_of(issue, found)
        print(f"row {shown.row}  score {shown.score}  {shown.reason}")


def _require_options(args: argparse.Namespace) -> None:
    if args.confidence and not args.letters:
        raise InputError("--confidence goes with --letters, once for each")
    method = _method(args)
    if args.precision is not None and (args.true is None or method != "calibrated" or args.keep_top is not None):
        raise InputError(
            "--precision chooses --keep-top by verified labels: it goes with --true, --method calibrated and no --keep-top"
        )
    if args.keep_top is not None and method != "calibrated":
        raise InputError(f"--keep-top belongs to --method calibrated; got {method}")
    if args.cut is not None and method != "pooled":
        raise InputError(f"--cut belongs to --method pooled; got {method}")
    if not args.desk and (args.image or args.votes or args.judge):
        raise InputError("--image, --votes and --judge are of the desk: give --desk")
    if (args.decisions or args.action != "flag") and not args.out:
        raise InputError("--action and --decisions say how to write a copy: give -o OUT")


def _method(args: argparse.Namespace) -> Method:
    by_share = args.keep_top is not None or args.precision is not None
    method: Method = args.method or ("calibrated" if by_share else "pooled")
    return method


def _find(data: LabelTable, args: argparse.Namespace, output: CommandOutput) -> CleaningFindings:
    measured = precision_of(data) if data.wrong is not None else None
    method, keep_top = _method(args), args.keep_top
    if measured is not None and args.precision is not None:
        keep_top = keep_top_for(measured.points, args.precision).keep_top
        output.say(f"keep-top {keep_top:g}: the largest share that surely is {args.precision:g} precise")
    issues = find_label_issues(
        data.labels,
        data.probs,
        method=method,
        cut=args.cut,
        keep_top=keep_top,
        classes=data.classes,
        scale=args.scale,
        check=not args.trust_order,
    )
    share = (DEFAULT_KEEP_TOP if keep_top is None else keep_top) if method == "calibrated" else None
    estimate = None
    if data.verified is not None and data.wrong is not None:
        estimate = estimate_errors(issues, data.verified, data.wrong)
        output.say(f"if the verified rows are a random choice: {estimate.sentence}")
    return CleaningFindings(issues, share, data.classes, data.items, measured, estimate)


def _is_page(path: Path) -> bool:
    return path.suffix.lower() in {".html", ".htm"}


def _require_free(path: Path, *, resume: bool) -> None:
    """Refuses a review file that is there already; a run that goes on replaces the one of the run before, as long as nobody worked on it."""
    if _is_page(path) or not path.exists():
        return
    if not resume:
        raise InputError(f"cannot write the review file {path}: File exists")
    if is_decided(path):
        raise InputError(f"{path} holds decisions, which would be lost: give --review another name, or leave it out")


def _write_review(found: CleaningFindings, path: Path, output: CommandOutput, *, resume: bool) -> None:
    if _is_page(path):
        write_text(path, review_page(found))
    else:
        _require_free(path, resume=resume)  # once more: the work took a while
        with replacing(path) as part:
            write_review(part, found.issues, items=found.items, classes=found.classes)
    output.say(f"to decide on: {path}")


def _write_copy(data: LabelTable, found: CleaningFindings, args: argparse.Namespace, output: CommandOutput) -> None:
    if args.action == "flag" and not args.decisions:
        data.table.save(args.out, _flags(data, found))
        output.say(f"{plural(found.issues.n_rows, 'row')} with 'is_label_issue' → {args.out}")
        return
    chosen = read_decisions(args.decisions, data) if args.decisions else suggestions(found.issues, args.action)
    kept, labels = apply_decisions(data.labels, chosen)
    new: list[Any] = list(data.table.values(args.label))
    for row, label, before in zip(kept.tolist(), data.named(labels), data.named(data.labels[kept]), strict=True):
        new[row] = new[row] if label == before else label
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
