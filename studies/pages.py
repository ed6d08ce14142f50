"""Where the page of a study goes, and the command that makes it again: the same for every study."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from foureyes.report.study import StudyReport, save_study

__all__ = ["add_pages", "command_again", "save_pages", "study_parser"]

_ELSEWHERE: Final = ("data", "html", "markdown", "cache")
"""Options that say where things are, and nothing of what is measured."""


def study_parser(name: str, description: str | None) -> argparse.ArgumentParser:
    """The parser of ``python -m studies.NAME``, with the folder of the published data."""
    parser = argparse.ArgumentParser(
        prog=f"python -m studies.{name}", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the published data")
    return parser


def add_pages(parser: argparse.ArgumentParser) -> None:
    """Adds ``--html`` and ``--markdown``."""
    out = Path("out/studies") / _name(parser)
    parser.add_argument("--html", type=Path, metavar="FILE", default=out / "report.html", help="the page")
    parser.add_argument("--markdown", type=Path, metavar="FILE", default=out / "report.md", help="the same as Markdown")


def command_again(parser: argparse.ArgumentParser, args: argparse.Namespace) -> str:
    """The command that makes the page among the documents again, with every option that was given another value than its default."""
    said = [f"{parser.prog} --data DATA"]
    for name, value in vars(args).items():
        if name not in _ELSEWHERE and value != parser.get_default(name):
            option, given = f"--{name.replace('_', '-')}", value if isinstance(value, list) else [value]
            said += [option if one is True else f"{option} {one}" for one in given]
    return " ".join([*said, f"--markdown docs/studies/{_name(parser)}.md"])


def save_pages(report: StudyReport, args: argparse.Namespace) -> None:
    """Writes the page and the Markdown, and says where they are."""
    for path in (args.html, args.markdown):
        path.parent.mkdir(parents=True, exist_ok=True)
    save_study(report, html=args.html, markdown=args.markdown)
    print(f"page: {args.html}\nmarkdown: {args.markdown}", file=sys.stderr)


def _name(parser: argparse.ArgumentParser) -> str:
    return parser.prog.rpartition(".")[2]
