"""The promises that can be kept with few labels, as a table for a page and a terminal."""

from __future__ import annotations

from foureyes.calibration import PromiseLine, PromiseTable
from foureyes.report.study import TextTable

__all__ = ["achievable_table"]


def achievable_table(found: PromiseTable) -> TextTable:
    """A line a promise: how much is let through, what can be promised of it now, what the one asked for would take.

    Args:
        found: from :func:`foureyes.calibration.promise_table` or its sister for costs.
    """
    costs = found.strongest.risk == "mean_cost"
    asked = "" if found.asked is None else f"labels for {found.asked:g}" if costs else f"labels for {found.asked:.3g}"
    columns = (
        "let through",
        "cut",
        "cost seen" if costs else "wrong, seen",
        "promised at most",
        *([asked] if asked else []),
    )
    note = (
        f"Every line holds, and all together with probability {1 - found.delta:.3g}: any may be chosen. The labels are those "
        "that a line would take if answers stay like these."
    )
    return TextTable(columns, tuple(_cells(line, costs=costs, asked=bool(asked)) for line in found.lines), "", note)


def _cells(line: PromiseLine, *, costs: bool, asked: bool) -> tuple[str, ...]:
    found = line.threshold
    seen, promised = (f"{value:.4g}" if costs else f"{value:.1%}" for value in (found.observed, found.limit))
    needed = "not at what is seen" if line.needed is None else f"{line.needed:,}"
    return (f"{found.coverage:.0%}", f"{found.cut:.4f}", seen, promised, *([needed] if asked else []))
