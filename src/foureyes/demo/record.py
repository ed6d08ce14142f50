"""What the demo found as one JSON object, for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from foureyes.demo import words
from foureyes.demo.measures import Comparison, DemoResults, ErrorsFound, Preferred, Sign
from foureyes.demo.recorded import AUTHOR

__all__ = ["record"]


def record(found: DemoResults) -> dict[str, Any]:
    """Everything but the per-token arrays.

    Args:
        found: what the demo found.

    Returns:
        ``headline``, ``provenance``, ``author`` with searches, signs and answers, ``programs``, ``live``. All
        but ``seconds`` is the same in every run on the same machine.
    """
    return {
        "headline": list(words.headline(found.main)),
        "provenance": dict(found.recorded.provenance),
        "author": {"name": AUTHOR, **_compared(found.main)},
        "programs": {
            "ids": [bug.id for bug in found.recorded.bugs],
            "read_by": [_preferred(one) for one in found.bugs],
        },
        "live": [
            {
                "model": read.model,
                "fingerprint": read.fingerprint,
                "n_tokens": read.n_tokens,
                "seconds": round(read.seconds, 3),
            }
            for read in found.live
        ],
    }


def _compared(found: Comparison) -> dict[str, Any]:
    return {
        "everywhere": _search(found.everywhere),
        "sure": _search(found.among_sure),
        "signs": [_sign(sign) for sign in found.signs],
        "answers": [
            {
                "id": answer.id,
                "prompt": answer.prompt,
                "answer": answer.answer,
                "right": answer.right,
                "sure": bool(found.sure[i]),
                "own_entropy": float(found.own[i]),
                "surprise": float(found.second[i]),
                "live": {sign.model: _number(sign.values[i]) for sign in found.signs if sign.how == "read now"},
            }
            for i, answer in enumerate(found.answers)
        ],
    }


def _search(found: ErrorsFound) -> dict[str, Any]:
    return {**asdict(found), "verdict": found.verdict}


def _sign(sign: Sign) -> dict[str, Any]:
    areas = {
        name: {"value": area.value, "low": area.low, "high": area.high, "level": area.level}
        for name, area in (("everywhere", sign.everywhere), ("sure", sign.sure))
    }
    return {"model": sign.model, "sign": sign.words, "how": sign.how, **areas}


def _preferred(one: Preferred) -> dict[str, Any]:
    margins = [_number(margin) for margin in one.margins]
    return {"model": one.model, "n": one.n, "n_right": one.n_right, "margins": margins}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
