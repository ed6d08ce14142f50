"""What a model can do, as roles with one method each.

A model that exposes the log-probabilities of a given text is a :class:`Reader`; one that can generate is a
:class:`Writer`. One that can only be talked to is a :class:`Judge` when asked for a verdict and an :class:`Answerer` when
asked a question. They are separate on purpose: handing a chat-only endpoint to a signal that needs log-probabilities
fails in the type checker, and at run time before any row is scored.

Reading is bound by the processor and batched, so it is synchronous. Judging waits on networks, so it is asynchronous.
Every implementation, ours or a plug-in's, passes the contract suite in :mod:`foureyes.testing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from foureyes.display import Result
from foureyes.errors import InputError
from foureyes.types import Exchange, Prompt, Reading, Unscored, Vote, Written

__all__ = ["Answerer", "ConcurrentReader", "Judge", "Predicted", "Predictor", "Reader", "Sampling", "Writer"]


@runtime_checkable
class Reader(Protocol):
    """Reads answers: one forward pass over prompt + answer, no generation.

    ``name`` is what a person calls the model. ``fingerprint`` names weights, tokenizer, template and arithmetic: two
    readers with the same fingerprint give the same numbers, and a resumed run refuses another one.
    """

    @property
    def name(self) -> str:
        """What a person calls the model."""
        ...

    @property
    def fingerprint(self) -> str:
        """What its numbers depend on."""
        ...

    def read(self, exchanges: Sequence[Exchange], *, top_k: int = 0) -> list[Reading | Unscored]:
        """Reads every exchange; the result has the same length and order.

        Values do not depend on batch size, order or neighbours beyond the stated tolerance of the arithmetic.

        Args:
            exchanges: any number of them; memory is bounded by the reader, not by the caller.
            top_k: how many alternatives to keep at each answer token, 0 for none.

        Raises:
            ModelUnavailable: the model as a whole is gone. What fails for one row is returned as ``Unscored``.
        """
        ...


@runtime_checkable
class ConcurrentReader(Reader, Protocol):
    """A reader behind servers: it may read for several threads at once, and reads more the more it has in hand."""

    @property
    def rows_at_once(self) -> int:
        """Rows that it gains from having in hand, over all calls, now; ≥ 1."""
        ...

    @property
    def outages(self) -> int:
        """How often every one of its servers was gone: what was being read then may be ``Unscored("unavailable")``."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class Predicted(Result):
    """What a model expected at every token of an answer.

    Attributes:
        token_ids: (T,) int64, the answer's tokens.
        selected: (T,) bool, which of them count.
        log_p: (T, V) float32, ln p of every token of the vocabulary in that place.
    """

    token_ids: NDArray[np.int64]
    selected: NDArray[np.bool_]
    log_p: NDArray[np.float32]


@runtime_checkable
class Predictor(Protocol):
    """Says what it expected at every token of an answer: whole distributions, so the weights have to be at hand."""

    @property
    def name(self) -> str:
        """What a person calls the model."""
        ...

    @property
    def vocabulary(self) -> Sequence[str]:
        """Its tokens by their ids."""
        ...

    def predict(self, exchange: Exchange) -> Predicted | Unscored:
        """Its distribution before every token of the answer; one forward pass, 4·T·V bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a writer draws its words: how many answers, how long, at which temperature.

    Args:
        max_tokens: most tokens to write, ≥ 1.
        temperature: 0 for greedy; otherwise logits are divided by it.
        top_p: smallest set of tokens whose probability reaches this is sampled from, in (0, 1].
        seed: of the random numbers; the same seed gives the same words on the same machine.
        n: answers per prompt, ≥ 1.
    """

    max_tokens: int = 64
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    n: int = 1

    def __post_init__(self) -> None:
        laws = {
            f"max_tokens ≥ 1, got {self.max_tokens}": self.max_tokens >= 1,
            f"temperature ≥ 0, got {self.temperature}": self.temperature >= 0,
            f"0 < top_p ≤ 1, got {self.top_p}": 0 < self.top_p <= 1,
            f"n ≥ 1, got {self.n}": self.n >= 1,
            "n = 1 for greedy writing (temperature 0): copies would be identical": self.n == 1 or self.temperature > 0,
        }
        broken = [law for law, holds in laws.items() if not holds]
        if broken:
            raise InputError(f"sampling wants {'; '.join(broken)}")


@runtime_checkable
class Writer(Protocol):
    """Writes answers, and says how sure it was of each word."""

    @property
    def name(self) -> str:
        """What a person calls the model."""
        ...

    @property
    def fingerprint(self) -> str:
        """What its numbers depend on."""
        ...

    def write(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[list[Written | Unscored]]:
        """Answers every prompt ``sampling.n`` times; outer length and order are those of ``prompts``."""
        ...


@runtime_checkable
class Judge(Protocol):
    """Says of one exchange at a time whether it is safe to act on, having seen the prompt and the answer only.

    ``provider`` and ``name`` are what a tenant configured, and together name one verifier.
    """

    @property
    def provider(self) -> str:
        """Who runs the model."""
        ...

    @property
    def name(self) -> str:
        """Which model."""
        ...

    async def vote(self, exchange: Exchange) -> Vote:
        """Votes once.

        What the judge could not tell is an ``"abstain"``; a reply that is not a verdict in the form asked for is an
        ``"error"``. Nothing in the exchange can turn either into a ``"safe"``. Cancelling the call abandons it at once
        and leaves no request behind.

        Raises:
            ModelError: it cannot be reached, was too late, or refused.
        """
        ...


@runtime_checkable
class Answerer(Protocol):
    """Answers one question at a time in words, without probabilities: a chat endpoint."""

    @property
    def provider(self) -> str:
        """Who runs the model."""
        ...

    @property
    def name(self) -> str:
        """Which model."""
        ...

    async def answer(self, prompt: Prompt) -> str:
        """The model's answer as plain text, never empty.

        Raises:
            ModelError: it cannot be reached, was too late, refused, or said nothing.
        """
        ...
