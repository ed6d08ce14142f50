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
from foureyes.calibration.early_stop import EarlyStop, earliest_stop
from foureyes.errors import NotEnoughData
from foureyes.maths.difference import paired_difference
from foureyes.maths.means import MeanInterval, mean_interval
from foureyes.maths.ranking import Auroc, auroc
from foureyes.maths.reliability import Ece
from foureyes.maths.stepwise import FirstWrongStep, first_wrong_step, running_least, step_ece
from foureyes.models.roles import Reader
from foureyes.report.study import Section, TextTable
from foureyes.signals.steps import segment_of_tokens
from foureyes.study.sections.formatting import interval, share
from foureyes.types import Exchange, Reading, Unscored
from studies.beliefs.part import Part, verdict

__all__ = ["Chain", "StepsRead", "broken", "chains", "read_steps", "steps_part"]

Floats = NDArray[np.float64]

_CALCULATED: Final = re.compile(r"<<[^<>]*=(-?\d+)>>\1")
_MARKS: Final = re.compile(r"<<[^<>]*>>")
FEWEST_STEPS: Final = 3
MAX_ERROR: Final = 0.25
"""Promised of solutions that are taken before their end; half of them are wrong."""

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
        published: the sentences as they were published, all of them right.
    """

    question: str
    steps: tuple[str, ...]
    wrong: int
    published: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepsRead:
    """What one model makes of the steps of all chains.

    Attributes:
        model: its name.
        correct: (S,) which steps are right.
        chain: (S,) of which chain.
        doubts: by form, (S,).
        published: by form, (S,), of the same steps where nothing was changed.
        uncut: chains that were left out, as they could not be read or their steps are not cut where they end.
    """

    model: str
    correct: NDArray[np.bool_]
    chain: NDArray[np.intp]
    doubts: Mapping[str, Floats]
    published: Mapping[str, Floats]
    uncut: int

    def found(self, form: str) -> FirstWrongStep:
        """Ranks of the wrong step."""
        return first_wrong_step(self.doubts[form], self.correct, self.chain)

    def beyond_published(self, form: str) -> MeanInterval:
        """How much more often the changed step is its chain's most doubtful one than the same step as it was published."""
        before = first_wrong_step(self.published[form], self.correct, self.chain)
        return mean_interval("found", (self.found(form).ranks <= 1).astype(float) - (before.ranks <= 1))

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

    def stop(self, form: str, max_error: float) -> EarlyStop | None:
        """After which step a solution may be taken with at most so many wrong among those taken; ``None`` where after none.

        Of the odd chains, each as it was published or as it was changed, in turn; their confidences are calibrated on the even ones.
        A chain is worth what its worst step so far is.
        """
        fit = self.chain % 2 == 0
        doubts = np.concatenate([self.doubts[form][fit], self.published[form][fit]])
        right = np.concatenate([self.correct[fit], np.ones(int(fit.sum()), np.bool_)])
        platt = Platt.fit(np.exp(-doubts), right)
        confidences, outcomes = [], []
        for number in np.unique(self.chain[~fit]):
            mine, is_right = self.chain == number, number // 2 % 2 == 0
            sure = platt.predict_proba(np.exp(-(self.published if is_right else self.doubts)[form][mine]))
            confidences.append(running_least(sure, self.chain[mine]))
            outcomes.append(is_right)
        try:
            return earliest_stop(confidences, outcomes, max_error=max_error)
        except NotEnoughData:
            return None


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
    off = 1 + int(rng.integers(max(2, abs(value) // 5)))
    lower = rng.random() < 0.5 and not 0 <= value <= off  # what was not negative does not become so
    other = value - off if lower else value + off
    published = _sentences(lines)
    lines[wrong] = f"{lines[wrong][: calculated.start()]}{other}{lines[wrong][calculated.end() :]}"
    return Chain(question, _sentences(lines), wrong, published)


def _sentences(lines: Sequence[str]) -> tuple[str, ...]:
    plain = [_MARKS.sub("", line) for line in lines]
    return tuple(line if line.endswith((".", "!", "?")) else f"{line}." for line in plain)


def read_steps(of: Sequence[Chain], reader: Reader) -> StepsRead:
    """Reads every chain as it was changed and as it was published; those whose steps are not cut where they end are left out."""
    asked = [(chain.question, steps) for chain in of for steps in (chain.steps, chain.published)]
    seen = reader.read([Exchange(question, "\n".join(steps)) for question, steps in asked])
    doubts = [_doubts(steps, one) for (_, steps), one in zip(asked, seen, strict=True)]
    read = [
        (n, changed, published)
        for n, (changed, published) in enumerate(zip(doubts[::2], doubts[1::2], strict=True))
        if changed is not None and published is not None
    ]
    correct = [step != of[n].wrong for n, _, _ in read for step in range(len(of[n].steps))]
    chain_of = [n for n, _, _ in read for _ in of[n].steps]
    changed, published = (
        {form: np.array([doubt for found in several for doubt in found[form]]) for form in FORMS}
        for several in ([one for _, one, _ in read], [one for _, _, one in read])
    )
    return StepsRead(reader.name, np.array(correct), np.array(chain_of), changed, published, len(of) - len(read))


def _doubts(steps: Sequence[str], seen: Reading | Unscored) -> dict[str, list[float]] | None:
    """By form, of every step; ``None`` where they cannot be told apart."""
    if not isinstance(seen, Reading):
        return None
    cut = segment_of_tokens(seen)
    if [segment.text for segment, _ in cut] != list(steps):
        return None
    return {form: [take(seen, mine) for _, mine in cut] for form, take in FORMS.items()}


def steps_part(found: Sequence[StepsRead]) -> Part:
    """Table and findings."""
    rows = tuple(_row(one, form) for one in found for form in FORMS)
    columns = (
        "model",
        "doubt",
        "chains, steps",
        "AUROC of the wrong step",
        "it is the most doubtful one",
        "more often than as published",
        "mean rank",
        "by chance",
        "ECE, held out",
    )
    about = (
        "Solutions published with GSM8K, of three steps or more, in which the result of one calculation was changed and nothing else. "
        "Each is read so and as it was published, and its sentences are judged one by one: what counts is how much more often the changed step is "
        "the most doubtful one than the same step was before. Calibration is Platt's on the other half of the chains "
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
        interval(one.beyond_published(form)),
        f"{rank.ranks.mean():.2f}", f"{rank.chance:.2f}", interval(one.error(form)),
    )  # fmt: skip


def _stopped(one: StepsRead, form: str) -> str:
    found = one.stop(form, MAX_ERROR)
    if found is None:
        return f"{one.model}: after no step can at most {MAX_ERROR:.0%} wrong be promised of the solutions taken."
    return f"{one.model}: after step {found.step} at most {MAX_ERROR:.0%} wrong can be promised of the solutions taken; {found.ended:.0%} have ended by then."


def _findings(one: StepsRead) -> list[str]:
    worst, mean = "most surprising token", "mean surprise (CMP)"
    first, beyond = one.found(worst).found_within(1), one.beyond_published(worst)
    often = {"higher": "more often than", "lower": "less often than", "no difference": "as often as"}
    uncut = f" {one.uncut} were left out, as their steps could not be told apart." if one.uncut else ""
    lead = paired_difference(one.doubts[worst], one.doubts[mean], ~one.correct, groups=one.chain)
    return [
        (
            f"{one.model} finds the step with the changed result first in {share(first)} of {first.n} solutions, by its most surprising token: "
            f"{often.get(verdict(beyond), 'not decided whether more or less often than')} the same step as it was published ({interval(beyond)}).{uncut}"
        ),
        (
            f"{one.model}: most surprising token against mean surprise of a step, AUROC {verdict(lead)}: {lead.value:+z.3f} "
            f"[{lead.low:+z.3f}, {lead.high:+z.3f}]."
        ),
        _stopped(one, worst),
    ]
