"""Learns routes from their logs, and reports on them."""

from __future__ import annotations

import argparse

from foureyes.cli.output import CommandOutput
from foureyes.cli.route.learning import learn
from foureyes.cli.route.reporting import report
from foureyes.cli.route.resuming import resume
from foureyes.cli.route.sampling import sample

__all__ = ["run"]


def run(args: argparse.Namespace, output: CommandOutput) -> None:
    """Does one of the four."""
    {"learn": learn, "report": report, "resume": resume, "sample": sample}[args.action](args, output)
