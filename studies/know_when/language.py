"""Fourteen language models on multiple choice, with the confidence of the letter they chose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

import foureyes as fe
from studies.know_when.intervals import Floats, Rows, halves
from studies.know_when.published_data import PublishedData
from studies.know_when.values import RunSettings

__all__ = ["PROMPTS", "TASKS", "Kind", "PromptedTask", "log_odds", "pairs", "settings"]

TASKS = ("arc", "mmlu", "truthfulqa")
PROMPTS = ("first", "second")
Kind: TypeAlias = Literal["platt", "isotonic", "histogram"]

_REORDERED = ("Llama3-8b", "Llama3-70b")
"""On MMLU these two answered the questions in another order than the rest: see the data's SOURCE.md."""


@dataclass(frozen=True, slots=True, eq=False)
class PromptedTask:
    """One task under one prompt: M models, N questions.

    Attributes:
        task, prompt: which.
        models: M names.
        right: (M, N) whether the answer is right; an answer without a letter is not.
        msp: (M, N) softmax probability of the letter, 0 where there is none.
        fit, test: the halves of the questions; the same under both prompts.
    """

    task: str
    prompt: str
    models: tuple[str, ...]
    right: NDArray[np.bool_]
    msp: Floats
    fit: Rows
    test: Rows

    def platt(self, model: int) -> fe.Platt:
        """Platt's line on one model's log-odds, fitted on the first half."""
        return fe.Platt.fit(log_odds(self.msp[model, self.fit]), self.right[model, self.fit])

    def stated(self, model: int, kind: Kind) -> Floats:
        """(N,) calibrated confidences of one model, from a calibrator of the first half."""
        kinds: Mapping[Kind, Callable[[int], fe.Platt | fe.Isotonic | fe.HistogramBinning]] = {
            "platt": self.platt,
            "isotonic": self._isotonic,
            "histogram": self._histogram,
        }
        return kinds[kind](model).predict_proba(log_odds(self.msp[model]))

    def _isotonic(self, model: int) -> fe.Isotonic:
        return fe.Isotonic.fit(log_odds(self.msp[model, self.fit]), self.right[model, self.fit], larger_is="better")

    def _histogram(self, model: int) -> fe.HistogramBinning:
        return fe.HistogramBinning.fit(log_odds(self.msp[model, self.fit]), self.right[model, self.fit])


def settings(store: PublishedData, plan: RunSettings) -> list[PromptedTask]:
    """All tasks under both prompts."""
    found = []
    for task in TASKS:
        for prompt in PROMPTS:
            data = store.arrays(f"llm_mcq_confidence/{task}_{prompt}_prompt.npz")
            names = tuple(data["models"].tolist())
            fit, test = halves(data["grade"].shape[1], plan.seed)
            found.append(
                PromptedTask(task, prompt, names, data["grade"] == 1, data["msp"].astype(np.float64), fit, test)
            )
    return found


def log_odds(msp: Floats) -> Floats:
    """Natural logarithm of p/(1-p); infinite at 0 and 1, which calibrators take for the most extreme finite one."""
    with np.errstate(divide="ignore"):
        odds: Floats = np.log(msp) - np.log1p(-msp)
    return odds


def pairs(setting: PromptedTask) -> list[tuple[int, int]]:
    """(small, large) models whose rows are the same questions, the one that did worse on the first half being small."""
    accuracy = setting.right[:, setting.fit].mean(axis=1)
    apart = [setting.task == "mmlu" and name in _REORDERED for name in setting.models]
    everyone = permutations(range(len(setting.models)), 2)
    return [(i, j) for i, j in everyone if apart[i] == apart[j] and (accuracy[i], i) < (accuracy[j], j)]
