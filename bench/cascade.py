"""A full cascade curve over a million rows with a thousand bootstrap draws. ``python -m bench.cascade``.

There is no package that does the same work, so the other side of the ratio is the plain way: resample the rows, sort
them again, and add up the curve, for a few draws, times the number of draws.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import numpy as np

from bench.ratios import per_round
from foureyes.cascade.curves import Curve, cascade_curve
from foureyes.cascade.routers import AdvantageRouter, Router, ThresholdRouter

Rows: TypeAlias = tuple[Any, Any, Any]

GROWING: Final = (250_000, 500_000, 1_000_000, 2_000_000)
DRAWS: Final = 1000
PLAIN_DRAWS: Final = 3
LIMIT: Final = 5.0


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args(argv)
    rows = models(args.rows)
    fitted = AdvantageRouter.fit(rows[0], np.full(args.rows, 0.85))
    routers: dict[str, Router] = {"plain threshold, every row its own tier": ThresholdRouter(), "15 bins": fitted}
    for name, router in routers.items():
        both = [(seconds(full, rows, router), seconds(resampled, rows, router)) for _ in range(args.rounds)]
        ours, plain = [once for once, _ in both], [few * DRAWS / PLAIN_DRAWS for _, few in both]
        print(f"{name}: {per_round(plain, ours)} × as fast as resampling rows; {max(ours):.2f} s, wanted {LIMIT:g} s")
    grow(args.rounds)


def grow(rounds: int) -> None:
    """How time grows with rows: no faster, where the cost is linear."""
    made = [models(n) for n in GROWING]
    taken = [[seconds(full, rows, ThresholdRouter()) for _ in range(rounds)] for rows in made]
    times = ", ".join(
        f"{n // GROWING[0]} × {per_round(each, taken[0])}" for n, each in zip(GROWING, taken, strict=True)
    )
    print(f"time against that of 250 k rows, for so many times the rows: {times}")


def models(n: int) -> Rows:
    """A small model that knows when it knows, and a large one."""
    rng = np.random.default_rng(n)
    confidence = rng.random(n)
    return confidence, rng.random(n) < confidence, rng.random(n) < 0.85


def full(rows: Rows, router: Router) -> Curve:
    return cascade_curve(*rows, router, interval=(0.95, DRAWS, 0))


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
