"""What the signals caught: areas under the curve, preferences within a question, and the worst offenders.

Every choice here was made before the labels were looked at. Nothing is fitted, so nothing needs a held-out half.
Resampling draws whole questions, since the two answers to one question are not independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.demo.questions import DemoQuestion
from foureyes.demo.run import Read
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.pairwise import PairwiseAccuracy, pairwise_accuracy
from foureyes.maths.ranking import Auroc, auroc
from foureyes.maths.roc import Roc, roc
from foureyes.signals.catalog import signal
from foureyes.types import Scored, Unscored

__all__ = ["SIGNALS", "TOGETHER", "Caught", "DemoResults", "Pairs", "SignalResult", "study", "together"]

Floats = NDArray[np.float64]

SIGNALS: Final = ("log_cmp", "cme", "excess", "nats_per_byte", "min_logprob")
"""What is measured, each as an uncertainty, larger = more likely wrong."""

TOGETHER: Final = "together"
"""Name of the verifiers' mean."""

_SEED: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """One uncertainty for both answers to the same questions.

    Attributes:
        question: (Q,) positions in the list of questions, growing; those without both numbers are left out.
        right: (Q,) uncertainty of the right answers.
        wrong: (Q,) uncertainty of the wrong answers.
    """

    question: NDArray[np.intp]
    right: Floats
    wrong: Floats

    @property
    def gap(self) -> Floats:
        """(Q,) wrong minus right: above 0 where the right answer is the less surprising one."""
        return self.wrong - self.right

    @property
    def rows(self) -> tuple[Floats, NDArray[np.bool_]]:
        """(2Q,) uncertainties and (2Q,) whether the answer is wrong: the right answers, then the wrong ones."""
        return np.concatenate([self.right, self.wrong]), np.repeat([False, True], len(self.question))

    @property
    def groups(self) -> NDArray[np.intp]:
        """(2Q,) the question behind each of :attr:`rows`."""
        return np.tile(self.question, 2)


@dataclass(frozen=True, slots=True, eq=False)
class SignalResult:
    """One signal of one verifier, or of all together, against the truth.

    Attributes:
        verifier: its name, or :data:`TOGETHER`.
        signal: one of :data:`SIGNALS`.
        pairs: the numbers.
        auroc: of "wrong", over all answers.
        preference: how often the right answer to a question is the less surprising one.
    """

    verifier: str
    signal: str
    pairs: Pairs
    auroc: Auroc
    preference: PairwiseAccuracy

    def curve(self) -> Roc:
        """The ROC curve behind the area, with its band."""
        return roc(*self.pairs.rows, groups=self.pairs.groups, seed=_SEED)


@dataclass(frozen=True, slots=True)
class Caught:
    """What a second reader sees of an author's mistakes.

    Attributes:
        n_fooled: questions whose wrong answer surprises the model in the author's place less than the right one.
        n_caught: those of them whose right answer surprises the verifiers less.
    """

    n_fooled: int
    n_caught: int


@dataclass(frozen=True, slots=True, eq=False)
class DemoResults:
    """All that the demo found.

    Attributes:
        questions: what was asked.
        reads: what every model saw, a model in the author's place included.
        measured: every signal of every model that could be measured, model by model.
        overall: the measure that questions are ordered by: nats per byte, of all verifiers together where there are
            several. A model in the author's place is not among them.
    """

    questions: tuple[DemoQuestion, ...]
    reads: tuple[Read, ...]
    measured: tuple[SignalResult, ...]
    overall: SignalResult

    @property
    def verifiers(self) -> tuple[Read, ...]:
        """What the verifiers saw."""
        return _verifiers(self.reads)

    @property
    def author(self) -> Read | None:
        """What a model in the author's place saw, if one read."""
        return next((read for read in self.reads if read.by == "author"), None)

    @property
    def caught(self) -> Caught | None:
        """What the verifiers see of the author's mistakes, by the measure that decides; ``None`` without an author."""
        if self.author is None:
            return None
        own, second = self.by(self.author.verifier)[self.overall.signal].pairs, self.overall.pairs
        _, i, j = np.intersect1d(own.question, second.question, return_indices=True)
        fooled = own.gap[i] < 0
        return Caught(int(fooled.sum()), int((fooled & (second.gap[j] > 0)).sum()))

    def by(self, verifier: str) -> dict[str, SignalResult]:
        """The measures of one verifier, by signal."""
        return {m.signal: m for m in self.measured if m.verifier == verifier}

    @property
    def n_left_out(self) -> int:
        """Questions of which some answer could not be read by some verifier."""
        return len(self.questions) - len(self.overall.pairs.question)

    def most_liked_wrong(self, n: int) -> list[int]:
        """Places in ``overall.pairs`` of the wrong answers with the least surprise, least first."""
        return [int(i) for i in np.argsort(self.overall.pairs.wrong, kind="stable")[:n]]

    def most_disliked_right(self, n: int) -> list[int]:
        """Places in ``overall.pairs`` of the right answers with the most surprise, most first."""
        return [int(i) for i in np.argsort(-self.overall.pairs.right, kind="stable")[:n]]

    def by_gap(self) -> list[int]:
        """Places in ``overall.pairs``, from the question where the wrong answer is liked most to the clearest one."""
        return [int(i) for i in np.argsort(self.overall.pairs.gap, kind="stable")]


def study(questions: Sequence[DemoQuestion], reads: Sequence[Read]) -> DemoResults:
    """Measures every signal of every verifier, and all verifiers together.

    Args:
        questions: what was asked.
        reads: what each model saw of all of them, at least one of them a verifier, with different names.

    Raises:
        InputError: no verifier, or two models of the same name.
        NotEnoughData: a verifier could read both answers to fewer than two questions.

    Example:
        >>> from time import perf_counter
        >>> from foureyes.demo.questions import load
        >>> from foureyes.demo.run import read
        >>> from foureyes.models.scripted import ScriptedReader
        >>> result = study(load(), [read(load(), ScriptedReader(), clock=perf_counter)])
        >>> result.overall.signal, result.overall.auroc.n_wrong
        ('nats_per_byte', 120)
    """
    names = [read.verifier for read in reads]
    verifiers = _verifiers(reads)
    if not verifiers or len(set(names)) < len(names):
        raise InputError(f"a study needs one or more verifiers with different names; got {', '.join(names) or 'none'}")
    for read in reads:
        _require_pairs(read)
    measured = [
        _measure(read.verifier, name, pairs)
        for read in reads
        for name in SIGNALS
        if (pairs := _pairs_of(read, name)) is not None
    ]
    if len(verifiers) > 1:
        measured.append(_measure(TOGETHER, "nats_per_byte", together(verifiers)))
    decisive = TOGETHER if len(verifiers) > 1 else verifiers[0].verifier
    overall = next(m for m in measured if (m.verifier, m.signal) == (decisive, "nats_per_byte"))
    return DemoResults(tuple(questions), tuple(reads), tuple(measured), overall)


def together(reads: Sequence[Read]) -> Pairs:
    """The mean over verifiers of nats per byte, for the questions all of them could read.

    Bytes are the one unit that verifiers with different tokenizers share, and they agree on how many an answer has.
    So the mean needs no weights, no labels and no other answers to compare with; a mean of ranks or of z-scores would
    make the number of one answer depend on which others were read with it.

    Args:
        reads: what each verifier saw, at least one.
    """
    columns = [_values(read, "nats_per_byte") for read in reads]
    return _complete(np.mean(columns, axis=0))


def _verifiers(reads: Sequence[Read]) -> tuple[Read, ...]:
    return tuple(read for read in reads if read.by == "verifier")


def _require_pairs(read: Read) -> None:
    n = sum(all(isinstance(row, Scored) for row in pair) for pair in read.rows)
    if n < 2:
        reasons = [str(row) for pair in read.rows for row in pair if isinstance(row, Unscored)]
        why = f"; the first that failed: {reasons[0]}" if reasons else ""
        raise NotEnoughData(f"{read.verifier} could read both answers to {n} questions, and 2 are needed{why}")


def _pairs_of(read: Read, name: str) -> Pairs | None:
    """One signal of one verifier, or ``None`` where it could tell it of no question."""
    pairs = _complete(_values(read, name))
    return pairs if len(pairs.question) else None


def _values(read: Read, name: str) -> Floats:
    """(questions, 2) right and wrong; NaN, which goes no further than :func:`_complete`, where there is no number."""
    numbers = [[_uncertainty(row, name) for row in pair] for pair in read.rows]
    return np.array(numbers, dtype=np.float64)


def _uncertainty(row: Scored | Unscored, name: str) -> float | None:
    value = row[name] if isinstance(row, Scored) else None
    return None if value is None else signal(name).uncertainty(value)


def _complete(values: Floats) -> Pairs:
    known = np.flatnonzero(~np.isnan(values).any(axis=1))
    return Pairs(known, values[known, 0], values[known, 1])


def _measure(verifier: str, name: str, pairs: Pairs) -> SignalResult:
    uncertainty, wrong = pairs.rows
    area = auroc(uncertainty, wrong=wrong, groups=pairs.groups, seed=_SEED)
    return SignalResult(verifier, name, pairs, area, pairwise_accuracy(pairs.right, pairs.wrong, seed=_SEED))
