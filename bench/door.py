"""What strangers and floods do to the service: attacks on its door, and what one tenant's flood costs another.

    git worktree add /tmp/before 304b711 && python -m bench.door --before /tmp/before/src --markdown docs/bench-door.md

Every attack meets a fresh ``foureyes serve`` in a process of its own, once of another checkout and once of this one. A probe
asks ``/healthz`` over a connection of its own all the while: its longest wait is how long the event loop stood still.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.door_attacks import ATTACKS, Suffered, suffer
from bench.door_fairness import FLOODS, Fairness, compare
from bench.machine import command_line, describe, usable_processors
from bench.section import Aim, aims, grid

__all__ = ["main"]

_MOST_RATIO: Final = 2.0
_MOST_STALL_S: Final = 0.5
_MOST_MEMORY_MIB: Final = 32.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of everything, before and after.

    Attributes:
        attacks: by name, of the other checkout (where there is one) and of this one.
        floods: the same.
    """

    attacks: dict[str, tuple[Suffered | None, Suffered]]
    floods: dict[str, tuple[Fairness | None, Fairness]]


def measure(before: Path | None, *, n: int) -> Measured:
    """Attacks and floods, one after another."""
    attacks, floods = {}, {}
    for name in ATTACKS:
        attacks[name] = (None if before is None else suffer(name, before), suffer(name))
        print(name, attacks[name], file=sys.stderr)
    for name in FLOODS:
        floods[name] = (None if before is None else compare(name, n, before), compare(name, n))
        print(name, floods[name], file=sys.stderr)
    return Measured(attacks, floods)


def markdown(measured: Measured, command: str) -> str:
    """The page."""
    machine = describe(Path(sys.executable), Path("none"), ("foureyes", "uvicorn", "httptools", "uvloop"))
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return "\n".join(
        [
            "# What strangers and floods do to the service",
            "",
            (
                f"{machine['processor']}, {usable_processors()} processors; Python {machine['python']}, {versions}. Made by "
                f"`{command}`, after `git worktree add /tmp/before 304b711`: *before* is the service before it had a door of its "
                "own, served by the same uvicorn."
            ),
            "",
            aims(_aims(measured)),
            "",
            "## Attacks",
            "",
            (
                "*Stall* is the longest wait of a caller of `/healthz` on another connection, *memory* what the process took at "
                "most beyond what it had. What was sent before the service hung up includes what the kernel holds for both sides."
            ),
            "",
            grid(
                ("attack", "stall before, s", "after, s", "memory before, MiB", "after, MiB", "before", "after"),
                [_attack_row(name, *pair) for name, pair in measured.attacks.items()],
            ),
            "",
            "## Floods",
            "",
            (
                "p99 of one tenant's requests, one after another, alone and beside another tenant's flood (600 connections that "
                "ask a verifier that never answers, again as soon as they are answered; or eight that have personal data looked "
                "for in 340 kB of numbers), from a process of the lowest priority. A request that was refused or not answered within 30 s is counted as refused."
            ),
            "",
            grid(
                ("requests", "", "alone, ms", "beside, ms", "ratio", "refused"),
                [row for name, pair in measured.floods.items() for row in _flood_rows(name, *pair)],
            ),
            "",
        ]
    )


def _aims(measured: Measured) -> list[Aim]:
    suffered = [after for _, after in measured.attacks.values()]
    floods = [after for _, after in measured.floods.values()]
    stall, memory = max(one.stall_s for one in suffered), max(one.memory_mib for one in suffered)
    ratio, refused = max(one.ratio for one in floods), sum(one.refused for one in floods)
    return [
        Aim("longest stall under any attack, s", f"≤ {_MOST_STALL_S:g}", f"{stall:.2f}", stall <= _MOST_STALL_S),
        Aim(
            "most memory under any attack, MiB", f"≤ {_MOST_MEMORY_MIB:g}", f"{memory:.1f}", memory <= _MOST_MEMORY_MIB
        ),
        Aim("p99 beside a flood ÷ alone, the worst", f"≤ {_MOST_RATIO:g}", f"{ratio:.2f}", ratio <= _MOST_RATIO),
        Aim("requests refused because of another's flood", "0", str(refused), refused == 0),
    ]


def _attack_row(name: str, before: Suffered | None, after: Suffered) -> list[str]:
    pair = (before, after)
    stalls = ["" if one is None else f"{one.stall_s:.3f}" for one in pair]
    memory = ["" if one is None else f"{one.memory_mib:.1f}" for one in pair]
    return [name, *stalls, *memory, *("" if one is None else one.outcome for one in pair)]


def _flood_rows(name: str, before: Fairness | None, after: Fairness) -> list[list[str]]:
    return [
        [
            name,
            when,
            f"{one.alone_ms:.1f}",
            f"{one.beside_ms:.1f}",
            f"{one.ratio:.2f}",
            f"{one.refused} of {one.n}",
        ]
        for when, one in (("before", before), ("after", after))
        if one is not None
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, metavar="SRC", help="src of another checkout, to compare with")
    parser.add_argument("--requests", type=int, default=600, help="calm requests, alone and beside each flood")
    parser.add_argument("--markdown", type=Path, metavar="FILE")
    args = parser.parse_args(argv)
    page = markdown(measure(args.before, n=args.requests), command_line("bench.door", argv))
    print(page)
    if args.markdown:
        args.markdown.write_text(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
