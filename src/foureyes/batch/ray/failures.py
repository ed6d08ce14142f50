"""Why Ray lost a worker or a task, or what a task raised, in words. Start at :func:`cause_of`."""

from __future__ import annotations

from foureyes.batch.workers.workplace import NO_FOUREYES

__all__ = ["cause_of"]


def cause_of(error: Exception) -> str:
    """Why a worker or a task was lost, or what it raised, without numbers of processes and nodes, and without paths.

    Args:
        error: that Ray raised.
    """
    from ray.exceptions import RayTaskError  # noqa: PLC0415 - an extra

    said = str(error)
    if NO_FOUREYES in said:
        return f"{NO_FOUREYES}'"
    if isinstance(error, RayTaskError):
        return _named(error.cause)
    if "running low on memory" in said:  # not in every text that names memory: Ray guesses at it in others
        return "out of memory"
    return "its machine is gone" if "node has died" in said or "node died" in said else "its process ended"


def _named(raised: BaseException) -> str:
    """What a task raised: its process goes on, whatever the words of the error make it look like."""
    why = raised.strerror if isinstance(raised, OSError) else None
    return f"{type(raised).__name__} ({why})" if why else type(raised).__name__
