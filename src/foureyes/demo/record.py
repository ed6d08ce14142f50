"""What the demo found as one JSON object, for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from foureyes.demo.measures import SIGNALS, DemoResults, SignalResult
from foureyes.demo.run import Read, Row
from foureyes.types import Unscored

__all__ = ["record"]


def record(found: DemoResults) -> dict[str, Any]:
    """Everything but the per-token arrays.

    Args:
        found: what the demo found.

    Returns:
        ``verifiers`` (each with whose place it takes, ``by``) and ``together`` with areas, preferences and their
        intervals, ``caught``, ``questions`` with the signals of both answers by verifier. All but ``seconds`` is the same in every run on the same machine.
    """
    return {
        "n_questions": len(found.questions),
        "n_left_out": found.n_left_out,
        "verifiers": [_verifier(found, read) for read in found.reads],
        "together": _measured(found.overall) if len(found.verifiers) > 1 else None,
        "caught": None if found.caught is None else asdict(found.caught),
        "questions": [
            asdict(question) | {"read_by": {read.verifier: _answers(read, i) for read in found.reads}}
            for i, question in enumerate(found.questions)
        ],
    }


def _verifier(found: DemoResults, read: Read) -> dict[str, Any]:
    return {
        "name": read.verifier,
        "by": read.by,
        "fingerprint": read.fingerprint,
        "n_tokens": read.n_tokens,
        "seconds": round(read.seconds, 3),
        "signals": {signal: _measured(m) for signal, m in found.by(read.verifier).items()},
    }


def _measured(measured: SignalResult) -> dict[str, Any]:
    area, preferred = measured.auroc, measured.preference
    return {
        "signal": measured.signal,
        "auroc": {"value": area.value, "low": area.low, "high": area.high, "level": area.level},
        "right_less_surprising": {
            "value": preferred.value,
            "low": preferred.low,
            "high": preferred.high,
            "level": preferred.level,
            "n_ties": preferred.n_ties,
        },
        "n_questions": preferred.n,
    }


def _answers(read: Read, i: int) -> dict[str, Any]:
    right, wrong = read.rows[i]
    return {"right": _signals(right), "wrong": _signals(wrong)}


def _signals(row: Row) -> dict[str, Any]:
    if isinstance(row, Unscored):
        return {"unscored": row.to_dict()}
    return {name: row[name] for name in SIGNALS} | {"n_tokens": row.n_tokens}
