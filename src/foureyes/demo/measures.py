"""What own doubt and a second reader find of an author's wrong answers.

Nothing is fitted, and every choice was made before the readings were seen: own doubt is the author's mean entropy, the reader's
sign is its mean surprise (log CMP), *sure* is the half of the answers with the least own entropy, and as many answers are looked
at as are wrong. Start at :func:`measure`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.demo.live import LiveRead
from foureyes.demo.recorded import AUTHOR, Answer, Recorded, Seen
from foureyes.errors import NotEnoughData
from foureyes.maths.difference import Difference, paired_difference
from foureyes.maths.random_hits import RandomHits, random_hits
from foureyes.maths.ranking import Auroc, auroc

__all__ = ["Comparison", "DemoResults", "ErrorsFound", "Preferred", "Sign", "compare", "measure", "preferred", "search"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_SEED: Final = 4
FEWEST: Final = 5
"""Right and wrong answers, of each, below which no area is given."""


@dataclass(frozen=True, slots=True)
class ErrorsFound:
    """What looking at the most suspicious of some answers finds.

    Attributes:
        n: answers.
        n_wrong: wrong ones among them, and how many are looked at.
        own: wrong ones among the ``n_wrong`` that the author doubts most.
        second: those among the ``n_wrong`` that surprise the second reader most.
        by_chance: those among ``n_wrong`` that are picked at random.
        difference: AUROC of the second reader minus that of own doubt, paired.
    """

    n: int
    n_wrong: int
    own: int
    second: int
    by_chance: RandomHits
    difference: Difference

    @property
    def verdict(self) -> str:
        """Who ranks the wrong answers higher; ``undecided`` where the interval holds 0 or answers are few."""
        if self.difference.few or self.difference.low <= 0 <= self.difference.high:
            return "undecided"
        return "the second reader is better" if self.difference.value > 0 else "own doubt is better"


@dataclass(frozen=True, slots=True, eq=False)
class Sign:
    """One sign of a wrong answer.

    Attributes:
        model: whose.
        words: which.
        how: ``"recorded"`` or ``"read now"``.
        values: (N,) larger = more suspicious; NaN where a live model could not read.
        everywhere, sure: area under the ROC curve of "wrong", over all answers and over the sure half.
    """

    model: str
    words: str
    how: str
    values: Floats
    everywhere: Auroc
    sure: Auroc


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """The author's answers and what finds the wrong ones.

    Attributes:
        answers: N of them.
        own, second: (N,) own entropy and the second reader's surprise, nats a token.
        sure: (N,) the half of the answers with the least own entropy.
        everywhere, among_sure: what looking finds, over all and over the sure half.
        signs: the signs in the table, those of live readers behind.
    """

    answers: tuple[Answer, ...]
    own: Floats
    second: Floats
    sure: Flags
    everywhere: ErrorsFound
    among_sure: ErrorsFound
    signs: tuple[Sign, ...]

    @property
    def wrong(self) -> Flags:
        """(N,) which answers are wrong."""
        return ~np.array([answer.right for answer in self.answers])

    def sure_and_wrong(self) -> list[int]:
        """Places of the wrong answers that the author was sure of, the surest first."""
        return [int(i) for i in np.argsort(self.own, kind="stable") if self.sure[i] and self.wrong[i]]


@dataclass(frozen=True, slots=True)
class Preferred:
    """In how many programs a reader is less surprised by the right one than by the one with the bug.

    Attributes:
        model: who read.
        margins: nats by which the bug adds to the surprise of the whole program, one a program; NaN where it could not be read.
    """

    model: str
    margins: tuple[float, ...]

    @property
    def n(self) -> int:
        """Programs that were read."""
        return int(np.isfinite(self.margins).sum())

    @property
    def n_right(self) -> int:
        """Of these, those where the right one surprises less."""
        return sum(margin > 0 for margin in self.margins)


@dataclass(frozen=True, slots=True, eq=False)
class DemoResults:
    """All that the demo shows.

    Attributes:
        recorded: what came with the package.
        main: what finds the author's wrong answers.
        bugs: who prefers right programs, a live model each.
        live: what was read now.
    """

    recorded: Recorded
    main: Comparison
    bugs: tuple[Preferred, ...]
    live: tuple[LiveRead, ...]


def measure(record: Recorded, live: Sequence[LiveRead]) -> DemoResults:
    """Measures what was recorded and what was read now.

    Args:
        record: what came with the package.
        live: what each live model saw of the answers and of the programs.

    Raises:
        NotEnoughData: the author has too few right or wrong answers.
    """
    bugs = tuple(preferred(read.model, read.bugs) for read in live)
    return DemoResults(record, compare(record.answers, record.reader, live), bugs, tuple(live))


def compare(answers: Sequence[Answer], reader: str, live: Sequence[LiveRead] = ()) -> Comparison:
    """Own doubt beside the second reader, over the author's answers.

    Args:
        answers: what it said.
        reader: name of the second reader.
        live: what live models saw of the same answers.

    Raises:
        NotEnoughData: fewer than :data:`FEWEST` right or wrong answers, in all or in the sure half.
    """
    wrong = ~np.array([answer.right for answer in answers])
    own = np.array([answer.own.doubt for answer in answers])
    second = np.array([answer.second.surprise for answer in answers])
    sure = np.zeros(len(answers), dtype=np.bool_)
    sure[np.argsort(own, kind="stable")[: len(answers) // 2]] = True
    columns = [
        (AUTHOR, "own entropy", "recorded", own),
        (AUTHOR, "own −log-probability", "recorded", np.array([answer.own.surprise for answer in answers])),
        (reader, "surprise", "recorded", second),
        *((read.model, "surprise", "read now", _surprises(read.answers)) for read in live),
    ]
    signs = tuple(_sign(*column, wrong, sure) for column in columns)
    searches = search(own, second, wrong), search(own[sure], second[sure], wrong[sure])
    return Comparison(tuple(answers), own, second, sure, *searches, signs)


def search(own: Floats, second: Floats, wrong: Flags) -> ErrorsFound:
    """Looks at as many answers as are wrong, by either sign.

    Args:
        own: (N,) own doubt.
        second: (N,) the second reader's surprise.
        wrong: (N,) which are wrong.

    Raises:
        NotEnoughData: too few right or wrong ones.
    """
    n_wrong = int(wrong.sum())
    if min(n_wrong, len(wrong) - n_wrong) < FEWEST:
        raise NotEnoughData(f"wanted {FEWEST} right and wrong answers; got {len(wrong) - n_wrong} and {n_wrong}")
    by_own, by_second = (int(wrong[np.argsort(-sign, kind="stable")[:n_wrong]].sum()) for sign in (own, second))
    by_chance = random_hits(len(wrong), n_wrong, n_wrong)
    return ErrorsFound(
        len(wrong), n_wrong, by_own, by_second, by_chance, paired_difference(second, own, wrong, seed=_SEED)
    )


def preferred(model: str, pairs: Sequence[tuple[Seen | None, Seen | None]]) -> Preferred:
    """Whose programs a reader prefers.

    Args:
        model: who read.
        pairs: the readings of each right program and of the same one with a bug.
    """
    margins = (
        float("nan") if right is None or wrong is None else float(wrong.nll.sum() - right.nll.sum())
        for right, wrong in pairs
    )
    return Preferred(model, tuple(margins))


def _surprises(read: Sequence[Seen | None]) -> Floats:
    return np.array([np.nan if seen is None else seen.surprise for seen in read])


def _sign(model: str, words: str, how: str, values: Floats, wrong: Flags, sure: Flags) -> Sign:
    known = np.isfinite(values)
    areas = (auroc(values[at], wrong=wrong[at], seed=_SEED) for at in (known, known & sure))
    return Sign(model, words, how, values, *areas)
