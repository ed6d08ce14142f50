"""The command lines of ``foureyes cascade``."""

from __future__ import annotations

import argparse
from pathlib import Path

from foureyes.cli.options import add_allowance, add_force, add_out, add_page, add_table
from foureyes.cli.parser import Commands

__all__ = ["configure"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds ``fit``, ``curve``, ``shift`` and ``simulate`` with their options."""
    actions = Commands(parser, "ACTION")
    _configure_fit(actions.add("fit", "learn which answers to give up first, or when to go on in a chain"))
    _configure_curve(actions.add("curve", "accuracy at every cost on other rows, and the policy for a target"))
    _configure_shift(actions.add("shift", "measure one router on several files, a line each, as data shift"))
    _configure_simulate(actions.add("simulate", "what a policy does to rows whose confidences are known"))


def _configure_fit(fit: argparse.ArgumentParser) -> None:
    _add_models(fit)
    fit.add_argument(
        "--order",
        choices=("unimodal", "confidence", "accuracy", "threshold", "learned"),
        default="unimodal",
        help="what decides (default: %(default)s); the others are there to compare with, learned reads the question only",
    )
    fit.add_argument(
        "--abstain",
        type=float,
        metavar="WORTH",
        help="allow a chain to abstain in the end: worth this, where a right answer is worth 1 and a wrong one 0",
    )
    fit.add_argument(
        "--keep",
        choices=("last", "surest"),
        default="last",
        help="in a chain, whose answer is taken: the last model's that was asked (default), or the surest one's",
    )
    fit.add_argument(
        "--bins", type=int, help="equal-count bins of each confidence (default: 15 of a router's, 100 of a chain's)"
    )
    add_out(fit, "the router or the chain, as JSON", metavar="OUT", required=True)
    add_force(fit)


def _configure_curve(curve: argparse.ArgumentParser) -> None:
    curve.add_argument("router", type=Path, metavar="FITTED", help="what fit wrote")
    _add_models(curve)
    curve.add_argument("--unit", default="", help="of the costs, in words")
    curve.add_argument("--uncalibrated", metavar="FIELD", help="the small model's raw confidence, as a baseline")
    curve.add_argument(
        "--against",
        action="append",
        type=Path,
        metavar="FITTED",
        help="another router to compare with, called by its file's name; may be repeated",
    )
    target = curve.add_mutually_exclusive_group()
    target.add_argument("--target-accuracy", type=float, metavar="SHARE", help="the cheapest point that reaches it")
    target.add_argument("--target-cost", type=float, metavar="COST", help="the most accurate point within it")
    curve.add_argument(
        "--of",
        choices=("questions", "answers"),
        default="questions",
        help="what --target-accuracy is a share of, for chains that abstain (default: %(default)s)",
    )
    curve.add_argument("--policy", type=Path, metavar="FILE", help="with a target: the policy of that point, as JSON")
    add_force(curve, "replace a policy's FILE that exists")
    add_allowance(curve, "measure on the rows of the fit all the same; the result is marked")
    add_page(curve, "a page with the curves")


def _configure_shift(shift: argparse.ArgumentParser) -> None:
    shift.add_argument("router", type=Path, metavar="ROUTER", help="what fit wrote for two models")
    shift.add_argument(
        "sources", nargs="+", metavar="IN", help="files, say one as it was fitted for and others shifted"
    )
    shift.add_argument(
        "--conf", action="append", required=True, metavar="FIELD", help="the small model's calibrated confidence"
    )
    shift.add_argument(
        "--correct", action="append", required=True, metavar="FIELD", help="whether each answer is right; twice"
    )
    add_allowance(shift, "measure on the rows of the fit all the same; the line is marked")
    shift.add_argument("--latex", type=Path, metavar="FILE", help="the same table for a paper")


def _configure_simulate(simulate: argparse.ArgumentParser) -> None:
    simulate.add_argument("policy", type=Path, metavar="POLICY")
    _add_models(simulate, questions=False)
    add_allowance(simulate, "judge on the rows the policy was chosen on all the same")
    add_out(simulate, "a copy of IN with 'stage', 'model' and 'answered'", metavar="OUT")
    add_force(simulate)


def _add_models(parser: argparse.ArgumentParser, *, questions: bool = True) -> None:
    add_table(parser)
    models = parser.add_argument_group("the models, the cheapest first: each option once for each")
    models.add_argument("--conf", action="append", metavar="FIELD", help="calibrated confidence, in [0, 1]")
    models.add_argument("--correct", action="append", metavar="FIELD", help="whether its answer is right")
    models.add_argument(
        "--cost", action="append", metavar="COST", help="of asking it: a number, a field, or a price*field"
    )
    models.add_argument(
        "--verifier-cost", default="0", metavar="COST", help="of judging an answer by its confidence (default: 0)"
    )
    if questions:
        asked = parser.add_mutually_exclusive_group()
        asked.add_argument("--question", metavar="FIELD", help="for a learned router: the question's text")
        asked.add_argument("--features", metavar="FIELD", help="the same: numbers of the question, say an embedding")
