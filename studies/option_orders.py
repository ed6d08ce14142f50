"""What do four orders of the same options come to? ``python -m studies.option_orders --data DIR --markdown docs/studies/option_orders.md``.

A model that is asked a question with its options in four orders gives four rankings of them. Pair-Rank makes one probability of
these; so do the mean of the four probabilities and the share of the four that agree. No model is run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.reliability import ece
from foureyes.maths.resampled_auroc import Weights, row_weights
from foureyes.maths.stated_samples import pair_rank
from foureyes.report.forest import ForestMark, ForestPlot
from foureyes.study.stored_options import StoredOptions, load_stored_options
from studies.know_when.published_data import PublishedData
from studies.know_when.values import Figure, FigureTable
from studies.published_study import DecidedClaim, PublishedStudy, Settings, StudyChapter, run_published, stated
from studies.second_readers.pairs import Bools, Floats, area_if_told, drawn_counts, figure_of, weighted_mean

__all__ = ["STUDY", "Orders", "main", "orders_of"]

_FILE: Final = "vlm_mmbench_logits/logits.npz"
_ROTATED: Final = 1_000_000
"""An id is the question's, and this many more for each place that its options are moved on."""

_LETTERS: Final = 4
"""Options that change places; those behind them, "I don't know" and "none of the above", keep theirs."""

ONE, SHARE, MEAN, RANK = "one order's probability", "the share that agrees", "the mean probability", "pair rank"


@dataclass(frozen=True, slots=True, eq=False)
class Orders:
    """Questions that stand in every order, by what the options say.

    Attributes:
        models: M names.
        p: (M, Q, R, K) probability of each option, whatever its letter, in each order; the order as published first.
        gold: (Q,) the right option.
        left_out: questions that do not stand in every order.
    """

    models: tuple[str, ...]
    p: Floats
    gold: NDArray[np.intp]
    left_out: int

    @property
    def answer(self) -> NDArray[np.intp]:
        """(M, Q) each model's answer to the question as published."""
        found: NDArray[np.intp] = self.p[:, :, 0].argmax(axis=2)
        return found

    def by_option(self) -> Mapping[str, Floats]:
        """(M, Q, K) what each way of putting the orders together makes of every option."""
        return {
            ONE: self.p[:, :, 0],
            SHARE: _firsts(self.p).mean(axis=2),
            MEAN: self.p.mean(axis=2),
            RANK: np.array([[_ranked(orders) for orders in of] for of in self._rankings()]),
        }

    def _rankings(self) -> NDArray[np.intp]:
        """(M, Q, R, K) the options in each order, the likeliest first; of equal ones that which is shown first."""
        shown = np.broadcast_to(_places(self.p.shape[3])[None, None], self.p.shape)
        return np.lexsort((shown, -self.p), axis=-1)


def orders_of(options: StoredOptions) -> Orders:
    """Puts the orders of each question side by side.

    Raises:
        NotEnoughData: no question stands in every order.
        InputError: the right option does not move on by a place from one order to the next.
    """
    moved = options.ids.astype(np.int64) // _ROTATED
    whole = []
    for question in np.unique(options.question):
        rows = np.flatnonzero(options.question == question)
        rows = rows[np.argsort(moved[rows])]
        if moved[rows].tolist() == list(range(_LETTERS)):
            whole.append(rows)
    if not whole:
        raise NotEnoughData(f"orders are compared on questions that stand in all {_LETTERS}; got none")
    gold = options.gold[np.array(whole)]
    if (wrong := (gold != (gold[:, :1] + np.arange(_LETTERS)) % _LETTERS).any(axis=1)).any():
        raise InputError(f"wanted options that move on by a place an order; got others in {wrong.sum()} questions")
    places = _places(options.log_p.shape[2])[None, None]
    log_p = np.take_along_axis(options.log_p[:, np.array(whole)], places, axis=3)
    left_out = len(np.unique(options.question)) - len(whole)
    return Orders(options.models, np.exp(log_p), gold[:, 0], left_out)


def _places(k: int) -> NDArray[np.intp]:
    """(R, K) where each option stands in each order."""
    return np.array([[(j + by) % _LETTERS if j < _LETTERS else j for j in range(k)] for by in range(_LETTERS)])


def _firsts(values: Floats) -> Floats:
    """(…, K) 1 for the largest of K values and 0 for the others; equal ones share it."""
    largest = np.isclose(values, values.max(axis=-1, keepdims=True))
    found: Floats = largest / largest.sum(axis=-1, keepdims=True)
    return found


def _ranked(orders: NDArray[np.intp]) -> list[float]:
    """(K,) Pair-Rank of the options of one question."""
    return list(_pair_rank(tuple(map(tuple, orders.tolist()))))


@cache
def _pair_rank(orders: tuple[tuple[int, ...], ...]) -> tuple[float, ...]:
    """The same four orders come again and again."""
    found = pair_rank(orders)
    return tuple(found[option] for option in range(len(found)))


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Each way of putting orders together, on the questions as they are, first, and on D draws of them.

    Attributes:
        models: (D+1, M) how often each model is drawn; ones first.
        area, brier, hits: (M, D+1) by the name of the way: AUROC of wrong answers to the question as published, the mean squared
            error of its confidence in them, and the accuracy of the options that it puts first itself.
        ece: the models' mean calibration error.
    """

    models: Floats
    area: Mapping[str, Floats]
    brier: Mapping[str, Floats]
    hits: Mapping[str, Floats]
    ece: Mapping[str, float]

    def mean(self, values: Floats) -> Figure:
        """The models' mean of (M, D+1) values, with its interval over questions and models."""
        return figure_of(weighted_mean(values, self.models), self.models.shape[1], "models")


def measure(found: Orders, settings: Settings) -> Measured:
    """Measures every way on the same draws."""
    rng = np.random.default_rng(settings.seed)
    weights = row_weights(np.arange(len(found.gold)), settings.draws, rng)
    right, made = found.answer == found.gold, found.by_option()
    said = {name: np.take_along_axis(of, found.answer[:, :, None], axis=2)[:, :, 0] for name, of in made.items()}
    return Measured(
        drawn_counts(len(found.models), settings.draws, rng),
        {name: _areas(1 - of, ~right, weights) for name, of in said.items()},
        {name: _means((of - right) ** 2, weights) for name, of in said.items()},
        {name: _means(_hits(of, found.gold), weights) for name, of in made.items()},
        {name: float(np.mean([ece(*one).value for one in zip(of, right, strict=True)])) for name, of in said.items()},
    )


def _areas(uncertainty: Floats, wrong: Bools, weights: Weights) -> Floats:
    return np.array([area_if_told(*one, weights) for one in zip(uncertainty, wrong, strict=True)])


def _hits(by_option: Floats, gold: NDArray[np.intp]) -> Floats:
    """(M, Q) whether the right option comes first; a share where others do as well."""
    return np.take_along_axis(_firsts(by_option), gold[None, :, None], axis=2)[:, :, 0]


def _means(values: Floats, weights: Weights) -> Floats:
    found: Floats = values @ weights / weights.sum(axis=0)
    return found


def chapters(store: PublishedData, settings: Settings) -> Sequence[StudyChapter]:
    """One chapter over all models."""
    options = load_stored_options(store.file(_FILE), same_question=f"ids % {_ROTATED}")
    orders = orders_of(options)
    found = measure(orders, settings)
    areas = {name: found.mean(of) for name, of in found.area.items()}
    table = FigureTable(
        f"{len(orders.models)} models, {len(orders.gold):,} questions",
        ("confidence in the answer as published", "AUROC of wrong", "Brier score", "ECE", "accuracy of its own choice"),
        [
            (name, area, found.mean(found.brier[name]), found.ece[name], found.mean(found.hits[name]))
            for name, area in areas.items()
        ],
    )
    marks = tuple(ForestMark(name, area.value, area.low, area.high) for name, area in areas.items())
    note = (
        f"{orders.left_out:,} further questions have fewer than {_LETTERS} options of their own, stand in fewer orders, and are left out. A question "
        f'has {orders.p.shape[3]} options: the last two, "I don\'t know" and "none of the above", keep their places, are never right, and are ranked with the '
        "others. Nothing is calibrated. Pair-Rank sees rankings and no probability, so an option that comes first in all four is all but sure; the "
        "share has few values, so much of its AUROC is ties. Equally likely options share what they are counted for. ECE has no interval here: drawing "
        "questions anew adds to it."
    )
    warnings = [f"left out: {why} ({n:,})" for why, n in options.left_out.items() if n]
    picture = ForestPlot("AUROC of wrong answers, mean over models", marks)
    return [
        StudyChapter("Each confidence", _findings(claims := _claims(found)), claims, [table], [note], picture, warnings)
    ]


def _claims(found: Measured) -> list[DecidedClaim]:
    """Pair-Rank against the others, and what several orders are worth at all."""
    area, brier, hits = found.area, found.brier, found.hits
    others = (SHARE, MEAN, ONE)
    return [
        *(DecidedClaim(f"{RANK} finds wrong answers better than {name}", found.mean(area[RANK] - area[name]), "AUROC, mean over models")
          for name in others),
        *(DecidedClaim(f"{RANK} is closer to the truth than {name}", found.mean(brier[name] - brier[RANK]), "Brier score saved, mean over models")
          for name in others),
        DecidedClaim(f"{MEAN} finds wrong answers better than {ONE}", found.mean(area[MEAN] - area[ONE]), "AUROC, mean over models"),
        *(DecidedClaim(f"what {name} puts first is right more often than what {ONE} does", found.mean(hits[name] - hits[ONE]), "accuracy, mean over models")
          for name in (RANK, MEAN)),
    ]  # fmt: skip


def _findings(claims: Sequence[DecidedClaim]) -> list[str]:
    words = {"holds": "Yes", "fails": "No, the other way round", "no difference": "No difference"}
    return [
        f"{one.says[0].upper()}{one.says[1:]}? {words.get(one.verdict, 'Not decided')}: {stated(one.difference)} ({one.measured_as})."
        for one in claims
    ]


STUDY: Final = PublishedStudy(
    "option_orders",
    "What do four orders of the same options come to?",
    (
        (
            "Vision-language models were asked the questions of MMBench with their four options in four orders, and their logits were published "
            "(VLM-Uncertainty-Bench). So every model ranks the same options four times. *Pair rank* is the probability of each option under "
            "which these rankings are most likely (Xiong et al. 2024, arXiv 2306.13063), *the mean probability* the mean of the four probabilities, *the "
            "share that agrees* how many of the four put the answer first, and *one order's probability* that in the question as published, at "
            "a quarter of the readings. Each is judged as confidence in the answer to the question as published. Questions and models are drawn anew."
        ),
    ),
    {"mmbench": chapters},
)


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the study."""
    run_published(STUDY, argv)


if __name__ == "__main__":
    main()
