"""The contenders that run without foureyes, in the virtual environment of ``bench/requirements-rivals.txt``.

LM-Polygraph 0.7 is not among them: it has no path from a given answer to that answer's log-probabilities. Its estimators
read the statistics of what the model has just generated itself (``greedy_log_probs``, ``greedy_log_likelihoods``), and
``generate`` is the only source of those. Two of its calculators run a plain forward pass over given tokens:
``GreedyLMProbsCalculator``, over the answer without its prompt, and ``ModelScoreCalculator``, over a request to
paraphrase, which returns raw logits. Neither is ln p(answer | prompt).
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any, Final

import torch
from transformers import AutoModelForCausalLM

from bench.job import Contender, ContenderJob, warm
from bench.pairs import TokenPair, spread

__all__ = ["lm_eval", "lm_eval_sizes", "naive"]

SIZES: Final = (1, 4, 8, 16, 32)

SAMPLE: Final = 32
"""Pairs that every batch size is tried on."""

SLOWER: Final = 1.5
"""How much slower than the best so far ends the search."""


def naive(job: ContenderJob) -> Contender:
    """The snippet in circulation, made correct: given the prompt, over answer tokens only, entropy at the same places."""
    dtype = getattr(torch, job.dtype)
    model = AutoModelForCausalLM.from_pretrained(job.folder, dtype=dtype, local_files_only=True).eval()

    @torch.inference_mode()
    def read_one(pair: TokenPair) -> tuple[float, float]:
        ids = torch.tensor([pair.ids])
        logprobs = torch.log_softmax(model(ids).logits.float(), dim=-1)
        rows = logprobs[0, len(pair.prompt_ids) - 1 : -1]
        entropy = -(rows.exp() * rows).sum(-1).mean()
        return float(rows.gather(1, torch.tensor(pair.answer_ids)[:, None]).double().sum()), float(entropy)

    return warm(lambda pairs: [read_one(pair)[0] for pair in pairs])


def lm_eval(job: ContenderJob) -> Contender:
    """lm-evaluation-harness at a given batch size: log-likelihoods, no entropies."""
    model = _harness(job)
    return warm(lambda pairs: _likelihoods(model, pairs), batch_size=model.batch_size)


def lm_eval_sizes(job: ContenderJob) -> Contender:
    """lm-evaluation-harness, trying batch sizes on some of the pairs; in its own process, for it raises peak memory."""
    model = _harness(job)

    def prepare(pairs: Sequence[TokenPair]) -> dict[str, Any]:
        sample = spread(pairs, SAMPLE)
        _likelihoods(model, sample[:2])
        longest = max(len(pair.fed) for pair in pairs)
        possible = [size for size in SIZES if size <= len(sample) and (size == 1 or _fits(model, size * longest))]
        seconds = _try_sizes(model, sample, possible)
        return {"batch_size": min(seconds, key=seconds.__getitem__), "seconds_by_batch_size": seconds}

    def read(pairs: Sequence[TokenPair]) -> list[float]:
        return _likelihoods(model, pairs)

    return Contender(read, read, prepare)


def _harness(job: ContenderJob) -> Any:
    from lm_eval.models.huggingface import HFLM  # noqa: PLC0415 - seconds, and of no use to the snippet

    return HFLM(pretrained=str(job.folder), device="cpu", dtype=job.dtype, batch_size=job.batch_size or 1)


def _likelihoods(model: Any, pairs: Sequence[TokenPair]) -> list[float]:
    """By the method that ``HFLM.loglikelihood`` calls once it has token ids; here they are given."""
    requests = [((pair.prompt, pair.answer), list(pair.prompt_ids), list(pair.answer_ids)) for pair in pairs]
    return [likelihood for likelihood, _ in model._loglikelihood_tokens(requests, disable_tqdm=True)]  # noqa: SLF001


def _fits(model: Any, n_tokens: int) -> bool:
    """Whether logits, their log-softmax and a copy of n tokens stay within a third of the machine's memory."""
    weight = model.model.get_output_embeddings().weight
    needed = 3 * n_tokens * len(weight) * weight.element_size()
    return bool(needed < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 3)


def _try_sizes(model: Any, sample: Sequence[TokenPair], sizes: Sequence[int]) -> dict[int, float]:
    """Seconds by batch size, from the smallest up, until it only gets slower."""
    seconds: dict[int, float] = {}
    for size in sizes:
        model.batch_size_per_gpu = size
        start = time.perf_counter()
        _likelihoods(model, sample)
        seconds[size] = time.perf_counter() - start
        if seconds[size] > SLOWER * min(seconds.values()):
            break
    return seconds
