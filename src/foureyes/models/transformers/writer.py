"""A writer in this process: greedy or sampled generation, with the model's own statistics of every word it chose.

The statistics are of the distribution before temperature and top-p, so that G-PPL and G-Ent mean the same for a greedy
and a sampled answer. They are taken while generating, on the very tokens that were chosen: reading the decoded text
again could tokenise it differently.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList

from foureyes.models.formatting import Ints
from foureyes.models.head import Head, Statistics
from foureyes.models.roles import Sampling
from foureyes.models.transformers.formatting import Formatter
from foureyes.models.transformers.loading import Loaded, load
from foureyes.types import Exchange, Prompt, Reading, Unscored, Written

__all__ = ["TransformersWriter"]

BATCH = 16
"""Answers written at a time."""


class TransformersWriter:
    """Writes answers with a Hugging Face causal language model in this process.

    Example:
        >>> writer = TransformersWriter.load("models/SmolLM2-135M-Instruct")                   # doctest: +SKIP
        >>> writer.write(["Capital of Australia?"], Sampling(max_tokens=8))[0][0].exchange.answer  # doctest: +SKIP
        'The capital of Australia is Canberra.'
    """

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._format = Formatter(loaded.tokenizer, limit=loaded.context)
        stops = loaded.model.generation_config.eos_token_id
        self._stops = set(stops if isinstance(stops, list) else [stops]) - {None}

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        name: str | None = None,
        fingerprint: str | None = None,
        dtype: str | None = None,
        device: str | None = None,
    ) -> TransformersWriter:
        """Loads a model folder; arguments and errors are those of :meth:`TransformersReader.load`."""
        return cls(load(folder, name=name, fingerprint=fingerprint, dtype=dtype, device=device))

    @property
    def name(self) -> str:
        """What a person calls the model."""
        return self._loaded.name

    @property
    def fingerprint(self) -> str:
        """Weights and arithmetic."""
        return self._loaded.identity

    def write(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[list[Written | Unscored]]:
        """Answers every prompt ``sampling.n`` times; see :class:`foureyes.models.roles.Writer`."""
        results: list[list[Written | Unscored]] = [[] for _ in prompts]
        todo: list[tuple[int, Ints]] = []
        for i, prompt in enumerate(prompts):
            ids = self._fitting(prompt, sampling)
            if isinstance(ids, Unscored):
                results[i] = [ids] * sampling.n
            else:
                todo += [(i, ids)] * sampling.n
        todo.sort(key=lambda entry: (len(entry[1]), entry[0]))
        with _seeded(sampling.seed):
            for first in range(0, len(todo), BATCH):
                batch = todo[first : first + BATCH]
                written = self._write_batch([(prompts[i], ids) for i, ids in batch], sampling)
                for (i, _), one in zip(batch, written, strict=True):
                    results[i].append(one)
        return results

    def _fitting(self, prompt: Prompt, sampling: Sampling) -> Ints | Unscored:
        ids = self._format.prompt_ids(prompt)
        if isinstance(ids, Unscored):
            return ids
        n, limit = len(ids) + sampling.max_tokens, self._loaded.context
        if n > limit:
            detail = f"{len(ids)} prompt tokens and {sampling.max_tokens} new ones do not fit a context of {limit}"
            return Unscored("context", detail, got=n, limit=limit)
        return ids

    @torch.inference_mode()
    def _write_batch(self, batch: list[tuple[Prompt, Ints]], sampling: Sampling) -> list[Written | Unscored]:
        longest = max(len(ids) for _, ids in batch)
        ids = torch.zeros((len(batch), longest), dtype=torch.int64)
        mask = torch.zeros_like(ids)
        for i, (_, prompt_ids) in enumerate(batch):  # padded on the left, so that all answers begin at one place
            ids[i, longest - len(prompt_ids) :] = torch.from_numpy(prompt_ids)
            mask[i, longest - len(prompt_ids) :] = 1
        recorder = _StatisticsRecorder()
        output = self._loaded.model.generate(
            input_ids=ids.to(self._loaded.device),
            attention_mask=mask.to(self._loaded.device),
            generation_config=self._config(sampling),
            logits_processor=LogitsProcessorList([recorder]),
        )
        new = output[:, longest:]
        steps = recorder.finish(new)
        return [self._written(batch[i], new[i].tolist(), steps, i) for i in range(len(batch))]

    def _config(self, sampling: Sampling) -> GenerationConfig:
        choice: dict[str, Any] = {"do_sample": False}
        if sampling.temperature > 0:
            choice = {"do_sample": True, "temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": 0}
        stops = sorted(self._stops)
        return GenerationConfig(
            max_new_tokens=sampling.max_tokens,
            eos_token_id=stops or None,
            pad_token_id=stops[0] if stops else 0,
            **choice,
        )

    def _written(self, source: tuple[Prompt, Ints], ids: list[int], steps: Statistics, i: int) -> Written | Unscored:
        prompt, prompt_ids = source
        n = next((t for t, token in enumerate(ids) if token in self._stops), len(ids))
        answer: str = self._loaded.tokenizer.decode(ids[:n], skip_special_tokens=True)
        exchange = Exchange(prompt, answer)
        finish: Any = "stop" if n < len(ids) else "length"
        if n == 0:
            return Written(exchange, None, finish)
        columns = {name: getattr(steps, name)[i, :n].numpy() for name in ("nll", "logit", "entropy", "rank", "top1")}
        if not all(np.isfinite(values).all() for values in columns.values()):
            return Unscored("not_finite", f"{self.name} returned NaN or infinity while writing")
        reading = Reading(
            model=self.name,
            answer=answer,
            token_ids=np.array(ids[:n]),
            spans=self._spans(ids[:n], answer),
            nll=columns["nll"],
            entropy_low=columns["entropy"],
            entropy_high=columns["entropy"],
            missing_mass=np.zeros(n),
            rank=columns["rank"],
            top1=columns["top1"],
            selected=np.ones(n, bool),
            n_prompt_tokens=len(prompt_ids),
            logit=columns["logit"],
        )
        return Written(exchange, reading, finish)

    def _spans(self, ids: list[int], answer: str) -> Ints:
        """Bytes of the answer that each token added, from decoding ever longer beginnings of it."""
        size = len(answer.encode())
        beginnings = (self._loaded.tokenizer.decode(ids[:t], skip_special_tokens=True) for t in range(1, len(ids)))
        # A beginning that ends inside a character decodes to a replacement mark that is not in the answer.
        ends = [min(len(beginning.rstrip("�").encode()), size) for beginning in beginnings]
        edges = np.maximum.accumulate(np.array([0, *ends, size], np.int64))
        return np.stack([edges[:-1], edges[1:]], 1)


class _StatisticsRecorder(LogitsProcessor):
    """First in the row of processors, so it sees the model's own logits; keeps statistics, never the logits."""

    def __init__(self) -> None:
        self._logits: torch.Tensor | None = None
        self._steps: list[Statistics] = []

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        if self._logits is not None:
            self._account(input_ids[:, -1])
        self._logits = scores.float().clone()
        return scores

    def finish(self, new: torch.Tensor) -> Statistics:
        """Statistics as (B, T) columns, once the last token is known."""
        self._account(new[:, -1])
        fields = Statistics.__slots__
        return Statistics(**{name: torch.stack([getattr(step, name) for step in self._steps], 1) for name in fields})

    def _account(self, chosen: torch.Tensor) -> None:
        if self._logits is not None:
            self._steps.append(Head.of_logits(self._logits, chosen))


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Sampling draws from torch's global generator; put it back as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
