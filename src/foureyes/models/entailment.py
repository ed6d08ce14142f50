"""Does one answer imply another? The role of models that can tell, whatever kind of model they are.

A natural language inference model (:class:`foureyes.models.transformers.nli.NliModel`) is made for the question; any
verifier can be asked it in words (:class:`foureyes.signals.entailment.AskedEntailment`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from foureyes.types import Prompt, Unscored

__all__ = ["Entailment", "Pair"]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one question, of which the first may imply the second.

    Attributes:
        question: what both answer; short answers mean little without it.
        premise: the answer taken to be true.
        hypothesis: the answer that may follow from it.
    """

    question: Prompt
    premise: str
    hypothesis: str


@runtime_checkable
class Entailment(Protocol):
    """Protocol of models that say how likely one answer implies another."""

    @property
    def name(self) -> str:
        """What a person calls the model."""
        ...

    @property
    def fingerprint(self) -> str:
        """What its numbers depend on."""
        ...

    def entails(self, pairs: Sequence[Pair]) -> list[float | Unscored]:
        """The probability, in [0, 1], that each premise entails its hypothesis; the order is that of ``pairs``.

        Raises:
            ModelUnavailable: the model as a whole is gone. What fails for one pair is returned as ``Unscored``.
        """
        ...
