"""Words that several verbs say to a person."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from foureyes.models.weights import Step

__all__ = ["duration", "tell_step"]

_MB: Final = 1_000_000


def tell_step(step: Step) -> None:
    """Says on stderr what is going on while weights are fetched; for every verb that opens a model."""
    part = f", part {step.part} of {step.parts}" if step.parts > 1 else ""
    in_all = f", {step.n_bytes / _MB:.0f} MB in all" if step.n_bytes else ""
    words = {
        "wait": "waiting for another process that is fetching it",
        "download": f"downloading{part}{in_all}",
        "convert": "converting to bfloat16, once; takes a minute or two",
        "check": "reading every byte",
    }
    print(f"{step.model}: {words[step.doing]} …", file=sys.stderr)


def duration(seconds: float) -> str:
    """A time span, as precise as anyone wants to know.

    Example:
        >>> [duration(s) for s in (0.4, 75, 4000, 200_000)]
        ['0 s', '1 min 15 s', '1 h 06 min', '2 d 7 h']
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
