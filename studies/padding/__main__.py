"""How many answers pass a reader's vote with words written round them: ``python -m studies.padding``.

The demo's 240 answers, half of them wrong, are read plain and in every wording of :mod:`studies.padding.wordings`. A vote is
safe up to a cut on the surprise, the median over the plain answers of four fifths of the questions (which flags half of
them, as the shipped calibrations do); it judges the other fifth. Two signals vote: ``worst_claim``, which the guard uses,
and ``log_cmp``, the mean over all tokens, which it used before. Readings are kept in a store, so a run that was ended
goes on where it was.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.demo.questions import DemoQuestion, load
from foureyes.maths.bounds import clopper_pearson
from foureyes.models.catalog import open_reader
from foureyes.models.roles import Reader
from foureyes.report.study import TextTable, markdown_table
from foureyes.signals.cross import score
from foureyes.signals.worst import worst_claim
from foureyes.study.cached_models import CachedReader, LazyModel, RunUsage
from foureyes.study.store import CallStore
from foureyes.types import Exchange, Scored
from studies.padding.wordings import PLAIN, SENTENCE, WORDINGS, Wording, sentence

FOLDS: Final = 5
AT_ONCE: Final = 16
"""Questions: what is asked of all of them is read together."""

SIGNALS: Final = ("worst_claim", "log_cmp")
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """One answer in one wording."""

    question: int
    wording: Wording
    right: bool
    exchange: Exchange


def cases(questions: Sequence[DemoQuestion], chosen: Sequence[int], wordings: Sequence[Wording]) -> Iterator[Case]:
    """Every answer plain and in every wording, question by question."""
    for place in chosen:
        question = questions[place]
        fact = questions[(place + 7) % len(questions)].note.rstrip(".") + "."
        for right, answer in ((True, question.right), (False, question.wrong)):
            for wording in (PLAIN, *wordings):
                text = wording.around(answer, question=question.text, fact=fact)
                yield Case(place, wording, right, Exchange(question.prompt, text))
            whole = sentence(question.text, answer)
            if whole is not None:
                yield Case(place, SENTENCE, right, Exchange(question.prompt, whole))


def surprises(found: Sequence[Case], reader: Reader) -> dict[str, Floats]:
    """Both signals of every case; ∞ where it could not be read."""
    exchanges = [case.exchange for case in found]
    claims = [np.inf if not isinstance(value, float) else value for value in worst_claim(exchanges, reader)]
    means = [row.log_cmp if isinstance(row, Scored) else np.inf for row in score(exchanges, reader)]
    return {"worst_claim": np.array(claims), "log_cmp": np.array(means)}


def passes(found: Sequence[Case], surprise: Floats) -> NDArray[np.bool_]:
    """Which cases are called safe by cuts fitted on plain answers to other questions."""
    fold = np.array([case.question % FOLDS for case in found])
    plain = np.array([case.wording is PLAIN for case in found])
    cuts = np.array([np.median(surprise[plain & (fold != one)]) for one in range(FOLDS)])
    passed: NDArray[np.bool_] = surprise <= cuts[fold]
    return passed


def table(found: Sequence[Case], passed: dict[str, NDArray[np.bool_]], *, right: bool) -> TextTable:
    """What passes of the right, or of the wrong answers, by wording."""
    place = {(case.question, case.wording.name, case.right): i for i, case in enumerate(found)}
    rows = []
    for wording in (PLAIN, SENTENCE, *WORDINGS):
        here = [i for i, case in enumerate(found) if case.wording == wording and case.right is right]
        if not here or (right and not wording.honest):
            continue
        plain = [place[found[i].question, PLAIN.name, right] for i in here]
        row = [wording.name if wording not in (PLAIN, SENTENCE) else wording.family, str(len(here))]
        for signal in SIGNALS:
            now, before = passed[signal][here], passed[signal][plain]
            turned = int((before & ~now).sum() if right else (now & ~before).sum())
            low, high = (100 * end for end in clopper_pearson(turned, len(here)))
            row += [
                f"{now.mean():.0%}",
                f"{100 * (now.mean() - before.mean()):+.0f}",
                f"{turned} ({low:.0f}-{high:.0f} %)",
            ]
        rows.append(tuple(row))
    what = "blocked only in this wording" if right else "passed only in this wording"
    heads = [f"{signal}: {column}" for signal in SIGNALS for column in ("pass", "points against plain", what)]
    return TextTable(("right answers" if right else "wrong answers", "n", *heads), tuple(rows))


def main() -> None:
    """Reads, and prints two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="qwen2.5-coder-1.5b", help="who reads (default: %(default)s)")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth question")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="begin at this question")
    parser.add_argument("--wordings", type=int, choices=(1, 2, 3), help="only these (default: all)")
    parser.add_argument("--store", type=Path, default=Path("padding.db"), help="readings are kept here")
    args = parser.parse_args()
    wordings = [wording for wording in WORDINGS if args.wordings in (None, wording.number)]
    questions = load()
    with CallStore(args.store) as store:
        model = LazyModel(args.model, None, lambda: open_reader(args.model), store)
        reader = CachedReader(model, store, RunUsage(perf_counter))
        found: list[Case] = []
        values: dict[str, list[Floats]] = {signal: [] for signal in SIGNALS}
        places = range(args.first, len(questions), args.every)
        for first in range(0, len(places), AT_ONCE):
            these = list(cases(questions, places[first : first + AT_ONCE], wordings))
            for signal, value in surprises(these, reader).items():
                values[signal].append(value)
            found += these
            sys.stderr.write(f"\r{min(first + AT_ONCE, len(places))} of {len(places)} questions ")
    passed = {signal: passes(found, np.concatenate(values[signal])) for signal in SIGNALS}
    for right in (False, True):
        sys.stdout.write(markdown_table(table(found, passed, right=right)) + "\n\n")


if __name__ == "__main__":
    main()
