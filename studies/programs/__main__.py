"""Programs of a 0.5 B and a 1.5 B writer: who needs the larger one, and which of several samples is right?

``python -m studies.programs --data FOLDER``. Both models write programs for problems of MBPP, the tests say which are right, in
the sandbox. What was written and read is kept in ``--cache``, so that a run which is stopped goes on; ``--seconds`` bounds
each kind of row, and the page is of those that there are. ``--make`` makes rows and no page. Beside them stand programs for
HumanEval that larger models wrote in 2023, published with verdicts, which are only read here.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from foureyes.report.study import Section, StudyReport
from foureyes.study.tasks.loading import TaskSpec, load_task
from studies.pages import add_pages, command_again, save_pages, study_parser
from studies.programs import stored as published
from studies.programs.cascade import FEWEST, PAPER, Cascade, calibration_section, cascade_section, published_of
from studies.programs.choosing import choosing_section
from studies.programs.doubts import Doubts, doubts_of, left_out, named
from studies.programs.rows import MAX_TOKENS, SAMPLES, Workshop
from studies.route.cache import Row

TASK: Final = "MBPP"
SMALL: Final = "qwen2.5-coder-0.5b"
LARGE: Final = "qwen2.5-coder-1.5b"
READERS: Final = ("smollm2-135m", LARGE)
FILE: Final = "mbpp/sanitized-mbpp.json"
MAKES: Final = ("stored", "small", "large", "read", "samples", "read-samples")

_PREFACE: Final = (
    f"Written here: {SMALL} writes a program for each problem of MBPP (the 427 that were checked by hand, a sample by hash), greedily, at most "
    f"{MAX_TOKENS} tokens; {LARGE} can be asked for another, and it and a model of 135 M read what was written. Programs are run with "
    "their tests in a sandbox; that is the truth. Doubts are over the tokens of the code: the author's own surprise, and each reader's, as "
    f"mean and as worst window. For the choice among several, {SMALL} writes {SAMPLES} samples at temperature 0.8. Published: programs "
    "of models of 2023 for HumanEval with their verdicts, which are read here. Intervals are 95 %, problems drawn anew."
)
_LIMITS: Final = (
    "Few problems: what is not decided here may well be with more. MBPP and HumanEval stand in the training data of nearly every model of code, so that "
    "accuracies are too high, and surprises too low."
)


def main() -> None:
    """Makes rows, and writes the page."""
    parser = _parser()
    args = parser.parse_args()
    task = load_task(TaskSpec("mbpp", FILE, args.limit), data=args.data, seed=0)
    shop = Workshop(args.cache, {item.id: item for item in task.items}, args.seconds)
    others = load_task(TaskSpec("humaneval", limit=args.limit), data=args.data, seed=0)
    reading = Workshop(args.cache, {item.id: item for item in others.items}, args.seconds)
    programs = published.published_programs(args.data, published.WRITERS)
    programs = {one: programs[one] for one in reading.items if one in programs}
    for part in args.make or MAKES:
        if part == "stored":
            reading.read(READERS[0], "stored", programs)
        else:
            _make(shop, part)
    if args.make:
        return
    large = published.published_programs(args.data, (published.LARGE,))
    report = report_of(
        Workshop(args.cache, shop.items, 0), command_again(parser, args),
        (Workshop(args.cache, reading.items, 0), programs, large),
    )  # fmt: skip
    print("\n".join(report.findings))
    save_pages(report, args)


def report_of(
    shop: Workshop, command: str, stored: tuple[Workshop, Mapping[str, Row], Mapping[str, Row]] | None = None
) -> StudyReport:
    """The page, of the rows that there are; ``stored`` are published programs, with who reads them and the large writer's."""
    small, large, sampled = shop.written(SMALL), shop.written(LARGE), shop.sampled(SMALL)
    sections: list[Section] = []
    findings, missing = [], [_LIMITS, *_unwritten(shop, {SMALL: small, LARGE: large, f"{SMALL}, samples": sampled})]
    greedy = doubts_of({one: small[one] for one in small if one in large}, _readings(shop, "written", small, missing))
    of = Cascade(greedy, np.array([large[greedy.ids[n]]["programs"][0]["right"] for n in greedy.problems], np.bool_))
    if of.possible:
        found, said, _ = cascade_section(of, (SMALL, LARGE), TASK)
        sections += [found, calibration_section(of)]
        findings += [_solved(of), _cut_off({SMALL: small, LARGE: large}), *said]
        missing += left_out(greedy, "the cascade")
    else:
        missing.append(f"No cascade: wanted {FEWEST} programs of {SMALL}, right and wrong ones; {_counted(greedy)}.")
    several = doubts_of(sampled, _readings(shop, "sampled", sampled, missing))
    if len(np.unique(several.problems)) >= FEWEST:
        found, said = choosing_section(several)
        sections.append(found)
        findings += said
        missing += left_out(several, "the choice among samples")
    else:
        missing.append(f"No choice among samples: wanted {FEWEST} problems with samples; {_counted(several)}.")
    if stored is not None:
        read, said = _stored(*stored, missing)
        sections += read
        findings += said
    return StudyReport(
        "Programs: who needs the larger writer, and which of several is right?",
        (_PREFACE,),
        tuple(findings),
        tuple(missing),
        tuple(sections),
        command,
    )


def _stored(
    shop: Workshop, programs: Mapping[str, Row], large: Mapping[str, Row], missing: list[str]
) -> tuple[list[Section], list[str]]:
    """Choice among published programs of several writers, and a cascade from the first of them to a larger one."""
    read = {READERS[0]: shop.read(READERS[0], "stored", programs)}
    every = doubts_of(programs, read)
    if len(np.unique(every.problems)) < FEWEST:
        missing.append(f"No published programs: wanted {FEWEST} problems read; {_counted(every)}.")
        return [], []
    first = {one: {"programs": row["programs"][:1]} for one, row in programs.items() if one in large}
    alone = doubts_of(first, read)
    of = Cascade(alone, np.array([large[alone.ids[n]]["programs"][0]["right"] for n in alone.problems], np.bool_))
    chosen, said = choosing_section(every)
    about = f"HumanEval, programs of {', '.join(published.WRITERS)}; read by {READERS[0]}. Their authors' log-probs are not known."
    sections = [replace(chosen, title="The best of four published programs", paragraphs=(about,))]
    missing += left_out(every, "the choice among published programs")
    if of.possible:
        cascade, more, _ = cascade_section(of, (published.WRITERS[0], published.LARGE_SHOWN), "HumanEval")
        calibrated = calibration_section(of)
        sections += [
            replace(cascade, title="A cascade of published programs"),
            replace(calibrated, title="P(correct) of published programs"),
        ]
        missing += left_out(alone, "the cascade of published programs")
        said += more
    return sections, [f"Published programs, {len(np.unique(every.problems))} problems. {one}" for one in said]


def _readings(shop: Workshop, name: str, rows: Mapping[str, Row], missing: list[str]) -> dict[str, dict[str, Row]]:
    """What each reader saw; readers that read less than half of the problems are left out, and named."""
    found = {reader: shop.read(reader, f"{name}-{SMALL}", rows) for reader in READERS}
    few = [reader for reader, seen in found.items() if 2 * len(seen) < len(rows) or not seen]
    if few and rows:
        missing.append(f"Left out of the {name} programs, of which they have read too few: {', '.join(few)}.")
    return {reader: seen for reader, seen in found.items() if reader not in few}


def _unwritten(shop: Workshop, written: Mapping[str, Mapping[str, Row]]) -> list[str]:
    """Which problems have no program of a writer that wrote any."""
    gaps = {writer: [one for one in shop.items if one not in rows] for writer, rows in written.items() if rows}
    return [
        f"No program of {writer} for {len(ids)} of {len(shop.items)} problems, as the time was over: {named(ids)}."
        for writer, ids in gaps.items()
        if ids
    ]


def _solved(of: Cascade) -> str:
    small, large = of.doubts.right, of.large
    gaps = ", ".join(f"{value:.4f} ({published_of(name, TASK)})" for name, value in PAPER)
    return (
        f"{len(small)} problems: {SMALL} solves {small.mean():.1%}, {LARGE} {large.mean():.1%}, one of them {(small | large).mean():.1%}. Published APGR "
        f"of calibrated cascades: {gaps}."
    )


def _cut_off(written: Mapping[str, Mapping[str, Row]]) -> str:
    """How many greedy programs of each writer were cut off, and how many of these pass all the same."""
    cut = {
        writer: [one for row in rows.values() for one in row["programs"] if one["cut"]]
        for writer, rows in written.items()
    }
    counts = "; ".join(
        f"{writer} {len(some)} of {len(written[writer])}, of which {sum(one['right'] for one in some)} right"
        for writer, some in cut.items()
    )
    return f"Greedy programs cut off at {MAX_TOKENS} tokens: {counts}."


def _counted(of: Doubts) -> str:
    return f"there are {int(of.right.sum())} and {int((~of.right).sum())}, for {len(np.unique(of.problems))} problems"


def _make(shop: Workshop, part: str) -> None:
    if part in ("small", "large"):
        shop.written(SMALL if part == "small" else LARGE)
    elif part == "samples":
        shop.sampled(SMALL)
    else:
        stored = Workshop(shop.folder, shop.items, 0)  # reads what is there, writes nothing
        name, rows = ("written", stored.written(SMALL)) if part == "read" else ("sampled", stored.sampled(SMALL))
        for reader in READERS:
            shop.read(reader, f"{name}-{SMALL}", rows)


def _parser() -> argparse.ArgumentParser:
    parser = study_parser("programs", __doc__)
    parser.add_argument("--limit", type=int, default=64, help="problems (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=math.inf, help="of computing for each kind of row")
    parser.add_argument("--make", action="append", choices=MAKES, help="make these rows and no page")
    parser.add_argument(
        "--cache", type=Path, default=Path.home() / ".cache/foureyes/studies/programs", metavar="FOLDER"
    )
    add_pages(parser)
    return parser


if __name__ == "__main__":
    main()
