"""Labels whose errors are known: checked by people, or planted by us into labels that a published network is right about.

Three kinds, told apart everywhere: *checked in part* (people saw only what Confident Learning had flagged, which favours it),
*checked in full* (MMLU-Redux), *planted* (the truth is complete; the mistakes are those of a weak model, so that they look like
a hurried person's).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foureyes.cleaning.panel import letter_indices, panel_probs
from studies.know_when.published_data import PublishedData

__all__ = ["CHECKED", "PARTLY", "PLANTED", "LabelSet", "label_sets"]

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

PARTLY: Final = "checked in part"
CHECKED: Final = "checked in full"
PLANTED: Final = "planted"

_VOTES: Final = {
    "cifar10": ("cifar10_mturk.json", "id"),
    "mnist": ("mnist_mturk.json", "id"),
    "20news": ("20news_mturk.json", "id"),
    "imdb": ("imdb_mturk_with_index.json", "index"),
}
_LETTER_COLUMNS: Final = 8
_FLOOR: Final = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class LabelSet:
    """Labels, experts, and which labels are wrong.

    Attributes:
        name: of the data and the experts.
        kind: how the truth is known.
        labels: (N,) as given.
        experts: name to (N, K) probabilities, out of sample.
        rows: (V,) rows of which it is known whether they are wrong.
        wrong: (V,) whether they are.
    """

    name: str
    kind: str
    labels: Rows
    experts: Mapping[str, Floats]
    rows: Rows
    wrong: NDArray[np.bool_]


def label_sets(folder: Path, seed: int) -> Iterator[LabelSet]:
    """Every suitable set of a folder of published data; those that are not there are passed over."""
    store, rng = PublishedData(folder), np.random.default_rng(seed)
    for part in (_voted, _panels):
        yield from _there(part(store))
    for planted in (_planted_images, _planted_questions, _planted_news):
        yield from _there(planted(store, rng))


def _there(sets: Iterator[LabelSet]) -> Iterator[LabelSet]:
    try:
        yield from sets
    except FileNotFoundError:
        return


def _voted(store: PublishedData) -> Iterator[LabelSet]:
    for name in _VOTES:
        labels, probs, rows, wrong = _votes(store, name)
        yield LabelSet(name, PARTLY, labels, {"published": probs}, rows, wrong)
    labels, probs, rows, wrong = _votes(store, "cifar10")
    networks = _networks(store)
    for names in (("WRN",), ("VGG",), ("WRN", "VGG"), ("WRN", "LeNet"), ("WRN", "VGG", "LeNet")):
        experts = {name: networks[name] for name in names}
        yield LabelSet(f"cifar10, {' + '.join(names)}", PARTLY, labels, experts, rows, wrong)
    yield LabelSet(
        "cifar10, published + WRN", PARTLY, labels, {"published": probs, "WRN": networks["WRN"]}, rows, wrong
    )


def _votes(store: PublishedData, name: str) -> tuple[Rows, Floats, Rows, NDArray[np.bool_]]:
    file, place = _VOTES[name]
    votes = store.json(f"label_errors/{file}")
    labels = store.array(f"label_errors/{name}_test_set_original_labels.npy").astype(np.intp)
    probs = store.array(f"label_errors/{name}_test_set_pyx.npy")
    rows = np.array([vote[place] for vote in votes], np.intp)
    return labels, probs, rows, np.array([vote["mturk"]["given"] < 3 for vote in votes], np.bool_)


def _networks(store: PublishedData) -> dict[str, Floats]:
    files = {
        "WRN": "cifar10_probs_netcal/wideresnet-16-4-cifar-10.npz",
        "VGG": "cifar10_probs_vgg16_verifiedcal/vgg16_cifar10_probs.npz",
        "LeNet": "cifar10_probs_netcal/lenet-5-cifar-10.npz",
    }
    return {name: store.arrays(file)["predictions"].astype(np.float64) for name, file in files.items()}


def _panels(store: PublishedData) -> Iterator[LabelSet]:
    rows = store.rows("mmlu_redux/mmlu_redux_14llm.csv.gz")
    names = list(rows[0])[_LETTER_COLUMNS:]
    letters = {name: [row[name] for row in rows] for name in names}
    given = letter_indices([row["given_answer"] for row in rows], 4)
    kinds = np.array([row["error_type"] for row in rows])
    halves = {f"panel {i + 1}": panel_probs({n: letters[n] for n in names[i::2]}, 4) for i in range(2)}
    panels: dict[str, dict[str, Floats]] = {
        "14 models": {"panel": panel_probs(letters, 4)},
        "3 models": {"panel": panel_probs({n: letters[n] for n in names[:3]}, 4)},
        "7 + 7 models": halves,
    }
    for what, wrong in (("wrong answer", kinds == "wrong_groundtruth"), ("any error", kinds != "ok")):
        for name, experts in panels.items():
            yield LabelSet(f"mmlu, {name}, {what}", CHECKED, given, experts, np.arange(len(rows)), wrong)


def _planted_images(store: PublishedData, rng: np.random.Generator) -> Iterator[LabelSet]:
    labels, probs, rows, wrong = _votes(store, "cifar10")
    told = store.arrays("cifar10_1_model_predictions/predictions.npz")
    weak = told["cifar10_test"][[str(name) for name in told["models"]].index("alexnet_tf_ben")].astype(np.intp)
    everyone = {"published": probs, **_networks(store)}
    for rate in (0.01, 0.05):
        bad = np.zeros(len(labels), np.bool_)
        bad[rng.choice(np.flatnonzero(weak != labels), int(rate * len(labels)), replace=False)] = True
        known = np.flatnonzero(bad | ~np.isin(np.arange(len(labels)), rows[wrong]))
        given = np.where(bad, weak, labels)
        for names in (
            ("WRN",),
            ("VGG",),
            ("published",),
            ("WRN", "VGG"),
            ("WRN", "LeNet"),
            ("published", "WRN", "VGG"),
        ):
            experts = {name: everyone[name] for name in names}
            yield LabelSet(f"cifar10, {rate:.0%}, {' + '.join(names)}", PLANTED, given, experts, known, bad[known])


def _planted_questions(store: PublishedData, rng: np.random.Generator) -> Iterator[LabelSet]:
    told = store.arrays("vlm_mmbench_logits/logits.npz")
    rows = np.sort(np.unique(told["ids"] % 1_000_000, return_index=True)[1])  # one rotation of each question
    logits = told["logits"][:, rows, :4].astype(np.float64)
    rows = rows[np.isfinite(logits).all(axis=(0, 2))]
    gold = told["gold"][rows].astype(np.intp)
    probs = _softmax(told["logits"][:, rows, :4].astype(np.float64))
    best = np.argsort(-(probs.argmax(axis=2) == gold).mean(axis=1))
    other = probs[best[-1]].copy()
    other[np.arange(len(gold)), gold] = -1
    panels = {
        "best": best[:1],
        "middling": best[8:9],
        "2 best": best[:2],
        "best + middling": best[[0, 10]],
        "3 best": best[:3],
    }
    panels |= {"3 middling": best[8:11], "5 of all kinds": best[[0, 2, 5, 10, 15]]}
    for rate in (0.02, 0.1):
        bad = rng.random(len(gold)) < rate
        given = np.where(bad, other.argmax(axis=1), gold)
        for name, models in panels.items():
            experts = {f"model {m}": probs[m] for m in models.tolist()}
            yield LabelSet(f"mmbench, {rate:.0%}, {name}", PLANTED, given, experts, np.arange(len(gold)), bad)


def _planted_news(store: PublishedData, rng: np.random.Generator) -> Iterator[LabelSet]:
    labels, probs, _, _ = _votes(store, "20news")
    mixed = np.full((probs.shape[1],) * 2, 0.1)
    np.add.at(mixed, (labels, probs.argmax(axis=1)), 1)
    np.fill_diagonal(mixed, 0)
    mixed /= mixed.sum(axis=1, keepdims=True)
    for rate in (0.05, 0.1):
        bad = rng.random(len(labels)) < rate
        given = labels.copy()
        given[bad] = [rng.choice(len(mixed), p=mixed[label]) for label in labels[bad]]
        yield LabelSet(f"20news, {rate:.0%}", PLANTED, given, {"published": probs}, np.arange(len(labels)), bad)


def _softmax(logits: NDArray[Any]) -> Floats:
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    normal: Floats = np.maximum(shares / shares.sum(axis=-1, keepdims=True), _FLOOR)
    return normal
