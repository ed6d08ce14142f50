"""Entailment by the verifier itself, where no model made for it is installed."""

from __future__ import annotations

from collections.abc import Sequence

from foureyes.models.entailment import Pair
from foureyes.models.roles import Reader
from foureyes.signals.asking import share_of_second, two_options
from foureyes.types import Unscored, text_of

__all__ = ["AskedEntailment"]


class AskedEntailment:
    """Asks a reader in words whether one answer implies another, and reads the probability of "Yes".

    A :class:`foureyes.models.entailment.Entailment`. One prefill a pair. None of three readers of 0.1 to 0.5 billion
    parameters could do it (docs/signals.md); ``python -m studies.entailment MODEL`` measures another one, before
    entropies over its clusters are believed.

    Args:
        reader: the verifier that is asked.

    Example:
        >>> from foureyes.models.scripted import ScriptedReader
        >>> asked = AskedEntailment(ScriptedReader({"A": 0.2, "B": 0.6}))
        >>> round(asked.entails([Pair("Capital of France?", "It is Paris.", "Paris")])[0], 6)
        0.75

    Source: Farquhar et al. 2024, Nature 630, Methods (entailment by a prompted language model).
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    @property
    def name(self) -> str:
        """Name of the reader."""
        return self._reader.name

    @property
    def fingerprint(self) -> str:
        """That of the reader, and that it was asked in words."""
        return f"asked:{self._reader.fingerprint}"

    def entails(self, pairs: Sequence[Pair]) -> list[float | Unscored]:
        """The probability that each premise entails its hypothesis."""
        return share_of_second([_question(pair) for pair in pairs], self._reader)


def _question(pair: Pair) -> str:
    asked = (
        f"Here are two answers to one question.\n\nQuestion: {text_of(pair.question)}\n"
        f"Answer 1: {pair.premise}\nAnswer 2: {pair.hypothesis}\n\nIf answer 1 is true, must answer 2 be true as well?"
    )
    return two_options(asked, "No", "Yes")
