"""Why Ray lost a worker or a task, in words. Start at :func:`cause_of`."""

from __future__ import annotations

from foureyes.batch.workers.workplace import NO_FOUREYES

__all__ = ["cause_of"]


def cause_of(error: Exception) -> str:
    """Why a worker or a task was lost, without numbers of processes and nodes.

    Args:
        error: that Ray raised.
    """
    said = str(error)
    if NO_FOUREYES in said:
        return f"{NO_FOUREYES}'"
    if "running low on memory" in said:  # not in every text that names memory: Ray guesses at it in others
        return "out of memory"
    return "its machine is gone" if "node has died" in said or "node died" in said else "its process ended"
