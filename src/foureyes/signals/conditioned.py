"""Sample-conditioned CMP: does an independent answer make this one more likely to a verifier?

What the author would say again is made likely by another answer of its own; what it made up is not. So each of K samples
of the same prompt is put before the verifier in turn, and the answer is read as one more answer to the question. The cost
is the K samples and K readings, for sentences one reading more. Word overlap with the same samples
(:func:`foureyes.signals.overlap.unsupported_words`) takes no reading at all; on answers of one or two sentences the readings are
ahead of it on one set of two, and not shown to be on the other (``docs/studies/sample_conditioned.md``). One sample is nearly as good as five.

Two lengths, two forms. A whole answer counts by its surprise over the root of its length (:func:`sample_conditioned_cmp`).
A long answer's sentences differ in how surprising they are at all, so each is compared with itself
(:func:`sample_conditioned_segments`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError, ModelError
from foureyes.models.roles import Reader
from foureyes.signals.samples import Samples, usable
from foureyes.signals.segments import Segment
from foureyes.signals.steps import segment_of_tokens
from foureyes.types import Exchange, Message, Reading, Unscored

__all__ = [
    "ConditionedSegment",
    "sample_conditioned_cmp",
    "sample_conditioned_segments",
    "with_sample",
    "worst_window",
]

Floats = NDArray[np.float64]

_NEXT: Final = "Here is another answer:"


@dataclass(frozen=True, slots=True)
class ConditionedSegment:
    """One sentence behind samples.

    Attributes:
        segment: where it stands.
        change: mean over its tokens of the least surprise behind a sample less the surprise without, nats/token: low where
            some sample supports it, high where none does.
    """

    segment: Segment
    change: float


def sample_conditioned_cmp(
    exchanges: Sequence[Exchange], samples: Sequence[Samples], reader: Reader
) -> list[float | Unscored]:
    """The surprise of an answer over the square root of its length, averaged over the samples that stand before it.

    n_k(t) is the verifier's surprise at token t behind sample k, n̄(t) its mean over k: Σ n̄(t) / √T over the T tokens of the
    answer. Of the forms that the study compares, each of its two sets chose this one, which was then judged on the other.

    Args:
        exchanges: prompts and the answers under scrutiny.
        samples: what was drawn to each prompt, by the generator as a rule; equal samples are read once.
        reader: the verifier; K readings a row.

    Returns:
        Per exchange nats/√token, ≥ 0, larger = more likely wrong, or :class:`Unscored`.

    Raises:
        InputError: not one row of samples an exchange.
        ModelError: the verifier did not return one reading an answer.

    Source: our own, measured by ``studies.sample_conditioned``.
    """
    rows = _read_behind(exchanges, samples, reader, plain=False)
    return [row if isinstance(row, Unscored) else _per_root_token(row.behind.mean(axis=0)) for row in rows]


def sample_conditioned_segments(
    exchanges: Sequence[Exchange], samples: Sequence[Samples], reader: Reader
) -> list[list[ConditionedSegment] | Unscored]:
    """Every sentence of every answer, compared with itself without a sample; K + 1 readings a row.

    Mean over the tokens of a sentence of min_k n_k(t) − n_0(t), with n_0 the surprise without a sample. For long answers, of
    which popular sentences are the likely ones whether they are true or not.

    Args:
        exchanges: prompts and the answers under scrutiny.
        samples: what was drawn to each prompt.
        reader: the verifier.

    Returns:
        Per exchange its sentences in order, or :class:`Unscored`.

    Raises:
        InputError: not one row of samples an exchange.
        ModelError: the verifier did not return one reading an answer.

    Source: our own.
    """
    rows = _read_behind(exchanges, samples, reader, plain=True)
    return [row if isinstance(row, Unscored) else _segments(row) for row in rows]


def with_sample(exchange: Exchange, sample: str) -> Exchange:
    r"""The same answer to the same prompt, behind an independent answer that stands in the prompt.

    Example:
        >>> with_sample(Exchange("Capital of Australia?", "Canberra"), "It is Canberra.").prompt
        'Capital of Australia?\n\nIt is Canberra.\n\nHere is another answer:'
    """
    before = f"{sample}\n\n{_NEXT}"
    if isinstance(exchange.prompt, str):
        return replace(exchange, prompt=f"{exchange.prompt}\n\n{before}")
    return replace(exchange, prompt=(*exchange.prompt, Message("user", before)))


def worst_window(nll: Floats, size: int) -> float:
    """Mean of the most surprising ``size`` tokens in a row; of all where there are fewer."""
    if len(nll) <= size:
        return float(nll.mean())
    return float(np.convolve(nll, np.full(size, 1 / size), mode="valid").max())


def _per_root_token(nll: Floats) -> float:
    return float(nll.sum() / np.sqrt(len(nll)))


@dataclass(frozen=True, slots=True)
class _Behind:
    """Surprise behind each sample (K, T) over the selected tokens, and the reading without, where that was asked for."""

    behind: Floats
    plain: Reading | None


def _read_behind(
    exchanges: Sequence[Exchange], samples: Sequence[Samples], reader: Reader, *, plain: bool
) -> list[_Behind | Unscored]:
    if len(samples) != len(exchanges):
        raise InputError(f"{len(exchanges)} exchanges need a row of samples each; got {len(samples)}")
    drawn = [usable(row, least=1) for row in samples]
    wanted: dict[Exchange, None] = {}
    asked: list[list[Exchange]] = []
    for exchange, row in zip(exchanges, drawn, strict=True):
        texts = [] if isinstance(row, Unscored) else [sample.exchange.answer for sample in row]
        asked.append([*([exchange] if plain and texts else []), *(with_sample(exchange, text) for text in texts)])
        wanted |= dict.fromkeys(asked[-1])
    found = reader.read(list(wanted)) if wanted else []
    if len(found) != len(wanted):
        raise ModelError(f"{reader.name} returned {len(found)} readings of {len(wanted)} answers", model=reader.name)
    read = dict(zip(wanted, found, strict=True))
    return [
        row if isinstance(row, Unscored) else _behind([read[one] for one in rows], plain=plain)
        for row, rows in zip(drawn, asked, strict=True)
    ]


def _behind(readings: Sequence[Reading | Unscored], *, plain: bool) -> _Behind | Unscored:
    seen: list[Reading] = []
    for one in readings:
        if isinstance(one, Unscored):
            return one
        seen.append(one)
    behind = np.stack([one.nll[one.selected] for one in (seen[1:] if plain else seen)])
    return _Behind(behind, seen[0] if plain else None)


def _segments(row: _Behind) -> list[ConditionedSegment]:
    assert row.plain is not None
    reading = row.plain
    change = row.behind.min(axis=0) - reading.nll[reading.selected]
    return [
        ConditionedSegment(segment, float(change[tokens[reading.selected]].mean()))
        for segment, tokens in segment_of_tokens(reading)
    ]
