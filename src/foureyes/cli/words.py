"""Words that several verbs say to a person."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from foureyes.errors import ConfigError

if TYPE_CHECKING:
    from foureyes.models.server_use import ServerChange
    from foureyes.models.weights import Step
    from foureyes.models.weights.fetch_cost import FetchCost

__all__ = ["duration", "tell_cost", "tell_server", "tell_step"]

_MB: Final = 1_000_000
_GB: Final = 1_000_000_000


def tell_cost(cost: FetchCost, *, way_out: str = "") -> None:
    """Says on stderr what fetching models will take, before it begins.

    Args:
        cost: of the models that are not here; nothing is said where there are none.
        way_out: what a person may do instead, if anything, as in ``"or add --small"``.

    Raises:
        ConfigError: the disk has no room for it; the message ends with the way out.
    """
    if not cost.models:
        return
    names = " and ".join(model.name for model in cost.models)
    if not cost.fits:
        instead = f", {way_out}" if way_out else ""
        raise ConfigError(
            f"{names} take {_gigabytes(cost.peak_disk_bytes)} of disk while they are made ready, and {cost.cache} has "
            f"{_gigabytes(cost.free_bytes)} left: make room, set FOUREYES_CACHE to another disk{instead}"
        )
    print(
        f"{names} will be fetched, once: {_gigabytes(cost.download_bytes)} to download, "
        f"{_gigabytes(cost.disk_bytes)} on disk ({_gigabytes(cost.peak_disk_bytes)} for a while), "
        f"{_gigabytes(cost.memory_bytes)} of memory, about {cost.minutes} min on a quick line"
        f"{f' ({way_out})' if way_out else ''}",
        file=sys.stderr,
        flush=True,
    )


def _gigabytes(n_bytes: float) -> str:
    return f"{n_bytes / _GB:.1f} GB"


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


def tell_server(change: ServerChange) -> None:
    """Says on stderr what became of one of several servers."""
    words = {"aside": "set aside for now", "joined": "reads", "refused": "refused"}
    why = f": {change.why}" if change.why else ""
    print(f"{change.address}: {words[change.state]}{why}", file=sys.stderr)


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
