"""The signals that come with one reading: each a number made of what one verifier saw at the selected tokens.

Every function takes a :class:`~foureyes.types.Reading` and returns a number, or ``None`` where this reading cannot tell
it. A new signal of this kind is one function here and one row in :mod:`foureyes.signals.catalog`; ``foureyes score``,
the check page, Parquet columns and calibration then know it.
"""

from __future__ import annotations

import math
import sys
from typing import Final

import numpy as np

from foureyes.types import Reading

__all__ = [
    "cme",
    "cmp",
    "excess",
    "log_cmp",
    "mean_logit",
    "mean_rank",
    "mean_token_prob",
    "mean_top1_prob",
    "min_logprob",
    "nats_per_byte",
    "nats_per_root_token",
]

_LARGEST_LOG: Final = math.log(sys.float_info.max)


def log_cmp(reading: Reading) -> float:
    """Mean surprise per token, −(1/T) Σ ln p(token), nats, ≥ 0."""
    return reading.mean_nll


def cmp(reading: Reading) -> float | None:
    """Perplexity, exp(log_cmp), ≥ 1; ``None`` where no float holds it."""
    log = log_cmp(reading)
    return math.exp(log) if log <= _LARGEST_LOG else None


def cme(reading: Reading) -> float | None:
    """Mean entropy of the verifier at the same tokens, nats, ≥ 0; ``None`` where only bounds on it are known."""
    low, high = reading.mean_entropy
    return low if low == high else None


def excess(reading: Reading) -> float | None:
    """log_cmp − cme: surprise beyond what the verifier expected of its own words; ``None`` as for :func:`cme`."""
    expected = cme(reading)
    return None if expected is None else log_cmp(reading) - expected


def nats_per_byte(reading: Reading) -> float:
    """Summed surprise per UTF-8 byte of what was read: comparable between tokenizers."""
    return float(reading.nll[reading.selected].sum()) / _bytes_covered(reading)


def nats_per_root_token(reading: Reading) -> float:
    """Summed surprise over the square root of the number of tokens, −(1/√T) Σ ln p(token): to rank answers of unlike length.

    The mean puts short answers first and the sum long ones; this lies between them (``docs/reading-order.md``).
    """
    nll = reading.nll[reading.selected]
    return float(nll.sum()) / math.sqrt(len(nll))


def min_logprob(reading: Reading) -> float:
    """Log-probability of the least likely token, nats, ≤ 0."""
    return float(-reading.nll[reading.selected].max())


def mean_rank(reading: Reading) -> float:
    """Mean rank of the answer's tokens, ≥ 1; 1 = always the verifier's first choice."""
    return float(reading.rank[reading.selected].mean())


def mean_top1_prob(reading: Reading) -> float:
    """Mean probability of the verifier's own first choices, in (0, 1]."""
    return float(reading.top1[reading.selected].mean())


def mean_logit(reading: Reading) -> float | None:
    """Mean raw logit of the answer's tokens; ``None`` where the reader shows no logits, as none does over HTTP.

    Unlike a probability it keeps how strongly the model speaks for the token whatever it holds of the others, and it
    has the scale of its model: calibrate it (Platt) before it is compared.
    """
    return reading.mean_logit


def mean_token_prob(reading: Reading) -> float:
    """Mean probability of the answer's tokens, in [0, 1]; CREW when taken over the final answer."""
    return float(np.exp(-reading.nll[reading.selected]).mean())


def _bytes_covered(reading: Reading) -> int:
    """UTF-8 bytes under the selected tokens, each byte once even where tokens share a character."""
    starts, ends = reading.spans[reading.selected].T
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order], ends[order]
    before = np.concatenate([[0], np.maximum.accumulate(ends)[:-1]])
    return int(np.maximum(ends - np.maximum(starts, before), 0).sum())
