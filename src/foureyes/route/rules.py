"""What a route goes by besides its policy: prices, and what becomes of doubt and of failures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from foureyes.errors import InputError
from foureyes.route.roles import RouteWriter
from foureyes.types import TokenUsage

__all__ = ["OnDoubt", "OnFailure", "OnSuspension", "Prices", "RouteMember", "RouteRules"]

OnDoubt: TypeAlias = Literal["abstain", "strongest", "person"]
OnFailure: TypeAlias = Literal["strongest", "closed"]
OnSuspension: TypeAlias = Literal["strongest", "closed", "go_on"]

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Prices:
    """What a writer's tokens cost.

    Args:
        input: a million tokens read, in the route's currency, ≥ 0.
        output: a million tokens written, ≥ 0.

    Raises:
        InputError: a price is negative or no number.

    Example:
        >>> Prices(0.15, 0.6).cost(TokenUsage(1000, 500))
        0.00045
    """

    input: float
    output: float

    def __post_init__(self) -> None:
        if not (0 <= self.input < math.inf and 0 <= self.output < math.inf):
            raise InputError(f"prices must be numbers, at least 0; got {self.input} and {self.output}")

    def cost(self, usage: TokenUsage) -> float:
        """Of so many tokens."""
        return (usage.prompt_tokens * self.input + usage.answer_tokens * self.output) / _MILLION


@dataclass(frozen=True, slots=True)
class RouteMember:
    """A writer with what a route has to know of it.

    Args:
        writer: who writes.
        prices: of its tokens; ``None`` where they are not known, and then no cost is stated.
        third_party: whether personal data is concealed from it, where the route has a concealer.
        one_by_one: whether several answers are asked for in as many requests, since its server does not know ``n``.
    """

    writer: RouteWriter
    prices: Prices | None = None
    third_party: bool = False
    one_by_one: bool = False


@dataclass(frozen=True, slots=True)
class RouteRules:
    """What a route does where there is doubt, and where something fails.

    Args:
        on_doubt: when no answer is good enough: ``"abstain"`` returns none, ``"strongest"`` the strongest writer's, marked,
            ``"person"`` puts the question into a person's queue.
        on_failure: when writers or reader fail: ``"strongest"`` returns the strongest writer's answer, marked, or nothing
            where that is what failed; ``"closed"`` returns nothing. A weaker writer's answer is never returned for a failure.
        on_suspension: while the route's promise is suspended: ``"strongest"`` asks and returns the strongest writer only,
            ``"closed"`` returns nothing, ``"go_on"`` decides as before and marks every answer.
        best_of: answers that each writer is asked for; the reader picks the surest. ≥ 1.
        shadow: return the strongest writer's answer, and only tell the log what would have been returned.
        annotate: return what the first writer writes at once, and say afterwards what was read.
        ask_all: share of requests, drawn at random, for which every writer is asked and read after the answer has been returned, so
            that learning goes on while the route decides; in [0, 1].
        reading_price: of reading one answer, ≥ 0.
        reading_s: most seconds for reading the answers of one writer, > 0.
        record_s: most seconds for the ledger's receipt, > 0.

    Raises:
        InputError: a value is outside its range, or a route would both watch and annotate.
    """

    on_doubt: OnDoubt = "abstain"
    on_failure: OnFailure = "closed"
    on_suspension: OnSuspension = "strongest"
    best_of: int = 1
    shadow: bool = False
    annotate: bool = False
    ask_all: float = 0.0
    reading_price: float = 0.0
    reading_s: float = 30.0
    record_s: float = 3.0

    def __post_init__(self) -> None:
        laws = {
            f"on_doubt one of {', '.join(get_args(OnDoubt))}, got {self.on_doubt!r}": self.on_doubt
            in get_args(OnDoubt),
            f"on_failure one of {', '.join(get_args(OnFailure))}, got {self.on_failure!r}": self.on_failure
            in get_args(OnFailure),
            f"on_suspension one of {', '.join(get_args(OnSuspension))}, got {self.on_suspension!r}": self.on_suspension
            in get_args(OnSuspension),
            f"best_of ≥ 1, got {self.best_of}": self.best_of >= 1,
            "shadow or annotate, not both": not (self.shadow and self.annotate),
            f"ask_all from 0 to 1, got {self.ask_all}": 0 <= self.ask_all <= 1,
            f"reading_price ≥ 0, got {self.reading_price}": 0 <= self.reading_price < math.inf,
            f"reading_s > 0, got {self.reading_s}": 0 < self.reading_s < math.inf,
            f"record_s > 0, got {self.record_s}": 0 < self.record_s < math.inf,
        }
        if broken := [law for law, holds in laws.items() if not holds]:
            raise InputError(f"a route wants {'; '.join(broken)}")
