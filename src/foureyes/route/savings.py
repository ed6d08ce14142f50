"""What a routed answer would have cost had only the strongest writer been asked."""

from __future__ import annotations

from collections.abc import Sequence

from foureyes.route.outcome import RoutedAnswer, RouteStage
from foureyes.route.rules import RouteMember

__all__ = ["strongest_cost"]


def strongest_cost(answer: RoutedAnswer, members: Sequence[RouteMember]) -> float | None:
    """Of the strongest writer alone, with nobody reading.

    Where it was asked, what it cost; elsewhere its price of as many tokens as the last writer took.

    Args:
        answer: what was routed.
        members: of the route, the cheapest first.

    Returns:
        The cost in the route's currency; ``None`` where prices or tokens are not known.
    """
    strongest = members[-1]
    asked: list[RouteStage] = [*answer.stages]
    if answer.baseline is not None:
        asked.append(answer.baseline)
    for stage in asked:
        if stage.writer == strongest.writer.name and stage.usage is not None:
            return stage.cost
    used = [stage.usage for stage in asked if stage.usage is not None]
    if not used or strongest.prices is None:
        return None
    return strongest.prices.cost(used[-1])
