"""Settings whose answers were read here: stored answers to GSM8K, and questions answered by models on this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np

from foureyes.cascade.question_router import hashed_words
from foureyes.maths.ranking import auroc
from studies.route.cache import Row
from studies.route.live import asked, is_right, read, self_verified, written
from studies.route.reading import SIGNALS
from studies.route.rules import LEARNED, learned_rule, prompt_rule, rules_of
from studies.route.setting import Flags, Floats, Setting, halves
from studies.route.stored import answers_of, questions, read_stored, sampled

__all__ = ["STORED", "live_setting", "stored_settings"]

T = TypeVar("T")

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
    picked = sampled(data, n, 0)
    settings = []
    for small, size in STORED:
        every = read_stored(data, cache, small, _READER[0], picked)
        known = _Known.of({"the reader could not read": [row["unread"] is not None for row in every]})
        ids, rows = known.only(picked), known.only(every)
        fit = halves(np.arange(len(ids)), 0)
        features = hashed_words([questions(data)[one]["question"] for one in ids])
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
            notes = (f"read by {_READER[0]}, {signal}", *known.left_out)
            settings.append(Setting("GSM8K", small, large, both, np.arange(len(ids)), costs, rules, fit, notes, joined))
    return settings


def live_setting(data: Path, cache: Path, n: int) -> Setting:
    """Two writers and a reader on this machine: questions of ARC-Challenge with a right and a wrong option."""
    (small, size), (large, dear), (reader, light) = _LIVE
    every = asked(data, n, 0)
    rows = [written(cache, every, small), written(cache, every, large)]
    rows += [self_verified(cache, every, small), read(cache, every, small, reader)]
    known = _Known.of(
        {
            "the small writer shows no log-prob": [row["mean_logprob"] is None for row in rows[0]],
            "the reader could not read": [row["log_cmp"] is None for row in rows[3]],
        }
    )
    picked = known.only(list(every.values()))
    ours, theirs, verified, seen = (known.only(one) for one in rows)
    fit = halves(np.arange(len(picked)), 0)
    both = (_flags(picked, ours), _flags(picked, theirs))
    # A reply without a confidence is the first that is asked of the large writer; how many there are, the notes say.
    stated = np.array([0.0 if row["confidence"] is None else row["confidence"] for row in verified])
    words = hashed_words([one["prompt"] for one in picked])
    own = np.array([row["mean_logprob"] for row in ours], np.float64)
    reading = (np.array([row["log_cmp"] for row in seen], np.float64), light * _PROMPT / 1000)
    verifying = (stated, size * _VERIFY / 1000)
    prompt = prompt_rule(words, both, fit)
    rules = rules_of(both[0], fit, own=own, verified=verifying, reader=reading, prompt=prompt)
    rules[LEARNED], joined = learned_rule(reading, own, words, both[0], fit)
    costs = (size * _PROMPT / 1000, dear * _PROMPT / 1000)
    silent = sum(row["confidence"] is None for row in verified)
    notes = (f"read by {reader}", *known.left_out, *([f"{silent} self-verifications state nothing"] if silent else []))
    return Setting("ARC, here", small, large, both, np.arange(len(picked)), costs, rules, fit, notes, joined)


@dataclass(frozen=True, slots=True)
class _Known:
    """Which questions everything is known of, and why others are left out, with their number."""

    whole: tuple[bool, ...]
    left_out: tuple[str, ...]

    @classmethod
    def of(cls, unknown: Mapping[str, Sequence[bool]]) -> _Known:
        whole = tuple(not any(column) for column in zip(*unknown.values(), strict=True))
        said = ((why, sum(column)) for why, column in unknown.items())
        return cls(whole, tuple(f"{n} left out: {why}" for why, n in said if n))

    def only(self, rows: Sequence[T]) -> list[T]:
        """The rows of questions of which everything is known."""
        return [row for row, whole in zip(rows, self.whole, strict=True) if whole]


def _best_signal(rows: list[Row], right: Flags, fit: Flags) -> str:
    def area(signal: str) -> float:
        values: Floats = np.array([row[signal] for row in rows], np.float64)
        return auroc(values[fit], wrong=~right[fit], draws=40).value

    return max(SIGNALS, key=area)


def _right(data: Path, writer: str, ids: list[str]) -> Flags:
    answers = answers_of(data, writer)
    return np.array([answers[one].correct for one in ids], np.bool_)


def _flags(asked_of: list[Row], rows: list[Row]) -> Flags:
    answered = zip(asked_of, rows, strict=True)
    return np.array([is_right(question, row["answer"]) for question, row in answered], np.bool_)
