"""The promises that can be kept with few labels, as a table for a page and a terminal."""

from __future__ import annotations

from foureyes.calibration import PromiseLine, PromiseTable
from foureyes.display import plural
from foureyes.report.study import TextTable

__all__ = ["achievable_table"]


def achievable_table(found: PromiseTable) -> TextTable:
    """A line a promise: how much is let through, and what can be promised of it now; below, what the one asked for would take.

    Args:
        found: from :func:`foureyes.calibration.promise_table` or its sister for costs.
    """
    costs = found.strongest.risk == "mean_cost"
    columns = (
        "let through",
        "cut",
        "cost seen" if costs else "wrong, seen",
        "promised at most",
    )
    note = (
        f"Every line holds, and all together with probability {1 - found.delta:.3g}: any may be chosen.{_asked(found)}"
    )
    return TextTable(columns, tuple(_cells(line, costs=costs) for line in found.lines), "", note)


def _asked(found: PromiseTable) -> str:
    """How many labels would do, as a sentence of its own."""
    if found.needed is None:
        return ""
    return (
        f" At most {found.asked:.3g} would probably take {plural(found.needed, 'label')}, if answers stay like these."
    )


def _cells(line: PromiseLine, *, costs: bool) -> tuple[str, ...]:
    found = line.threshold
    seen, promised = (f"{value:.4g}" if costs else f"{value:.1%}" for value in (found.observed, found.limit))
    return (f"{found.coverage:.0%}", f"{found.cut:.4f}", seen, promised)
