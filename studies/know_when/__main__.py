"""Which claims of "When Models Know When They Do Not Know" hold on other data. ``python -m studies.know_when --data DIR``.

The data is published and not part of the repository; a part whose data is missing is skipped, and the report says so.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from foureyes.study.provenance import describe_machine, package_versions
from studies.know_when import (
    cifar10,
    cifar10_shift,
    label_errors,
    language_calibration,
    language_cascades,
    mmlu_redux,
    question_routers,
)
from studies.know_when.page import build_report, cell, final_verdict, pooled
from studies.know_when.published_data import PublishedData
from studies.know_when.values import Figure, RunSettings, StudyPart
from studies.pages import add_pages, command_again, save_pages, study_parser

__all__ = ["PARTS", "main"]

QUICK_DRAWS: Final = 100
EACH_LEVEL: Final = 0.975
EACH_DRAWS: Final = 400

PARTS: Final[Mapping[str, Callable[[PublishedData, RunSettings], StudyPart]]] = {
    "cifar10": cifar10.study,
    "cifar10_shift": cifar10_shift.study,
    "language_calibration": language_calibration.study,
    "language_cascades": language_cascades.study,
    "question_routers": question_routers.study,
    "label_errors": label_errors.study,
    "mmlu_redux": mmlu_redux.study,
}


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the parts, prints the verdicts, and writes the page and the Markdown."""
    parser = _parser()
    args = parser.parse_args(argv)
    plan = RunSettings(seed=args.seed, draws=QUICK_DRAWS if args.quick else args.draws)
    store = PublishedData(args.data)
    parts, missing = _run(args.only or list(PARTS), store, plan)
    again = _again(list(parts), store, plan, 1 if args.quick else args.splits)
    for claim in (claim for part in parts.values() for claim in part.claims):
        print(f"{final_verdict(claim, again):<12} {claim.says}: {cell(pooled(claim, again))} ({claim.measured_as})")
    origin = _origin(plan, 1 if args.quick else args.splits)
    report = build_report(list(parts.values()), missing, origin, store.read, again, command_again(parser, args))
    save_pages(report, args)


def _parser() -> argparse.ArgumentParser:
    parser = study_parser("know_when", __doc__)
    parser.add_argument("--seed", type=int, default=0, help="of the halves and of every interval")
    parser.add_argument("--draws", type=int, default=1000, help="bootstrap draws")
    parser.add_argument(
        "--splits", type=int, default=5, help="how many ways to halve the rows; the tables are of the first"
    )
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_DRAWS} draws, one split: to see that it works")
    parser.add_argument("--only", action="append", choices=list(PARTS), help="one part; may be given again")
    add_pages(parser)
    return parser


def _run(names: Sequence[str], store: PublishedData, plan: RunSettings) -> tuple[dict[str, StudyPart], dict[str, str]]:
    """Parts by name, and why the others could not be run."""
    parts, missing = {}, {}
    for name in names:
        started = time.monotonic()
        try:
            parts[name] = PARTS[name](store, plan)
        except FileNotFoundError as error:
            missing[name] = str(error)
            print(f"{name}: skipped, {error} ({store.folder})", file=sys.stderr)
        else:
            print(f"{name}: {time.monotonic() - started:.1f} s", file=sys.stderr)
    return parts, missing


def _again(names: Sequence[str], store: PublishedData, plan: RunSettings, splits: int) -> dict[str, list[Figure]]:
    """What several halvings say of every claim, at the level that leaves 95 % to their medians; none if there is but one."""
    found: dict[str, list[Figure]] = {}
    each = replace(plan, level=EACH_LEVEL, draws=min(plan.draws, EACH_DRAWS), claims_only=True)
    for seed in range(plan.seed, plan.seed + splits) if splits > 1 else ():
        for part in _run(names, store, replace(each, seed=seed))[0].values():
            for claim in part.claims:
                found.setdefault(claim.says, []).append(claim.difference)
    return found


def _origin(plan: RunSettings, splits: int) -> str:
    halvings = f"{splits} halvings, {min(plan.draws, EACH_DRAWS)} draws each" if splits > 1 else "one halving"
    versions = ", ".join(f"{name} {number}" for name, number in package_versions().items())
    return f"Seed {plan.seed}, {plan.draws} draws, {plan.bins} bins, {halvings}. {describe_machine()}. {versions}."


if __name__ == "__main__":
    main()
