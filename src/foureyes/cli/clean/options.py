"""The command line of ``foureyes clean``."""

from __future__ import annotations

import argparse
from pathlib import Path

from foureyes.cli.options import add_copy, add_force, add_page, add_table

__all__ = ["configure"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``foureyes clean``."""
    add_table(parser)
    parser.add_argument(
        "--label", required=True, metavar="FIELD", help="the labels in question: class indices, or names with --classes"
    )
    parser.add_argument(
        "--classes",
        metavar="A,B,…",
        help="names of the classes in the order of the probabilities, one line of CSV: 'cat,\"dog, small\"'",
    )
    _add_experts(parser.add_argument_group("experts, at least one"))
    _add_finding(parser.add_argument_group("finding"))
    _add_acting(parser.add_argument_group("acting on what was found"))
    _add_desk(parser.add_argument_group("the cleaning desk"))
    add_page(parser, "a page with the issues, and the picture if --true is given")


def _add_experts(experts: argparse._ArgumentGroup) -> None:
    experts.add_argument(
        "--probs",
        action="append",
        metavar="FIELD",
        help="an expert's class probabilities or logits: a list a row, the fields a,b,c, or a .npy file; repeat for more experts",
    )
    experts.add_argument(
        "--scale",
        choices=("auto", "probabilities", "logits"),
        default="auto",
        help="what --probs holds (default: logits where a number is negative)",
    )
    experts.add_argument(
        "--trust-order", action="store_true", help="do not refuse experts whose columns seem to stand in another order"
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
        choices=("pooled", "calibrated", "basic", "confident_learning"),
        help="default: pooled, or calibrated with --keep-top or --precision",
    )
    finding.add_argument(
        "--cut", type=float, metavar="LEAD", help="for pooled: how far another class must lead (default: 0.5)"
    )
    finding.add_argument(
        "--keep-top",
        type=float,
        metavar="SHARE",
        help="for calibrated: share of most confident rows in which an expert is heard (default: 0.3)",
    )
    finding.add_argument(
        "--true", metavar="FIELD", help="verified labels, empty where unverified: precision against detection"
    )
    finding.add_argument(
        "--precision", type=float, metavar="SHARE", help="with --true: the largest share that surely is this precise"
    )


def _add_acting(acting: argparse._ArgumentGroup) -> None:
    add_copy(acting)
    add_force(acting)
    what = acting.add_mutually_exclusive_group()
    what.add_argument(
        "--action",
        choices=("flag", "relabel", "drop"),
        default="flag",
        help="what the copy does with issues (default: %(default)s)",
    )
    what.add_argument(
        "--decisions",
        type=Path,
        metavar="FILE",
        help="do what a filled-in review file (.csv) or the votes of a desk (.jsonl) say",
    )
    acting.add_argument(
        "--review",
        type=Path,
        metavar="FILE",
        help="a new file in which a person decides: keep, relabel or drop; .csv, or .html to click through",
    )
    acting.add_argument("--item", metavar="FIELD", help="what to show a person of each row")


def _add_desk(desk: argparse._ArgumentGroup) -> None:
    desk.add_argument("--desk", action="store_true", help="open a local page to decide on one label after another")
    desk.add_argument(
        "--image", metavar="FIELD", help="pictures: a field with paths beside IN, or a .npy file of pixels (N, H, W, 3)"
    )
    desk.add_argument(
        "--votes", type=Path, metavar="SIDECAR", help="where votes are kept (default: IN's name, .votes.jsonl)"
    )
    desk.add_argument("--judge", metavar="MODEL", help="a verifier that is asked which class each flagged row is")
    desk.add_argument(
        "--judge-most", type=int, default=200, metavar="ROWS", help="rows that it is asked about (default: %(default)s)"
    )
    desk.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    desk.add_argument("--no-browser", action="store_true", help="print the address, open nothing")
