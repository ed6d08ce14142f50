"""Does a reader prefer a right program to the same one with a bug? ``python -m studies.code_bugs --data FOLDER``.

Of each reference solution of HumanEval and MBPP one mutation is taken that its tests refuse: an operator, a name or a number is
another one, the rest is the same. Each reader reads both as the answer to the problem. *Prefers* is the share of pairs in which
the right program surprises it less in sum, with an exact 95 % interval; half is chance. *Finds the bug* is the share in which the
most surprising token of the buggy program, which is all that a user has, is where the bug is; *by chance* is what a token drawn at
random would find.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from foureyes.maths.bounds import clopper_pearson
from foureyes.models.catalog import open_reader
from foureyes.models.roles import Reader
from foureyes.report.study import TextTable, markdown_table
from foureyes.study.tasks.grading import grade
from foureyes.study.tasks.items import TaskItem
from foureyes.study.tasks.loading import TaskSpec, load_task
from foureyes.study.tasks.mutations import Mutation, mutations
from foureyes.types import Exchange, Reading, Unscored

SETS: Final = {"HumanEval": TaskSpec("humaneval"), "MBPP": TaskSpec("mbpp", file="mbpp/sanitized-mbpp.json")}
MOST_TRIES: Final = 8
"""Mutations of one program that are tried; those that its tests let pass are no bugs."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A right program, and one with a bug."""

    item: TaskItem
    bug: Mutation

    @property
    def exchanges(self) -> tuple[Exchange, Exchange]:
        """Both as answers, the right one first."""
        return Exchange(self.item.prompt, self.item.gold[0]), Exchange(self.item.prompt, self.bug.program)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a reader made of one pair.

    Attributes:
        excess: surprise of the buggy program beyond that of the right one, nats.
        found: whether the most surprising token of the buggy one is where the bug is.
        by_chance: that of a token drawn at random.
    """

    excess: float
    found: bool
    by_chance: float


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the published data")
    parser.add_argument(
        "--model", action="append", help="who reads; more than once for several (default: smollm2-135m)"
    )
    parser.add_argument("--limit", type=int, default=100, help="problems of each set (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the bugs (default: %(default)s)")
    args = parser.parse_args()
    pairs = {name: list(bugs(spec, args.data, args.limit, args.seed)) for name, spec in SETS.items()}
    rows = [row for model in args.model or ["smollm2-135m"] for row in _rows(open_reader(model), pairs)]
    columns = ("reader", "programs", "pairs", "prefers the right one", "nats, median", "finds the bug", "by chance")
    print(markdown_table(TextTable(columns, tuple(rows))))


def bugs(spec: TaskSpec, data: Path, limit: int, seed: int) -> Iterator[Pair]:
    """A pair of each problem that has a mutation which its tests refuse."""
    task = load_task(TaskSpec(spec.name, spec.file, limit), data=data, seed=seed)
    for item in task.items:
        tried = mutations(item.gold[0], seed=seed)[:MOST_TRIES]
        if (bug := next((one for one in tried if grade(item, one.program) == "wrong"), None)) is not None:
            yield Pair(item, bug)


def _rows(reader: Reader, pairs: dict[str, list[Pair]]) -> Iterator[tuple[str, ...]]:
    for name, of_set in pairs.items():
        seen = seen_by(reader, of_set)
        n, right = len(seen), sum(one.excess > 0 for one in seen)
        low, high = clopper_pearson(right, n)
        median = float(np.median([one.excess for one in seen]))
        found, chance = np.mean([(one.found, one.by_chance) for one in seen], axis=0)
        prefers = f"{right / n:.3f} [{low:.3f}, {high:.3f}]"
        yield reader.name, name, str(n), prefers, f"{median:.2f}", f"{found:.3f}", f"{chance:.3f}"


def seen_by(reader: Reader, pairs: Sequence[Pair]) -> list[Seen]:
    """What a reader makes of each pair; those that it cannot read are left out."""
    readings = reader.read([exchange for pair in pairs for exchange in pair.exchanges])
    both = zip(pairs, readings[::2], readings[1::2], strict=True)
    return [
        _seen(pair, right, wrong)
        for pair, right, wrong in both
        if not isinstance(right, Unscored) and not isinstance(wrong, Unscored)
    ]


def _seen(pair: Pair, right: Reading, wrong: Reading) -> Seen:
    place = len(pair.bug.program[: pair.bug.start].encode())
    start, end = wrong.spans[int(np.argmax(wrong.nll))]
    return Seen(float(wrong.nll.sum() - right.nll.sum()), bool(start <= place < end), 1 / len(wrong.nll))


if __name__ == "__main__":
    main()
