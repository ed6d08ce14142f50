"""Published answers of several models to the same questions, with a confidence of each."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["UNSUITABLE", "CascadeSet", "cascade_sets", "mmlu_answers"]

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

UNSUITABLE: Final = (
    "Not measured: routellm_mmlu has answers without confidences (it stands in the table of routers that read the question only), "
    "humaneval_completions_2023 programs without confidences, arc_challenge_pairs no models."
)

_REORDERED: Final = ("Llama3-8b", "Llama3-70b")
"""On MMLU these two answered the questions in another order than the rest: see the data's SOURCE.md."""
_GSM8K: Final = (
    "gemma-2-2b-it",
    "Mixtral-8x7B-Instruct-v0.1",
    "Meta-Llama-3-8B-Instruct",
    "gpt-3.5-turbo-0125",
    "claude-3-haiku-20240307",
    "Qwen2-72B-Instruct",
    "gpt-4o-2024-08-06",
)
_GSM8K_READERS: Final = ("Qwen2-7B-Instruct", "gemma-2-9b-it", "Meta-Llama-3.1-8B-Instruct")
_REDUX_READERS: Final = (
    "qwen_qwen2-72b-instruct",
    "meta_llama-3.1-70b-instruct-turbo",
    "mistralai_mistral-large-2407",
)


@dataclass(frozen=True, slots=True, eq=False)
class CascadeSet:
    """M models on N rows.

    Attributes:
        name: of the set.
        confidence: (M, N) raw, in [0, 1].
        right: (M, N) whether each answer is right.
        question: (N,) rows of one question have one number.
        cluster: of questions that several sets share, the name they share.
        apart: numbers of models that meet only each other.
        texts: (N,) the questions; empty where they are not published.
    """

    name: str
    confidence: Floats
    right: Flags
    question: NDArray[np.intp]
    cluster: str
    apart: frozenset[int] = frozenset()
    texts: Sequence[str] = ()

    @property
    def accuracy(self) -> Floats:
        """(M,) of every model."""
        return np.asarray(self.right.mean(axis=1), np.float64)

    def pairs(self, low: float, high: float) -> list[tuple[int, int]]:
        """(small, large) whose accuracies differ by more than ``low`` and at most ``high``."""
        gap = self.accuracy[None, :] - self.accuracy[:, None]
        everyone = permutations(range(len(self.accuracy)), 2)
        return [(i, j) for i, j in everyone if low < gap[i, j] <= high and (i in self.apart) == (j in self.apart)]


def cascade_sets(folder: Path) -> Iterator[CascadeSet]:
    """Every set of several models with confidences."""
    for task in ("arc", "mmlu", "truthfulqa"):
        for prompt in ("first", "second"):
            yield _letters(folder / f"llm_mcq_confidence/{task}_{prompt}_prompt.npz", task, prompt)
    yield _images(folder / "vlm_mmbench_logits/logits.npz")
    yield _networks(folder)
    yield _arithmetic(folder / "zeroeval_gsm8k")
    yield _redux(folder / "mmlu_redux/mmlu_redux_14llm.csv.gz")


def mmlu_answers(folder: Path) -> tuple[list[str], Flags]:
    """RouteLLM's MMLU: the questions, and whether Mixtral 8x7B and GPT-4 are right, (2, N)."""
    rows = _csv(folder / "routellm_mmlu/mmlu_correctness.csv.gz")
    right = [[row["mixtral_8x7b_correct"] == "1" for row in rows], [row["gpt4_1106_correct"] == "1" for row in rows]]
    return [row["prompt"] for row in rows], np.array(right)


def _letters(path: Path, task: str, prompt: str) -> CascadeSet:
    with np.load(path) as data:
        names, msp, grade = data["models"].tolist(), data["msp"].astype(np.float64), data["grade"]
    apart = frozenset(m for m, name in enumerate(names) if task == "mmlu" and name in _REORDERED)
    return CascadeSet(f"{task}, {prompt} prompt", msp, grade == 1, np.arange(msp.shape[1]), task, apart)


def _images(path: Path) -> CascadeSet:
    with np.load(path) as data:
        logits = data["logits"].astype(np.float64)
        gold, question = data["gold"], data["ids"] % 1_000_000
    logits = np.where(np.isnan(logits), -np.inf, logits)
    chance = np.exp(logits - logits.max(axis=2, keepdims=True))
    top = chance.max(axis=2) / chance.sum(axis=2)
    return CascadeSet("mmbench", top, chance.argmax(axis=2) == gold, np.unique(question, return_inverse=True)[1], "mmb")


def _networks(folder: Path) -> CascadeSet:
    files = (
        "cifar10_probs_netcal/lenet-5-cifar-10.npz",
        "cifar10_probs_netcal/wideresnet-16-4-cifar-10.npz",
        "cifar10_probs_vgg16_verifiedcal/vgg16_cifar10_probs.npz",
    )
    top, right = [], []
    for name in files:
        with np.load(folder / name) as data:
            chance, truth = data["predictions"].astype(np.float64), data["ground_truth"]
        top.append(np.minimum(chance.max(axis=1), 1.0))
        right.append(chance.argmax(axis=1) == truth.ravel())
    return CascadeSet("cifar10", np.array(top), np.array(right), np.arange(len(top[0])), "cifar10")


def _arithmetic(folder: Path) -> CascadeSet:
    """GSM8K; the confidence of an answer is the share of three small readers that come to the same number."""
    questions = [json.loads(line) for line in _lines(folder / "questions.jsonl.gz")]
    final: dict[str, dict[str, Any]] = {}
    for line in _lines(folder / "answers.jsonl.gz"):
        answer = json.loads(line)
        final.setdefault(answer["model"], {})[answer["id"]] = (answer["final"], answer["correct"])
    ids = [question["id"] for question in questions]
    said = {name: [final[name][i][0] for i in ids] for name in (*_GSM8K, *_GSM8K_READERS)}
    right = np.array([[bool(final[name][i][1]) for i in ids] for name in _GSM8K])
    texts = [question["question"] for question in questions]
    confidence = _agreement([said[name] for name in _GSM8K], [said[name] for name in _GSM8K_READERS])
    return CascadeSet("gsm8k, agreement", confidence, right, np.arange(len(ids)), "gsm8k", texts=texts)


def _redux(path: Path) -> CascadeSet:
    """MMLU-Redux; the confidence of an answer is the share of three readers that choose the same letter."""
    rows = _csv(path)
    names = list(rows[0])[list(rows[0]).index("routellm_gpt4_1106_correct") + 1 :]
    said = {name: [row[name] for row in rows] for name in names}
    writers = [name for name in names if name not in _REDUX_READERS]
    right = np.array([[row[name] == row["given_answer"] for row in rows] for name in writers])
    confidence = _agreement([said[name] for name in writers], [said[name] for name in _REDUX_READERS])
    texts = [f"{row['question']} {row['choices']}" for row in rows]
    return CascadeSet("mmlu_redux, agreement", confidence, right, np.arange(len(rows)), "redux", texts=texts)


def _agreement(written: Sequence[Sequence[Any]], read: Sequence[Sequence[Any]]) -> Floats:
    readings = np.array(read, dtype=object)
    return np.array([(readings == np.array(column, dtype=object)).mean(axis=0) for column in written], np.float64)


def _csv(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _lines(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return file.readlines()
