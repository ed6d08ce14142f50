"""The table of one router on several files, say one as it was fitted for and others shifted further and further."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from foureyes.report.cascade import interval
from foureyes.report.study import TextTable

if TYPE_CHECKING:
    from foureyes.cascade.curves import Curve
    from foureyes.cascade.lead import RouterLead

__all__ = ["CascadeShiftRow", "cascade_severity_table"]


@dataclass(frozen=True, slots=True, eq=False)
class CascadeShiftRow:
    """One file.

    Attributes:
        file: its name.
        n_left_out: rows that lack something.
        curve: of the router on the others.
        lead: of the router over a plain threshold on the same confidence.
    """

    file: str
    n_left_out: int
    curve: Curve
    lead: RouterLead

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object, without the points of the curve."""
        curve = {name: value for name, value in asdict(self.curve).items() if name != "points"}
        return {"file": self.file, "n_left_out": self.n_left_out, "curve": curve, "lead": asdict(self.lead)}


def cascade_severity_table(rows: Sequence[CascadeShiftRow]) -> TextTable:
    """A line a file: how good both models are there, what the router recovers, and what it adds to a threshold."""
    columns = ("file", "rows", "small alone", "large alone", "APGR", "above random", "over a threshold")
    note = (
        "APGR and both leads with 95 % intervals; above random and over a threshold in mean accuracy over all shares of "
        "escalation. A random router has an APGR of 0.5; where the large model is not the better one there is no gap."
    )
    return TextTable(columns, tuple(map(_cells, rows)), "One router on several files", note)


def _cells(row: CascadeShiftRow) -> tuple[str, ...]:
    curve, lead = row.curve, row.lead
    return (
        f"{row.file}{' (fitted on)' if curve.in_sample else ''}",
        f"{curve.n:,}",
        f"{curve.small_accuracy:.1%}",
        f"{curve.large_accuracy:.1%}",
        interval(curve.apgr, curve.low, curve.high),
        interval(curve.over_random, curve.over_random_low, curve.over_random_high, sign="+"),
        interval(lead.over_random, lead.over_random_low, lead.over_random_high, sign="+"),
    )
