"""How far one sample raises another's probability (Experts Don't Cheat), and whether it finds questions answered wrongly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from foureyes.maths.difference import Difference, paired_difference
from foureyes.maths.means import MeanInterval, mean_interval
from foureyes.maths.ranking import Auroc, auroc
from foureyes.models.roles import Reader
from foureyes.report.study import Section, TextTable
from foureyes.signals.sample_gain import sample_gain
from foureyes.signals.similarity import ngram_similarity
from foureyes.study.sections.formatting import interval
from foureyes.types import Exchange, Written
from studies.beliefs.models import told
from studies.beliefs.part import Part, verdict
from studies.sample_conditioned.published import SampledAnswer

__all__ = ["Gains", "gains", "gains_part"]

PAIRS = 2
"""Of samples, a question."""


@dataclass(frozen=True, slots=True)
class Gains:
    """One model on one set.

    Attributes:
        model, name: of both.
        gain: nats a token, over all questions.
        area: AUROC of "answered wrongly", larger gain = more likely wrong.
        unlike: the same of how unlike the two samples of a pair are in their letters, which takes no reading.
        lead: of the gain over that.
    """

    model: str
    name: str
    gain: MeanInterval
    area: Auroc
    unlike: Auroc
    lead: Difference


def gains(name: str, answers: Sequence[SampledAnswer], reader: Reader) -> Gains:
    """Reads two pairs of samples a question."""
    kept = [one.own[: 2 * PAIRS] for one in answers]
    drawn = [
        [Written(Exchange(one.question, sample), None, "stop") for sample in samples]
        for one, samples in zip(answers, kept, strict=True)
    ]
    gain = told(sample_gain([one.question for one in answers], drawn, reader))
    unlike: NDArray[np.float64] = np.array(
        [
            fmean(1 - ngram_similarity(a, b) for a, b in zip(samples[::2], samples[1::2], strict=True))
            for samples in kept
        ]
    )
    wrong = np.array([one.wrong for one in answers])
    return Gains(
        reader.name, name, mean_interval("gain", gain), auroc(gain, wrong=wrong), auroc(unlike, wrong=wrong),
        paired_difference(gain, unlike, wrong),
    )  # fmt: skip


def gains_part(found: Sequence[Gains]) -> Part:
    """Table and findings."""
    rows = tuple(
        (one.model, one.name, str(one.gain.n), interval(one.gain), interval(one.area), interval(one.unlike))
        for one in found
    )
    columns = (
        "reader",
        "questions",
        "n",
        "gain, nats a token",
        "AUROC of answered wrongly",
        "samples unlike, no reading",
    )
    about = (
        "SAC3's samples of a chat model: by how much does a first answer to a question, put before the reader, raise the probability of a "
        "second, independent one? A reader that knows what is answered learns nothing from it (Experts Don't Cheat, arXiv 2402.08733). It never "
        f"sees the answer under scrutiny. {PAIRS} pairs a question."
    )
    return Part(
        Section("What a second sample teaches", (about,), (TextTable(columns, rows),)), tuple(map(_finding, found))
    )


def _finding(one: Gains) -> str:
    return (
        f"{one.name}: {one.model} learns {interval(one.gain)} nats a token from another sample; as a sign of a wrong answer the gain is "
        f"{verdict(one.area, 0.5)} against chance, {interval(one.area)}, and {verdict(one.lead)} against how unlike the same samples are "
        f"({one.lead.value:+z.3f} [{one.lead.low:+z.3f}, {one.lead.high:+z.3f}])."
    )
