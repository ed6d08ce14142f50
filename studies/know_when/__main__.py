"""Which claims of "When Models Know When They Do Not Know" hold on other data. ``python -m studies.know_when``.

The data is not part of the repository: it is looked for in ``--data``, else in ``$FOUREYES_SHARED/data``, else in
``../shared/data`` beside the repository. A part whose data is missing is skipped, and the result says so.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

import foureyes as fe
from studies.know_when import labels, learned, networks, pairings, redux, shift, transfer
from studies.know_when.page import Halvings, cell, pooled, render, settled
from studies.know_when.store import MissingDataError, Store, data_folder
from studies.know_when.values import Claim, Part, Plan

__all__ = ["main"]

ROOT: Final = Path(__file__).parents[1]
QUICK_DRAWS: Final = 100
EACH_LEVEL: Final = 0.975
EACH_DRAWS: Final = 400

STUDIES: Final[Mapping[str, Callable[[Store, Plan], Part]]] = {
    "networks": networks.study,
    "shift": shift.study,
    "transfer": transfer.study,
    "cascades": pairings.study,
    "learned": learned.study,
    "labels": labels.study,
    "redux": redux.study,
}


def main(argv: Sequence[str] | None = None) -> None:
    args = _arguments(argv)
    plan = Plan(seed=args.seed, draws=QUICK_DRAWS if args.quick else args.draws)
    store = Store(data_folder(args.data, ROOT))
    names = args.only or list(STUDIES)
    parts = [_done(name, store, plan) for name in names]
    again = _again(names, store, plan, 1 if args.quick else args.splits)
    about = _about(plan, argv) | ({} if args.quick else {"halvings": f"{args.splits}, {EACH_DRAWS} draws each at most"})
    for part in parts:
        for claim in part.claims:
            print(f"{settled(claim, again):<12} {claim.says}: {cell(pooled(claim, again))} ({claim.reads})")
    _keep(args, parts, about, store, again)


def _keep(
    args: argparse.Namespace, parts: Sequence[Part], about: dict[str, Any], store: Store, again: Halvings
) -> None:
    if args.json:
        halvings = {says: [asdict(figure) for figure in figures] for says, figures in again.items()}
        numbers = _plain(parts, about, store.read, again) | {"halvings": halvings}
        _write(args.json, json.dumps(numbers, indent=1, ensure_ascii=False) + "\n")
    if args.markdown:
        _write(args.markdown, render(parts, about, store.read, again))


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", metavar="FOLDER", help="the folder that holds one folder a data set")
    parser.add_argument("--seed", type=int, default=0, help="of the halves and of every interval")
    parser.add_argument("--draws", type=int, default=1000, help="bootstrap draws")
    parser.add_argument(
        "--splits", type=int, default=5, help="how many ways to halve the rows; the tables are of the first"
    )
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_DRAWS} draws, one split: to see that it works")
    parser.add_argument("--only", action="append", choices=list(STUDIES), help="one part; may be given again")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the page")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers")
    return parser.parse_args(argv)


def _done(name: str, store: Store, plan: Plan) -> Part:
    started = time.monotonic()
    try:
        part = STUDIES[name](store, plan)
    except MissingDataError as missing:
        part = Part(title=name, skipped=f"{missing}")
        print(f"{name}: skipped, {missing} ({store.folder})", file=sys.stderr)
    else:
        print(f"{name}: {time.monotonic() - started:.1f} s", file=sys.stderr)
    return part


def _again(names: Sequence[str], store: Store, plan: Plan, splits: int) -> Halvings:
    """What several halvings say of every claim, at the level that leaves 95 % to their medians; none if there is but one."""
    found: Halvings = {}
    each = replace(plan, level=EACH_LEVEL, draws=min(plan.draws, EACH_DRAWS), claims_only=True)
    for seed in range(plan.seed, plan.seed + splits) if splits > 1 else ():
        for name in names:
            for claim in _done(name, store, replace(each, seed=seed)).claims:
                found.setdefault(claim.says, []).append(claim.here)
    return found


def _about(plan: Plan, argv: Sequence[str] | None) -> dict[str, Any]:
    git = ["git", "describe", "--always", "--dirty", "--abbrev=10"]
    commit = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    given = " ".join(sys.argv[1:] if argv is None else argv)
    versions = f"foureyes {fe.__version__}, numpy {np.__version__}, Python {platform.python_version()}"
    command = f"python -m studies.know_when {given}".strip()
    return {
        "command": command,
        "versions": versions,
        "commit": commit or "unknown",
        "seed": plan.seed,
        "draws": plan.draws,
        "bins": plan.bins,
    }


def _plain(
    parts: Sequence[Part], about: Mapping[str, Any], files: Mapping[str, str], again: Halvings
) -> dict[str, Any]:
    def plain(claim: Claim) -> dict[str, Any]:
        together = {"pooled": asdict(pooled(claim, again)), "verdict": settled(claim, again)}
        return asdict(claim) | {"asks": claim.asks.value} | together

    studies = [asdict(part) | {"claims": [plain(claim) for claim in part.claims]} for part in parts]
    return {"about": dict(about), "parts": studies, "files": dict(files)}


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    print(f"wrote {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
