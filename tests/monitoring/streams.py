"""Streams of decisions for the tests: what two verifiers and a reader say of answers that are right or wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from foureyes.monitoring import AnswerOutcome, Observation, ObservedVote


@dataclass(frozen=True)
class World:
    """How things are: confidences beta(right, wrong), how often each verifier fails."""

    right: float = 8
    wrong: float = 2
    failing: float = 0.01
    surprise: float = 2.0


def decisions(n: int, world: World | None = None, *, seed: int = 0, start: float = 0.0) -> Iterator[Observation]:
    world = world or World()
    rng = np.random.default_rng(seed)
    for i in range(n):
        c = float(rng.beta(world.right, world.wrong))
        judge = "error" if rng.random() < world.failing else "safe" if rng.random() < c else "unsafe"
        reader = ObservedVote("reader", "safe" if c > 0.5 else "unsafe", c, float(rng.gamma(world.surprise)), 40.0)
        safe = judge == "safe" and reader.verdict == "safe"
        votes = (ObservedVote("judge", judge, None, None, 200.0), reader)
        consensus = judge == reader.verdict
        yield Observation(
            start + i, safe=safe and consensus, consensus=consensus, opinions=votes, confidence=c, latency_ms=210.0
        )


def labelled(observations: list[Observation], *, seed: int = 0, shift: float = 0.0) -> list[AnswerOutcome]:
    rng = np.random.default_rng(seed)
    return [AnswerOutcome(o.at, bool(rng.random() < (o.confidence or 0.0) + shift), o) for o in observations]
