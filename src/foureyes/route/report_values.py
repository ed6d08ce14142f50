"""The values of a route's report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from foureyes.maths.bounds import clopper_pearson
from foureyes.maths.flips import Flips

__all__ = ["DriftFound", "HeldPromise", "LeftRequests", "RouteReport", "Savings", "Share", "WriterUse"]


@dataclass(frozen=True, slots=True)
class Share:
    """k of n, with the exact 95 % interval of the share."""

    k: int
    n: int
    value: float
    low: float
    high: float

    @classmethod
    def of(cls, k: int, n: int) -> Share | None:
        """The share; ``None`` of nothing."""
        return cls(k, n, k / n, *clopper_pearson(k, n)) if n else None


@dataclass(frozen=True, slots=True)
class WriterUse:
    """What became of one writer's answers.

    Attributes:
        name: in the route.
        asked: requests it was asked.
        kept, escalated, abstained: what the policy said of them.
        unread: answers that could not be read.
        failures: kind of failure of the writer to how often.
        cost: mean a request it was asked, reading included; ``None`` where it is never known.
    """

    name: str
    asked: int
    kept: int
    escalated: int
    abstained: int
    unread: int
    failures: Mapping[str, int]
    cost: float | None


@dataclass(frozen=True, slots=True)
class Savings:
    """What the route costs beside asking the strongest writer every time.

    Attributes:
        n: requests whose cost is known.
        route: mean cost a request; what a watched route would have cost.
        strongest: mean cost of the strongest writer a request.
        saved: share that is saved, below 1; negative where the route costs more.
        low, high: 95 % bootstrap interval of it; equal requests are drawn together.
        estimated: requests for which the strongest was not asked: there its mean cost is taken.
    """

    n: int
    route: float
    strongest: float
    saved: float
    low: float
    high: float
    estimated: int


@dataclass(frozen=True, slots=True)
class LeftRequests:
    """Requests beside those that are reported on, or more of them: whose caller hung up, or for which every writer was asked.

    Attributes:
        n: how many.
        cost: of what counts towards neither coverage nor savings, as far as it is known.
        unpriced: writers that were asked for it at a cost that nobody knows.
    """

    n: int
    cost: float
    unpriced: int


@dataclass(frozen=True, slots=True)
class HeldPromise:
    """The promise beside what was told of the answers.

    Attributes:
        limit: share of wrong answers that was promised not to be exceeded; ``None`` where no promise is known.
        wrong: of the answers returned as good enough whose outcome is known.
        verdict: ``"held"`` where the interval lies below the limit, ``"broken"`` where it lies above.
    """

    limit: float | None
    wrong: Share
    verdict: Literal["held", "broken", "cannot be told yet", "nothing was promised"]


@dataclass(frozen=True, slots=True)
class DriftFound:
    """Whether one writer's readings are drawn as before.

    Attributes:
        writer: whose.
        of: ``"signal"``, compared with the log's own beginning, or ``"confidence"``, with what the promise was made on.
        n: readings.
        at: when the alarm was raised, in seconds since 1970; ``None`` where nothing changed.
    """

    writer: str
    of: Literal["signal", "confidence"]
    n: int
    at: float | None


@dataclass(frozen=True, slots=True)
class RouteReport:
    """A route over its log.

    Attributes:
        route: its name.
        n: requests.
        watched: of them, how many it only watched.
        first, last: moments of the first and the last request, in seconds since 1970.
        actions: what became of the requests; of watched ones what would have.
        returned: share returned as good enough, of those that a policy decided or would have; ``None`` where there was none.
        suspended: requests while the promise was suspended.
        writers: in the order asked.
        savings: ``None`` where costs are not known.
        left: requests whose caller hung up; ``None`` where none did.
        learning: requests for which every writer was asked, and what asking those cost whom the policy did not.
        held: ``None`` where no outcome is known of an answer returned as good enough.
        flips: the strongest writer's answers beside what the route would have returned, of watched requests where both are known
            to be right or wrong; ``None`` where that is known of none.
        drift: of every writer.
        left_out: lines of the log that could not be used, in words, with how often.
    """

    route: str
    n: int
    watched: int
    first: float
    last: float
    actions: Mapping[str, int]
    returned: Share | None
    suspended: int
    writers: tuple[WriterUse, ...]
    savings: Savings | None
    left: LeftRequests | None
    learning: LeftRequests | None
    held: HeldPromise | None
    flips: Flips | None
    drift: tuple[DriftFound, ...]
    left_out: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)
