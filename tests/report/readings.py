"""Readings made by hand, for tests of how they are shown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from foureyes.report.check_result import CheckResult
from foureyes.signals.cross import signals_of
from foureyes.types import Alternative, Reading, Scored


def reading(
    answer: str,
    nll: Sequence[float],
    *,
    spans: Sequence[tuple[int, int]] | None = None,
    rank: Sequence[int] | None = None,
    entropy: Sequence[float] | None = None,
    entropy_high: Sequence[float] | None = None,
    alternatives: Sequence[Sequence[tuple[str, float]]] = (),
    selected: Sequence[bool] | None = None,
    model: str = "verifier",
) -> Reading:
    """By default, one token per word with the space before it, ranked 1 below ln 2 and 2 above, entropy 1 nat, logit 20 − nll."""
    n = len(nll)
    low = list(entropy) if entropy is not None else [1.0] * n
    return Reading(
        model=model,
        answer=answer,
        token_ids=np.arange(n),
        spans=np.array(spans if spans is not None else word_spans(answer)),
        nll=np.array(nll),
        entropy_low=np.array(low),
        entropy_high=np.array(entropy_high if entropy_high is not None else low),
        missing_mass=np.zeros(n),
        logit=20 - np.array(nll),
        rank=np.array(rank if rank is not None else [1 if value < np.log(2) else 2 for value in nll]),
        top1=np.full(n, 0.5),
        selected=np.array(selected if selected is not None else [True] * n),
        n_prompt_tokens=3,
        alternatives=tuple(tuple(Alternative(text, float(np.log(p))) for text, p in row) for row in alternatives),
    )


def word_spans(answer: str) -> list[tuple[int, int]]:
    """Byte spans of the words, each with the space before it."""
    spans, at = [], 0
    for word in answer.split(" "):
        end = at + len(word.encode()) + (at > 0)
        spans.append((at, end))
        at = end
    return spans


def scored(read: Reading) -> Scored:
    """The signals of a reading."""
    row = signals_of(read)
    assert isinstance(row, Scored)
    return row


def outcome(read: Reading) -> CheckResult:
    """What came of the verifier of a reading."""
    return CheckResult(read.model, f"sha256:{read.model}", scored(read))
