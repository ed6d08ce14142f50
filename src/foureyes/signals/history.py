"""What past answers teach about new ones: a correctness model learned from history.

Given answers whose correctness is known, a logistic regression on the words of question and answer and on the signals
predicts which answers are right. What it learns from the question alone is difficulty, not correctness, so the same
model fitted on questions only is its control (``sees=("question",)``).

Whoever judges it uses :func:`cross_fitted`: every row is predicted by a model that has seen no answer to its question.

A newcomer starts at :meth:`CorrectnessModel.fit`.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from itertools import pairwise
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.display import Result
from foureyes.errors import InputError, NotEnoughData
from foureyes.json_text import parsed_json
from foureyes.maths.columns import flags
from foureyes.maths.sparse import SparseRows, fit_sparse, logistic
from foureyes.signals.agree import plain_words
from foureyes.types import Exchange, text_of

__all__ = ["Case", "CorrectnessModel", "Part", "cross_fitted"]

Floats = NDArray[np.float64]
Part: TypeAlias = Literal["question", "answer", "signals", "author"]

_FORMAT: Final = "foureyes.correctness"
_VERSION: Final = 1
_BUCKETS: Final = 1 << 13
_EVERYTHING: Final[tuple[Part, ...]] = ("question", "answer", "signals")
_PARTS: Final[tuple[Part, ...]] = get_args(Part)


@dataclass(frozen=True, slots=True)
class Case:
    """One answer as a correctness model sees it: the exchange, and signals of it.

    Attributes:
        exchange: question and answer.
        signals: name → uncertainty, or ``None`` where it could not be told. All cases of a fit name the same signals.
        author: name of the model that answered, for models that see ``"author"``; empty where it is not known.

    Raises:
        InputError: a signal is not a finite number.
    """

    exchange: Exchange
    signals: Mapping[str, float | None] = field(default_factory=dict)
    author: str = ""

    def __post_init__(self) -> None:
        for name, value in self.signals.items():
            if value is not None and not math.isfinite(value):
                raise InputError(f"signal {name!r} must be finite, or None where it could not be told; got {value}")


@dataclass(frozen=True, slots=True, repr=False)
class CorrectnessModel(Result):
    """P(correct) = σ(intercept + words + signals); frozen, made by :meth:`fit`, kept as JSON.

    Words and pairs of neighbouring words are hashed into buckets, each text weighted to length one; no vocabulary is
    kept, and no text can be read back. A signal is standardised; where it could not be told it adds nothing but its
    own "missing" weight.

    Attributes:
        sees: the parts of a case it looks at.
        signals: (S,) their names.
        centres, scales: (S,) of the signals in the fit.
        weights: bucket or column → weight, without those that are 0.
        intercept: log-odds where nothing else speaks.
        ridge: strength of the regularisation.
        n: rows of the fit.
    """

    sees: tuple[Part, ...]
    signals: tuple[str, ...]
    centres: tuple[float, ...]
    scales: tuple[float, ...]
    weights: Mapping[int, float]
    intercept: float
    ridge: float
    n: int

    def __post_init__(self) -> None:
        _parts(self.sees)
        n_signals = len(self.signals)
        for number in (*self.centres, *self.scales, *self.weights.values(), self.intercept, self.ridge):
            if not isinstance(number, int | float) or not math.isfinite(number):
                raise InputError(f"a correctness model wants finite numbers; got {number!r}")
        laws = {
            "a centre and a scale a signal": len(self.centres) == len(self.scales) == n_signals,
            "scales above 0": all(scale > 0 for scale in self.scales),
            "weights of known columns": all(0 <= i < _BUCKETS + 2 * n_signals for i in self.weights),
        }
        if broken := [law for law, holds in laws.items() if not holds]:
            raise InputError(f"a correctness model wants {'; '.join(broken)}")

    @classmethod
    def fit(
        cls,
        cases: Sequence[Case],
        correct: ArrayLike,
        *,
        sees: tuple[Part, ...] = _EVERYTHING,
        ridge: float = 1.0,
    ) -> CorrectnessModel:
        """Learns from answers whose correctness is known.

        Args:
            cases: (N,).
            correct: (N,) booleans or 0/1.
            sees: parts to look at; ``("question",)`` is the answerless control. With ``"author"``, which is not looked at
                unasked, one model serves the answers of several writers and learns how good each is.
            ridge: > 0, on every weight but the intercept.

        Raises:
            InputError: lengths or the names of signals differ, unknown parts, no ridge.
            NotEnoughData: all answers are right, or all wrong.

        Example:
            >>> cases = [Case(Exchange("Capital?", said)) for said in ("Canberra", "Sydney", "Canberra", "Sydney")]
            >>> model = CorrectnessModel.fit(cases, [1, 0, 1, 0], ridge=0.1)
            >>> model.predict_proba([Case(Exchange("Capital?", "Canberra"))])[0] > 0.8
            np.True_

        Source: Xiao et al. 2025, arXiv 2509.24988 (a correctness model over history and its answerless control; theirs
        is a fine-tuned language model, this a linear one that fits in milliseconds).
        """
        right = flags("correct", correct)
        if len(cases) != len(right):
            raise InputError(f"{len(cases)} cases need as many labels; got {len(right)}")
        if not ridge > 0:
            raise InputError(f"ridge must be above 0, or words seen once decide everything; got {ridge:g}")
        n_right = int(right.sum())
        if n_right in (0, len(right)):
            raise NotEnoughData(
                f"a correctness model learns from right and wrong answers; got {n_right} right of {len(right)}"
            )
        parts = _parts(sees)
        names = tuple(cases[0].signals) if "signals" in parts else ()
        centres, scales = _standards(cases, names)
        blank = cls(parts, names, centres, scales, {}, 0.0, float(ridge), len(cases))
        rows = blank._rows(cases)
        strength = np.full(rows.shape[1], float(ridge))
        strength[-1] = 0.0  # the intercept
        fitted = fit_sparse(rows, right, ridge=strength)
        weights = {int(i): float(fitted[i]) for i in np.flatnonzero(fitted[:-1])}
        return cls(parts, names, centres, scales, weights, float(fitted[-1]), float(ridge), len(cases))

    def predict_proba(self, cases: Sequence[Case]) -> Floats:
        """(N,) P(correct) of every case, in (0, 1).

        Raises:
            InputError: the cases do not name the signals of the fit.
        """
        rows = self._rows(cases)
        weights = np.zeros(rows.shape[1])
        weights[list(self.weights)] = list(self.weights.values())
        weights[-1] = self.intercept
        return logistic(rows.times(weights))

    def uncertainty(self, cases: Sequence[Case]) -> Floats:
        """(N,) 1 − P(correct): larger = more likely wrong."""
        return 1 - self.predict_proba(cases)

    def to_json(self) -> str:
        """As a JSON object that :meth:`from_json` reads back to an equal value."""
        fields = asdict(self) | {"weights": {str(i): w for i, w in self.weights.items()}}
        return json.dumps({"format": _FORMAT, "version": _VERSION, **fields}, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> CorrectnessModel:
        """Reads what :meth:`to_json` wrote.

        Raises:
            InputError: the text is not such JSON, or of another version.
        """
        try:
            found = parsed_json(text)
            stated = found.pop("format"), found.pop("version")
            found |= {name: tuple(found[name]) for name in ("sees", "signals", "centres", "scales")}
            found["weights"] = {int(i): float(w) for i, w in found["weights"].items()}
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise InputError(f"not a correctness model: {text[:60]!r}") from error
        if stated != (_FORMAT, _VERSION):
            raise InputError(f"wanted {_FORMAT} version {_VERSION}; got {stated[0]!r} version {stated[1]!r}")
        if set(found) != (names := {entry.name for entry in fields(cls)}):
            raise InputError(f"a correctness model wants {', '.join(sorted(names))}; got {', '.join(sorted(found))}")
        return cls(**found)

    def _rows(self, cases: Sequence[Case]) -> SparseRows:
        """Features: hashed words, then value and absence of each signal, then a one for the intercept."""
        n_columns = _BUCKETS + 2 * len(self.signals) + 1
        row: list[int] = []
        column: list[int] = []
        value: list[float] = []
        for i, case in enumerate(cases):
            entries = [*self._word_entries(case), *self._signal_entries(case), (n_columns - 1, 1.0)]
            row += [i] * len(entries)
            column += [place for place, _ in entries]
            value += [amount for _, amount in entries]
        shape = (len(cases), n_columns)
        return SparseRows(np.array(row, np.intp), np.array(column, np.intp), np.array(value, np.float64), shape)

    def _word_entries(self, case: Case) -> Iterator[tuple[int, float]]:
        texts = {"question": text_of(case.exchange.prompt), "answer": case.exchange.answer}
        for part, text in texts.items():
            if part in self.sees:
                places = {_bucket(part, gram) for gram in _grams(text)}
                yield from ((place, 1 / math.sqrt(len(places))) for place in sorted(places))
        if "author" in self.sees and case.author:
            yield _bucket("author", case.author), 1.0

    def _signal_entries(self, case: Case) -> Iterator[tuple[int, float]]:
        if self.signals and set(case.signals) != set(self.signals):
            wanted, got = ", ".join(self.signals), ", ".join(case.signals) or "none"
            raise InputError(f"every case must name the signals {wanted}; got {got}")
        for s, name in enumerate(self.signals):
            told = case.signals[name]
            if told is None:
                yield _BUCKETS + len(self.signals) + s, 1.0
            else:
                yield _BUCKETS + s, (told - self.centres[s]) / self.scales[s]


def cross_fitted(
    cases: Sequence[Case],
    correct: ArrayLike,
    *,
    sees: tuple[Part, ...] = _EVERYTHING,
    folds: int = 5,
    ridge: float = 1.0,
    seed: int = 0,
) -> Floats:
    """The uncertainty of every case under a model that has seen no answer to its question.

    Questions are dealt out to folds at random, all answers to one question together, and each fold is predicted from
    the others: nothing is judged on rows of its own fit.

    Args:
        cases: (N,).
        correct: (N,) booleans or 0/1.
        sees: as for :meth:`CorrectnessModel.fit`.
        folds: ≥ 2.
        ridge: of the fits.
        seed: of the deal.

    Returns:
        (N,) 1 − P(correct), larger = more likely wrong.

    Raises:
        InputError: as for :meth:`CorrectnessModel.fit`, or fewer than two folds.
        NotEnoughData: fewer questions than folds, or only one class outside one of them.
    """
    if folds < 2:
        raise InputError(f"folds must be at least 2; got {folds}")
    right = flags("correct", correct)
    if len(cases) != len(right):
        raise InputError(f"{len(cases)} cases need as many labels; got {len(right)}")
    number = {question: i for i, question in enumerate(dict.fromkeys(text_of(c.exchange.prompt) for c in cases))}
    if len(number) < folds:
        raise NotEnoughData(f"{folds} folds need as many questions; got {len(number)}", needed=folds)
    dealt = np.random.default_rng(seed).permutation(len(number)) % folds
    fold = np.array([dealt[number[text_of(case.exchange.prompt)]] for case in cases])
    uncertainty = np.empty(len(cases))
    for k in range(folds):
        rest = [case for case, f in zip(cases, fold, strict=True) if f != k]
        model = CorrectnessModel.fit(rest, right[fold != k], sees=sees, ridge=ridge)
        uncertainty[fold == k] = model.uncertainty([case for case, f in zip(cases, fold, strict=True) if f == k])
    return uncertainty


def _parts(sees: Sequence[Part]) -> tuple[Part, ...]:
    if not sees or not set(sees) <= set(_PARTS):
        raise InputError(f"sees must name some of {', '.join(_PARTS)}; got {', '.join(map(str, sees)) or 'none'}")
    return tuple(part for part in _PARTS if part in sees)


def _standards(cases: Sequence[Case], names: Sequence[str]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of what was told of each signal; 0 and 1 where that says nothing."""
    centres, scales = [], []
    for name in names:
        told = np.array([v for case in cases if (v := case.signals.get(name)) is not None])
        centres.append(float(told.mean()) if len(told) else 0.0)
        scales.append(float(told.std()) if len(told) and told.std() > 0 else 1.0)
    return tuple(centres), tuple(scales)


def _grams(text: str) -> Iterator[str]:
    words = plain_words(text)
    yield from words
    yield from (f"{one} {other}" for one, other in pairwise(words))


def _bucket(part: str, gram: str) -> int:
    return zlib.crc32(f"{part}\0{gram}".encode()) % _BUCKETS
