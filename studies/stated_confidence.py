"""What do ten stated confidences come to? ``python -m studies.stated_confidence --data FOLDER``.

SAC3's published verdicts: a chat model was asked of ten more answers to each question whether they say the same as the answer
under scrutiny, and how sure it is. No model is needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import NotEnoughData
from foureyes.maths.difference import Difference, paired_difference
from foureyes.maths.forecasts import overconfidence_rate
from foureyes.maths.ranking import auroc
from foureyes.maths.reliability import ece
from foureyes.maths.stated_samples import average_confidence
from foureyes.report.forest import ForestMark, ForestPlot
from foureyes.report.study import Section, StudyReport, TextTable
from foureyes.study.sections.formatting import interval, share
from studies.pages import add_pages, command_again, save_pages, study_parser
from studies.paired import verdict_of_rows
from studies.sac3 import SETS, found_wrong

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SURE: Final = 0.9
SAMPLES: Final = {"self_SC": "the same question", "perb_SC": "the question in other words"}
_VERDICT: Final = re.compile(r"Guess: (Yes|No)\s+Probability: ([0-9]+\.?[0-9]*|\.[0-9]+)")


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What was said of one answer.

    Attributes:
        wrong: whether people found it wrong.
        agrees: of each further answer whether it is said to say the same.
        stated: how sure the model is of that, in [0, 1].
    """

    wrong: bool
    agrees: tuple[bool, ...]
    stated: tuple[float, ...]


def verdicts(row: Mapping[str, Any], key: str) -> Verdicts | None:
    """Of one published row; ``None`` where one of its verdicts is none, states no probability, or all state 0 and so no confidence."""
    found = [_VERDICT.fullmatch(said.strip()) for said in row[key]]
    if not found or not all(found):
        return None
    agrees, stated = zip(*((one[1] == "Yes", float(one[2])) for one in found if one), strict=True)
    wrong = found_wrong(row["label"])
    if wrong is None or max(stated) > 1 or not any(stated):
        return None
    return Verdicts(wrong, agrees, stated)


def _mean_p_yes(one: Verdicts) -> float:
    """A sure no is a small P(yes): both are about one quantity."""
    return float(np.mean([p if yes else 1 - p for yes, p in zip(one.agrees, one.stated, strict=True)]))


CONFIDENCES: Final[Mapping[str, Callable[[Verdicts], float]]] = {
    "share that agrees": lambda one: sum(one.agrees) / len(one.agrees),
    "average confidence": lambda one: average_confidence(one.agrees, one.stated, answer=True),
    "mean P(yes)": _mean_p_yes,
    "first verdict, P(yes)": lambda one: _mean_p_yes(Verdicts(one.wrong, one.agrees[:1], one.stated[:1])),
}


@dataclass(frozen=True, slots=True)
class Rows:
    """The answers of one set under one kind of samples, how many could not be read, and how many of these for want of a label."""

    name: str
    told: Sequence[Verdicts]
    unread: int
    unlabelled: int

    @property
    def n(self) -> str:
        """How many answers, and how many are not among them."""
        lost = f", {self.unlabelled} of them without a label" if self.unlabelled else ""
        return f"{len(self.told)} ({self.unread} unread{lost})"


def read(folder: Path) -> list[Rows]:
    """Every set, under each kind of samples."""
    found = []
    for name, path in SETS.items():
        rows = json.loads((folder / path).read_text(encoding="utf-8"))
        unlabelled = sum(found_wrong(row["label"]) is None for row in rows)
        for key, what in SAMPLES.items():
            told = [verdicts(row, key) for row in rows]
            kept = [one for one in told if one is not None]
            found.append(Rows(f"{name}, {what}", kept, len(told) - len(kept), unlabelled))
    return found


def report_of(sets: Sequence[Rows], command: str) -> StudyReport:
    """The page."""
    table: list[tuple[str, ...]] = []
    marks, findings = [], []
    for rows in sets:
        wrong = np.array([one.wrong for one in rows.told])
        said = {name: np.array([take(one) for one in rows.told]) for name, take in CONFIDENCES.items()}
        for name, confidence in said.items():
            area = auroc(1 - confidence, wrong=wrong)
            marks.append(ForestMark(f"{rows.name}: {name}", area.value, area.low, area.high))
            figures = (interval(area), interval(ece(confidence, ~wrong)), _overconfident(confidence, ~wrong))
            table.append((rows.name, name, rows.n, *figures))
        for name in ("average confidence", "mean P(yes)"):
            lead = paired_difference(1 - said[name], 1 - said["share that agrees"], wrong)
            findings.append(f"{rows.name}: does {name} rank better than the share that agrees? {_told(lead)}")
    columns = ("answers", "confidence", "n", "AUROC", "ECE", f"wrong above {SURE:g}")
    section = Section(
        "Each confidence",
        (),
        (TextTable(columns, tuple(table)),),
        ForestPlot("AUROC of wrong answers", tuple(marks)),
    )
    preface = (
        "SAC3 (Zhang et al. 2023) publishes ten verdicts an answer: does another answer say the same, yes or no, and how sure is the "
        "model? *Average confidence* is the share of the stated confidence that stands behind yes (Xiong et al. 2024), "
        "*mean P(yes)* counts a sure no as a small P(yes). AUROC of *wrong* and calibration error stand together: a confidence can rank "
        f"well and mean nothing. *Wrong above {SURE:g}* is the over-confidence rate. Intervals are 95 %, one answer a question."
    )
    return StudyReport("What do ten stated confidences come to?", (preface,), tuple(findings), (), (section,), command)


def _overconfident(confidence: Floats, right: Flags) -> str:
    try:
        return share(overconfidence_rate(confidence, right, above=SURE))
    except NotEnoughData:
        return "none so sure"


def _told(lead: Difference) -> str:
    verdict = verdict_of_rows(lead.low, lead.high, lead.n_rarer, negligible=0.01)
    words = {"holds": "Yes", "fails": "No, worse", "no difference": "No difference", "not decided": "Not decided"}
    return f"{words[verdict]}: {lead.value:+z.3f} [{lead.low:+z.3f}, {lead.high:+z.3f}]."


def main(argv: Sequence[str] | None = None) -> None:
    """Writes the page."""
    parser = study_parser("stated_confidence", __doc__)
    add_pages(parser)
    args = parser.parse_args(argv)
    report = report_of(read(args.data), command_again(parser, args))
    print("\n".join(report.findings))
    save_pages(report, args)


if __name__ == "__main__":
    main()
