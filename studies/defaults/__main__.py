"""Measures every default, or those of one verb, and writes the page."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

from foureyes.report.study import Section, markdown_table
from studies.defaults.section import SectionMaker, StudyPlan

_SECTIONS: Final = ("calibration", "cascade", "cleaning", "promises")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m studies.defaults", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the published sets")
    parser.add_argument("--only", choices=_SECTIONS, action="append", help="one verb; more than once for several")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--draws", type=int, default=1000, help="of each paired bootstrap")
    parser.add_argument("--splits", type=int, default=20, help="random splits of each set")
    parser.add_argument("--markdown", type=Path, help="file to write; without it, the page is printed")
    args = parser.parse_args()
    plan = StudyPlan(args.data, args.seed, args.draws, args.splits)
    page = "\n".join(_page([_maker(name)(plan) for name in args.only or _SECTIONS], plan, args.only or []))
    if args.markdown is None:
        sys.stdout.write(page + "\n")
    else:
        args.markdown.write_text(page + "\n", encoding="utf-8")


def _maker(name: str) -> SectionMaker:
    maker: SectionMaker = import_module(f"studies.defaults.{name}").section
    return maker


def _page(sections: list[Section], plan: StudyPlan, only: list[str]) -> Iterator[str]:
    chosen = "".join(f" --only {name}" for name in only)
    yield "# Defaults, judged on published data\n"
    yield (
        "A default is a claim. Here each is measured against its alternatives and against other packages, on data that others "
        f"published. Made by `python -m studies.defaults --data DATA{chosen} --seed {plan.seed} --draws {plan.draws} "
        f"--splits {plan.splits} --markdown docs/studies/defaults.md`.\n"
    )
    for section in sections:
        yield f"## {section.title}\n"
        yield from (f"{paragraph}\n" for paragraph in section.paragraphs)
        yield from (f"{markdown_table(table)}\n" for table in section.tables)


if __name__ == "__main__":
    main()
