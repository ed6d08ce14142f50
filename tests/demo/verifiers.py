"""A verifier whose opinions are known, so that what the demo should find is known too."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from foureyes.demo.measures import DemoResults, study
from foureyes.demo.questions import DemoQuestion, load
from foureyes.demo.run import Read, ReadBy, read
from foureyes.models.scripted import ScriptedReader
from foureyes.types import Exchange, Reading, Unscored


class Opinionated:
    """Reads every answer as one token with the surprise per byte that ``surprise`` gives it."""

    def __init__(self, name: str, surprise: Callable[[Exchange], float | Unscored], *, exact: bool = True) -> None:
        self.name = name
        self.fingerprint = f"opinionated:{name}"
        self._surprise = surprise
        self._exact = exact

    def read(self, exchanges: Sequence[Exchange], *, top_k: int = 0) -> list[Reading | Unscored]:  # noqa: ARG002 - the role's
        return [self._read_one(exchange) for exchange in exchanges]

    def _read_one(self, exchange: Exchange) -> Reading | Unscored:
        per_byte = self._surprise(exchange)
        if isinstance(per_byte, Unscored):
            return per_byte
        n_bytes = len(exchange.answer.encode())
        return Reading(
            model=self.name,
            answer=exchange.answer,
            token_ids=np.array([0]),
            spans=np.array([[0, n_bytes]]),
            nll=np.array([per_byte * n_bytes]),
            entropy_low=np.array([1.0]),
            entropy_high=np.array([1.0 if self._exact else 2.0]),
            missing_mass=np.array([0.0]),
            rank=np.array([1]),
            top1=np.array([0.5]),
            selected=np.array([True]),
            n_prompt_tokens=9,
        )


def ticking() -> Callable[[], float]:
    """A clock that is two seconds later every time."""
    times = iter(range(0, 1000, 2))
    return lambda: float(next(times))


def reading_of(reader: object, questions: Sequence[DemoQuestion] | None = None, *, by: ReadBy = "verifier") -> Read:
    return read(load() if questions is None else questions, reader, clock=ticking(), by=by)  # type: ignore[arg-type]


def arbitrary_study() -> DemoResults:
    """Two scripted verifiers, whose numbers have nothing to do with the truth."""
    readers = [ScriptedReader(name="first"), ScriptedReader({"Sydney": 0.5}, name="second")]
    return study(load(), [reading_of(reader) for reader in readers])


def author_and_reader() -> DemoResults:
    """A scripted model in the author's place, and one that reads."""
    author, reader = ScriptedReader(name="the-author"), ScriptedReader({"Sydney": 0.5}, name="the-reader")
    return study(load(), [reading_of(author, by="author"), reading_of(reader)])
