"""How readers in this process go through exchanges: in windows, sorted by tokens, batch by batch; and what they give back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from foureyes.models.formatting import ExchangeFormatter, Item
from foureyes.types import Alternative, Exchange, Reading, Unscored

__all__ = ["Numbered", "TokenStatistics", "read_in_windows", "readings_of"]

WINDOW = 4096
"""Exchanges tokenised and sorted at a time; bounds memory beyond the results themselves."""

Numbered: TypeAlias = tuple[int, Item]
"""An item with the place of its exchange."""


@dataclass(frozen=True, slots=True, eq=False)
class TokenStatistics:
    """What a model saw at M answer tokens; columns as those of :class:`~foureyes.models.head.Statistics`."""

    nll: NDArray[np.float64]
    logit: NDArray[np.float64]
    rank: NDArray[np.int64]
    entropy: NDArray[np.float64]
    top1: NDArray[np.float64]
    top_ids: NDArray[np.int64]
    top_logprobs: NDArray[np.float64]

    def part(self, part: slice) -> TokenStatistics:
        """Of some of the tokens."""
        return TokenStatistics(*(getattr(self, name)[part] for name in self.__slots__))


def read_in_windows(
    exchanges: Sequence[Exchange],
    formatter: ExchangeFormatter,
    batches: Callable[[list[Numbered]], Iterable[list[Numbered]]],
    read: Callable[[list[Item]], list[Reading | Unscored]],
) -> list[Reading | Unscored]:
    """Reads every exchange; the result has the same length and order.

    Args:
        exchanges: what is to be read.
        formatter: makes them token ids.
        batches: cuts items, sorted by their tokens so that neighbours share prefixes, into batches.
        read: reads one batch.
    """
    results: list[Reading | Unscored] = []
    for first in range(0, len(exchanges), WINDOW):
        results += _read_window(exchanges[first : first + WINDOW], formatter, batches, read)
    return results


def _read_window(
    exchanges: Sequence[Exchange],
    formatter: ExchangeFormatter,
    batches: Callable[[list[Numbered]], Iterable[list[Numbered]]],
    read: Callable[[list[Item]], list[Reading | Unscored]],
) -> list[Reading | Unscored]:
    results: list[Reading | Unscored | None] = []
    todo: list[Numbered] = []
    for i, item in enumerate(formatter.items(exchanges)):
        results.append(item if isinstance(item, Unscored) else None)
        if isinstance(item, Item):
            todo.append((i, item))
    todo.sort(key=lambda entry: entry[1].fed.tolist())
    for batch in batches(todo):
        for (i, _), reading in zip(batch, read([item for _, item in batch]), strict=True):
            results[i] = reading
    return [result for result in results if result is not None]


def readings_of(
    name: str, items: Sequence[Item], found: TokenStatistics, text_of: Callable[[int], str]
) -> list[Reading | Unscored]:
    """The readings of some items; ``not_finite`` where the model gave no numbers.

    Args:
        name: of the model.
        items: what was read.
        found: what was seen at their answers' tokens, in the order of the items.
        text_of: the text of a token.
    """
    ends = np.cumsum([len(item.answer_ids) for item in items]).tolist()
    starts = [0, *ends[:-1]]
    return [
        _reading(name, item, found.part(slice(start, end)), text_of)
        for item, start, end in zip(items, starts, ends, strict=True)
    ]


def _reading(name: str, item: Item, found: TokenStatistics, text_of: Callable[[int], str]) -> Reading | Unscored:
    columns = {column: getattr(found, column) for column in ("nll", "logit", "entropy", "rank", "top1")}
    broken = [column for column, values in columns.items() if not np.isfinite(values).all()]
    if broken:
        return Unscored("not_finite", f"{name} returned NaN or infinity in {', '.join(broken)}")
    alternatives = tuple(
        tuple(Alternative(text_of(i), p) for i, p in zip(*best, strict=True))
        for best in zip(found.top_ids.tolist(), found.top_logprobs.tolist(), strict=True)
    )
    return Reading(
        model=name,
        answer=item.turn.text,
        token_ids=item.answer_ids,
        spans=item.spans,
        nll=found.nll,
        entropy_low=found.entropy,
        entropy_high=found.entropy,
        missing_mass=np.zeros(len(item.answer_ids)),
        rank=found.rank,
        top1=found.top1,
        selected=item.selected,
        n_prompt_tokens=len(item.prompt_ids),
        n_dropped=item.n_dropped,
        alternatives=alternatives if found.top_ids.shape[1] else (),
        parts=item.turn.parts,
        logit=found.logit,
    )
