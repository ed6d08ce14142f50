"""The command lines of ``foureyes bench``."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Final

from foureyes.cli.options import add_page, add_quiet
from foureyes.cli.parser import Commands

__all__ = ["OUT", "configure"]

OUT: Final = Path("out/studies")
"""Where results go, in a folder a study."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the steps of ``foureyes bench`` and their options."""
    steps = Commands(parser, "STEP")
    runs = steps.add("run", "answer, read and score; goes on where an earlier run ended")
    _place(runs)
    _data(runs)
    runs.add_argument(
        "--store", type=Path, metavar="FILE", help="what models said (default: store.sqlite beside the results)"
    )
    runs.add_argument(
        "--seconds", type=float, help="budget of computing, in place of the study's; 0 for what is stored only"
    )
    runs.add_argument("--tokens", type=int, help="budget of tokens, in place of the study's")
    add_quiet(runs)
    reports = steps.add("report", "measure the rows of a run and write a page and Markdown")
    _place(reports)
    add_page(reports, "the page (default: report.html beside the results)")
    reports.add_argument(
        "--markdown", type=Path, metavar="FILE", help="Markdown with pictures beside it (default: report.md)"
    )
    reports.add_argument(
        "--latex", type=Path, metavar="FILE", help="tables and forest plots for a paper (default: none)"
    )
    chooses = steps.add("choose", "say which verifier to use, from what a run found and n labels")
    _place(chooses)
    chooses.add_argument("--task", required=True, help="whose answers are to be verified")
    chooses.add_argument("--generator", required=True, help="who gave them")
    chooses.add_argument(
        "--labels", type=int, default=100, metavar="N", help="graded rows to go by (default: %(default)s)"
    )
    chooses.add_argument(
        "--signal", default="log_cmp", metavar="SIGNAL", help="that verifiers are judged by (default: %(default)s)"
    )
    chooses.add_argument(
        "--ms", type=float, default=math.inf, help="budget: milliseconds a row, as measured in the run"
    )
    chooses.add_argument(
        "--tolerance", type=float, default=0.02, help="AUROC one is ready to give away (default: %(default)s)"
    )
    chooses.add_argument("--sure", type=float, default=0.9, help="probability asked for (default: %(default)s)")
    pairs = steps.add(
        "pairs", "write right and wrong answers to the same question as preference pairs, as DPO takes them"
    )
    _place(pairs)
    _data(pairs)
    pairs.add_argument("--jsonl", type=Path, metavar="FILE", help="the pairs (default: pairs.jsonl beside the results)")
    pairs.add_argument("--each", type=int, default=1, metavar="N", help="most of one question (default: %(default)s)")
    pairs.add_argument(
        "--bugs",
        action="store_true",
        help="right programs, the tasks' own and those of the run, with a bug that their tests refuse; needs no run",
    )


def _data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="folder with the tasks' files (default: the Hugging Face hub)"
    )


def _place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", type=Path, metavar="STUDY", help="study file (TOML)")
    parser.add_argument("--out", type=Path, metavar="DIR", help=f"results of this study (default: {OUT}/NAME)")
