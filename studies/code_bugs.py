"""Does a reader prefer a right program to the same one with a bug? ``python -m studies.code_bugs --data FOLDER``.

Of each reference solution of HumanEval and MBPP one mutation is taken that its tests refuse: an operator, a name or a number is
another one, the rest is the same. Each reader reads both as the answer to the problem. What they saw is kept in ``--cache``, so
that a run which was stopped goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.display import plural
from foureyes.maths.bounds import clopper_pearson
from foureyes.models.catalog import open_reader
from foureyes.models.roles import Reader
from foureyes.report.forest import ForestMark, ForestPlot
from foureyes.report.study import Section, StudyReport, TextTable
from foureyes.study.claims import verdict_of
from foureyes.study.tasks.bugs import bug_in
from foureyes.study.tasks.items import TaskItem
from foureyes.study.tasks.loading import TaskSpec, load_task
from foureyes.study.tasks.mutations import Mutation
from foureyes.types import Exchange, Reading, Unscored
from studies.pages import add_pages, command_again, save_pages, study_parser
from studies.paired import lead_over, lead_text, lead_verdict
from studies.route.cache import Row, kept

SETS: Final = {"HumanEval": TaskSpec("humaneval"), "MBPP": TaskSpec("mbpp", file="mbpp/sanitized-mbpp.json")}
READERS: Final = ("smollm2-135m", "qwen2.5-coder-0.5b")
KINDS: Final = ("operator", "number", "name")

_PREFACE: Final = (
    "A right program and the same with one operator, number or name changed, so that its tests refuse it: nothing else tells them "
    "apart, neither length nor style. Each reader reads both as the answer to the problem. It *prefers* the right one where that "
    "surprises it less in sum; half is chance. It *finds* the bug where the most surprising token of the buggy program, which is all "
    "that a user has, is the one that was changed; *by chance* is what a token drawn at random would find. Intervals are 95 %, exact, "
    "one pair a problem."
)
_LIMITS: Final = (
    (
        "HumanEval and MBPP stand in the training data of nearly every model of code: to prefer a published solution to a changed one "
        "may be memory and not judgement."
    ),
    "The bugs are ours, one change each, and not those that people or models make; the pairs are few and the readers small.",
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A right program, and one with a bug."""

    item: TaskItem
    bug: Mutation

    @property
    def exchanges(self) -> tuple[Exchange, Exchange]:
        """Both as answers, the right one first."""
        return Exchange(self.item.prompt, self.item.gold[0]), Exchange(self.item.prompt, self.bug.program)

    @property
    def kind(self) -> str:
        """What was changed, one of :data:`KINDS`."""
        if self.bug.was.isdigit():
            return "number"
        return "name" if self.bug.was.isalpha() and self.bug.was not in ("and", "or") else "operator"


@dataclass(frozen=True, slots=True)
class BugSet:
    """The pairs of one set of problems.

    Attributes:
        name: of the set.
        pairs: one a problem.
        without: problems that have no pair: their tests refuse none of the mutations that were tried, or there is none.
    """

    name: str
    pairs: tuple[Pair, ...]
    without: tuple[str, ...]


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


@dataclass(frozen=True, slots=True)
class ReadSet:
    """What one reader made of one set.

    Attributes:
        reader, name: of both.
        pairs: those that it could read.
        seen: as many.
        unread: problems whose pairs it could not read.
    """

    reader: str
    name: str
    pairs: tuple[Pair, ...]
    seen: tuple[Seen, ...]
    unread: tuple[str, ...]

    @property
    def prefers(self) -> NDArray[np.bool_]:
        """(N,) whether the right program is preferred."""
        return np.array([one.excess > 0 for one in self.seen], np.bool_)

    @property
    def finds(self) -> NDArray[np.bool_]:
        """(N,) whether the bug is found."""
        return np.array([one.found for one in self.seen], np.bool_)


def main() -> None:
    """Reads, and writes the page."""
    parser = study_parser("code_bugs", __doc__)
    parser.add_argument("--model", action="append", help=f"who reads; more than once for several (default: {READERS})")
    parser.add_argument("--limit", type=int, default=100, help="problems of each set (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the bugs (default: %(default)s)")
    parser.add_argument(
        "--cache", type=Path, default=Path.home() / ".cache/foureyes/studies/code_bugs", metavar="FOLDER"
    )
    add_pages(parser)
    args = parser.parse_args()
    sets = [
        bugs(name, spec, args.data, args.limit, args.seed, args.cache / f"{name}-{args.seed}-bugs.jsonl")
        for name, spec in SETS.items()
    ]
    read = []
    for model in args.model or READERS:
        reader = open_reader(model)
        for one in sets:
            rows = kept_rows(reader, one.pairs, args.cache / f"{one.name}-{args.seed}-{model}.jsonl")
            read.append(read_set(model, one, rows))
    report = report_of(sets, read, command_again(parser, args))
    print("\n".join(report.findings))
    save_pages(report, args)


def bugs(name: str, spec: TaskSpec, data: Path, limit: int, seed: int, path: Path) -> BugSet:
    """A pair of each problem that has a mutation which its tests refuse; what the sandbox said is kept in a file."""
    items = {item.id: item for item in load_task(TaskSpec(spec.name, spec.file, limit), data=data, seed=seed).items}

    def made(ids: Sequence[str]) -> list[Row]:
        found = [bug_in(items[one], items[one].gold[0], seed=seed) for one in ids]
        return [{"bug": None if bug is None else asdict(bug)} for bug in found]

    rows = kept(path, {one: (item.gold, item.problem, seed) for one, item in items.items()}, made)
    pairs = tuple(Pair(items[row["id"]], Mutation(**row["bug"])) for row in rows if row["bug"] is not None)
    return BugSet(name, pairs, tuple(row["id"] for row in rows if row["bug"] is None))


def kept_rows(reader: Reader, pairs: Sequence[Pair], path: Path) -> list[Row]:
    """What a reader makes of each pair, from the file where it is there."""
    by_id = {f"{pair.item.id} {pair.bug.start} {pair.bug.now}": pair for pair in pairs}
    of = {one: (reader.fingerprint, pair.exchanges) for one, pair in by_id.items()}
    return kept(path, of, lambda ids: _rows(reader, [by_id[one] for one in ids]))


def read_set(reader: str, of: BugSet, rows: Sequence[Row]) -> ReadSet:
    """The pairs that could be read, and which could not."""
    there = [(pair, row) for pair, row in zip(of.pairs, rows, strict=True) if row["excess"] is not None]
    seen = tuple(Seen(row["excess"], row["found"], row["by_chance"]) for _, row in there)
    pairs = tuple(pair for pair, _ in there)
    return ReadSet(reader, of.name, pairs, seen, tuple(pair.item.id for pair in of.pairs if pair not in pairs))


def _rows(reader: Reader, pairs: Sequence[Pair]) -> list[Row]:
    readings = reader.read([exchange for pair in pairs for exchange in pair.exchanges])
    return [_row(*one) for one in zip(pairs, readings[::2], readings[1::2], strict=True)]


def _row(pair: Pair, right: Reading | Unscored, wrong: Reading | Unscored) -> Row:
    if isinstance(right, Unscored) or isinstance(wrong, Unscored):
        return {"excess": None}
    place = len(pair.bug.program[: pair.bug.start].encode())
    start, end = wrong.spans[int(np.argmax(wrong.nll))]
    excess = float(wrong.nll.sum() - right.nll.sum())
    return {"excess": excess, "found": bool(start <= place < end), "by_chance": 1 / len(wrong.nll)}


def report_of(sets: Sequence[BugSet], every: Sequence[ReadSet], command: str) -> StudyReport:
    """The page; what no pair was made of or no reader could read is counted and named."""
    read = [one for one in every if one.seen]
    marks = tuple(ForestMark(f"{one.reader}, {one.name}", *_share(one.prefers)) for one in read)
    picture = ForestPlot("Right program preferred to the same with one bug, share of pairs", marks)
    columns = ("reader", "programs", "pairs", "prefers the right one", "nats, median", "finds the bug", "by chance")
    kinds = TextTable(
        ("reader", *KINDS), tuple(_by_kind(name, read) for name in dict.fromkeys(one.reader for one in read)),
        caption="Preferred, by what was changed; both sets together",
    )  # fmt: skip
    unequal = tuple(_against(one, other) for one, other in _same_set(read))
    return StudyReport(
        "Does a reader prefer a right program to the same one with a bug?",
        (_PREFACE,),
        tuple(_finding(one) for one in read) + unequal,
        (*_LIMITS, *_left_out(sets, every)),
        (Section("Pairs", (), (TextTable(columns, tuple(map(_line, read))), kinds), picture),),
        command,
    )


def _left_out(sets: Sequence[BugSet], every: Sequence[ReadSet]) -> Iterator[str]:
    for of in sets:
        if of.without:
            n, total = len(of.without), len(of.without) + len(of.pairs)
            yield (
                f"No pair of {n} of {plural(total, 'problem')} of {of.name}, of which no mutation that was tried is refused by the tests: "
                f"{', '.join(of.without)}."
            )
    for one in every:
        if one.unread:
            n, total = len(one.unread), len(one.unread) + len(one.seen)
            yield f"{one.reader} could not read {n} of {plural(total, 'pair')} of {one.name}: {', '.join(one.unread)}."


def _share(flags: NDArray[np.bool_]) -> tuple[float, float, float]:
    k, n = int(flags.sum()), len(flags)
    return k / n, *clopper_pearson(k, n)


def _words(flags: NDArray[np.bool_]) -> str:
    value, low, high = _share(flags)
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def _line(one: ReadSet) -> tuple[str, ...]:
    median = float(np.median([seen.excess for seen in one.seen]))
    chance = float(np.mean([seen.by_chance for seen in one.seen]))
    return (
        one.reader, one.name, str(len(one.seen)), _words(one.prefers), f"{median:.2f}", _words(one.finds), f"{chance:.3f}",
    )  # fmt: skip


def _by_kind(reader: str, read: Sequence[ReadSet]) -> tuple[str, ...]:
    of_reader = [(pair.kind, bool(prefers)) for one in read if one.reader == reader for pair, prefers in zip(one.pairs, one.prefers, strict=True)]  # fmt: skip
    groups = [np.array([prefers for kind, prefers in of_reader if kind == wanted], np.bool_) for wanted in KINDS]
    return reader, *(f"{_words(flags)} of {len(flags)}" if len(flags) else "–" for flags in groups)


def _finding(one: ReadSet) -> str:
    value, low, high = _share(one.prefers)
    verdict = "above chance" if low > 0.5 else "below chance" if high < 0.5 else "not decided against chance"
    chance = float(np.mean([seen.by_chance for seen in one.seen]))
    finds, least, most = _share(one.finds)
    where = {"holds": "more than", "fails": "less than"}.get(
        verdict_of(least - chance, most - chance), "not decided against"
    )
    return (
        f"{one.reader} prefers the right program in {int(one.prefers.sum())} of {len(one.seen)} pairs of {one.name}, {value:.3f} "
        f"[{low:.3f}, {high:.3f}]: {verdict}. Its most surprising token is the bug in {finds:.0%}, {where} the {chance:.0%} of chance."
    )


def _same_set(read: Sequence[ReadSet]) -> Iterator[tuple[ReadSet, ReadSet]]:
    """The last reader beside the first, on one set."""
    for one in read:
        other = next((other for other in read[::-1] if other.name == one.name), one)
        if one.reader == read[0].reader != other.reader:
            yield one, other


def _against(one: ReadSet, other: ReadSet) -> str:
    """What one more reader gains, on the pairs that both read."""
    first, second = (dict(zip((pair.item.id for pair in of.pairs), of.prefers, strict=True)) for of in (one, other))
    both = [problem for problem in first if problem in second]
    if not both:
        return f"On {one.name} {other.reader} and {one.reader} read no pair in common."
    lead = lead_over([second[problem] for problem in both], [first[problem] for problem in both])
    return (
        f"On {one.name} {other.reader} beside {one.reader}, {plural(len(both), 'pair')} that both read: {lead_text(lead)}, "
        f"{lead_verdict(lead)}."
    )


if __name__ == "__main__":
    main()
