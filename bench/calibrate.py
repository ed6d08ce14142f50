"""Calibration beside its rivals: time, memory, and whether the results agree. ``python -m bench.calibrate``.

ECE and reliability of 10 M confidences; isotonic, Platt and temperature fits of 1 M rows. Every contender runs in a
process of its own, one thread each, in turn, round after round, on the same files; ratios are taken within a round.
The rivals (scikit-learn, netcal, MAPIE, torchmetrics) live in a virtual environment of their own (``--rivals PYTHON``);
one that is missing is left out, and a line says so. foureyes' ECE includes its interval, which no rival's does.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.clean import MIB, ROOT, status
from bench.ratios import furthest, marginal, per_round

OURS: Final = "foureyes"
AIM: Final = {"ece equal-count": 5, "ece equal-width": 5, "isotonic": 2, "platt": 2, "temperature": 2}
GROWING: Final = (2_500_000, 5_000_000, 10_000_000)

Call = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class Run:
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
    contenders = {who: python for who, python in everyone(args.rivals).items() if installed(who, python)}
    with tempfile.TemporaryDirectory() as folder:
        for what in AIM:
            file = write(Path(folder), what, args.rows if what.startswith("ece") else args.rows // 10)
            compare(what, file, contenders, args.rounds)
        grow(Path(folder), args.rows)


def everyone(rivals: str) -> dict[str, str]:
    return {OURS: sys.executable} | dict.fromkeys(("scikit-learn", "netcal", "MAPIE", "torchmetrics"), rivals)


def installed(who: str, python: str) -> bool:
    module = {"scikit-learn": "sklearn", "MAPIE": "mapie"}.get(who, who)
    found = (
        Path(python).exists()
        and not subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False).returncode
    )
    if not found:
        print(f"{who} is not installed for {python}: left out (--rivals PYTHON)")
    return found


def compare(what: str, file: Path, contenders: dict[str, str], rounds: int) -> None:
    print(f"\n{what}, {file.stem.split()[-1]} rows; wanted {AIM[what]} × the fastest rival")
    able = {who: python for who, python in contenders.items() if what in calls(who)}
    runs: dict[str, list[Run]] = {who: [] for who in able}
    for _ in range(rounds):
        for who, python in able.items():
            runs[who].append(run(python, who, what, file))
    ours = runs.pop(OURS)
    for who, theirs in runs.items():
        print(f"  {who}: {line(ours, theirs)}")
    if runs:
        fastest = [min(theirs[i].seconds for theirs in runs.values()) for i in range(rounds)]
        print(f"  the fastest of them: {per_round(fastest, [r.seconds for r in ours])} × the time")
    print(f"  {OURS}: {ours[0].added / MIB:.0f} MiB added, data not counted")


def line(ours: Sequence[Run], theirs: Sequence[Run]) -> str:
    slower = per_round([r.seconds for r in theirs], [r.seconds for r in ours])
    memory = per_round([max(r.added, MIB) for r in theirs], [max(r.added, MIB) for r in ours])
    apart = furthest(ours[0].found, theirs[0].found)
    return f"{slower} × the time, {memory} × the memory added, results within {apart:.1e}"


def grow(folder: Path, most: int) -> None:
    """What one row more costs as files grow: constant where the cost is linear."""
    sizes = [n for n in GROWING if n <= most]
    files = [write(folder, "ece grow", n) for n in sizes]
    seconds = [min(run(sys.executable, OURS, "ece equal-count", file).seconds for _ in range(5)) for file in files]
    steps = marginal(sizes, seconds)
    if steps:
        print(f"\nece equal-count: a further row costs {', '.join(f'{step / steps[0]:.2f}' for step in steps)} ×")


def write(folder: Path, what: str, n: int) -> Path:
    """What the measures and the fits are given, with confidences that are off by a power."""
    file = folder / f"{what} {n:,}.npz"
    rng = np.random.default_rng(n)
    p = rng.beta(3, 1.5, n)
    right = rng.random(n) < p
    if what == "temperature":
        logits = rng.normal(size=(n, 10)) * 2
        odds = np.exp(logits / 1.7).cumsum(axis=1)
        np.savez(file, logits=logits, labels=(odds > odds[:, -1:] * rng.random((n, 1))).argmax(axis=1))
    elif what.startswith("ece"):
        np.savez(file, confidence=p**0.7, right=right)
    else:
        np.savez(file, score=-np.log(p / (1 - p)) * 1.3 + 2, right=right)
    return file


def run(python: str, who: str, what: str, file: Path) -> Run:
    command = [python, "-m", "bench.calibrate", "--worker", who, what, str(file)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return Run(**json.loads(done.stdout.splitlines()[-1]))


def measured(who: str, what: str, file: str) -> dict[str, Any]:
    """In the contender's own process: imports and data first, then one call, timed."""
    call = calls(who)[what]()
    with np.load(file) as stored:
        data = {name: stored[name] for name in stored.files}
    call({name: column[:1000] for name, column in data.items()})
    before, start = status("VmRSS"), time.perf_counter()
    found = call(data)
    seconds = time.perf_counter() - start
    added = status("VmHWM") - before
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
