"""Settings whose answers were read here: stored answers to GSM8K, and questions answered by models on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from foureyes.cascade.question_router import hashed_words
from foureyes.maths.ranking import auroc
from studies.route.cache import Row
from studies.route.live import asked, read, self_verified, written
from studies.route.reading import SIGNALS
from studies.route.rules import LEARNED, learned_rule, prompt_rule, rules_of
from studies.route.setting import Flags, Floats, Setting, halves
from studies.route.stored import answers_of, questions, read_stored, sampled

__all__ = ["STORED", "live_setting", "stored_settings"]

STORED: Final = (("Meta-Llama-3-8B-Instruct", 8.0),)
_LARGE: Final = (("Meta-Llama-3-70B-Instruct", 70.0), ("Llama-3.1-405B-Instruct-Turbo", 405.0))
_READER: Final = ("qwen2.5-coder-0.5b", 0.5)
_LIVE: Final = (("qwen2.5-coder-0.5b", 0.5), ("qwen2.5-coder-1.5b", 1.5), ("gemma3-270m", 0.27))
_PROMPT: Final = 60
"""Tokens of a question of ARC with its options, about."""
_VERIFY: Final = 160
"""Tokens that a writer reads and writes to verify itself, about."""


def stored_settings(data: Path, cache: Path, n: int) -> list[Setting]:
    """Small writers of GSM8K with large ones; a cost is billions of parameters times tokens read and written, by thousands."""
    ids = sampled(data, n, 0)
    fit = halves(np.arange(n), 0)
    features = hashed_words([questions(data)[one]["question"] for one in ids])
    settings = []
    for small, size in STORED:
        rows = read_stored(data, cache, small, _READER[0], ids)
        right = _right(data, small, ids)
        signal = _best_signal(rows, right, fit)
        tokens = float(np.mean([row["n_prompt"] + row["n_tokens"] for row in rows])) / 1000
        surprise = np.array([row[signal] for row in rows], np.float64)
        for large, dear in _LARGE:
            both = (right, _right(data, large, ids))
            seen = (surprise, _READER[1] * tokens)
            rules = rules_of(right, fit, reader=seen, prompt=prompt_rule(features, both, fit))
            rules[LEARNED], joined = learned_rule(seen, None, features, right, fit, signal=signal)
            costs = (size * tokens, dear * tokens)
            note = f"read by {_READER[0]}, {signal}"
            settings.append(Setting("GSM8K", small, large, both, np.arange(n), costs, rules, fit, (note,), joined))
    return settings


def live_setting(data: Path, cache: Path, n: int) -> Setting:
    """Two writers and a reader on this machine: questions of ARC-Challenge with a right and a wrong option."""
    (small, size), (large, dear), (reader, light) = _LIVE
    picked = asked(data, n, 0)
    ours, theirs = (written(cache, picked, writer) for writer in (small, large))
    verified = self_verified(cache, picked, small)
    seen = read(cache, picked, small, reader)
    fit = halves(np.arange(n), 0)
    both = (_flags(ours), _flags(theirs))
    stated = np.array([0.0 if row["confidence"] is None else row["confidence"] for row in verified])
    words = hashed_words([one["prompt"] for one in picked.values()])
    own = np.array([-30.0 if row["mean_logprob"] is None else row["mean_logprob"] for row in ours])
    reading = (np.array([row["log_cmp"] for row in seen], np.float64), light * _PROMPT / 1000)
    verifying = (stated, size * _VERIFY / 1000)
    prompt = prompt_rule(words, both, fit)
    rules = rules_of(both[0], fit, own=own, verified=verifying, reader=reading, prompt=prompt)
    rules[LEARNED], joined = learned_rule(reading, own, words, both[0], fit)
    costs = (size * _PROMPT / 1000, dear * _PROMPT / 1000)
    return Setting("ARC, here", small, large, both, np.arange(n), costs, rules, fit, (f"read by {reader}",), joined)


def _best_signal(rows: list[Row], right: Flags, fit: Flags) -> str:
    def area(signal: str) -> float:
        values: Floats = np.array([row[signal] for row in rows], np.float64)
        return auroc(values[fit], wrong=~right[fit], draws=40).value

    return max(SIGNALS, key=area)


def _right(data: Path, writer: str, ids: list[str]) -> Flags:
    answers = answers_of(data, writer)
    return np.array([answers[one].correct for one in ids], np.bool_)


def _flags(rows: list[Row]) -> Flags:
    return np.array([row["correct"] for row in rows], np.bool_)
