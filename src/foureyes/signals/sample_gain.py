"""How far one answer raises the probability of another to the same question: what the reader does not know, without labels.

A reader that knows which answers are right, and how often each is given, learns nothing of a second answer from a first one.
What it learns, it did not know. It never sees the answer under scrutiny, so this is a control: it finds questions that
the reader does not know, not answers that are wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from foureyes.errors import InputError
from foureyes.models.roles import Reader
from foureyes.signals.conditioned import with_sample
from foureyes.signals.samples import Samples, usable
from foureyes.types import Exchange, Prompt, Reading, Unscored

__all__ = ["sample_gain"]


def sample_gain(prompts: Sequence[Prompt], samples: Sequence[Samples], reader: Reader) -> list[float | Unscored]:
    """Mean gain over neighbouring pairs of samples: y₁ → y₂, y₃ → y₄, …; an odd one out is not used.

    gain = (1/T) Σ_t ln p(y₂ | x, y₁) − ln p(y₂ | x) over the T tokens of y₂. The two must have been drawn independently given
    the prompt: samples that saw each other, or were sorted, give another number.

    Args:
        prompts: the questions.
        samples: what was drawn to each, at least two with words; 2 readings a pair.
        reader: whose knowledge is asked for.

    Returns:
        Nats a token, larger = knows less, any number; or :class:`Unscored`, one a question, in order.

    Raises:
        InputError: not one row of samples a prompt.

    Source: Johnson et al. 2024, Experts Don't Cheat, arXiv 2402.08733 (a model trained to predict pairs; here one that is
    shown the first answer in its prompt).
    """
    if len(samples) != len(prompts):
        raise InputError(f"{len(prompts)} prompts need a row of samples each; got {len(samples)}")
    drawn = [usable(row) for row in samples]
    wanted = [
        read
        for prompt, row in zip(prompts, drawn, strict=True)
        if not isinstance(row, Unscored)
        for read in _pairs(prompt, [sample.exchange.answer for sample in row])
    ]
    readings = iter(reader.read(wanted) if wanted else [])
    return [
        row if isinstance(row, Unscored) else _gain([next(readings) for _ in range(len(row) // 2 * 2)]) for row in drawn
    ]


def _pairs(prompt: Prompt, answers: Sequence[str]) -> list[Exchange]:
    """Of every pair its second answer, plain and behind the first."""
    found: list[Exchange] = []
    for first, answer in zip(answers[::2], answers[1::2], strict=False):
        second = Exchange(prompt, answer)
        found += [second, with_sample(second, first)]
    return found


def _gain(readings: Sequence[Reading | Unscored]) -> float | Unscored:
    seen: list[Reading] = []
    for one in readings:
        if isinstance(one, Unscored):
            return one
        seen.append(one)
    return fmean(plain.mean_nll - behind.mean_nll for plain, behind in zip(seen[::2], seen[1::2], strict=True))
