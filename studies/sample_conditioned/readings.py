"""What a reader saw of every answer, plain and behind each sample; kept in a file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.models.roles import Reader
from foureyes.signals.conditioned import with_sample
from foureyes.types import Exchange, Message, Reading
from studies.route.cache import Row, kept
from studies.sample_conditioned.published import SampledAnswer

__all__ = ["PLACES", "AnswerSurprise", "surprises"]

Floats = NDArray[np.float64]


def _as_turns(exchange: Exchange, sample: str) -> Exchange:
    assert isinstance(exchange.prompt, str)
    said = (Message("user", exchange.prompt), Message("assistant", sample), Message("user", "Give another answer."))
    return Exchange(said, exchange.answer)


def _before_question(exchange: Exchange, sample: str) -> Exchange:
    return Exchange(f"{sample}\n\nHere is another answer: {exchange.prompt}", exchange.answer)


PLACES: Final[Mapping[str, Callable[[Exchange, str], Exchange]]] = {
    "behind the question": with_sample,
    "as a turn": _as_turns,
    "before the question": _before_question,
}
"""Where the sample stands in the reader's prompt."""


@dataclass(frozen=True, slots=True)
class AnswerSurprise:
    """Surprise at the tokens of one answer, T of them.

    Attributes:
        plain: (T,) without a sample, nats.
        behind: (K, T) behind each sample, nats.
    """

    plain: Floats
    behind: Floats


def surprises(
    answers: Sequence[SampledAnswer], samples: Sequence[Sequence[str]], reader: Reader, cache: Path, place: str
) -> list[AnswerSurprise]:
    """Reads what the cache lacks; equal samples of a question are read once.

    Args:
        answers: in order.
        samples: those to put before the reader, one row an answer, as many in each.
        reader: who reads.
        cache: folder.
        place: of the sample, of :data:`PLACES`.
    """
    wanted: dict[str, Exchange] = {}
    plain_ids, behind_ids = [], []
    for answer, drawn in zip(answers, samples, strict=True):
        read = [answer.exchange, *(PLACES[place](answer.exchange, one) for one in drawn)]
        ids = [_id(one) for one in read]
        wanted |= dict(zip(ids, read, strict=True))
        plain_ids.append(ids[0])
        behind_ids.append(ids[1:])
    path = cache / f"{reader.name}.jsonl"
    of = {one: (reader.fingerprint, exchange.prompt, exchange.answer) for one, exchange in wanted.items()}
    rows = kept(path, of, lambda ids: _read(reader, [wanted[one] for one in ids]), batch=64)
    nll = {row["id"]: np.asarray(row["nll"]) for row in rows}
    return [
        AnswerSurprise(nll[plain], np.stack([nll[one] for one in behind]))
        for plain, behind in zip(plain_ids, behind_ids, strict=True)
    ]


def _read(reader: Reader, exchanges: Sequence[Exchange]) -> list[Row]:
    rows: list[Row] = []
    for one in reader.read(exchanges):
        if not isinstance(one, Reading):
            raise SystemExit(f"{reader.name} could not read an answer: {one}")
        rows.append({"nll": [round(float(value), 4) for value in one.nll[one.selected]]})
    return rows


def _id(exchange: Exchange) -> str:
    return hashlib.sha256(repr((exchange.prompt, exchange.answer)).encode()).hexdigest()[:16]
