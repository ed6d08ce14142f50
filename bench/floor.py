"""The floor: the bare forward pass over the same tokens, and the head as one matrix product on the answer rows.

The model's own body is run on rectangles of token rows, sorted by length so that next to nothing is padding; pads stand
on the right, where causal attention makes them invisible, so that no mask is needed. Nothing is shared between rows and
nothing is made of the logits. It is the time that a reader of these tokens cannot do without.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

import torch
from transformers import AutoModelForCausalLM

from bench.job import Contender, ContenderJob
from bench.pairs import TokenPair

__all__ = ["Floor", "batches", "load", "padding"]

BUDGETS: Final = (512, 1024, 2048)
"""Tokens of a batch that are tried; the fastest is kept."""

WASTE: Final = 0.1
"""Largest share of a batch that may be pads."""

HEAD_ROWS: Final = 256
"""Rows of one product with the head, into memory that is used again."""


class Floor:
    """A model's body and head, run on batches of about ``budget`` tokens.

    Args:
        model: a Hugging Face causal language model.
        budget: tokens of a batch, pads included; a longer row is a batch of its own.
    """

    def __init__(self, model: Any, budget: int = BUDGETS[-1]) -> None:
        self._body = model.get_decoder()
        self._weight: torch.Tensor = model.get_output_embeddings().weight
        self._logits = torch.empty(HEAD_ROWS, len(self._weight), dtype=self._weight.dtype)
        self.budget = budget

    @torch.inference_mode()
    def read(self, pairs: Sequence[TokenPair]) -> None:
        """The work that is timed: all logits of all answer tokens, and no more."""
        for batch in batches([len(pair.fed) for pair in pairs], self.budget):
            for _ in self._logits_of([pairs[i] for i in batch]):
                pass

    @torch.inference_mode()
    def likelihoods(self, pairs: Sequence[TokenPair]) -> list[float]:
        """What the same pass says of each answer, to show that it read the same tokens."""
        result = [0.0] * len(pairs)
        for batch in batches([len(pair.fed) for pair in pairs], self.budget):
            chosen = [pairs[i] for i in batch]
            tokens = torch.tensor([token for pair in chosen for token in pair.answer_ids])
            chunks = self._logits_of(chosen)
            parts = [_gather(logits, part) for logits, part in zip(chunks, tokens.split(HEAD_ROWS), strict=True)]
            each = torch.cat(parts).split([len(pair.answer_ids) for pair in chosen])
            for i, values in zip(batch, each, strict=True):
                result[i] = float(values.sum())
        return result

    def tune(self, pairs: Sequence[TokenPair]) -> dict[str, Any]:
        """Keeps the budget that is fastest on a sample of the pairs, enough to fill the largest batch."""
        step = max(1, sum(len(pair.fed) for pair in pairs) // BUDGETS[-1])
        sample = pairs[::step]
        self.read(sample[:2])
        seconds = {}
        for budget in BUDGETS:
            self.budget = budget
            start = time.perf_counter()
            self.read(sample)
            seconds[budget] = time.perf_counter() - start
        self.budget = min(seconds, key=seconds.__getitem__)
        return {"batch_tokens": self.budget, "padding": padding([len(pair.fed) for pair in pairs], self.budget)}

    def _logits_of(self, pairs: Sequence[TokenPair]) -> Iterator[torch.Tensor]:
        """Logits of the answer rows, pair after pair, HEAD_ROWS at a time in the same memory."""
        longest = max(len(pair.fed) for pair in pairs)
        ids = torch.tensor([pair.fed + [0] * (longest - len(pair.fed)) for pair in pairs])
        hidden = self._body(input_ids=ids, use_cache=False).last_hidden_state
        rows = [hidden[i, len(pair.prompt_ids) - 1 : len(pair.fed)] for i, pair in enumerate(pairs)]
        for part in torch.cat(rows).split(HEAD_ROWS):
            yield torch.mm(part, self._weight.T, out=self._logits[: len(part)])


def _gather(logits: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    return torch.log_softmax(logits.float(), dim=-1).gather(1, tokens[:, None])[:, 0].double()


def batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Cuts rows, sorted by length, into rectangles of at most ``budget`` places, at most WASTE of them pads.

    A row longer than the budget stands alone.

    Example:
        >>> batches([10, 30, 9, 10], budget=100)
        [[2, 0, 3], [1]]
    """
    cut: list[list[int]] = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        area = lengths[i] * (len(cut[-1]) + 1) if cut else 0
        real = lengths[i] + sum(lengths[j] for j in cut[-1]) if cut else 0
        if 0 < area <= budget and real >= (1 - WASTE) * area:
            cut[-1].append(i)
        else:
            cut.append([i])
    return cut


def padding(lengths: Sequence[int], budget: int) -> float:
    """Share of the rectangles' places that are pads, in [0, WASTE].

    Example:
        >>> round(padding([10, 9, 10], budget=100), 3)
        0.033
    """
    area = sum(len(batch) * max(lengths[i] for i in batch) for batch in batches(lengths, budget))
    return 1 - sum(lengths) / area


def load(job: ContenderJob) -> Contender:
    """The floor of one model."""
    dtype = getattr(torch, job.dtype)
    model = AutoModelForCausalLM.from_pretrained(job.folder, dtype=dtype, local_files_only=True).eval()
    floor = Floor(model)
    return Contender(floor.read, floor.likelihoods, floor.tune)
