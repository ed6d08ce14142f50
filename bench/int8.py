"""Would products of 8 bits be worth an option? ``python -m bench.int8 --markdown docs/adr/002-arithmetic.md``.

The same weights are read in bfloat16, in float32, and with every product of the body in int8: weights rounded a channel at a time, activations
as they come (torch's dynamic quantisation, by VNNI where the processor has it); the head stays as it is. An option would be worth it if reading got
1.5 times as fast and AUROC fell by less than .005. Processor time is compared, in turn, on the demo's questions: short pairs, and prompts of
forty questions.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from bench.machine import describe
from bench.ratios import furthest, per_round
from bench.section import grid, put
from bench.session import ROOT
from foureyes import Exchange, Scored
from foureyes.maths.difference import paired_difference
from foureyes.models.transformers.loading import load
from foureyes.models.transformers.reader import TransformersReader
from foureyes.models.weights import ensure
from foureyes.signals.cross import score
from foureyes.study.sections.formatting import signed

MODELS: Final = ("smollm2-135m", "gemma3-270m")
KINDS: Final = ("bfloat16", "float32", "int8")
_TOGETHER: Final = 40
_LONG: Final = 4

Floats = NDArray[np.float64]


def opened(model: str, kind: str) -> TransformersReader:
    """A reader whose body multiplies so."""
    weights = ensure(model)
    dtype = "float32" if kind == "int8" else kind
    loaded = load(weights.folder, name=model, fingerprint=weights.fingerprint, dtype=dtype, device="cpu")
    if kind == "int8":
        how = {torch.nn.Linear: torch.ao.quantization.per_channel_dynamic_qconfig}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says that it moves to another package
            torch.ao.quantization.quantize_dynamic(loaded.body, how, inplace=True)
    return TransformersReader(loaded)


def short_pairs() -> list[Exchange]:
    """Every question of the demo with its right answer, and with its wrong one."""
    lines = (ROOT / "src/foureyes/demo/questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [Exchange(one["prompt"], one[side]) for one in map(json.loads, lines) for side in ("right", "wrong")]


def long_pairs(short: Sequence[Exchange]) -> list[Exchange]:
    """Answers behind prompts of forty questions."""
    asked = [str(one.prompt) for one in short[::2]]
    return [
        Exchange(" ".join([*asked[i : i + _TOGETHER], asked[i]]), short[2 * i].answer)
        for i in range(0, 80, 80 // _LONG)
    ]


def measured(model: str, rounds: int) -> list[tuple[str, ...]]:
    """A row for short pairs and one for long prompts."""
    readers = {kind: opened(model, kind) for kind in KINDS}
    short = short_pairs()
    seen = {kind: _surprise(short, reader) for kind, reader in readers.items()}
    wrong = np.arange(len(short)) % 2 == 1
    questions = np.arange(len(short)) // 2
    lost = paired_difference(seen["int8"], seen["float32"], wrong, groups=questions)
    return [
        (
            model, what, *_speeds(exchanges, readers, rounds), f"{furthest(seen['int8'].tolist(), seen['float32'].tolist()):.2f}",
            signed(lost.value, lost.low, lost.high),
        )
        for what, exchanges in (("short pairs", short), ("long prompts", long_pairs(short)))
    ]  # fmt: skip


def _surprise(exchanges: Sequence[Exchange], reader: TransformersReader) -> Floats:
    found = [row.log_cmp for row in score(exchanges, reader) if isinstance(row, Scored)]
    if len(found) < len(exchanges):
        raise SystemExit(f"bench: {reader.name} left {len(exchanges) - len(found)} rows unscored")
    return np.array(found)


def _speeds(exchanges: Sequence[Exchange], readers: Mapping[str, TransformersReader], rounds: int) -> tuple[str, str]:
    """Of int8 against bfloat16 and float32, in processor time."""
    took: dict[str, list[float]] = {kind: [] for kind in readers}
    for _ in range(rounds + 1):
        for kind, reader in readers.items():
            started = time.process_time()
            score(exchanges, reader)
            took[kind].append(time.process_time() - started)
    counted: dict[str, list[float]] = {kind: rows[1:] for kind, rows in took.items()}
    return str(per_round(counted["bfloat16"], counted["int8"])), str(per_round(counted["float32"], counted["int8"]))


def main() -> None:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(prog="python -m bench.int8", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="put the table between the marks of this page")
    args = parser.parse_args()
    rows: list[tuple[str, ...]] = []
    for model in MODELS:
        rows += measured(model, args.rounds)
        print(f"{model}: {rows[-2:]}", file=sys.stderr, flush=True)
    machine: dict[str, Any] = describe(Path(sys.executable), Path("none"), ("foureyes", "torch"))
    head = (
        "model",
        "read",
        "speed ÷ bfloat16",
        "speed ÷ float32",
        "furthest log CMP from float32",
        "AUROC less float32's, short pairs",
    )
    about = f"{machine['processor']}, torch {machine['versions']['torch']}, {args.rounds} rounds, processor time; made by `python -m bench.int8 --markdown docs/adr/002-arithmetic.md`."
    text = f"{about}\n\n{grid(head, rows)}"
    print(text)
    if args.markdown:
        put(args.markdown, "bench.int8", text)


if __name__ == "__main__":
    main()
