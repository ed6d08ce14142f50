"""``foureyes calibrate fit | apply | report``: from scores to P(correct). See docs/calibrate.md."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from foureyes.cli.files import read_text, require_places, require_same_format, say, spread
from foureyes.errors import InputError, NotEnoughData

if TYPE_CHECKING:
    from foureyes.calibration import Calibrator
    from foureyes.cli.scores import ScoreTable
    from foureyes.report.calibration import Judgement

__all__ = ["configure", "run"]

_KINDS: Final = ("best", "platt", "beta", "histogram", "isotonic", "temperature", "combiner")


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds ``fit``, ``apply`` and ``report`` with their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _configure_fit(
        actions.add_parser("fit", help="fit a calibrator on rows with a score and whether the answer was right")
    )
    _configure_apply(actions.add_parser("apply", help="add P(correct) to every row; all fields are kept"))
    _configure_report(actions.add_parser("report", help="judge a calibrator on rows it was not fitted on"))


def run(args: argparse.Namespace) -> int:
    """Does one of the three."""
    return {"fit": _fit, "apply": _apply, "report": _report}[args.action](args)


def _configure_fit(fit: argparse.ArgumentParser) -> None:
    _add_input(fit)
    _add_outcome(fit)
    fit.add_argument("-o", "--out", required=True, type=Path, metavar="FILE", help="the calibrator, as JSON")
    fit.add_argument(
        "--kind",
        choices=_KINDS,
        help="default: best (chosen by cross-validation); combiner for several scores, temperature for logits",
    )
    fit.add_argument(
        "--larger-is", choices=("worse", "better"), help="direction of the score; known for foureyes' own signals"
    )
    fit.add_argument(
        "--hold-out",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="keep this share of rows out of the fit and report on it",
    )
    fit.add_argument("--seed", type=int, default=0, help="which rows are held out (default: %(default)s)")
    _add_pages(fit)


def _configure_apply(apply: argparse.ArgumentParser) -> None:
    apply.add_argument("calibrator", type=Path, metavar="CALIBRATOR")
    _add_input(apply)
    apply.add_argument("-o", "--out", required=True, type=Path, metavar="OUT", help="a copy in the format of IN")
    apply.add_argument(
        "--field", default="confidence", metavar="NAME", help="where P(correct) goes (default: %(default)s)"
    )
    apply.add_argument("--overwrite-field", action="store_true", help="replace fields of the names written")
    acting = apply.add_mutually_exclusive_group()
    acting.add_argument(
        "--threshold", type=Path, metavar="FILE", help="what report --threshold wrote: adds 'let_through'"
    )
    acting.add_argument(
        "--flag-rate",
        type=float,
        metavar="SHARE",
        help="without labels and without a promise: 'flagged' for this share, the least confident",
    )
    apply.add_argument("--json", action="store_true", help="what was done, as JSON on stdout")


def _configure_report(report: argparse.ArgumentParser) -> None:
    report.add_argument("calibrator", type=Path, metavar="CALIBRATOR")
    _add_input(report)
    _add_outcome(report)
    report.add_argument(
        "--allow-fitted-rows",
        action="store_true",
        help="judge on the rows of the fit all the same; the result is marked",
    )
    promises = report.add_argument_group("a promise, kept with probability 1 − delta")
    risk = promises.add_mutually_exclusive_group()
    risk.add_argument(
        "--max-error", type=float, metavar="SHARE", help="at most this share of what is let through is wrong"
    )
    risk.add_argument(
        "--max-cost", type=float, metavar="COST", help="what is let through costs at most this on average"
    )
    risk.add_argument(
        "--max-false-blocks", type=float, metavar="SHARE", help="at most this share of the right answers is blocked"
    )
    promises.add_argument("--delta", type=float, default=0.05, help="chance that it is broken (default: %(default)s)")
    promises.add_argument("--cost", metavar="FIELD", help="with --max-cost: what letting each answer through costs")
    promises.add_argument("--worst-cost", type=float, metavar="COST", help="with --max-cost: what no answer exceeds")
    promises.add_argument("--threshold", type=Path, metavar="FILE", help="the cut and the promise, as JSON")
    _add_pages(report)


def _add_input(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="IN", help="JSONL, CSV, Parquet, NPZ or NPY")
    parser.add_argument(
        "--score",
        action="append",
        default=[],
        metavar="FIELD",
        help="a score; dots reach inside (foureyes.VERIFIER.log_cmp); repeat to combine",
    )
    classes = parser.add_mutually_exclusive_group()
    classes.add_argument("--logits", metavar="FIELD", help="class logits: a list a row, or the fields a,b,c")
    classes.add_argument("--probs", metavar="FIELD", help="class probabilities, likewise")
    parser.add_argument("--model", metavar="NAME", help="whose scores they are; known where --score says it")


def _add_outcome(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--correct", metavar="FIELD", help="whether the answer was right: true or false, 1 or 0")
    parser.add_argument("--label", metavar="FIELD", help="with --logits or --probs: index of the right class")
    parser.add_argument(
        "--group", metavar="FIELD", help="which rows hang together, say the question's id: intervals take them together"
    )


def _add_pages(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--html", type=Path, metavar="FILE", help="a page with reliability diagrams")
    parser.add_argument("--json", action="store_true", help="all numbers as JSON on stdout")


def _fit(args: argparse.Namespace) -> int:
    from foureyes.cli.fitting import fitted, held_out  # noqa: PLC0415 - numpy
    from foureyes.cli.scores import read_scores  # noqa: PLC0415 - as above
    from foureyes.tables import open_table, write_text  # noqa: PLC0415 - as above

    if not 0 <= args.hold_out < 1:
        raise InputError(f"--hold-out must be a share in [0, 1); got {args.hold_out:g}")
    if args.html and not args.hold_out:
        raise InputError(
            "a report needs rows that were not fitted on: give --hold-out 0.5, or use calibrate report with other rows"
        )
    require_places(args.html, args.out)
    scores = read_scores(open_table(args.source), args, outcome=True)
    learned, kept = held_out(scores, args.hold_out, args.seed)
    calibrator, words = fitted(learned, args.kind, args.larger_is)
    judged = _judged(calibrator, kept, args) if kept.n else None
    write_text(args.out, calibrator.to_json())
    say(f"{words['reason']}\nfitted on {calibrator.fitted_on.rows.n:,} rows → {args.out}{_left_out(scores)}")
    if judged is not None:
        _show(judged, args)
    if args.json:
        found = {**words, "fitted": json.loads(calibrator.to_json()), "report": judged and judged.to_dict()}
        print(json.dumps({**found, "n_left_out": scores.n_left_out, "output": str(args.out)}, allow_nan=False))
    return 0


def _apply(args: argparse.Namespace) -> int:
    from foureyes.cli.promising import acted_on  # noqa: PLC0415 - numpy
    from foureyes.cli.scores import confidence_of, read_scores  # noqa: PLC0415 - as above
    from foureyes.tables import open_table  # noqa: PLC0415 - as above

    calibrator = _opened(args.calibrator)
    table = open_table(args.source)
    require_same_format(args.source, args.out)
    scores = read_scores(table, args, outcome=False, calibrator=calibrator)
    confidence = confidence_of(calibrator, scores)
    more, statement = acted_on(confidence, args)
    columns = {args.field: confidence.tolist(), **more}
    taken = columns.keys() & set(table.names)
    if taken and not args.overwrite_field:
        raise InputError(
            f"{args.source} has a field {min(taken)!r} already; --overwrite-field replaces it, --field names another"
        )
    table.save(args.out, {name: spread(values, scores.kept.tolist(), len(table)) for name, values in columns.items()})
    say(f"{scores.n:,} rows with {' and '.join(map(repr, columns))} → {args.out}{_left_out(scores)}")
    if statement:
        say(statement)
    if args.json:
        done = {"rows": len(table), "n_left_out": scores.n_left_out, "field": args.field, "output": str(args.out)}
        shares = {name: sum(values) / scores.n if scores.n else None for name, values in more.items()}
        print(json.dumps({**done, **shares, **({"statement": statement} if statement else {})}))
    return 0


def _report(args: argparse.Namespace) -> int:
    from foureyes.cli.promising import promised  # noqa: PLC0415 - numpy
    from foureyes.cli.scores import read_scores  # noqa: PLC0415 - as above
    from foureyes.tables import open_table, write_text  # noqa: PLC0415 - as above

    _require_promise(args)
    calibrator = _opened(args.calibrator)
    require_places(args.html, args.threshold)
    scores = read_scores(open_table(args.source), args, outcome=True, calibrator=calibrator)
    judged = _judged(calibrator, scores, args)
    try:
        judged = replace(judged, threshold=promised(calibrator, scores, args, in_sample=judged.after.in_sample))
    except NotEnoughData:
        _present(judged, args)  # what was measured is of use without the promise that cannot be made
        raise
    if args.threshold and judged.threshold:
        write_text(args.threshold, judged.threshold.to_json())
        say(f"threshold: {args.threshold}")
    _present(judged, args)
    return 0


def _present(judged: Judgement, args: argparse.Namespace) -> None:
    _show(judged, args)
    if args.json:
        print(json.dumps(judged.to_dict(), allow_nan=False))


def _judged(calibrator: Calibrator, scores: ScoreTable, args: argparse.Namespace) -> Judgement:
    from foureyes.calibration import calibration_report  # noqa: PLC0415 - numpy
    from foureyes.cli.scores import stated_before  # noqa: PLC0415 - as above
    from foureyes.report.calibration import Judgement  # noqa: PLC0415 - as above

    allowed = getattr(args, "allow_fitted_rows", False)
    after = calibrator.report(
        scores.x, scores.outcome, source=scores.source, groups=scores.groups, allow_fitted_rows=allowed
    )
    before = stated_before(calibrator, scores)
    return Judgement(
        kind=calibrator.kind,
        scores=scores.words,
        n_fitted=calibrator.fitted_on.rows.n,
        n_left_out=scores.n_left_out,
        after=after,
        before=before and calibration_report(*before, groups=scores.groups, in_sample=after.in_sample),
    )


def _require_promise(args: argparse.Namespace) -> None:
    asked = [limit for limit in (args.max_error, args.max_cost, args.max_false_blocks) if limit is not None]
    if args.threshold and not asked:
        raise InputError("--threshold writes a promise: give --max-error, --max-cost or --max-false-blocks")
    if (args.cost or args.worst_cost is not None) and args.max_cost is None:
        raise InputError("--cost and --worst-cost belong to --max-cost")


def _show(judged: Judgement, args: argparse.Namespace) -> None:
    """The table on stdout unless JSON goes there, the page in its file."""
    from foureyes.report.calibration import calibration_page, measures  # noqa: PLC0415 - jinja2
    from foureyes.report.page import write  # noqa: PLC0415 - as above

    if judged.after.in_sample:
        say("judged on rows that were fitted on: the figures say nothing about new rows")
    if args.html:
        write(args.html, calibration_page(judged))  # before anything is printed: whoever reads our stdout may go away
        say(f"page: {args.html}")
    if not args.json:
        before = judged.before is not None
        print(f"{'':<16}{'before':<24}after" if before else f"{'':<16}after")
        for line in measures(judged):
            print(f"{line.name:<16}{f'{line.before:<24}' if before else ''}{line.after}")
        if judged.threshold:
            print(f"\n{judged.threshold.statement} It lets {judged.threshold.coverage:.0%} of the answers through.")
            print(judged.threshold.assumes)


def _opened(path: Path) -> Calibrator:
    from foureyes.calibration import Calibrator  # noqa: PLC0415 - numpy

    return Calibrator.from_json(read_text(path))


def _left_out(scores: ScoreTable) -> str:
    return f"; left out, as they lack a score or a label: {scores.n_left_out:,}" if scores.n_left_out else ""
