"""How one verb's defaults are measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from foureyes.report.study import Section

__all__ = ["SectionMaker", "StudyPlan"]


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """How a section is measured.

    Attributes:
        data: folder of the published sets, one folder each.
        seed: of every draw.
        draws: of each paired bootstrap.
        splits: random splits of each set into rows to fit on and rows to judge on.
    """

    data: Path
    seed: int = 0
    draws: int = 1000
    splits: int = 20


SectionMaker: TypeAlias = Callable[[StudyPlan], Section]
