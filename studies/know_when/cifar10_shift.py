"""Does calibration survive a shift? Thirty networks on CIFAR-10 and on CIFAR-10.1.

There are no probabilities for CIFAR-10.1, only predicted classes. The raw score is therefore what other models say: the
share of the other 29 networks that predict the same class, calibrated on half of CIFAR-10.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import foureyes as fe
from studies.know_when.intervals import Floats, Rows, halves, mean_over_rows
from studies.know_when.published_data import PublishedData
from studies.know_when.values import NO_FIGURE, Cell, FigureTable, PaperClaim, Question, RunSettings, StudyPart

__all__ = ["Votes", "agreement", "study"]

FILE = "cifar10_1_model_predictions/predictions.npz"
SETS = {"CIFAR-10, other half": "cifar10_test", "CIFAR-10.1 v4": "cifar10_1_v4", "CIFAR-10.1 v6": "cifar10_1_v6"}


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """M networks on N images: share of the others that agree, and whether the prediction is right; (M, N) both."""

    agreement: Floats
    right: NDArray[np.bool_]

    def take(self, rows: Rows) -> Votes:
        """The same for some images."""
        return Votes(self.agreement[:, rows], self.right[:, rows])


def study(store: PublishedData, plan: RunSettings) -> StudyPart:
    """Isotonic regression on the share that agrees, one a network: the share has only 30 values."""
    data = store.arrays(FILE)
    sets = {name: Votes(agreement(data[key]), data[key] == data[f"{key}_labels"]) for name, key in SETS.items()}
    home = next(iter(sets))
    fit, test = halves(sets[home].right.shape[1], plan.seed)
    fitted = [
        fe.Isotonic.fit(share[fit], right[fit], larger_is="better")
        for share, right in zip(sets[home].agreement, sets[home].right, strict=True)
    ]
    sets[home] = sets[home].take(test)
    stated = {name: _stated(fitted, votes) for name, votes in sets.items()}
    rows = [_row(name, sets[name], stated[name], plan) for name in sets]
    return StudyPart(
        title="CIFAR-10.1: calibration under a natural shift",
        claims=_claims(sets, stated, plan),
        tables=(
            FigureTable(
                "30 networks; confidence from the agreement of the others, calibrated on half of CIFAR-10",
                (
                    "images",
                    "n",
                    "mean accuracy",
                    "mean ECE raw",
                    "mean ECE calibrated",
                    "calibrated ECE above chance in",
                    "overconfidence calibrated",
                ),
                rows,
            ),
        ),
        notes=(
            (
                "Agreement stands in for a network's own probability, which is not published for these images: what is tested "
                "is whether *a* calibrated score transfers, not temperature scaling. The 30 networks share every image, so "
                "intervals draw images."
            ),
        ),
    )


def agreement(predicted: NDArray[np.integer]) -> Floats:
    """(M, N) share of the other M - 1 networks that predict the same class."""
    same = (predicted[:, None, :] == predicted[None, :, :]).sum(axis=1)
    share: Floats = (same - 1) / (len(predicted) - 1)
    return share


def _stated(fitted: list[fe.Isotonic], votes: Votes) -> Floats:
    return np.array([one.predict_proba(row) for one, row in zip(fitted, votes.agreement, strict=True)])


def _row(name: str, votes: Votes, stated: Floats, plan: RunSettings) -> tuple[Cell, ...]:
    raw = [fe.ece(*row, bins=plan.bins).value for row in zip(votes.agreement, votes.right, strict=True)]
    after = [fe.ece(*row, bins=plan.bins) for row in zip(stated, votes.right, strict=True)]
    over = mean_over_rows((stated - votes.right).mean(axis=0), **plan.bootstrap)
    real = f"{sum(error.low > 0 for error in after)} of {len(after)}"
    mean_after = float(np.mean([error.value for error in after]))
    return name, votes.right.shape[1], float(votes.right.mean()), float(np.mean(raw)), mean_after, real, over


def _claims(sets: dict[str, Votes], stated: dict[str, Floats], plan: RunSettings) -> list[PaperClaim]:
    votes, confidence = sets["CIFAR-10.1 v6"], stated["CIFAR-10.1 v6"]
    saved = ((votes.agreement - votes.right) ** 2 - (confidence - votes.right) ** 2).mean(axis=0)
    figure = mean_over_rows(saved, **plan.bootstrap)
    over = mean_over_rows((votes.right - confidence).mean(axis=0), **plan.bootstrap)
    return [
        PaperClaim(
            Question.TRANSFER,
            "Calibration still helps on shifted images",
            "APGR .7984 clean; .6364, .5999, .5409 under corruption of severity 5",
            figure,
            "Brier score saved on CIFAR-10.1 v6, mean of 30 networks",
        ),
        PaperClaim(
            Question.TRANSFER,
            "The confidence is not too high on shifted images",
            NO_FIGURE,
            over,
            "accuracy less mean confidence on CIFAR-10.1 v6",
        ),
    ]
