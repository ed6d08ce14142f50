"""What a row of the catalogue holds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from foureyes.errors import InputError
from foureyes.models.roles import Reader
from foureyes.types import Exchange, Reading, Unscored

__all__ = ["Ask", "LargerIs", "Need", "Signal", "Take"]

LargerIs: TypeAlias = Literal["worse", "better"]
"""What a larger value says of the answer: ``"worse"`` for an uncertainty, ``"better"`` for a confidence."""

Need: TypeAlias = Literal["reader", "writer", "samples", "options", "labels", "entailment", "generator"]
"""What a signal is taken with: the verifier as one that reads or writes, answers drawn to the same prompt, the options
of a multiple-choice question, answers known to be right or wrong, a model of entailment, or the model that wrote the
answer."""

Take: TypeAlias = Callable[[Reading], float | None]
Ask: TypeAlias = Callable[[Sequence[Exchange], Reader], list[float | Unscored]]


@dataclass(frozen=True, slots=True)
class Signal:
    """What one signal is: name, direction, range, needs, cost and source; one row of the catalogue.

    Attributes:
        name: the one name it goes by everywhere.
        title: what it is, in a few words for people.
        unit: of the value; empty for a pure number.
        larger_is: ``"worse"`` for an uncertainty, ``"better"`` for a confidence.
        low, high: ends of its range, ±∞ where there is none.
        needs: what it is taken with.
        call: the function that takes it, below ``foureyes.signals``.
        readings, generations: what one row costs beyond the answer itself; letters stand for the call's parameters.
        source: paper and section or equation.
        take: how it is taken of one reading; ``None`` where one reading is not enough.
        ask: how it is taken of rows by asking the reader once more for each; ``None`` where it is not taken so.
        control: whether it never sees the answer, so that every signal that does has to beat it.

    Raises:
        InputError: the name is not an identifier.
    """

    name: str
    title: str
    unit: str
    larger_is: LargerIs
    low: float
    high: float
    needs: tuple[Need, ...]
    call: str
    readings: str
    generations: str
    source: str
    take: Take | None = None
    ask: Ask | None = None
    control: bool = False

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or self.larger_is not in get_args(LargerIs):
            raise InputError(f"a signal needs an identifier and a direction; got {self.name!r}, {self.larger_is!r}")

    def uncertainty(self, value: float) -> float:
        """The value turned so that larger = more likely wrong: how far it falls short of the largest where larger is better.

        Where there is no largest value, its negative.

        Example:
            >>> from foureyes.signals.catalog import signal
            >>> signal("min_logprob").uncertainty(-3.0), signal("mean_token_prob").uncertainty(0.75)
            (3.0, 0.25)
        """
        if self.larger_is == "worse":
            return value
        return -value if math.isinf(self.high) else self.high - value

    @property
    def short_title(self) -> str:
        """The title up to its first comma, for the head of a column or the axis of a picture."""
        return self.title.partition(",")[0]

    @property
    def caption(self) -> str:
        """The title, with the unit where there is more to say than that it is a number."""
        return f"{self.title}, {self.unit}" if "nats" in self.unit else self.title

    @property
    def span(self) -> str:
        """The range in words: ``"0 … 1"``, ``"from 1"``, ``"any number"``."""
        low, high = (f"{end:g}".replace("-", "−") for end in (self.low, self.high))
        if math.isinf(self.low):
            return "any number" if math.isinf(self.high) else f"up to {high}"
        return f"from {low}" if math.isinf(self.high) else f"{low} … {high}"

    @property
    def cost(self) -> str:
        """What a row costs beyond its answer, in words."""
        parts = [("reading", self.readings), ("generation", self.generations)]
        told = [f"{n} {what}{'' if n == '1' else 's'}" for what, n in parts if n != "0"]
        return " and ".join(told) or "nothing more"

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object; ``low`` and ``high`` are null where the range has no end."""
        return {
            "name": self.name,
            "title": self.title,
            "unit": self.unit,
            "larger_is": self.larger_is,
            "low": self.low if math.isfinite(self.low) else None,
            "high": self.high if math.isfinite(self.high) else None,
            "needs": list(self.needs),
            "call": self.call,
            "readings": self.readings,
            "generations": self.generations,
            "one_pass": self.take is not None,
            "control": self.control,
            "source": self.source,
        }
