"""Entailment by a natural language inference model in this process.

Such a model is a sequence classifier over a premise and a hypothesis, with classes *entailment* and others. Which class
is which is read from its configuration, by the exact word: a class called ``not_entailment`` is not it, and a model
whose classes have no names is refused rather than guessed at.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from foureyes.errors import ConfigError, ModelUnavailable
from foureyes.models.entailment import Pair
from foureyes.models.transformers.loading import FOREIGN, no_progress_bar
from foureyes.models.weights.digests import fingerprint, sha256
from foureyes.types import Unscored, text_of

__all__ = ["NliModel", "entailment_class"]

BATCH = 32
"""Pairs judged at a time."""


class NliModel:
    """An entailment model; a :class:`foureyes.models.entailment.Entailment`.

    Both answers are given with their question before them, as the source does.

    Example:
        >>> nli = NliModel.load("models/deberta-large-mnli")                                   # doctest: +SKIP
        >>> nli.entails([Pair("Capital of France?", "It is Paris.", "Paris")])                 # doctest: +SKIP
        [0.98]

    Source: Kuhn, Gal & Farquhar 2023 (question and answer concatenated, an MNLI classifier).
    """

    def __init__(self, model: Any, tokenizer: Any, *, name: str, fingerprint: str) -> None:
        self._model, self._tokenizer = model, tokenizer
        self._name, self._fingerprint = name, fingerprint
        self._entailment = entailment_class(model.config.id2label, name=name)
        self._limit = int(min(tokenizer.model_max_length, model.config.max_position_embeddings))

    @classmethod
    def load(cls, folder: str | Path, *, name: str | None = None) -> NliModel:
        """Loads a model folder (``config.json``, safetensors, tokenizer).

        Raises:
            ModelUnavailable: the folder is no sequence classifier that can be loaded.
            ConfigError: its classes are not named, or none is called "entailment".
        """
        path = Path(folder)
        called = name or path.name
        if not (path / "config.json").is_file():
            raise ModelUnavailable(f"{path} is not a model folder: it has no config.json", model=called)
        try:
            tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
            with no_progress_bar():
                model = AutoModelForSequenceClassification.from_pretrained(path, local_files_only=True)
        except FOREIGN as error:
            raise ModelUnavailable(f"{path} cannot be loaded: {error}", model=called) from error
        files = {file.name: sha256(file) for file in path.iterdir() if file.suffix in {".json", ".safetensors", ".txt"}}
        return cls(model.eval(), tokenizer, name=called, fingerprint=f"nli:{fingerprint(files)}")

    @property
    def name(self) -> str:
        """What a person calls the model."""
        return self._name

    @property
    def fingerprint(self) -> str:
        """Its weights and tokenizer."""
        return self._fingerprint

    def entails(self, pairs: Sequence[Pair]) -> list[float | Unscored]:
        """The probability that each premise entails its hypothesis."""
        failures = [self._too_long(pair) for pair in pairs]
        fitting = [pair for pair, failure in zip(pairs, failures, strict=True) if failure is None]
        batches = (fitting[first : first + BATCH] for first in range(0, len(fitting), BATCH))
        told = iter([p for batch in batches for p in self._probabilities(batch)])
        return [self._finite(next(told)) if failure is None else failure for failure in failures]

    def _finite(self, p: float) -> float | Unscored:
        return p if math.isfinite(p) else Unscored("not_finite", f"{self.name} returned NaN or infinity")

    def _too_long(self, pair: Pair) -> Unscored | None:
        n = len(self._tokenizer(*_texts(pair))["input_ids"])
        if n <= self._limit:
            return None
        return Unscored("context", f"{n} tokens do not fit a context of {self._limit}", got=n, limit=self._limit)

    @torch.inference_mode()
    def _probabilities(self, pairs: Sequence[Pair]) -> list[float]:
        premises, hypotheses = zip(*map(_texts, pairs), strict=True)
        inputs = self._tokenizer(list(premises), list(hypotheses), padding=True, return_tensors="pt")
        logits = self._model(**inputs).logits.float()
        shares: list[float] = logits.softmax(dim=-1)[:, self._entailment].tolist()
        return shares


def entailment_class(labels: Mapping[int, str], *, name: str) -> int:
    """The number of the class that is called exactly "entailment", in any case.

    Raises:
        ConfigError: there is none, or more than one.

    Example:
        >>> entailment_class({0: "CONTRADICTION", 1: "NEUTRAL", 2: "ENTAILMENT"}, name="mnli")
        2
    """
    found = [number for number, label in labels.items() if label.strip().casefold() == "entailment"]
    if len(found) != 1:
        raise ConfigError(f"{name}: wanted one class called 'entailment'; got {', '.join(labels.values())}")
    return int(found[0])


def _texts(pair: Pair) -> tuple[str, str]:
    question = text_of(pair.question)
    return f"{question} {pair.premise}", f"{question} {pair.hypothesis}"
