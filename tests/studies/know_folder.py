"""A data folder in the formats of the real one, made up: small, seeded, with known answers in it."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import numpy as np

MODELS = ("Falcon-7b", "Llama3-8b", "Llama3-70b", "Yi-6b", "Yi-34b")
SKILL = (0.0, 0.5, 1.5, 0.1, 1.0)
N_IMAGES, N_QUESTIONS = 600, 240


def write(folder: Path) -> Path:
    """The whole folder."""
    rng = np.random.default_rng(0)
    labels = np.concatenate([np.arange(10), rng.integers(0, 10, N_IMAGES - 10)])
    for name, strength in (("netcal/lenet-5-cifar-10", 1), ("netcal/wideresnet-16-4-cifar-10", 2.2)):
        _npz(folder / f"cifar10_probs_{name}.npz", ground_truth=labels, predictions=_probs(labels, strength, rng))
    vgg = folder / "cifar10_probs_vgg16_verifiedcal/vgg16_cifar10_probs.npz"
    _npz(vgg, ground_truth=labels, predictions=_probs(labels, 2.4, rng))
    _shifted(folder, rng)
    _language(folder, rng)
    _routellm(folder, rng)
    _label_errors(folder, labels, rng)
    _redux(folder, rng)
    return folder


def _npz(path: Path, **arrays: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)


def _probs(labels: np.ndarray, strength: float, rng: np.random.Generator, k: int = 10) -> np.ndarray:
    """Overconfident: the true log-odds, times two."""
    seen = rng.normal(0, 1, (len(labels), k)) + strength * np.eye(k)[labels]
    odds = np.exp(2 * strength * (seen - seen.max(axis=1, keepdims=True)))
    return odds / odds.sum(axis=1, keepdims=True)


def _shifted(folder: Path, rng: np.random.Generator) -> None:
    arrays = {}
    for key, n, skill in (("cifar10_test", 400, 0.9), ("cifar10_1_v4", 200, 0.7), ("cifar10_1_v6", 200, 0.7)):
        labels, ease = rng.integers(0, 10, n), rng.beta(8 * skill, 8 * (1 - skill), n)
        right = rng.random((30, n)) < ease
        arrays[f"{key}_labels"] = labels
        arrays[key] = np.where(right, labels, (labels + rng.integers(1, 10, (30, n))) % 10).astype(np.uint8)
    models = np.array([f"net{m}" for m in range(30)])
    _npz(folder / "cifar10_1_model_predictions/predictions.npz", models=models, **arrays)


def _language(folder: Path, rng: np.random.Generator) -> None:
    for task in ("arc", "mmlu", "truthfulqa"):
        for prompt in ("first", "second"):
            ease = rng.normal(0, 1.5, N_QUESTIONS) + np.array(SKILL)[:, None]
            right = rng.random(ease.shape) < 1 / (1 + np.exp(-ease))
            msp = 1 / (1 + np.exp(-2 * np.abs(ease + rng.normal(0, 0.5, ease.shape)) - 0.5))
            msp[:, 0], right[:, 0] = 0, False
            grade = np.where(right, 1, 0).astype(np.uint8)
            grade[:, 0] = 2
            file = folder / f"llm_mcq_confidence/{task}_{prompt}_prompt.npz"
            _npz(file, models=np.array(MODELS), grade=grade, msp=msp.astype(np.float32))


def _csv(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8", newline="") as text:
        out = csv.DictWriter(text, list(rows[0]))
        out.writeheader()
        out.writerows(rows)


def _routellm(folder: Path, rng: np.random.Generator) -> None:
    rows = []
    for i in range(600):
        hard = i % 2
        rows.append(
            {
                "subject": ("easy", "hard")[hard],
                "prompt": f"{('plain', 'tricky')[hard]} question {i}",
                "mixtral_8x7b_correct": int(rng.random() < (0.8, 0.3)[hard]),
                "gpt4_1106_correct": int(rng.random() < 0.85),
            }
        )
    _csv(folder / "routellm_mmlu/mmlu_correctness.csv.gz", rows)


def _label_errors(folder: Path, images: np.ndarray, rng: np.random.Generator) -> None:
    (folder / "label_errors").mkdir(parents=True, exist_ok=True)
    for name, k in (("cifar10", 10), ("mnist", 10), ("20news", 20), ("imdb", 2)):
        true = images if name == "cifar10" else np.concatenate([np.arange(k), rng.integers(0, k, N_IMAGES - k)])
        given, spoilt = true.copy(), rng.choice(np.arange(k, N_IMAGES), 60, replace=False)
        given[spoilt] = (given[spoilt] + 1) % k
        probs = _probs(true, 2.8, rng, k)
        stem = folder / "label_errors" / f"{name}_test_set"
        np.save(f"{stem}_pyx.npy", probs)
        np.save(f"{stem}_original_labels.npy", given.astype(np.uint16))
        rows = np.flatnonzero(probs.argmax(axis=1) != given)
        votes = [
            {"index" if name == "imdb" else "id": int(row), "mturk": {"given": 1 if row in spoilt else 4}}
            for row in rows
        ]
        file = f"{name}_mturk_with_index.json" if name == "imdb" else f"{name}_mturk.json"
        (folder / "label_errors" / file).write_text(json.dumps(votes), encoding="utf-8")


def _redux(folder: Path, rng: np.random.Generator) -> None:
    rows = []
    for i in range(400):
        true, wrong = int(rng.integers(0, 4)), i % 10 == 0
        says = {
            f"model{m}": ""
            if m == 2 and i % 50 == 0
            else "ABCD"[true if rng.random() < 0.85 else int(rng.integers(0, 4))]
            for m in range(5)
        }
        rows.append(
            {
                "subject": "s",
                "question": f"q{i}",
                "choices": "[]",
                "given_answer": "ABCD"[(true + wrong) % 4],
                "error_type": "wrong_groundtruth" if wrong else "ok",
                "corrected_answer": "",
                "routellm_mixtral_correct": 1,
                "routellm_gpt4_1106_correct": 1,
                **says,
            }
        )
    _csv(folder / "mmlu_redux/mmlu_redux_14llm.csv.gz", rows)
