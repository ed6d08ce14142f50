"""Which signal puts wrong answers first, without labels? ``python -m studies.rank_wrong --data FOLDER [--model NAME]``.

Answers of models to published questions, each known to be right or wrong, are ranked by signals of one reading each. Length is
shown as a control, and taken out: *like length* compares a wrong answer only with right ones of its length.
"""

from __future__ import annotations

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
from foureyes.report.study import Section, StudyReport, TextTable
from foureyes.signals.conditioned import worst_window
from foureyes.types import Exchange, Reading
from studies.pages import add_pages, command_again, save_pages, study_parser
from studies.sac3 import SETS as SAC3
from studies.sac3 import found_wrong

Floats = NDArray[np.float64]
TOP: Final = 20
WINDOW: Final = 8
"""Tokens."""
STRATUM: Final = 50
"""Answers in a stratum of like length, about."""

_CALCULATIONS: Final = re.compile(r"<<[^>]*>>")


@dataclass(frozen=True, slots=True)
class Answer:
    """A published answer; rows of one ``question`` hang together."""

    question: str
    exchange: Exchange
    wrong: bool


def _labelled(question: str, exchange: Exchange, wrong: object) -> Answer | None:
    """An answer; ``None`` where nothing says whether it is wrong."""
    return Answer(question, exchange, wrong) if isinstance(wrong, bool) else None


def _sac3(path: Path) -> Iterator[Answer | None]:
    for row in json.loads(path.read_text(encoding="utf-8")):
        answer = row["generated_answer"]
        text = answer[0] if isinstance(answer, list) else answer
        yield _labelled(row["question"], Exchange(row["question"], text), found_wrong(row["label"]))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def _gsm8k(path: Path) -> Iterator[Answer | None]:
    for row in _lines(path):
        for said in (found for found in row.values() if isinstance(found, dict)):
            text = _CALCULATIONS.sub("", said["solution"])
            right = said["is_correct"]
            wrong = not right if isinstance(right, bool) else None
            yield _labelled(row["question"], Exchange(row["question"], text), wrong)


def _halueval(path: Path) -> Iterator[Answer | None]:
    for row in _lines(path):
        exchange = Exchange(row["user_query"], row["chatgpt_response"])
        yield _labelled(row["ID"], exchange, {"yes": True, "no": False}.get(row["hallucination"]))


SETS: Final[dict[str, tuple[str, Callable[[Path], Iterator[Answer | None]]]]] = {
    **{f"SAC3, {name}": (path, _sac3) for name, path in SAC3.items()},
    "GSM8K, 6 B and 175 B": ("gsm8k_openai/example_model_solutions.jsonl.gz", _gsm8k),
    "HaluEval, general": ("halueval/general_data.json.gz", _halueval),
}


SIGNALS: Final[dict[str, Callable[[Floats, Floats], float]]] = {
    "length (control)": lambda nll, _entropy: float(len(nll)),
    "log_cmp, the mean": lambda nll, _entropy: float(nll.mean()),
    "nats_per_root_token": lambda nll, _entropy: float(nll.sum() / np.sqrt(len(nll))),
    "the sum": lambda nll, _entropy: float(nll.sum()),
    f"worst {WINDOW} tokens": lambda nll, _entropy: worst_window(nll, WINDOW),
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
        rows_of = list(load(folder / path))
        answers = [answer for answer in rows_of if answer is not None]
        unlabelled = len(rows_of) - len(answers)
        places = np.unique(np.linspace(0, len(answers) - 1, limit).astype(int)).tolist()  # the files are sorted
        answers = [answers[place] for place in places]
        read = reader.read([answer.exchange for answer in answers])
        kept = [(answer, one) for answer, one in zip(answers, read, strict=True) if isinstance(one, Reading)]
        lost = {"unread": len(answers) - len(kept), "without a label": unlabelled}
        said = ", ".join(f"{n} {why}" for why, n in lost.items() if n)
        rows += ranked(f"{name} ({said})" if said else name, [answer for answer, _ in kept], [one for _, one in kept])
    return TextTable(
        ("answers", "wrong", "ranked by", "AUROC", "of like length", f"wrong in the first {TOP}"), tuple(rows)
    )


def report_of(found: TextTable, reader: str, command: str) -> StudyReport:
    """The page."""
    preface = (
        f"{reader} read answers of models to published questions, each known to be right or wrong, spread evenly over every set. *Of like length* compares a "
        "wrong answer only with right ones of its length. AUROC of *wrong* with 95 % intervals, questions drawn again."
    )
    return StudyReport(
        "Which signal puts wrong answers first, without labels?",
        (preface,),
        tuple(_best(found)),
        (),
        (Section("Every signal on every set", (), (found,)),),
        command,
    )


def _best(found: TextTable) -> Iterator[str]:
    """Of every set the signal that ranks best, and best among answers of like length."""
    for name in dict.fromkeys(row[0] for row in found.rows):
        rows = [row for row in found.rows if row[0] == name]
        first = max(rows, key=lambda row: float(row[3].split()[0]))
        alike = max(rows, key=lambda row: float(row[4]))
        yield f"{name}: highest AUROC {first[3]} by {first[2]}; among answers of like length {alike[4]} by {alike[2]}."


def main(argv: Sequence[str] | None = None) -> None:
    """Reads, and writes the page."""
    parser = study_parser("rank_wrong", __doc__)
    parser.add_argument("--model", default="smollm2-135m", help="who reads (default: %(default)s)")
    parser.add_argument("--limit", type=int, default=500, help="answers of each set (default: %(default)s)")
    add_pages(parser)
    args = parser.parse_args(argv)
    found = table(args.data, open_reader(args.model), args.limit)
    report = report_of(found, args.model, command_again(parser, args))
    print("\n".join(report.findings))
    save_pages(report, args)


if __name__ == "__main__":
    main()
