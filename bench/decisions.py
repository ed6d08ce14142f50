"""Calibration, cleaning and cascades beside their rivals, as one page. ``python -m bench.decisions``.

Runs :mod:`bench.calibrate`, :mod:`bench.clean`, :mod:`bench.compat` and :mod:`bench.cascade` one after the other and writes what they found,
with what it was found on. ``--only NAME`` leaves the others out, ``--quick`` is a smoke run. Words for a person go to
stderr, the page to stdout.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench import calibrate, cascade, clean, compat
from bench.machine import command_line, describe
from bench.section import BenchSection, aims, words
from bench.session import ROOT

__all__ = ["main", "render"]

PACKAGES: Final = ("foureyes", "numpy", "scipy", "scikit-learn", "cleanlab", "netcal", "mapie", "torchmetrics", "torch")
QUICK_ROWS: Final = 1_000_000

INTRODUCTION: Final = """\
# Speed and memory of calibrating, cleaning and cascading

{headline}

Written by `{command}`, on {date}, in {minutes:.0f} minutes. The machine is shared: only ratios count. Each is taken
between two contenders within one round, and stands here as its median over the rounds, with the lowest and the highest
in brackets. Contenders run in processes of their own, one thread each, on the same files; data and imports are not
timed. Load average {load_before:.1f} before and {load_after:.1f} after, our own share included.

{machine}

## Aims, and what was reached

✓ kept, ✗ missed, by the median.

{aims}
"""


def main(argv: Sequence[str] | None = None) -> None:
    """Measures and writes the page."""
    args = arguments(argv)
    about = {
        "command": command_line("bench.decisions", argv),
        "load_before": os.getloadavg()[0],
        "quick": args.quick,
        "only": args.only,
    }
    started = time.monotonic()
    sections = [benches(args)[name]() for name in args.only or benches(args)]
    about |= {
        "minutes": (time.monotonic() - started) / 60,
        "load_after": os.getloadavg()[0],
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": describe(Path(sys.executable), Path(args.rivals), PACKAGES),
        "rounds": args.rounds,
    }
    page = render(sections, about)
    print(page)
    if args.markdown:
        args.markdown.write_text(page, encoding="utf-8")
        print(f"bench: wrote {args.markdown}", file=sys.stderr)


def render(sections: Sequence[BenchSection], about: Mapping[str, Any]) -> str:
    """The page. Pure."""
    wanted = [aim for section in sections for aim in section.aims]
    head = INTRODUCTION.format(
        **{name: about[name] for name in ("command", "date", "minutes", "load_before", "load_after")},
        headline=_headline(about),
        machine=_machine(about),
        aims=aims(wanted),
    )
    return "\n".join([head, "\n\n".join(map(words, sections)), ""])


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rivals", default=str(ROOT / ".rivals/bin/python"), help="made by bench/setup")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help=f"one round, {QUICK_ROWS:,} rows at most, no mapped file")
    parser.add_argument(
        "--only", action="append", choices=("calibrate", "clean", "compat", "cascade"), help="may be repeated"
    )
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the page here as well")
    args = parser.parse_args(argv)
    args.rounds = 1 if args.quick else args.rounds
    return args


def benches(args: argparse.Namespace) -> dict[str, Callable[[], BenchSection]]:
    """Each bench by its name."""
    rows = QUICK_ROWS if args.quick else 10_000_000
    return {
        "calibrate": lambda: calibrate.section(args.rivals, args.rounds, rows),
        "clean": lambda: clean.section(args.rivals, args.rounds, mapped=not args.quick),
        "compat": lambda: compat.section(args.rivals, args.rounds, compat.QUICK if args.quick else compat.SIZES),
        "cascade": lambda: cascade.section(args.rounds, rows // 10),
    }


def _headline(about: Mapping[str, Any]) -> str:
    if about["quick"]:
        return "**A quick run on few rows, to see that the measurement works. Its figures mean little.**"
    if about["only"]:
        return f"**Part of the whole: {', '.join(about['only'])} only.**"
    return "How fast foureyes turns scores into decisions, beside what else does the same work."


def _machine(about: Mapping[str, Any]) -> str:
    machine = about["machine"]
    rows = {
        "processor": f"{machine['processor']}, {machine['processors']} usable, {machine['memory_bytes'] / 2**30:.0f} GiB",
        "rounds": str(about["rounds"]),
        "versions": f"Python {machine['python']}, {_versions(machine['versions'], ('foureyes', 'numpy'))}",
        "rivals' versions": _versions(machine["rivals"], PACKAGES[1:]) or "none installed",
        "commit": machine["commit"],
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())])


def _versions(found: Mapping[str, str], wanted: Sequence[str]) -> str:
    return ", ".join(f"{name} {found[name]}" for name in wanted if name in found)


if __name__ == "__main__":
    main()
