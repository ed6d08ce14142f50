"""Opens the cleaning desk: pictures, votes, a judge, and the page until it is told to stop."""

from __future__ import annotations

import argparse
import webbrowser
from pathlib import Path
from typing import Any

import numpy as np

from foureyes.cleaning.review import ReviewDecision, read_review
from foureyes.cleaning.votes import LabelVote, decisions_of, read_votes
from foureyes.cli.clean.judging import judged
from foureyes.cli.clean.table import LabelTable
from foureyes.cli.output import CommandOutput
from foureyes.cli.words import tell_step
from foureyes.display import plural
from foureyes.errors import InputError
from foureyes.models.catalog import open_reader
from foureyes.report.cleaning import CleaningFindings
from foureyes.view.desk.ballot import Ballot, ballot_of
from foureyes.view.desk.desk import Desk
from foureyes.view.desk.pictures import PictureArrays, PictureFiles, Pictures
from foureyes.view.desk.site import DeskSite
from foureyes.view.server import LocalServer

__all__ = ["desk_of", "read_decisions", "serve"]


def serve(data: LabelTable, found: CleaningFindings, args: argparse.Namespace, output: CommandOutput) -> None:
    """Serves the desk until it is told to stop.

    Raises:
        InputError: pictures or votes cannot be read.
        ConfigError: the port is taken, or the judge cannot be opened.
    """
    desk = desk_of(data, found, args, output)
    with LocalServer(DeskSite(desk), args.port) as server:
        output.give_now({"url": server.address})
        output.say(f"the cleaning desk is at {server.address} (stop with Ctrl-C)")
        if not args.no_browser:
            webbrowser.open(server.address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            output.say(f"stopped; votes are saved in {desk.ballot.path}")


def desk_of(data: LabelTable, found: CleaningFindings, args: argparse.Namespace, output: CommandOutput) -> Desk:
    """The desk that the options ask for."""
    source = Path(args.source)
    judgments = {}
    if args.judge:
        n_asked = min(len(found.issues), args.judge_most)
        output.say(f"asking {args.judge} about {plural(n_asked, 'flagged row')}")
        judgments = dict(judged(found, open_reader(args.judge, on_step=tell_step), most=args.judge_most))
        output.say(f"{args.judge} judged {plural(len(judgments), 'flagged row')}")
    return Desk(
        source.name,
        found,
        data.labels,
        Ballot(args.votes or ballot_of(source)),
        pictures=_pictures(data, args.image, source.parent),
        judge=args.judge or "",
        judgments=judgments,
    )


def read_decisions(path: Path, data: LabelTable) -> dict[int, ReviewDecision]:
    """Decisions of a filled-in review file, or of a desk's votes.

    Raises:
        InputError: the file cannot be used.
    """
    if path.suffix.lower() != ".jsonl":
        return read_review(path, classes=data.classes)
    votes: dict[int, LabelVote] = read_votes(path)
    return decisions_of(votes, data.named(data.labels), data.classes)


def _pictures(data: LabelTable, name: str | None, folder: Path) -> Pictures | None:
    if name is None:
        return None
    if name.endswith(".npy"):
        return PictureArrays(_all_rows(np.load(name, mmap_mode="r"), data, name))
    return PictureFiles(_all_rows(data.table.values(name), data, name), folder)


def _all_rows(values: Any, data: LabelTable, name: str) -> Any:
    if len(values) != len(data.labels):
        raise InputError(f"--image must show each of {len(data.labels)} rows; {name} has {len(values)}")
    return values
