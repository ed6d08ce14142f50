"""A full cascade curve over a million rows with a thousand bootstrap draws. ``python -m bench.cascade``.

There is no package that does the same work, so the other side of the ratio is the plain way: resample the rows, sort
them again, and add up the curve, for a few draws, times the number of draws.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import numpy as np

from bench.ratios import marginal, per_round
from bench.section import Aim, BenchSection, Grid, aims, steady, under, words
from foureyes.cascade.curves import Curve, cascade_curve
from foureyes.cascade.lead import RouterLead, router_lead
from foureyes.cascade.routers import AdvantageRouter, InSample, Router, ThresholdRouter

Rows: TypeAlias = tuple[Any, Any, Any]

GROWING: Final = (250_000, 500_000, 1_000_000, 2_000_000)
DRAWS: Final = 1000
PLAIN_DRAWS: Final = 3
LIMIT: Final = 5.0
NOTES: Final = (
    (
        f"No package does the same work. The other side is the plain way: resample the rows, sort them again, add up the curve; "
        f"timed for {PLAIN_DRAWS} draws and multiplied."
    ),
)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args(argv)
    found = section(args.rounds, args.rows)
    print(f"{aims(found.aims)}\n\n{words(found)}")


def section(rounds: int, n: int = 1_000_000, growing: Sequence[int] = GROWING) -> BenchSection:
    """Measures everything."""
    rows = models(n)
    fitted = AdvantageRouter.fit(rows[0], np.full(n, 0.85))
    routers: dict[str, Router] = {"plain threshold, every row its own tier": ThresholdRouter(), "15 bins": fitted}
    wanted: list[Aim] = []
    lines: list[list[str]] = []
    for name, router in routers.items():
        both = [(seconds(full, rows, router), seconds(resampled, rows, router)) for _ in range(rounds)]
        ours, plain = [once for once, _ in both], [few * DRAWS / PLAIN_DRAWS for _, few in both]
        most = f"{max(ours):.2f} s"
        print(f"bench: curve, {name}, {most}", file=sys.stderr)
        wanted.append(under(f"curve with {DRAWS:,} draws over {n:,} rows, {name}", LIMIT, ours))
        lines.append(
            [name, f"{statistics.median(ours):.2f}", f"{statistics.median(plain):,.0f}", str(per_round(plain, ours))]
        )
    paired = [seconds(lead, rows, fitted) for _ in range(rounds)]
    lines.append(["lead of 15 bins over the threshold, paired", f"{statistics.median(paired):.2f}", "–", "–"])
    wanted.append(steady("curve: a row more costs, last step ÷ first", grown(rounds, growing)))
    head = ("", "seconds", f"resampling rows, {DRAWS:,} draws", "× as fast")
    return BenchSection("Cascade curves", wanted, [Grid(f"{DRAWS:,} bootstrap draws, {n:,} rows", head, lines)], NOTES)


def grown(rounds: int, sizes: Sequence[int]) -> list[float]:
    """Seconds of one row more from each size to the next."""
    made = [models(n) for n in sizes]
    return marginal(sizes, [min(seconds(full, rows, ThresholdRouter()) for _ in range(rounds)) for rows in made])


def models(n: int) -> Rows:
    """A small model that knows when it knows, and a large one."""
    rng = np.random.default_rng(n)
    confidence = rng.random(n)
    return confidence, rng.random(n) < confidence, rng.random(n) < 0.85


def full(rows: Rows, router: Router) -> Curve:
    return cascade_curve(*rows, InSample(router), interval=(0.95, DRAWS, 0))


def lead(rows: Rows, router: Router) -> RouterLead:
    confidence, small, large = rows
    return router_lead((InSample(router), confidence), (ThresholdRouter(), confidence), small, large)


def resampled(rows: Rows, router: Router) -> list[float]:
    rng = np.random.default_rng(0)
    areas = []
    for _ in range(PLAIN_DRAWS):
        drawn = rng.integers(0, len(rows[0]), len(rows[0]))
        confidence, small, large = (column[drawn] for column in rows)
        order = np.argsort(-router.priority(confidence), kind="stable")
        gained = np.cumsum(large[order].astype(float) - small[order])
        areas.append(float(gained.mean() / gained[-1]))
    return areas


def seconds(work: Callable[[Rows, Router], object], rows: Rows, router: Router) -> float:
    start = time.perf_counter()
    work(rows, router)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
