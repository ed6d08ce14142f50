"""How often drift alarms are false, and how soon true ones come: ``python -m studies.drift``.

Streams of calibrated confidences, Beta(8, 2), are watched by the detector that suspends promises and by what is commonly
done instead: a two-sample Kolmogorov-Smirnov test (scipy) of the last 100 values against the reference, at p < 0.01, after
every 20 values. All watch the same streams. Everything is seeded; the figures are the same on every machine.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from statistics import median
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from foureyes.maths.exchangeability import ExchangeabilityTest
from foureyes.report.study import TextTable, markdown_table

Floats: TypeAlias = NDArray[np.float64]
Watch: TypeAlias = Callable[[Floats, Floats, int], int | None]

ALPHA: Final = 0.01
REFERENCE: Final = 500
QUIET: Final = 5000
CALM: Final = (8.0, 2.0)
CHANGES: Final[Mapping[str, tuple[float, float]]] = {
    "0.80 → 0.77": (7.7, 2.3),
    "0.80 → 0.75": (7.5, 2.5),
    "0.80 → 0.70": (7.0, 3.0),
    "0.80 → 0.60": (6.0, 4.0),
}


def betting(reference: Floats, stream: Floats, seed: int) -> int | None:
    """When our detector alarms, counted in values; ``None`` for never."""
    test = ExchangeabilityTest(reference, alpha=ALPHA, seed=seed)
    return next((t for t, value in enumerate(stream.tolist(), 1) if test.observe(value)), None)


def windows(reference: Floats, stream: Floats, _seed: int) -> int | None:
    """When a test of the last 100 values first comes out below the level."""
    ends = range(100, len(stream) + 1, 20)
    return next((t for t in ends if ks_2samp(stream[t - 100 : t], reference).pvalue < ALPHA), None)


WAYS: Final[Mapping[str, Watch]] = {"test by betting (ours)": betting, "KS test of windows": windows}


def main() -> None:
    """Prints two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=1000)
    streams = parser.parse_args().streams
    print(
        f"**False alarms** on {streams} streams of {QUIET} values in which nothing changes, stated rate {ALPHA:.0%}\n"
    )
    alarms = tuple((name, false_alarms(way, streams)) for name, way in WAYS.items())
    print(markdown_table(TextTable(("", "streams with an alarm"), alarms)))
    print(
        f"\n**Values until an alarm** after a change of the mean, {streams // 5} streams: median (share seen within 2 000)\n"
    )
    delays = tuple(
        (name, *(delay(way, shape, streams // 5) for shape in CHANGES.values())) for name, way in WAYS.items()
    )
    print(markdown_table(TextTable(("", *CHANGES), delays)))


def false_alarms(way: Watch, streams: int) -> str:
    """The share of calm streams with an alarm."""
    found = sum(way(*drawn(CALM, seed, QUIET), seed) is not None for seed in range(streams))
    return f"{found / streams:.1%}"


def delay(way: Watch, shape: tuple[float, float], streams: int) -> str:
    """How soon a changed stream is seen."""
    found = [way(*drawn(shape, seed, 2000), seed) for seed in range(streams)]
    seen = [t for t in found if t is not None]
    return f"{median(seen):.0f} ({len(seen) / streams:.0%})" if seen else "none seen"


def drawn(shape: tuple[float, float], seed: int, n: int) -> tuple[Floats, Floats]:
    """A calm reference, and a stream of another shape."""
    rng = np.random.default_rng(seed)
    return rng.beta(*CALM, REFERENCE), rng.beta(*shape, n)


if __name__ == "__main__":
    main()
