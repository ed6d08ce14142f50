"""What people decided about the rows of a file, as a column: what a calibrator is fitted on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from foureyes.errors import InputError
from foureyes.records import Record
from foureyes.view.labels import LabelDecision, Labels
from foureyes.view.scored_rows import RowReader, answer_key
from foureyes.view.sources import open_source

__all__ = ["LabelledRows", "labelled_rows"]


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """The decisions of a sidecar that are about a file.

    Attributes:
        correct: by number of the row, whether its answer was called right; without those who were unsure.
        unsure: numbers of the rows that somebody was unsure about.
        n_other: decisions about other answers than those that stand in these rows.
        n_conflicts: rows that were called right at one time and wrong at another; the last counts.
        n_broken: lines that are no decisions.
    """

    correct: Mapping[int, bool]
    unsure: frozenset[int]
    n_other: int
    n_conflicts: int
    n_broken: int

    def said(self) -> list[str]:
        """Sentences about what does not count as a label, for people."""
        told = (
            (len(self.unsure), "unsure, which is no label"),
            (self.n_conflicts, "called right at one time and wrong at another; the last counts"),
            (self.n_other, "about other answers than those of this file, left out"),
            (self.n_broken, "lines that are no decisions, left out"),
        )
        return [f"labels: {n:,} {what}" for n, what in told if n]


def labelled_rows(path: Path, sidecar: Path) -> LabelledRows:
    """Reads a sidecar and holds every decision against the answer that it is about.

    Args:
        path: of the scored file.
        sidecar: of the decisions.

    Raises:
        InputError: either cannot be read, or no decision is about a row of this file.
    """
    if not sidecar.is_file():
        raise InputError(f"cannot read {sidecar}: no such file; foureyes view {path} writes one")
    labels = Labels(sidecar)
    decisions = list(labels.last.values())
    mine = _matched(path, decisions)
    if decisions and not mine:
        raise InputError(
            f"none of the {len(decisions)} decisions in {sidecar} is about an answer of {path}; is it another file's?"
        )
    return LabelledRows(
        correct={d.row: d.label == "right" for d in mine if d.label != "unsure"},
        unsure=frozenset(d.row for d in mine if d.label == "unsure"),
        n_other=len(decisions) - len(mine),
        n_conflicts=labels.conflicts,
        n_broken=labels.broken,
    )


def _matched(path: Path, decisions: Sequence[LabelDecision]) -> list[LabelDecision]:
    wanted: dict[int, list[LabelDecision]] = {}
    for decision in decisions:
        wanted.setdefault(decision.row, []).append(decision)
    readers = {given: RowReader.again(given) for given in {decision.read for decision in decisions}}
    found: list[LabelDecision] = []
    last = max(wanted, default=-1)
    for number, one in enumerate(open_source(path).scan(0)):
        if number > last:
            break
        found += [d for d in wanted.get(number, ()) if _hash(readers[d.read], one.record) == d.answer]
    return found


def _hash(reader: RowReader, record: Record) -> str:
    return f"{answer_key(reader.row(record)):016x}"
