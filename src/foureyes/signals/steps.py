"""Confidence step by step: the signals of one reading, sentence by sentence of a long answer.

A chain of reasoning is read once; what the verifier saw of each sentence is cut out of that reading, so that a doubtful
step in the middle is not averaged away. Steps follow one another: each is judged given those before it, a wrong step that
later ones build on makes them likely. :mod:`foureyes.maths.stepwise` says how good such numbers are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foureyes.signals.segments import Segment, split_segments
from foureyes.types import Reading

__all__ = ["StepSignals", "segment_of_tokens", "step_signals"]


@dataclass(frozen=True, slots=True)
class StepSignals:
    """What the verifier saw of one sentence.

    Attributes:
        segment: where it stands in the answer.
        n_tokens: tokens that touch it, at least 1.
        log_cmp: mean surprise at them, nats/token, ≥ 0.
        cme: mean entropy at them, nats/token, ≥ 0; ``None`` where only bounds are known.
    """

    segment: Segment
    n_tokens: int
    log_cmp: float
    cme: float | None


def step_signals(reading: Reading) -> list[StepSignals]:
    """CMP and CME of each sentence, in order.

    A token that touches two sentences counts for the one that it begins in, or for the next where it begins with the white
    space between them, so that every selected token counts once. A sentence without a selected token is left out.

    Example:
        >>> from foureyes.models.scripted import ScriptedReader
        >>> from foureyes.types import Exchange
        >>> reader = ScriptedReader({"odd": 0.01}, name="scripted")
        >>> seen = reader.read([Exchange("Why?", "It is so. Very odd indeed.")])[0]
        >>> [step.segment.text for step in step_signals(seen)]
        ['It is so.', 'Very odd indeed.']

    Source: MMBoundary, arXiv 2505.23224 (confidence a sentence); Gorbett & Jana, arXiv 2603.25450 (CMP, CME).
    """
    steps = []
    for segment, mine in segment_of_tokens(reading):
        low, high = (float(entropy[mine].mean()) for entropy in (reading.entropy_low, reading.entropy_high))
        cme = low if low == high else None
        steps.append(StepSignals(segment, int(mine.sum()), float(reading.nll[mine].mean()), cme))
    return steps


def segment_of_tokens(reading: Reading) -> list[tuple[Segment, NDArray[np.bool_]]]:
    """Every sentence with (T,) which of the selected tokens are its own; those without one are left out."""
    cut = split_segments(reading.answer)
    ends = np.array([len(reading.answer[: one.end].encode()) for one in cut], np.int64)
    owner = np.minimum(np.searchsorted(ends, reading.spans[:, 0], side="right"), max(len(cut) - 1, 0))
    places = [(segment, (owner == place) & reading.selected) for place, segment in enumerate(cut)]
    return [(segment, mine) for segment, mine in places if mine.any()]
