"""The command lines of ``foureyes calibrate``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final, get_args

from foureyes.choices import CalibratorKind, ClassCalibratorKind
from foureyes.cli.options import add_allowance, add_copy, add_force, add_out, add_page, add_table
from foureyes.cli.parser import Commands

__all__ = ["configure"]

_KINDS: Final = ("best", *get_args(CalibratorKind), *get_args(ClassCalibratorKind), "combiner")


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds ``fit``, ``apply``, ``report`` and ``shift`` with their options."""
    actions = Commands(parser, "ACTION")
    _configure_fit(actions.add("fit", "fit a calibrator on rows with a score and whether the answer was right"))
    _configure_apply(actions.add("apply", "add P(correct) to every row; all fields are kept"))
    _configure_report(actions.add("report", "judge a calibrator on rows it was not fitted on"))
    _configure_shift(
        actions.add("shift", "judge one calibrator on several files, a line each: what becomes of it as data shift")
    )


def _configure_fit(fit: argparse.ArgumentParser) -> None:
    _add_input(fit)
    _add_outcome(fit)
    _add_labels(fit)
    add_out(fit, "the calibrator, as JSON", metavar="OUT", required=True)
    add_force(fit, "replace an OUT or a threshold's FILE that exists")
    fit.add_argument(
        "--kind",
        choices=_KINDS,
        help="default: best, chosen by cross-validation among those that suit the scores; combiner for several scores",
    )
    fit.add_argument(
        "--larger-is", choices=("worse", "better"), help="direction of the score; known for foureyes' own signals"
    )
    fit.add_argument(
        "--accept-direction",
        action="append",
        metavar="SIGNAL",
        help="fit this signal although on these rows it points the other way than in the catalogue (foureyes signals)",
    )
    fit.add_argument(
        "--hold-out",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="keep this share of rows out of the fit and report on it",
    )
    fit.add_argument("--seed", type=int, default=0, help="which rows are held out (default: %(default)s)")
    _add_promise(fit)
    add_page(fit, "a page with reliability diagrams")


def _configure_apply(apply: argparse.ArgumentParser) -> None:
    apply.add_argument("calibrator", type=Path, metavar="CALIBRATOR")
    _add_input(apply)
    add_copy(apply, required=True)
    apply.add_argument(
        "--field", default="confidence", metavar="NAME", help="where P(correct) goes (default: %(default)s)"
    )
    apply.add_argument(
        "--distribution",
        metavar="NAME",
        default="distribution",
        help="with --logits or --probs: where the calibrated distribution goes, a list a row (default: %(default)s)",
    )
    apply.add_argument("--overwrite-field", action="store_true", help="replace fields of the names written")
    add_force(apply)
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


def _configure_report(report: argparse.ArgumentParser) -> None:
    report.add_argument("calibrator", type=Path, metavar="CALIBRATOR")
    _add_input(report)
    _add_outcome(report)
    _add_labels(report)
    add_allowance(report, "judge on the rows of the fit all the same; the result is marked")
    _add_promise(report)
    add_force(report, "replace a threshold's FILE that exists")
    add_page(report, "a page with reliability diagrams")


def _add_promise(parser: argparse.ArgumentParser) -> None:
    promises = parser.add_argument_group("a promise, kept with probability 1 − delta")
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
    service = parser.add_argument_group("into the configuration of a service or a route")
    service.add_argument(
        "--configure",
        type=Path,
        metavar="TOML",
        help="sets calibrator and promise there, and shows the difference; all else stays",
    )
    service.add_argument("--verifier", metavar="NAME", help="with --configure: which [verifiers.NAME] of a service")
    service.add_argument(
        "--writer",
        metavar="NAME",
        help="with --configure: which of the [[writers]] of a route; gets calibrator and cut",
    )
    service.add_argument(
        "--replace",
        action="store_true",
        help="with --configure: even where it names another calibrator, threshold or cut",
    )


def _configure_shift(shift: argparse.ArgumentParser) -> None:
    shift.add_argument("calibrator", type=Path, metavar="CALIBRATOR")
    shift.add_argument(
        "sources", nargs="+", metavar="IN", help="files, say one as it was fitted for and others shifted"
    )
    _add_scores(shift)
    _add_outcome(shift)
    add_allowance(shift, "judge on the rows of the fit all the same; the result is marked")
    shift.add_argument(
        "--threshold", type=Path, metavar="FILE", help="what report --threshold wrote: adds what becomes of its promise"
    )
    shift.add_argument(
        "--cost", metavar="FIELD", help="with a threshold that promises a cost: what letting each answer through costs"
    )
    shift.add_argument("--latex", type=Path, metavar="FILE", help="the same table for a paper")


def _add_input(parser: argparse.ArgumentParser) -> None:
    add_table(parser)
    _add_scores(parser)


def _add_scores(parser: argparse.ArgumentParser) -> None:
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
    parser.add_argument(
        "--correct",
        metavar="FIELD",
        help="whether the answer was right: true or false, 1 or 0 (default: what score found, foureyes_correct)",
    )
    parser.add_argument(
        "--label",
        metavar="FIELD",
        help="with --logits or --probs: index of the right class, or a list of how many people chose each",
    )
    parser.add_argument(
        "--group", metavar="FIELD", help="which rows hang together, say the question's id: intervals take them together"
    )


def _add_labels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="SIDECAR",
        help="what was decided in foureyes view; goes before what the file says",
    )
