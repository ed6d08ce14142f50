"""Published confidences and class scores, as the study of calibrate's defaults needs them."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foureyes.calibration.classes import Scale
from foureyes.calibration.softmax import softmax
from studies.sac3 import found_wrong

__all__ = ["UNSUITABLE", "ClassSet", "ScoreSet", "class_sets", "score_sets", "signal_sets"]

Floats = NDArray[np.float64]

UNSUITABLE: Final = (
    "routellm_mmlu and humaneval_completions_2023 hold who was right and no confidence, label_errors' truth is known "
    "only where confident learning had flagged: not used here."
)

_NETWORKS: Final = (
    ("lenet-5", "cifar10_probs_netcal/lenet-5-cifar-10.npz"),
    ("wideresnet-16-4", "cifar10_probs_netcal/wideresnet-16-4-cifar-10.npz"),
    ("vgg16", "cifar10_probs_vgg16_verifiedcal/vgg16_cifar10_probs.npz"),
)
_OTHER_ORDER: Final = ("Llama3-8b", "Llama3-70b")
_STATED: Final = re.compile(r"Guess:\s*(\w+).*?Probability:\s*([\d.]+)", re.DOTALL)
_ONE_QUESTION: Final = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class ScoreSet:
    """Confidences of several models on the same questions.

    Attributes:
        name: of the set.
        confidence: (M, N) stated P(correct).
        right: (M, N).
        groups: (N,) questions that hang together.
    """

    name: str
    confidence: Floats
    right: NDArray[np.bool_]
    groups: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class ClassSet:
    """Class scores of one or several networks on the same items.

    Attributes:
        name: of the set.
        scores: (M, N, K).
        labels: (N,).
        groups: (N,) items that hang together.
        scale: of the scores.
    """

    name: str
    scores: Floats
    labels: NDArray[np.intp]
    groups: NDArray[np.intp]
    scale: Scale


def score_sets(data: Path) -> Iterator[ScoreSet]:
    """Every set with a stated confidence that is there."""
    for path in sorted((data / "llm_mcq_confidence").glob("*_first_prompt.npz")):
        yield _multiple_choice(path)
    for classes in class_sets(data, rounded=False):
        p = classes.scores if classes.scale == "probabilities" else np.array([softmax(z) for z in classes.scores])
        right = p.argmax(axis=2) == classes.labels
        yield ScoreSet(f"{classes.name}, top class", np.minimum(p.max(axis=2), 1.0), right, classes.groups)
    for name, signals, right in signal_sets(data):
        stated = signals["self"]
        yield ScoreSet(f"{name}, verbal", stated[None], right[None], np.arange(len(right)))
    if (path := data / "mmlu_redux" / "mmlu_redux_14llm.csv.gz").exists():
        yield _agreement(path)


def class_sets(data: Path, *, rounded: bool = True) -> Iterator[ClassSet]:
    """Every set with class scores that is there; the networks' also as a file with few decimals keeps them."""
    for name, place in _NETWORKS:
        if not (data / place).exists():
            continue
        with np.load(data / place) as stored:
            p, labels = stored["predictions"].astype(np.float64), stored["ground_truth"].astype(np.intp)
        items = np.arange(len(labels))
        yield ClassSet(f"cifar10 {name}", p[None], labels, items, "probabilities")
        for decimals in (3, 2) if rounded else ():
            few = p.round(decimals)
            few /= few.sum(axis=1, keepdims=True)
            yield ClassSet(f"cifar10 {name}, {decimals} decimals", few[None], labels, items, "probabilities")
    if (path := data / "vlm_mmbench_logits" / "logits.npz").exists():
        yield _vision(path)


def signal_sets(data: Path) -> Iterator[tuple[str, dict[str, Floats], NDArray[np.bool_]]]:
    """Two signals of every answer: the mean verbal P(yes) about resampled answers, and about reworded questions."""
    for path in sorted((data / "sac3").glob("*.json")):
        every = json.loads(path.read_text(encoding="utf-8"))
        rows = [row for row in every if found_wrong(row["label"]) is not None]
        lost = f" ({len(every) - len(rows)} without a label)" if len(rows) < len(every) else ""
        signals = {
            "self": np.array([_verbal(row["self_SC"]) for row in rows]),
            "perturbed": np.array([_verbal(row["perb_SC"]) for row in rows]),
        }
        right = np.array([not found_wrong(row["label"]) for row in rows])
        yield f"sac3 {path.name.partition('_')[0]}{lost}", signals, right


def _multiple_choice(path: Path) -> ScoreSet:
    with np.load(path) as stored:
        models = [str(model) for model in stored["models"]]
        kept = [i for i, model in enumerate(models) if "mmlu" not in path.stem or model not in _OTHER_ORDER]
        stated, right = stored["msp"][kept].astype(np.float64), stored["grade"][kept] == 1
    return ScoreSet(path.stem.partition("_")[0], np.clip(stated, 0, 1), right, np.arange(right.shape[1]))


def _vision(path: Path) -> ClassSet:
    with np.load(path) as stored:
        every_third = stored["logits"][::3].astype(np.float64)
        labels, ids = stored["gold"].astype(np.intp), stored["ids"] % _ONE_QUESTION
    there = np.isfinite(every_third).all(axis=(0, 2))
    groups = np.unique(ids[there], return_inverse=True)[1]
    return ClassSet("vlm_mmbench", every_third[:, there], labels[there], groups, "logits")


def _agreement(path: Path) -> ScoreSet:
    """The share of the other models that chose a model's letter: a confidence that is often exactly 0 or 1."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    models = list(rows[0])[8:]
    letters = np.array([[row[model] or "?" for row in rows] for model in models])
    given = np.array([row["given_answer"] for row in rows])
    share = np.array([(letters == own).sum(axis=0) - 1 for own in letters[::2]]) / (len(models) - 1)
    return ScoreSet("mmlu_redux, agreement", share, letters[::2] == given, np.arange(len(rows)))


def _verbal(texts: list[Any]) -> float:
    found = [_STATED.search(str(text)) for text in texts]
    said = [(match[1].lower(), float(match[2])) for match in found if match is not None]
    return float(np.mean([p if guess == "yes" else 1 - p for guess, p in said])) if said else 0.5
