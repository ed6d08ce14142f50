"""``foureyes clean``: labels that every expert contradicts, ranked, with reasons. See docs/clean.md."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from foureyes.cli.files import require_places, require_same_format, say
from foureyes.errors import InputError

if TYPE_CHECKING:
    from foureyes.cli.labelled import Labelled
    from foureyes.report.cleaning import Findings

__all__ = ["configure", "run"]

_SHOWN: Final = 20


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``foureyes clean``."""
    parser.add_argument("source", metavar="IN", help="JSONL, CSV, Parquet, NPZ or NPY")
    parser.add_argument(
        "--label", required=True, metavar="FIELD", help="the labels in question: class indices, or names with --classes"
    )
    parser.add_argument("--classes", metavar="A,B,…", help="names of the classes in the order of the probabilities")
    _add_experts(parser.add_argument_group("experts, at least one"))
    _add_finding(parser.add_argument_group("finding"))
    _add_acting(parser.add_argument_group("acting on what was found"))
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="a page with the issues, and the picture if --true is given"
    )
    parser.add_argument("--json", action="store_true", help="all issues and numbers as JSON on stdout")


def run(args: argparse.Namespace) -> int:
    """Finds issues, and does with them what was asked."""
    from foureyes.cli.labelled import read_labelled  # noqa: PLC0415 - as above
    from foureyes.report.cleaning import issue_of  # noqa: PLC0415 - jinja2

    _require_options(args)
    require_places(args.html, args.out)
    data = read_labelled(args)
    found = _found(data, args)
    say(
        f"{len(found.issues):,} of {found.issues.n_rows:,} labels are contradicted by {' and '.join(found.issues.experts)}"
    )
    if args.review:
        _write_review(found, args.review)
    if args.out:
        _write_copy(data, found, args)
    _write_page(found, args)  # before anything is printed: whoever reads our stdout may go away
    if args.json:
        print(json.dumps(found.to_dict(), ensure_ascii=False, allow_nan=False))
    else:
        for issue in found.issues[:_SHOWN]:
            shown = issue_of(issue, found)
            print(f"row {shown.row}  score {shown.score}  {shown.reason}")
    return 0


def _add_experts(experts: argparse._ArgumentGroup) -> None:
    experts.add_argument(
        "--probs",
        action="append",
        metavar="FIELD",
        help="an expert's class probabilities: a list a row, the fields a,b,c, or a .npy file; repeat for more experts",
    )
    experts.add_argument(
        "--letters",
        action="append",
        metavar="FIELD",
        help="the letter a language model chose, for multiple choice with --classes A,B,C,D; repeat for a panel",
    )
    experts.add_argument(
        "--confidence",
        action="append",
        metavar="FIELD",
        help="P(its letter is right), once for each --letters: each model is then an expert by itself",
    )


def _add_finding(finding: argparse._ArgumentGroup) -> None:
    finding.add_argument(
        "--method",
        choices=("calibrated", "basic", "confident_learning"),
        default="calibrated",
        help="default: %(default)s",
    )
    finding.add_argument(
        "--keep-top",
        type=float,
        metavar="SHARE",
        help="share of most confident rows in which an expert is heard (default: 0.3)",
    )
    finding.add_argument(
        "--true", metavar="FIELD", help="verified labels, empty where unverified: precision against detection"
    )
    finding.add_argument(
        "--precision", type=float, metavar="SHARE", help="with --true: the largest share that surely is this precise"
    )


def _add_acting(acting: argparse._ArgumentGroup) -> None:
    acting.add_argument("-o", "--out", type=Path, metavar="OUT", help="a copy of IN in its format")
    what = acting.add_mutually_exclusive_group()
    what.add_argument(
        "--action",
        choices=("flag", "relabel", "drop"),
        default="flag",
        help="what the copy does with issues (default: %(default)s)",
    )
    what.add_argument("--decisions", type=Path, metavar="CSV", help="do what the filled-in review file says")
    acting.add_argument(
        "--review",
        type=Path,
        metavar="FILE",
        help="a new file in which a person decides: keep, relabel or drop; .csv, or .html to click through",
    )
    acting.add_argument("--item", metavar="FIELD", help="what to show a person of each row")


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
    if args.out:
        require_same_format(args.source, args.out)


def _found(data: Labelled, args: argparse.Namespace) -> Findings:
    from foureyes.cleaning.labels import find_label_issues  # noqa: PLC0415 - numpy
    from foureyes.cleaning.stopping import keep_top_for  # noqa: PLC0415 - as above
    from foureyes.cli.labelled import precision_of  # noqa: PLC0415 - as above
    from foureyes.report.cleaning import Findings  # noqa: PLC0415 - as above

    measured = precision_of(data) if data.wrong is not None else None
    keep_top = 0.3 if args.keep_top is None else args.keep_top
    if measured is not None and args.precision is not None:
        keep_top = keep_top_for(measured.points, args.precision).keep_top
        say(f"keep-top {keep_top:g}: the largest share that surely is {args.precision:g} precise")
    issues = find_label_issues(data.labels, data.probs, method=args.method, keep_top=keep_top)
    return Findings(issues, keep_top if args.method == "calibrated" else None, data.classes, data.items, measured)


def _write_review(found: Findings, path: Path) -> None:
    from foureyes.cleaning.review import write_review  # noqa: PLC0415 - numpy
    from foureyes.report.page import write  # noqa: PLC0415 - jinja2
    from foureyes.report.review import review_page  # noqa: PLC0415 - as above

    if path.suffix.lower() in {".html", ".htm"}:
        write(path, review_page(found))
    else:
        write_review(path, found.issues, items=found.items, classes=found.classes)
    say(f"to decide on: {path}")


def _write_copy(data: Labelled, found: Findings, args: argparse.Namespace) -> None:
    import numpy as np  # noqa: PLC0415 - heavy for --help

    from foureyes.cleaning.review import cleaned, read_review, suggestions  # noqa: PLC0415 - as above

    if args.action == "flag" and not args.decisions:
        data.table.save(args.out, _flags(data, found))
        say(f"{found.issues.n_rows:,} rows with 'is_label_issue' → {args.out}")
        return
    chosen = (
        read_review(args.decisions, classes=data.classes) if args.decisions else suggestions(found.issues, args.action)
    )
    kept, labels = cleaned(data.labels, chosen)
    new: list[Any] = data.named(data.labels)
    for row, label in zip(kept.tolist(), data.named(labels), strict=True):
        new[row] = label
    data.table.save(args.out, {args.label: new}, rows=kept)
    n_changed = int((data.labels[kept] != np.asarray(labels)).sum())
    say(f"{n_changed:,} relabelled, {len(data.labels) - len(kept):,} dropped, {len(kept):,} rows → {args.out}")


def _flags(data: Labelled, found: Findings) -> dict[str, list[Any]]:
    """The columns of a flagged copy; rows without an issue suggest the label they have."""
    suggested = data.labels.copy()
    suggested[found.issues.row] = found.issues.suggested
    taken = {"is_label_issue", "suggested_label"} & set(data.table.names)
    if taken:
        raise InputError(f"{data.table.name} has a field {min(taken)!r} already; rename it")
    return {"is_label_issue": found.issues.mask.tolist(), "suggested_label": data.named(suggested)}


def _write_page(found: Findings, args: argparse.Namespace) -> None:
    from foureyes.report.cleaning import cleaning_page  # noqa: PLC0415 - jinja2
    from foureyes.report.page import write  # noqa: PLC0415 - as above

    if args.html:
        write(args.html, cleaning_page(found))
        say(f"page: {args.html}")
