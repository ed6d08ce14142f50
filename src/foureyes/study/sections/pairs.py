"""The section on pairs of models: who was right, what a cascade gains, which wrong answers both miss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from foureyes.report.study import Section, TextTable
from foureyes.study.cells import Cell
from foureyes.study.measures import MissingFigure, cascade_figures, quadrants, shared_misses
from foureyes.study.sections.formatting import cell_label, optional, or_missing

__all__ = ["pairs"]


def readers(cells: Sequence[Cell]) -> TextTable:
    """What two verifiers miss of the same wrong answers."""
    rows = tuple(row for cell in cells for row in _readers(cell))
    columns = ("answers, two readers", "miss rates", "both miss", "ρ", "ρ / max", "coverage", "wrong answers")
    note = (
        "Each reader flags as many answers by CMP as are wrong. ρ: correlation of their misses; coverage: share of the better one’s "
        "misses that the other flags. Independent readers have ρ = 0."
    )
    return TextTable(columns, rows, "Two readers of the same answers", note)


def _readers(cell: Cell) -> Iterator[tuple[str, ...]]:
    taken = [(v, s) for v in cell.verifiers if v != cell.generator and (s := cell.signal(v, "log_cmp"))]
    for (one, first), (other, second) in combinations(taken, 2):
        found = shared_misses(cell, first, second)
        name = f"{cell_label(cell)}, {one} + {other}"
        if isinstance(found, MissingFigure):
            yield name, found.why, "", "", "", "", ""
        else:
            yield (
                name,
                f"{found.p1:.2f}, {found.p2:.2f}",
                optional(found.both, found.both_low, found.both_high),
                optional(found.rho, found.rho_low, found.rho_high),
                optional(found.rho_share),
                optional(found.coverage, found.coverage_low, found.coverage_high),
                str(found.n),
            )


def pairs(cells: Sequence[Cell]) -> Section:
    """Quadrants, cascade and misses of generator and verifier, and misses of two verifiers."""
    rows = tuple(row for cell in cells for verifier in cell.verifiers for row in [_pair(cell, verifier)] if row)
    columns = (
        "generator ← verifier",
        "both right",
        "generator only",
        "verifier only",
        "both wrong",
        "no verdict",
        "APGR by CMP",
        "APGR by V-Agree",
        "ρ of misses",
        "ρ / max",
        "coverage",
    )
    note = (
        "APGR: share of the accuracy gap that a cascade from generator to verifier recovers, 0.5 is a coin; none where the "
        "verifier is not the more accurate one. ρ: correlation of what CMP and G-Ent miss among wrong answers, each flagging "
        "as many answers as are wrong, with what is possible at most; coverage: share of the better one's misses that the other catches."
    )
    tables = (TextTable(columns, rows, "Generator and verifier", note), readers(cells))
    return Section("Pairs", (), tuple(table for table in tables if table.rows))


def _pair(cell: Cell, verifier: str) -> tuple[str, ...] | None:
    quarters = quadrants(cell, verifier)
    cmp, own, agree = cell.signal(verifier, "log_cmp"), cell.signal("own", "g_ent"), cell.signal(verifier, "v_agree")
    if isinstance(quarters, MissingFigure) and own is None:
        return None
    missed = shared_misses(cell, cmp, own) if cmp and own else MissingFigure("")
    counts = (
        ("", "", "", "", quarters.why)
        if isinstance(quarters, MissingFigure)
        else tuple(
            str(n)
            for n in (
                quarters.both,
                quarters.generator_only,
                quarters.verifier_only,
                quarters.neither,
                quarters.left_out,
            )
        )
    )
    return (
        f"{cell.task}: {cell.generator} ← {verifier}",
        *counts,
        or_missing(cascade_figures(cell, cmp), _apgr) if cmp else "",
        or_missing(cascade_figures(cell, agree), _apgr) if agree else "",
        or_missing(missed, lambda m: optional(m.rho, m.rho_low, m.rho_high)),
        or_missing(missed, lambda m: optional(m.rho_share)),
        or_missing(missed, lambda m: optional(m.coverage, m.coverage_low, m.coverage_high)),
    )


def _apgr(curve: Any) -> str:
    return "no gap" if curve.apgr is None else optional(curve.apgr, curve.low, curve.high)
