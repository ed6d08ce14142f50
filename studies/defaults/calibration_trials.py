"""Calibrators fitted on a few rows and judged on the others, split after split, with paired intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.reliability import ece
from studies.defaults.calibration_candidates import DEFAULT, Predict, class_candidates, score_candidates
from studies.defaults.calibration_sets import ClassSet, ScoreSet
from studies.defaults.section import StudyPlan

__all__ = ["SIZES", "Size", "Tally", "judge_classes", "judge_scores"]

Floats = NDArray[np.float64]
Size: TypeAlias = Literal[50, 100, 500, "half"]

SIZES: Final[tuple[Size, ...]] = (50, 100, 500, "half")

_CLIPPED: Final = 1e-6
_FEWEST_JUDGED: Final = 100


@dataclass(slots=True, eq=False)
class Tally:
    """What every candidate lost on rows it had not seen, for one set and one number of rows to fit on.

    Attributes:
        set: its name.
        size: rows fitted on.
        groups: (N,) rows that hang together.
        losses: candidate → (N,) sum of its log losses on each row; rows judged less often count less.
        times: candidate → (N,) how often each row was judged.
        eces: candidate → calibration error of every split and model.
        refused: splits and models in which a fit was refused, and why.
        excess: candidate → how much more it loses than the default, with its 95 % interval.
    """

    set: str
    size: Size
    groups: NDArray[np.intp]
    losses: dict[str, Floats] = field(default_factory=dict)
    times: dict[str, Floats] = field(default_factory=dict)
    eces: dict[str, list[float]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    excess: dict[str, tuple[float, float, float]] = field(default_factory=dict)

    def add(self, name: str, rows: NDArray[np.intp], losses: Floats, error: float) -> None:
        """Counts one fit judged on these rows."""
        n = len(self.groups)
        self.losses.setdefault(name, np.zeros(n))[rows] += losses
        self.times.setdefault(name, np.zeros(n))[rows] += 1
        self.eces.setdefault(name, []).append(error)

    def mean(self, name: str) -> float:
        """Mean log loss."""
        return float(self.losses[name].sum() / self.times[name].sum())

    def compare(self, draws: int, seed: int) -> Tally:
        """Fills in how much more every candidate loses than the default: whole groups are drawn, the same for all."""
        names = [name for name in self.losses if name != DEFAULT]
        if not names:
            return self
        many = int(self.groups.max()) + 1
        weights = np.random.default_rng(seed).multinomial(many, np.full(many, 1 / many), size=draws).astype(np.float32)
        for name in names:
            shared = np.minimum(self.times[name], self.times[DEFAULT])
            seen = shared > 0
            own = (
                self.losses[name][seen] / self.times[name][seen]
                - self.losses[DEFAULT][seen] / self.times[DEFAULT][seen]
            )
            sums = np.bincount(self.groups[seen], own * shared[seen], many)
            counts = np.bincount(self.groups[seen], shared[seen], many)
            drawn = (weights @ sums.astype(np.float32)) / (weights @ counts.astype(np.float32))
            low, high = np.quantile(drawn, (0.025, 0.975)).tolist()
            self.excess[name] = (float(sums.sum() / counts.sum()), low, high)
        return self


def judge_scores(scores: ScoreSet, plan: StudyPlan, splits: int) -> Iterator[Tally]:
    """A tally for every number of rows to fit on."""
    for size in SIZES:
        tally = Tally(scores.name, size, scores.groups)
        for model, learn, judge in _splits(len(scores.confidence), scores.groups, size, splits, plan.seed):
            p, right = scores.confidence[model], scores.right[model]
            fit = partial(score_candidates, p[learn], right[learn])
            _count(tally, judge, fit, partial(_of_scores, p[judge], right[judge]))
        yield tally.compare(plan.draws, plan.seed)


def judge_classes(classes: ClassSet, plan: StudyPlan, splits: int) -> Iterator[Tally]:
    """The same of class scores."""
    for size in SIZES:
        tally = Tally(classes.name, size, classes.groups)
        for model, learn, judge in _splits(len(classes.scores), classes.groups, size, splits, plan.seed):
            x, labels = classes.scores[model], classes.labels
            fit = partial(class_candidates, x[learn], labels[learn], classes.scale)
            _count(tally, judge, fit, partial(_of_classes, x[judge], labels[judge]))
        yield tally.compare(plan.draws, plan.seed)


def _of_scores(p: Floats, right: NDArray[np.bool_], predict: Predict) -> tuple[Floats, float]:
    """(N,) log losses and the calibration error."""
    c = np.clip(predict(p), _CLIPPED, 1 - _CLIPPED)
    return -np.log(np.where(right, c, 1 - c)), ece(c, right).value


def _of_classes(x: Floats, labels: NDArray[np.intp], predict: Predict) -> tuple[Floats, float]:
    p = predict(x)
    own = np.clip(p[np.arange(len(labels)), labels], _CLIPPED, 1)
    return -np.log(own), ece(np.minimum(p.max(axis=1), 1), p.argmax(axis=1) == labels).value


def _count(
    tally: Tally,
    judge: NDArray[np.intp],
    fit: Callable[[], dict[str, Predict]],
    judged: Callable[[Predict], tuple[Floats, float]],
) -> None:
    try:
        candidates = fit()
    except (InputError, NotEnoughData) as error:
        tally.refused.append(str(error).partition(":")[0])
        return
    for name, predict in candidates.items():
        losses, error_of_calibration = judged(predict)
        tally.add(name, judge, losses, error_of_calibration)


def _splits(
    models: int, groups: NDArray[np.intp], size: Size, splits: int, seed: int
) -> Iterator[tuple[int, NDArray[np.intp], NDArray[np.intp]]]:
    """Model, rows to fit on and rows to judge on; no group is on both sides."""
    n_groups = int(groups.max()) + 1
    per_group = len(groups) / n_groups
    wanted = n_groups // 2 if size == "half" else max(2, round(size / per_group))
    if n_groups - wanted < _FEWEST_JUDGED:
        return
    for split in range(splits):
        order = np.random.default_rng([seed, split]).permutation(n_groups)
        learn = np.isin(groups, order[:wanted])
        for model in range(models):
            yield model, np.flatnonzero(learn), np.flatnonzero(~learn)
