"""Calibration beside its rivals: time, memory, and whether the results agree. ``python -m bench.calibrate``.

ECE and reliability of 10 M confidences; isotonic, Platt and temperature fits of 1 M rows; the choice among all calibrators on
1 M rows, which has no rival. Every contender runs in a
process of its own, one thread each, in turn, round after round, on the same files; ratios are taken within a round.
The rivals (scikit-learn, netcal, MAPIE, torchmetrics) live in a virtual environment of their own (``--rivals PYTHON``);
one that is missing is left out, and a line says so. foureyes' ECE includes its interval, which no rival's does.

``python -m bench.decisions`` runs this beside its siblings and writes the page.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.machine import memory
from bench.ratios import Spread, furthest, marginal, per_round
from bench.section import MIB, Aim, BenchSection, Grid, aims, at_least, steady, under, words
from bench.session import ROOT, asked, can_import

OURS: Final = "foureyes"
BEST: Final = "fit_best"
BEST_LIMIT: Final = 10.0
AIM: Final = {"ece equal-count": 5, "ece equal-width": 5, "isotonic": 2, "platt": 2, "temperature": 2}
NAMES: Final = {
    "ece equal-count": "ECE and reliability table, equal counts",
    "ece equal-width": "ECE and reliability table, equal widths",
    "isotonic": "isotonic fit",
    "platt": "Platt fit",
    "temperature": "temperature fit, 10 classes",
}
GROWTH: Final = (0.25, 0.5, 1.0)
GROWTH_RUNS: Final = 3
HEAD: Final = ("", "seconds", "× the time of foureyes", "memory added", "within")

Call = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class CalibrationRun:
    """What one call took, and what it found."""

    seconds: float
    added: int
    found: list[float]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rivals", default=str(ROOT / ".rivals/bin/python"), help="a Python that has the rivals")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=10_000_000, help="for the ECE; a tenth of it for the fits")
    parser.add_argument("--worker", nargs=3, metavar=("WHO", "WHAT", "FILE"), help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.worker:
        print(json.dumps(measured(*args.worker)))
        return
    found = section(args.rivals, args.rounds, args.rows)
    print(f"{aims(found.aims)}\n\n{words(found)}")


def section(rivals: str, rounds: int, rows: int = 10_000_000) -> BenchSection:
    """Measures everything."""
    contenders = {who: python for who, python in everyone(rivals).items() if installed(who, python)}
    wanted: list[Aim] = []
    grids: list[Grid] = []
    with tempfile.TemporaryDirectory() as folder:
        for what in AIM:
            n = size(what, rows)
            runs = raced(what, write(Path(folder), what, n), contenders, rounds)
            name = f"{NAMES[what]}, {n:,} rows"
            wanted.append(at_least(f"{name}: × as fast as the fastest rival", AIM[what], lead(runs)))
            grids.append(Grid(name, HEAD, [line(who, runs) for who in runs]))
            wanted.append(steady(f"{name}: a row more costs, last step ÷ first", grown(what, n, Path(folder))))
        n = size(BEST, rows)
        made = [run(sys.executable, OURS, BEST, write(Path(folder), BEST, n)) for _ in range(rounds)]
        wanted.append(under(f"{BEST} over all candidates, {n:,} rows", BEST_LIMIT, [once.seconds for once in made]))
    left_out = sorted(everyone(rivals).keys() - contenders.keys())
    notes = (
        (
            "*Added* is what the call adds to a process that holds its data already. *Within* is the largest difference of "
            "the results: of the errors, of the temperature, of 1,000 predicted confidences. scikit-learn's Platt line is "
            "its logistic regression with its fastest solver, without a penalty; foureyes fits Platt's smoothed targets, which "
            "moves the line by about one part in the number of rows."
        ),
        *([f"Not installed, left out: {', '.join(left_out)}."] if left_out else []),
    )
    return BenchSection("Calibration", wanted, grids, notes)


def everyone(rivals: str) -> dict[str, str]:
    return {OURS: sys.executable} | dict.fromkeys(("scikit-learn", "netcal", "MAPIE", "torchmetrics"), rivals)


def installed(who: str, python: str) -> bool:
    module = {"scikit-learn": "sklearn", "MAPIE": "mapie"}.get(who, who)
    found = can_import(python, module)
    if not found:
        print(f"{who} is not installed for {python}: left out (--rivals PYTHON)", file=sys.stderr)
    return found


def size(what: str, rows: int) -> int:
    return rows if what.startswith("ece") else rows // 10


def raced(what: str, file: Path, contenders: dict[str, str], rounds: int) -> dict[str, list[CalibrationRun]]:
    """Every contender that can do it, ours first, round after round."""
    able = {who: python for who, python in contenders.items() if what in calls(who)}
    runs: dict[str, list[CalibrationRun]] = {who: [] for who in able}
    for _ in range(rounds):
        for who, python in able.items():
            runs[who].append(run(python, who, what, file))
    print(f"bench: {what}, {', '.join(f'{who} {runs[who][-1].seconds:.2f} s' for who in runs)}", file=sys.stderr)
    return runs


def lead(runs: dict[str, list[CalibrationRun]]) -> Spread | None:
    """How many times our time the fastest rival took."""
    ours = runs[OURS]
    rivals = [theirs for who, theirs in runs.items() if who != OURS]
    fastest = [min(theirs[i].seconds for theirs in rivals) for i in range(len(ours))] if rivals else []
    return per_round(fastest, [once.seconds for once in ours])


def line(who: str, runs: dict[str, list[CalibrationRun]]) -> list[str]:
    ours, theirs = runs[OURS], runs[who]
    slower = per_round([r.seconds for r in theirs], [r.seconds for r in ours])
    added = f"{theirs[0].added / MIB:,.0f} MiB"
    seconds = f"{statistics.median(r.seconds for r in theirs):.3f}"
    if who == OURS:
        return [who, seconds, "1", added, ""]
    return [who, seconds, str(slower), added, f"{furthest(ours[0].found, theirs[0].found):.1e}"]


def grown(what: str, most: int, folder: Path) -> list[float]:
    """What one row more costs from a quarter of the rows to a half, and from there to all."""
    sizes = [int(most * share) for share in GROWTH]
    files = [write(folder, what, n) for n in sizes]
    seconds = [min(run(sys.executable, OURS, what, file).seconds for _ in range(GROWTH_RUNS)) for file in files]
    return marginal(sizes, seconds)


def write(folder: Path, what: str, n: int) -> Path:
    """What the measures and the fits are given, with confidences that are off by a power."""
    file = folder / f"{'ece' if what.startswith('ece') else what} {n}.npz"
    if file.exists():
        return file
    rng = np.random.default_rng(n)
    p = rng.beta(3, 1.5, n)
    right = rng.random(n) < p
    if what == "temperature":
        logits = rng.normal(size=(n, 10)) * 2
        odds = np.exp(logits / 1.7).cumsum(axis=1)
        np.savez(file, logits=logits, labels=(odds > odds[:, -1:] * rng.random((n, 1))).argmax(axis=1))
    elif what.startswith("ece") or what == BEST:
        np.savez(file, confidence=p**0.7, right=right)
    else:
        np.savez(file, score=-np.log(p / (1 - p)) * 1.3 + 2, right=right)
    return file


def run(python: str, who: str, what: str, file: Path) -> CalibrationRun:
    return CalibrationRun(
        **json.loads(asked(python, "bench.calibrate", "--worker", who, what, str(file)).splitlines()[-1])
    )


def measured(who: str, what: str, file: str) -> dict[str, Any]:
    """In the contender's own process: imports and data first, then one call, timed."""
    call = calls(who)[what]()
    with np.load(file) as stored:
        data = {name: stored[name] for name in stored.files}
    call({name: column[:1000] for name, column in data.items()})
    before, start = memory("VmRSS"), time.perf_counter()
    found = call(data)
    seconds = time.perf_counter() - start
    added = memory("VmHWM") - before
    found = found() if callable(found) else found
    return {"seconds": seconds, "added": added, "found": np.atleast_1d(found).tolist()}


def calls(who: str) -> dict[str, Callable[[], Call]]:
    """What each contender can do; its imports happen in its own process only."""
    return {
        OURS: {
            "ece equal-count": lambda: our_ece("equal-count"),
            "ece equal-width": lambda: our_ece("equal-width"),
            "isotonic": our_isotonic,
            "platt": our_platt,
            "temperature": our_temperature,
            BEST: our_best,
        },
        "scikit-learn": {
            "ece equal-count": lambda: sklearn_curve("quantile"),
            "ece equal-width": lambda: sklearn_curve("uniform"),
            "isotonic": sklearn_isotonic,
            "platt": sklearn_platt,
            "temperature": sklearn_temperature,
        },
        "netcal": {
            "ece equal-count": lambda: netcal_ece(equal_intervals=False),
            "ece equal-width": lambda: netcal_ece(equal_intervals=True),
        },
        "MAPIE": {
            "ece equal-count": lambda: mapie_ece("quantile"),
            "ece equal-width": lambda: mapie_ece("uniform"),
        },
        "torchmetrics": {"ece equal-width": torchmetrics_ece},
    }[who]


# ruff: noqa: PLC0415 - each import happens in the process of the contender that has it


def our_ece(binning: Any) -> Call:
    from foureyes.maths.reliability import ece

    return lambda data: ece(data["confidence"], data["right"], binning=binning).value


def our_isotonic() -> Call:
    from foureyes.calibration import Isotonic

    return lambda data: Isotonic.fit(data["score"], data["right"]).predict_proba(data["score"][:1000])


def our_platt() -> Call:
    from foureyes.calibration import Platt

    return lambda data: Platt.fit(data["score"], data["right"]).predict_proba(data["score"][:1000])


def our_best() -> Call:
    from foureyes.calibration import fit_best

    def best(data: dict[str, Any]) -> Any:
        calibrator = fit_best(data["confidence"], data["right"], larger_is="better").calibrator
        return calibrator.predict_proba(data["confidence"][:1000])

    return best


def our_temperature() -> Call:
    from foureyes.calibration import Temperature

    return lambda data: Temperature.fit(data["logits"], data["labels"]).temperature


def sklearn_curve(strategy: str) -> Call:
    from sklearn.calibration import calibration_curve

    def curve(data: dict[str, Any]) -> Callable[[], float]:
        accuracy, confidence = calibration_curve(data["right"], data["confidence"], n_bins=15, strategy=strategy)

        def error() -> float:  # it returns a curve without counts; they are added off the clock
            if strategy == "quantile":
                return float(np.abs(accuracy - confidence).mean())
            counts = np.histogram(data["confidence"], 15, (0, 1))[0]
            return float(np.average(np.abs(accuracy - confidence), weights=counts[counts > 0]))

        return error

    return curve


def sklearn_isotonic() -> Call:
    from sklearn.isotonic import IsotonicRegression

    def fit(data: dict[str, Any]) -> Any:
        fitted = IsotonicRegression(increasing=False, out_of_bounds="clip").fit(data["score"], data["right"])
        return fitted.predict(data["score"][:1000])

    return fit


def sklearn_platt() -> Call:
    from sklearn.linear_model import LogisticRegression

    def fit(data: dict[str, Any]) -> Any:
        # Its own Platt scaling takes three times as long as this, its fastest solver of the same problem.
        line = LogisticRegression(C=np.inf, solver="newton-cholesky").fit(data["score"][:, None], data["right"])
        return line.predict_proba(data["score"][:1000, None])[:, 1]

    return fit


def sklearn_temperature() -> Call:
    from sklearn.calibration import _TemperatureScaling

    return lambda data: 1 / _TemperatureScaling().fit(data["logits"], data["labels"]).beta_


def netcal_ece(*, equal_intervals: bool) -> Call:
    from netcal.metrics import ECE

    measure = ECE(15, equal_intervals=equal_intervals)
    return lambda data: measure.measure(data["confidence"], data["right"].astype(int))


def mapie_ece(strategy: str) -> Call:
    from mapie.metrics.calibration import expected_calibration_error

    return lambda data: expected_calibration_error(
        data["right"].astype(int), data["confidence"], num_bins=15, split_strategy=strategy
    )


def torchmetrics_ece() -> Call:
    import torch
    from torchmetrics.functional.classification import binary_calibration_error

    return lambda data: float(
        binary_calibration_error(
            torch.from_numpy(data["confidence"]), torch.from_numpy(data["right"].astype(int)), n_bins=15
        )
    )


if __name__ == "__main__":
    main()
