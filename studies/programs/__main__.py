"""Programs of a 0.5 B and a 1.5 B writer: who needs the larger one, and which of several samples is right?

``python -m studies.programs --data FOLDER``. Both models write programs for problems of MBPP, the tests say which are right, in
the sandbox. What was written and read is kept in ``--cache``, so that a run which is stopped goes on; ``--seconds`` bounds
each kind of row. ``--make`` makes rows and no page.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Final

from foureyes.study.tasks.loading import TaskSpec, load_task
from studies.programs.rows import Workshop

SMALL: Final = "qwen2.5-coder-0.5b"
LARGE: Final = "qwen2.5-coder-1.5b"
READERS: Final = ("smollm2-135m", LARGE)
FILE: Final = "mbpp/sanitized-mbpp.json"
MAKES: Final = ("small", "large", "samples", "read", "read-samples")


def main() -> None:
    """Makes rows, and writes the page."""
    args = _arguments()
    task = load_task(TaskSpec("mbpp", FILE, args.limit), data=args.data, seed=0)
    shop = Workshop(args.cache, {item.id: item for item in task.items}, args.seconds)
    for part in args.make or MAKES:
        _make(shop, part)


def _make(shop: Workshop, part: str) -> None:
    if part == "small":
        shop.written(SMALL)
    elif part == "large":
        shop.written(LARGE)
    elif part == "samples":
        shop.sampled(SMALL)
    else:
        name, of = ("written", shop.written) if part == "read" else ("sampled", shop.sampled)
        for reader in READERS:
            shop.read(reader, f"{name}-{SMALL}", of(SMALL))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the published data")
    parser.add_argument("--limit", type=int, default=96, help="problems (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=math.inf, help="of computing for each kind of row")
    parser.add_argument("--make", action="append", choices=MAKES, help="make these rows and no page")
    parser.add_argument(
        "--cache", type=Path, default=Path.home() / ".cache/foureyes/studies/programs", metavar="FOLDER"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
