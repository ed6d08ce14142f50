"""What a local reader sees in an answer: the signals of one pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from foureyes.models.roles import Reader
from foureyes.signals.conditioned import worst_window
from foureyes.types import Exchange, Reading, Unscored

__all__ = ["SIGNALS", "signals_of"]

SIGNALS: Final = ("log_cmp", "excess", "nats_per_root_token", "worst_window", "final_answer")
"""All are uncertainties: a larger value says worse."""

_WINDOW: Final = 8


def signals_of(reader: Reader, exchanges: Sequence[Exchange], finals: Sequence[str | None]) -> list[dict[str, Any]]:
    """The signals of each answer; of one that cannot be read they are ``None``, and ``unread`` says why.

    Args:
        reader: who reads.
        exchanges: questions with answers.
        finals: what each answer comes down to, as it stands in it; its last occurrence counts.
    """
    return [_signals(*row) for row in zip(exchanges, finals, reader.read(exchanges), strict=True)]


def _signals(exchange: Exchange, final: str | None, one: Reading | Unscored) -> dict[str, Any]:
    if isinstance(one, Unscored):
        return {**dict.fromkeys(SIGNALS), "n_tokens": 0, "n_prompt": 0, "unread": one.reason}
    nll, entropy = one.nll[one.selected], one.entropy_high[one.selected]
    return {
        "log_cmp": float(nll.mean()),
        "excess": float((nll - entropy).mean()),
        "nats_per_root_token": float(nll.sum() / np.sqrt(len(nll))),
        "worst_window": worst_window(nll, _WINDOW),
        "final_answer": _final(exchange, final, one),
        "n_tokens": len(nll),
        "n_prompt": one.n_prompt_tokens,
        "unread": None,
    }


def _final(exchange: Exchange, final: str | None, one: Reading) -> float:
    """Mean surprise at the final answer; of the whole where it is not found."""
    place = exchange.answer.rfind(final) if isinstance(exchange.answer, str) and final else -1
    if place < 0 or final is None:
        return float(one.nll.mean())
    first = len(exchange.answer[:place].encode())
    last = first + len(final.encode())
    inside = (one.spans[:, 0] < last) & (one.spans[:, 1] > first)
    return float(one.nll[inside].mean()) if inside.any() else float(one.nll.mean())
