"""Which signal puts wrong answers first, without labels? ``python -m studies.rank_wrong --data FOLDER [--model NAME]``.

Answers of models to published questions, each known to be right or wrong, are ranked by signals of one reading each. Length is
shown as a control, and taken out: *like length* compares a wrong answer only with right ones of its length.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foureyes.maths.ranking import auroc
from foureyes.models.catalog import open_reader
from foureyes.models.roles import Reader
from foureyes.report.study import TextTable, markdown_table
from foureyes.types import Exchange, Reading

Floats = NDArray[np.float64]
TOP: Final = 20
STRATUM: Final = 50
"""Answers in a stratum of like length, about."""

_CALCULATIONS: Final = re.compile(r"<<[^>]*>>")


@dataclass(frozen=True, slots=True)
class Answer:
    """A published answer; rows of one ``question`` hang together."""

    question: str
    exchange: Exchange
    wrong: bool


def _sac3(path: Path) -> Iterator[Answer]:
    for row in json.loads(path.read_text(encoding="utf-8")):
        answer = row["generated_answer"]
        text = answer[0] if isinstance(answer, list) else answer
        yield Answer(row["question"], Exchange(row["question"], text), str(row["label"]) == "False")


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def _gsm8k(path: Path) -> Iterator[Answer]:
    for row in _lines(path):
        for said in (found for found in row.values() if isinstance(found, dict)):
            text = _CALCULATIONS.sub("", said["solution"])
            yield Answer(row["question"], Exchange(row["question"], text), not said["is_correct"])


def _halueval(path: Path) -> Iterator[Answer]:
    for row in _lines(path):
        exchange = Exchange(row["user_query"], row["chatgpt_response"])
        yield Answer(row["ID"], exchange, row["hallucination"] == "yes")


SETS: Final[dict[str, tuple[str, Callable[[Path], Iterator[Answer]]]]] = {
    "SAC3, HotpotQA": ("sac3/hotpotQA_250_eval_labeled-SC.json", _sac3),
    "SAC3, NQ": ("sac3/nq_open_250_eval_labeled-SC.json", _sac3),
    "GSM8K, 6 B and 175 B": ("gsm8k_openai/example_model_solutions.jsonl.gz", _gsm8k),
    "HaluEval, general": ("halueval/general_data.json.gz", _halueval),
}


def worst_window(nll: Floats, size: int = 8) -> float:
    """Mean of the most surprising ``size`` tokens in a row."""
    if len(nll) <= size:
        return float(nll.mean())
    return float(np.convolve(nll, np.full(size, 1 / size), mode="valid").max())


SIGNALS: Final[dict[str, Callable[[Floats, Floats], float]]] = {
    "length (control)": lambda nll, _entropy: float(len(nll)),
    "log_cmp, the mean": lambda nll, _entropy: float(nll.mean()),
    "nats_per_root_token": lambda nll, _entropy: float(nll.sum() / np.sqrt(len(nll))),
    "the sum": lambda nll, _entropy: float(nll.sum()),
    "worst 8 tokens": lambda nll, _entropy: worst_window(nll),
    "excess": lambda nll, entropy: float((nll - entropy).mean()),
}


def like_length(value: Floats, wrong: NDArray[np.bool_], length: Floats) -> float:
    """AUROC over the pairs of a wrong and a right answer in the same stratum of length."""
    n_strata = max(2, min(20, len(length) // STRATUM))
    stratum = np.argsort(np.argsort(length, kind="stable"), kind="stable") * n_strata // len(length)
    won = pairs = 0.0
    for one in range(n_strata):
        bad, good = value[wrong & (stratum == one)], value[~wrong & (stratum == one)]
        won += float((bad[:, None] > good).sum() + 0.5 * (bad[:, None] == good).sum())
        pairs += len(bad) * len(good)
    if not pairs:
        raise SystemExit("no wrong answer is as long as a right one: give more rows")
    return won / pairs


def ranked(name: str, answers: Sequence[Answer], readings: Sequence[Reading]) -> Iterator[tuple[str, ...]]:
    """A row of the table for each signal."""
    wrong = np.array([answer.wrong for answer in answers])
    groups = np.unique([answer.question for answer in answers], return_inverse=True)[1]
    length = np.array([float(len(reading.nll)) for reading in readings])
    for signal, take in SIGNALS.items():
        value = np.array([take(reading.nll, reading.entropy_high) for reading in readings])
        area = auroc(value, wrong=wrong, groups=groups)
        first = wrong[np.argsort(-value, kind="stable")[:TOP]].mean()
        cells = (f"{area.value:.2f} [{area.low:.2f}, {area.high:.2f}]", f"{like_length(value, wrong, length):.2f}")
        yield name, f"{wrong.mean():.0%} of {len(wrong)}", signal, *cells, f"{first:.0%}"


def table(folder: Path, reader: Reader, limit: int) -> TextTable:
    """Reads ``limit`` answers of every set, evenly spaced."""
    rows: list[tuple[str, ...]] = []
    for name, (path, load) in SETS.items():
        answers = list(load(folder / path))
        places = np.unique(np.linspace(0, len(answers) - 1, limit).astype(int)).tolist()  # the files are sorted
        answers = [answers[place] for place in places]
        read = reader.read([answer.exchange for answer in answers])
        kept = [(answer, one) for answer, one in zip(answers, read, strict=True) if isinstance(one, Reading)]
        said = name if len(kept) == len(answers) else f"{name} ({len(answers) - len(kept)} unread)"
        rows += ranked(said, [answer for answer, _ in kept], [one for _, one in kept])
    return TextTable(
        ("answers", "wrong", "ranked by", "AUROC", "of like length", f"wrong in the first {TOP}"), tuple(rows)
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the published data")
    parser.add_argument("--model", default="smollm2-135m", help="who reads (default: %(default)s)")
    parser.add_argument("--limit", type=int, default=500, help="answers of each set (default: %(default)s)")
    args = parser.parse_args()
    print(markdown_table(table(args.data, open_reader(args.model), args.limit)))


if __name__ == "__main__":
    main()
