"""Confidence step by step (MMBoundary): which step of a solution was made wrong?"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.calibration import Platt
from foureyes.maths.difference import paired_difference
from foureyes.maths.ranking import Auroc, auroc
from foureyes.maths.reliability import Ece
from foureyes.maths.stepwise import FirstWrongStep, first_wrong_step, step_ece
from foureyes.models.roles import Reader
from foureyes.report.study import Section, TextTable
from foureyes.signals.steps import segment_of_tokens
from foureyes.study.sections.formatting import interval, share
from foureyes.types import Exchange, Reading
from studies.beliefs.part import Part, verdict

__all__ = ["Chain", "StepsRead", "broken", "chains", "read_steps", "steps_part"]

Floats = NDArray[np.float64]

_CALCULATED: Final = re.compile(r"<<[^<>]*=(-?\d+)>>\1")
_MARKS: Final = re.compile(r"<<[^<>]*>>")
FEWEST_STEPS: Final = 3

FORMS: Final[Mapping[str, Callable[[Reading, NDArray[np.bool_]], float]]] = {
    "mean surprise (CMP)": lambda seen, mine: float(seen.nll[mine].mean()),
    "most surprising token": lambda seen, mine: float(seen.nll[mine].max()),
    "mean entropy (CME)": lambda seen, mine: float(seen.entropy_low[mine].mean()),
}


@dataclass(frozen=True, slots=True)
class Chain:
    """A solution, one sentence a step.

    Attributes:
        question: what is solved.
        steps: sentences.
        wrong: which of them was made wrong.
    """

    question: str
    steps: tuple[str, ...]
    wrong: int


@dataclass(frozen=True, slots=True)
class StepsRead:
    """What one model makes of the steps of all chains.

    Attributes:
        model: its name.
        correct: (S,) which steps are right.
        chain: (S,) of which chain.
        doubts: by form, (S,).
    """

    model: str
    correct: NDArray[np.bool_]
    chain: NDArray[np.intp]
    doubts: Mapping[str, Floats]

    def found(self, form: str) -> FirstWrongStep:
        """Ranks of the wrong step."""
        return first_wrong_step(self.doubts[form], self.correct, self.chain)

    def area(self, form: str) -> Auroc:
        """AUROC of wrong steps over all chains, chains drawn again."""
        return auroc(self.doubts[form], wrong=~self.correct, groups=self.chain)

    def error(self, form: str) -> Ece:
        """Calibration error over steps, each half of the chains calibrated on the other."""
        sure = np.empty(len(self.correct))
        for half in (0, 1):
            held = self.chain % 2 == half
            fitted = Platt.fit(np.exp(-self.doubts[form][~held]), self.correct[~held])
            sure[held] = fitted.predict_proba(np.exp(-self.doubts[form][held]))
        return step_ece(sure, self.correct, self.chain)


def chains(data: Path, limit: int) -> list[Chain]:
    """Published solutions of GSM8K with one result made wrong: the first that have three steps or more.

    A step whose result is copied into later ones is no less wrong for that: only the changed step counts, and those after it
    are as they were.
    """
    found = []
    with (data / "gsm8k_openai" / "test.jsonl").open(encoding="utf-8") as file:
        for number, line in enumerate(file):
            row = json.loads(line)
            chain = broken(row["question"], row["answer"], np.random.default_rng(number))
            if chain is not None:
                found.append(chain)
            if len(found) == limit:
                break
    return found


def broken(question: str, answer: str, rng: np.random.Generator) -> Chain | None:
    r"""The solution with the calculated result of one step changed; ``None`` where there are too few steps.

    Example:
        >>> one = broken("?", "He has 2+2=<<2+2=4>>4 eggs.\nHe eats 1.\nHe keeps 3.\n#### 3", np.random.default_rng(0))
        >>> one.steps[0] != "He has 2+2=4 eggs.", one.steps[1:], one.wrong
        (True, ('He eats 1.', 'He keeps 3.'), 0)
    """
    lines = [line.strip() for line in answer.split("\n####", maxsplit=1)[0].splitlines() if line.strip()]
    places = [i for i, line in enumerate(lines) if _CALCULATED.search(line)]
    if len(lines) < FEWEST_STEPS or not places:
        return None
    wrong = places[int(rng.integers(len(places)))]
    calculated = list(_CALCULATED.finditer(lines[wrong]))[-1]
    value = int(calculated[1])
    other = value + int(rng.choice([-1, 1])) * (1 + int(rng.integers(max(2, abs(value) // 5))))
    lines[wrong] = f"{lines[wrong][: calculated.start()]}{other}{lines[wrong][calculated.end() :]}"
    return Chain(question, tuple(_sentence(_MARKS.sub("", line)) for line in lines), wrong)


def _sentence(line: str) -> str:
    return line if line.endswith((".", "!", "?")) else f"{line}."


def read_steps(of: Sequence[Chain], reader: Reader) -> StepsRead:
    """Reads every chain once; those whose steps are not cut where they end are left out."""
    seen = reader.read([Exchange(chain.question, "\n".join(chain.steps)) for chain in of])
    correct: list[bool] = []
    chain_of: list[int] = []
    doubts: dict[str, list[float]] = {form: [] for form in FORMS}
    for number, (chain, one) in enumerate(zip(of, seen, strict=True)):
        if not isinstance(one, Reading):
            continue
        cut = segment_of_tokens(one)
        if [segment.text for segment, _ in cut] != list(chain.steps):
            continue
        correct += [step != chain.wrong for step in range(len(cut))]
        chain_of += [number] * len(cut)
        for form, take in FORMS.items():
            doubts[form] += [take(one, mine) for _, mine in cut]
    return StepsRead(
        reader.name, np.array(correct), np.array(chain_of), {form: np.array(found) for form, found in doubts.items()}
    )


def steps_part(found: Sequence[StepsRead]) -> Part:
    """Table and findings."""
    rows = tuple(_row(one, form) for one in found for form in FORMS)
    columns = (
        "model",
        "doubt",
        "chains, steps",
        "AUROC of the wrong step",
        "it is the most doubtful one",
        "mean rank",
        "by chance",
        "ECE, held out",
    )
    about = (
        "Solutions published with GSM8K, of three steps or more, in which the result of one calculation was changed and nothing else. "
        "Each is read once and its sentences are judged one by one. Calibration is Platt's on the other half of the chains "
        "(MMBoundary, arXiv 2505.23224: calibration error over sentences); chains are drawn again."
    )
    return Part(
        Section("Step by step", (about,), (TextTable(columns, rows),)),
        tuple(said for one in found for said in _findings(one)),
        (
            "The wrong steps are ours; solutions that models wrote, with their steps judged, are not among the data at hand.",
        ),
    )


def _row(one: StepsRead, form: str) -> tuple[str, ...]:
    rank = one.found(form)
    n = len(np.unique(one.chain))
    return (
        one.model, form, f"{n}, {len(one.correct)}", interval(one.area(form)), share(rank.found_within(1)),
        f"{rank.ranks.mean():.2f}", f"{rank.chance:.2f}", interval(one.error(form)),
    )  # fmt: skip


def _findings(one: StepsRead) -> list[str]:
    worst, mean = "most surprising token", "mean surprise (CMP)"
    first = one.found(worst).found_within(1)
    blind = float((1 / one.found(worst).steps).mean())
    lead = paired_difference(one.doubts[worst], one.doubts[mean], ~one.correct, groups=one.chain)
    return [
        (
            f"{one.model} finds the step with the changed result first in {share(first)} of {first.n} solutions, by its most surprising token: "
            f"{verdict(first, blind)} against the {blind:.2f} of chance."
        ),
        (
            f"{one.model}: most surprising token against mean surprise of a step, AUROC {verdict(lead)}: {lead.value:+z.3f} "
            f"[{lead.low:+z.3f}, {lead.high:+z.3f}]."
        ),
    ]
