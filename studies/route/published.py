"""Settings from stored answers with their confidences: vision-language models, language models, and correctness alone."""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foureyes.cascade.question_router import hashed_words
from studies.route.curves import accuracies
from studies.route.rules import GAIN, LEARNED, READER, gain_rule, learned_rule, prompt_rule, rules_of
from studies.route.setting import Flags, Floats, Setting, halves

__all__ = ["language_settings", "mmbench_settings", "mmlu_setting"]

_LARGE: Final = ("llava-v1.6-34b", "Yi-VL-34B")
_SMALL: Final = 3.1
"""Billions of parameters of the largest small writer."""
_READER: Final = 7.1
"""Of the largest reader."""
_FAMILIES: Final = (
    ("Llama-7b", "Llama-70b", 7.0, 70.0),
    ("Yi-6b", "Yi-34b", 6.0, 34.0),
    ("Mistral", "Mixtral", 7.0, 13.0),
    ("Llama3-8b", "Llama3-70b", 8.0, 70.0),
)
"""With billions of parameters that are used for a token."""
_SETS: Final = ("arc", "mmlu", "truthfulqa")


@dataclass(frozen=True, slots=True, eq=False)
class _MMBench:
    """Logits of 26 models for the same questions, in 2 to 4 rotations of their options each."""

    log_p: Floats
    right: Flags
    letters: NDArray[np.intp]
    groups: NDArray[np.intp]
    fit: Flags
    features: Floats
    names: list[str]
    size: list[float]
    family: list[str]

    @classmethod
    def of(cls, data: Path, seed: int) -> _MMBench:
        with np.load(data / "vlm_mmbench_logits" / "logits.npz", allow_pickle=False) as file:
            found = {name: file[name] for name in ("logits", "gold", "ids", "models", "params_b", "family", "category")}
        log_p = _log_softmax(np.where(np.isnan(found["logits"]), -1e9, found["logits"].astype(np.float64)))
        letters = log_p.argmax(axis=2)
        groups = np.unique(found["ids"] % 1_000_000, return_inverse=True)[1]
        shown = np.unique(found["category"], return_inverse=True)[1]
        return cls(
            log_p,
            letters == found["gold"],
            letters,
            groups,
            halves(groups, seed),
            np.eye(int(shown.max()) + 1)[shown],
            found["models"].tolist(),
            found["params_b"].astype(float).tolist(),
            found["family"].tolist(),
        )

    def settings(self) -> list[Setting]:
        small = [i for i, size in enumerate(self.size) if size < _SMALL]
        return [self._setting(i, self.names.index(name)) for i in small for name in _LARGE]

    def _setting(self, small: int, large: int) -> Setting:
        strangers = {self.family[small], self.family[large]}
        readers = [i for i, size in enumerate(self.size) if size < _READER and self.family[i] not in strangers]
        tried = {reader: self._read_by(reader, small, large) for reader in readers}
        best = max(
            tried,
            key=lambda one: float(accuracies(tried[one], tried[one].rules[READER], self.fit.astype(float)).mean()),
        )
        return self._learned(tried[best], best, small)

    def _learned(self, setting: Setting, reader: int, small: int) -> Setting:
        """The same with what a route learns; of the question it is shown the category, as words there are none."""
        own, surprise = self._own(small), self._surprise(reader, small)
        rule, joined = learned_rule((surprise, self.size[reader]), own, self.features, self.right[small], self.fit)
        return replace(setting, rules={**setting.rules, LEARNED: rule}, learned=joined)

    def _own(self, small: int) -> Floats:
        found: Floats = self.log_p[small].max(axis=1)
        return found

    def _surprise(self, reader: int, small: int) -> Floats:
        found: Floats = -np.take_along_axis(self.log_p[reader], self.letters[small][:, None], 1)[:, 0]
        return found

    def _read_by(self, reader: int, small: int, large: int) -> Setting:
        both = (self.right[small], self.right[large])
        own, read = self._own(small), (self._surprise(reader, small), self.size[reader])
        prompt = prompt_rule(self.features, both, self.fit)
        rules = rules_of(both[0], self.fit, own=own, reader=read, prompt=prompt)
        rules[GAIN] = gain_rule(read, own, self.features, both, self.fit)
        costs = (self.size[small], self.size[large])
        names = self.names[small], self.names[large]
        note = f"read by {self.names[reader]}"
        return Setting("MMBench", *names, both, self.groups, costs, rules, self.fit, (note,))


def mmbench_settings(data: Path, seed: int = 0) -> list[Setting]:
    """Every small writer with both large ones.

    The reader is of another family than both; which one pays best, reading included, is found on the half to fit on.
    """
    return _MMBench.of(data, seed).settings()


def language_settings(data: Path) -> list[Setting]:
    """Families of language models on multiple choice: each writer's own doubt is all that is known, nobody read the answers."""
    settings = []
    for name in _SETS:
        with np.load(data / "llm_mcq_confidence" / f"{name}_first_prompt.npz", allow_pickle=False) as file:
            models, grade, msp = file["models"].tolist(), file["grade"], file["msp"].astype(np.float64)
        groups = np.arange(grade.shape[1])
        fit = halves(groups, 0)
        for small, large, size, dear in _FAMILIES:
            i, j = models.index(small), models.index(large)
            right = (grade[i] == 1, grade[j] == 1)
            own = np.log(np.where(grade[i] == 2, 1e-9, np.clip(msp[i], 1e-9, 1)))  # no letter: no confidence
            settings.append(
                Setting(name, small, large, right, groups, (size, dear), rules_of(right[0], fit, own=own), fit)
            )
    return settings


def mmlu_setting(data: Path) -> Setting:
    """Mixtral and GPT-4 on MMLU: who is right, and the questions; nothing is known of the answers."""
    raw = gzip.decompress((data / "routellm_mmlu" / "mmlu_correctness.csv.gz").read_bytes()).decode()
    rows: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(raw)))
    right = tuple(
        np.array([row[name] == "1" for row in rows]) for name in ("mixtral_8x7b_correct", "gpt4_1106_correct")
    )
    groups = np.unique([row["prompt"] for row in rows], return_inverse=True)[1]
    fit = halves(groups, 0)
    both = (right[0], right[1])
    prompt = prompt_rule(hashed_words([row["prompt"] for row in rows]), both, fit)
    rules = rules_of(both[0], fit, prompt=prompt)
    return Setting("MMLU, RouteLLM", "mixtral-8x7b", "gpt-4-1106", both, groups, (0.24, 24.7), rules, fit)


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    found: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return found
