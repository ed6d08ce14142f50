"""What one verifier saw while reading one answer, and what it comes to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foureyes.display import Result, TableResult, columns_of
from foureyes.errors import InputError
from foureyes.types.exchange import Exchange
from foureyes.types.parts import PartSpan

__all__ = ["Alternative", "Reading", "Reason", "Scored", "Token", "TokenUsage", "Unscored", "Written"]

Reason: TypeAlias = Literal[
    "empty_answer",  # nothing to read
    "empty_prompt",  # nothing to condition on
    "context",  # prompt + answer do not fit the verifier's context
    "template",  # the verifier's chat template refuses these messages
    "unread_part",  # a part of the prompt or the answer that no reader here can read
    "span",  # the final answer asked for is not in the answer
    "not_finite",  # the model returned NaN or an infinity
    "bad_row",  # the input row cannot be made into an exchange
    "bad_reply",  # a server answered something that is not a reading
    "unavailable",  # a server died, timed out or refused this row
    "unparseable",  # a model's words could not be understood
]


@dataclass(frozen=True, slots=True)
class Alternative:
    """A token the verifier could have said at some position, with its natural-log probability."""

    text: str
    logprob: float


@dataclass(frozen=True, slots=True)
class Token:
    """What the verifier saw at one token of the answer.

    Attributes:
        text: the piece of the answer this token covers.
        span: half-open range of bytes of the answer's UTF-8. A token that carries only part of a character covers
            the whole character.
        nll: surprise, −ln p(token), nats, ≥ 0.
        entropy: of the verifier's distribution over the full vocabulary, nats; ``None`` where only bounds are known.
        rank: 1 = the verifier's most likely token.
        top1: probability of the most likely token, in (0, 1].
        alternatives: the most likely tokens, best first; empty unless asked for.
    """

    text: str
    span: tuple[int, int]
    nll: float
    entropy: float | None
    rank: int
    top1: float
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Reading(TableResult):
    """What one verifier saw while reading one answer: arrays with one entry per answer token, T of them, T ≥ 1.

    Attributes:
        model: name of the verifier.
        answer: the text that was read: the answer, or a turn with tool calls as the verifier's chat template writes it.
        token_ids: (T,) int64, in the verifier's vocabulary; −1 where a server shows texts only.
        spans: (T, 2) int64, half-open byte ranges in the answer's UTF-8.
        nll: (T,) float64, −ln p(token | prompt, earlier tokens), nats, ≥ 0.
        entropy_low, entropy_high: (T,) float64, nats. Equal where the whole vocabulary was seen; an interval where a
            server returned only the top k.
        missing_mass: (T,) float64, probability outside what was seen; 0 where the whole vocabulary was.
        rank: (T,) int64, 1 = most likely. Where mass is missing and the server does not count ranks, one beyond those
            it showed is the least that what it showed allows.
        top1: (T,) float64, probability of the most likely token, in (0, 1].
        selected: (T,) bool, the tokens that signals are taken over: all of them, or those of ``answer_span``.
        n_prompt_tokens: tokens of the prompt as read, chat template included.
        n_dropped: tokens of the prompt cut from its left to fit the context; 0 unless truncation was asked for.
        alternatives: T tuples, best first; empty unless ``top_k`` was asked for.
        parts: where the parts of the turn, and the values in its tool calls, stand in ``answer``; empty for text alone.
        logit: (T,) float64, the logit of each token before the softmax; ``None`` where only probabilities were seen, as
            over HTTP.

    Raises:
        InputError: shapes disagree, or a value is outside its range. Readers check for non-finite values before
            they build one and return ``Unscored("not_finite")``.
    """

    model: str
    answer: str
    token_ids: NDArray[np.int64]
    spans: NDArray[np.int64]
    nll: NDArray[np.float64]
    entropy_low: NDArray[np.float64]
    entropy_high: NDArray[np.float64]
    missing_mass: NDArray[np.float64]
    rank: NDArray[np.int64]
    top1: NDArray[np.float64]
    selected: NDArray[np.bool_]
    n_prompt_tokens: int
    n_dropped: int = 0
    alternatives: tuple[tuple[Alternative, ...], ...] = ()
    parts: tuple[PartSpan, ...] = ()
    logit: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        n = len(self.token_ids)
        if n == 0:
            raise InputError("a reading needs at least one token; got none")
        columns = {
            "token_ids": np.int64,
            "spans": np.int64,
            "nll": np.float64,
            "entropy_low": np.float64,
            "entropy_high": np.float64,
            "missing_mass": np.float64,
            "rank": np.int64,
            "top1": np.float64,
            "selected": np.bool_,
            **({} if self.logit is None else {"logit": np.float64}),
        }
        for name, dtype in columns.items():
            array: NDArray[Any] = np.array(getattr(self, name), dtype=dtype)
            wanted = (n, 2) if name == "spans" else (n,)
            if array.shape != wanted:
                raise InputError(f"{name} must have shape {wanted}; got {array.shape}")
            if not np.isfinite(array).all():
                raise InputError(f"{name} must be finite; got {array[~np.isfinite(array)][0]}")
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        checks = {
            "nll ≥ 0": (self.nll >= 0).all(),
            "0 ≤ entropy_low ≤ entropy_high": ((self.entropy_low >= 0) & (self.entropy_low <= self.entropy_high)).all(),
            "0 ≤ missing_mass ≤ 1": ((self.missing_mass >= 0) & (self.missing_mass <= 1)).all(),
            "rank ≥ 1": (self.rank >= 1).all(),
            "0 < top1 ≤ 1": ((self.top1 > 0) & (self.top1 <= 1)).all(),
            "at least one selected token": self.selected.any(),
            "alternatives for every token or none": len(self.alternatives) in (0, n),
            "parts within the answer": all(
                0 <= part.span[0] <= part.span[1] <= len(self.answer) for part in self.parts
            ),
        }
        broken = [law for law, holds in checks.items() if not holds]
        if broken:
            raise InputError(f"not a reading: wanted {'; '.join(broken)}")

    def columns(self) -> dict[str, Any]:
        """One row a token of the answer."""
        return columns_of(self.tokens, without=("alternatives",))

    def tokens_of(self, part: PartSpan) -> NDArray[np.bool_]:
        """(T,) bool, the tokens that share a byte with a part."""
        start, end = (len(self.answer[:edge].encode()) for edge in part.span)
        shared: NDArray[np.bool_] = (self.spans[:, 0] < end) & (self.spans[:, 1] > start)
        return shared

    def surprise_of(self, part: PartSpan) -> float | None:
        """Surprise of a part, −ln p of the tokens that share a byte with it, nats; ``None`` where none does."""
        shared = self.tokens_of(part)
        return float(self.nll[shared].sum()) if shared.any() else None

    @property
    def mean_nll(self) -> float:
        """Mean surprise over the selected tokens, nats, ≥ 0."""
        return float(self.nll[self.selected].mean())

    @property
    def mean_entropy(self) -> tuple[float, float]:
        """Bounds on the mean entropy over the selected tokens, nats; equal where the whole vocabulary was seen."""
        return float(self.entropy_low[self.selected].mean()), float(self.entropy_high[self.selected].mean())

    @property
    def mean_logit(self) -> float | None:
        """Mean logit of the selected tokens; ``None`` where only probabilities were seen."""
        return None if self.logit is None else float(self.logit[self.selected].mean())

    @property
    def exact_entropy(self) -> bool:
        """Whether the whole vocabulary was seen, so that entropies are numbers and not intervals."""
        return bool((self.entropy_low == self.entropy_high).all())

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The same, token by token, with the text each covers."""
        raw = self.answer.encode()
        return tuple(
            Token(
                text=raw[start:end].decode(errors="replace"),
                span=(int(start), int(end)),
                nll=float(self.nll[t]),
                entropy=float(self.entropy_low[t]) if self.entropy_low[t] == self.entropy_high[t] else None,
                rank=int(self.rank[t]),
                top1=float(self.top1[t]),
                alternatives=self.alternatives[t] if self.alternatives else (),
            )
            for t, (start, end) in enumerate(self.spans)
        )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Scored(Result):
    """The signals of one answer under one verifier that came with one reading.

    Every signal is there by its name in the catalogue (:mod:`foureyes.signals.catalog`, which says which way each
    points): ``row["min_logprob"]``. The most used have attributes of their own.

    Attributes:
        verifier: name of the verifier.
        signals: name → value; ``None`` where this reading cannot tell it.
        reading: the per-token arrays behind the numbers.

    Source: Gorbett & Jana, arXiv 2603.25450 (CMP, CME).
    """

    verifier: str
    signals: Mapping[str, float | None]
    reading: Reading = field(repr=False)

    def __getitem__(self, name: str) -> float | None:
        """The signal of this name."""
        return self.signals[name]

    @property
    def log_cmp(self) -> float:
        """Mean surprise per answer token, nats, ≥ 0. Rank, average and alert on this one."""
        return self.reading.mean_nll

    @property
    def cmp(self) -> float:
        """Cross-model perplexity, exp(log_cmp), ≥ 1; beyond log_cmp = 709 no float holds it: ``OverflowError``."""
        return math.exp(self.log_cmp)

    @property
    def cme(self) -> float | None:
        """Mean entropy of the verifier over the same tokens, nats; ``None`` where only bounds are known."""
        return self.cme_low if self.cme_low == self.cme_high else None

    @property
    def cme_low(self) -> float:
        """Lower bound on ``cme``; equal to :attr:`cme_high` where it is exact."""
        return self.reading.mean_entropy[0]

    @property
    def cme_high(self) -> float:
        """Upper bound on ``cme``."""
        return self.reading.mean_entropy[1]

    @property
    def missing_mass(self) -> float:
        """Mean probability that the verifier's server did not show; 0 where the whole vocabulary was seen."""
        return float(self.reading.missing_mass[self.reading.selected].mean())

    @property
    def n_tokens(self) -> int:
        """Answer tokens that the signals are taken over."""
        return int(self.reading.selected.sum())

    @property
    def tokens(self) -> tuple[Token, ...]:
        """What the verifier saw, token by token."""
        return self.reading.tokens


@dataclass(frozen=True, slots=True)
class Unscored:
    """An honest "could not tell" for one row. It abstains; it never counts as confident.

    Attributes:
        reason: why, as a word a program can act on.
        detail: why, as a sentence for a person: what was got and what was wanted.
        got: the measured quantity behind the reason, say the number of tokens.
        limit: the bound that it broke.

    Example:
        >>> str(Unscored("context", "3000 tokens do not fit a context of 2048", got=3000, limit=2048))
        'context: 3000 tokens do not fit a context of 2048'
    """

    reason: Reason
    detail: str = ""
    got: int | None = None
    limit: int | None = None

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else self.reason

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object, without the fields that say nothing."""
        fields = {"reason": self.reason, "detail": self.detail, "got": self.got, "limit": self.limit}
        return {name: value for name, value in fields.items() if value not in (None, "")}


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens that one answer took, as the server counts them.

    Attributes:
        prompt_tokens: read.
        answer_tokens: written, thinking included.
    """

    prompt_tokens: int
    answer_tokens: int


@dataclass(frozen=True, slots=True, repr=False)
class Written(Result):
    """An answer a writer generated, with what it saw of its own words.

    Attributes:
        exchange: the prompt and the answer.
        reading: the writer's own statistics of the tokens it chose (before temperature or any cut), for G-PPL and
            G-Ent; ``None`` when it ended at once without a word, or shows no log-probabilities.
        finish: ``"stop"`` when the writer ended by itself, ``"length"`` when it was cut.
        usage: tokens that were read and written, where the writer counts them apart from its reading.
    """

    exchange: Exchange
    reading: Reading | None
    finish: Literal["stop", "length"]
    usage: TokenUsage | None = None
