"""The command lines of ``foureyes route``."""

from __future__ import annotations

import argparse
from pathlib import Path

from foureyes.cli.options import add_force, add_out, add_page
from foureyes.cli.parser import Commands

__all__ = ["configure"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds ``learn``, ``sample``, ``report`` and ``resume`` with their options."""
    actions = Commands(parser, "ACTION")
    _configure_sample(
        actions.add("sample", "draw answers of a watched route to be labelled, and say how many it takes")
    )
    _configure_learn(actions.add("learn", "fit calibrators and choose the policy for a promise or a budget"))
    _configure_report(actions.add("report", "savings, the promise beside outcomes, flips before a switch, drift"))
    _configure_resume(actions.add("resume", "let a suspended promise hold again, on your word"))


def _configure_sample(sample: argparse.ArgumentParser) -> None:
    _add_log(sample, required=True)
    sample.add_argument("--n", type=int, default=300, help="requests to draw (default: %(default)s)")
    sample.add_argument("--seed", type=int, default=0, help="of the draw (default: %(default)s)")
    sample.add_argument(
        "--promise", type=float, metavar="SHARE", help="say how many labels this promise takes at least"
    )
    add_out(sample, "JSON lines with id, writer and an empty correct, for you to fill in", metavar="OUT", required=True)
    add_force(sample, "replace an OUT that exists, and the labels in it")


def _configure_learn(learn: argparse.ArgumentParser) -> None:
    _add_log(learn, required=True)
    labels = learn.add_argument_group("which answers are right: one of these")
    told = labels.add_mutually_exclusive_group(required=True)
    told.add_argument(
        "--labels", metavar="FILE", help="rows with id, correct and writer; without one, of what was returned"
    )
    told.add_argument("--outcomes", action="store_true", help="the outcomes that were posted back to the log")
    told.add_argument(
        "--agreement",
        action="store_true",
        help="the strongest writer is right, and whoever equals it; for short answers",
    )
    target = learn.add_argument_group("what the route is to keep: one of these").add_mutually_exclusive_group(
        required=True
    )
    target.add_argument(
        "--promise", type=float, metavar="SHARE", help="of what is returned, at most this share is wrong"
    )
    target.add_argument("--budget", type=float, metavar="COST", help="mean cost of a request, in the route's currency")
    learn.add_argument(
        "--delta",
        type=float,
        default=0.05,
        help="chance that the labels mislead about a promise (default: %(default)s)",
    )
    learn.add_argument("--seed", type=int, default=0, help="of the halves (default: %(default)s)")
    add_out(learn, "the route's file with what was learnt; without it, only what would change is shown", metavar="OUT")
    add_force(learn)
    add_page(learn, "a page with the curve of accuracy against cost")


def _configure_report(report: argparse.ArgumentParser) -> None:
    _add_log(report, required=False)
    report.add_argument("--name", help="the route, where the log holds several and no --route is given")
    report.add_argument(
        "--labels", metavar="FILE", help="rows with id, correct and writer, besides outcomes posted back"
    )
    report.add_argument("--strongest", metavar="WRITER", help="what to compare with (default: the last writer)")
    add_page(report, "the report as a page")


def _configure_resume(resume: argparse.ArgumentParser) -> None:
    resume.add_argument(
        "route", type=Path, metavar="FILE", help="the route's TOML file; of one that is served, ask the service"
    )
    resume.add_argument("--note", default="", help="why, in your words; the route's ledger keeps them as they are")
    resume.add_argument("--by", metavar="NAME", help="whose word it is (default: the user of this shell)")


def _add_log(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument(
        "log", type=Path, metavar="LOG", help="what the route wrote; older files beside it are read too"
    )
    parser.add_argument("--route", required=required, type=Path, metavar="FILE", help="the route's TOML file")
    parser.add_argument(
        "--since", metavar="TIME", help="requests from this moment on: 2026-01-31T12:00:00Z, or seconds since 1970"
    )
