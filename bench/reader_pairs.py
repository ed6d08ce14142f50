"""What it costs to hold every published model against every other: time, processor time and memory.

    python -m bench.reader_pairs --data ../shared/data --markdown docs/bench-study.md

Every model is the author and every model the reader, and each pair's AUROC of "the author is wrong" by the reader's surprise is
measured on the rows as they are and on draws of whole questions, in a process of its own. Loading counts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.machine import describe
from bench.section import Aim, aims, put
from bench.session import ROOT

__all__ = ["PairsCost", "measured_areas", "page", "process_cost"]

LOGITS: Final = Path("vlm_mmbench_logits/logits.npz")
SAME_QUESTION: Final = "ids % 1000000"
MOST_SECONDS: Final = 180.0
MOST_BYTES: Final = 2e9
_RSS_UNIT: Final = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class PairsCost:
    """What one process took.

    Attributes:
        seconds: from its start to its end.
        processor_s: seconds of processors, all threads together.
        peak_bytes: of memory, at most.
        load: of the machine before, processes that ran or waited.
        said: what it printed.
    """

    seconds: float
    processor_s: float
    peak_bytes: int
    load: float
    said: str


def process_cost(command: Sequence[str]) -> PairsCost:
    """Runs a command in a process of its own and measures it; the caller stays small, as Linux counts its memory as its child's.

    Raises:
        SystemExit: it ended with an error.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        load, started = os.getloadavg()[0], time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=errors)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise SystemExit(f"{' '.join(command)} ended with status {process.returncode}:\n{errors.read()[-2000:]}")
        out.seek(0)
        return PairsCost(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * _RSS_UNIT, load, out.read())


def measured_areas(path: Path, draws: int) -> dict[str, int]:
    """Measures every pair of a file of published logits, and says how much that was."""
    import numpy as np  # noqa: PLC0415 - the process that measures others stays small

    from foureyes.maths.resampled_auroc import resampled_auroc, row_weights  # noqa: PLC0415
    from foureyes.study.stored_options import load_stored_options  # noqa: PLC0415

    options = load_stored_options(path, same_question=SAME_QUESTION)
    weights = row_weights(options.question, draws, np.random.default_rng(0))
    m = len(options.models)
    areas = np.empty((m, m, draws + 1))
    for author, right in enumerate(options.right):
        for reader in range(m):
            areas[author, reader] = resampled_auroc(options.surprise(reader, author), wrong=~right, weights=weights)
    return {
        "models": m,
        "pairs": int(np.isfinite(areas[:, :, 0]).sum()),
        "rows": len(options.gold),
        "questions": int(options.question.max()) + 1,
        "draws": draws,
    }


def page(areas: PairsCost) -> str:
    """The aims, as Markdown."""
    size = json.loads(areas.said)
    what = f"{size['pairs']} pairs × {size['rows']:,} rows × {size['draws']:,} draws"
    wanted = [
        Aim(
            f"time of {what}",
            f"< {MOST_SECONDS:g} s",
            f"{areas.seconds:.1f} s",
            areas.seconds < MOST_SECONDS,
        ),
        Aim(
            f"peak memory of {what}",
            f"< {MOST_BYTES / 1e6:,.0f} MB",
            f"{areas.peak_bytes / 1e6:,.0f} MB",
            areas.peak_bytes < MOST_BYTES,
        ),
    ]
    machine = describe(Path(sys.executable), Path("none"), ("foureyes", "numpy"))
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    parts = [
        "## Every published model read by every other",
        (
            f"Made by `python -m bench.reader_pairs --data ../shared/data --draws {size['draws']} --markdown docs/bench-study.md`; "
            f"{machine['processor']}, {machine['processors']} processors, Python {machine['python']}, {versions}. "
            f"{size['models']} models, {size['rows']:,} rows of {size['questions']:,} questions, which are drawn whole. One run, with "
            f"a load of {areas.load:.1f} before; it took {areas.processor_s:.1f} s of processor time."
        ),
        (__doc__ or "").rpartition("\n\n")[2].strip(),
        aims(wanted),
    ]
    return "\n\n".join(parts)


def main(argv: Sequence[str] | None = None) -> None:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help=f"folder with {LOGITS}")
    parser.add_argument("--draws", type=int, default=1000, help="of questions (default: %(default)s)")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="put the tables between the marks of this page")
    parser.add_argument("--areas", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    file = args.data.resolve() / LOGITS
    if args.areas:
        print(json.dumps(measured_areas(file, args.draws)))
        return
    if not file.is_file():
        print(f"nothing measured: {file} is not there, and the logits are read from it", file=sys.stderr)
        return
    given = ("--data", str(args.data.resolve()), "--draws", str(args.draws), "--areas")
    text = page(process_cost([sys.executable, "-m", "bench.reader_pairs", *given]))
    print(text)
    if args.markdown:
        put(args.markdown, "bench.reader_pairs", text)


if __name__ == "__main__":
    main()
