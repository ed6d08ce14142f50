"""Questions answered here by a small and a large writer, with what each rule needs: log-probs, self-verification, a reading."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from foureyes.models.catalog import open_reader, open_writer
from foureyes.models.roles import Sampling
from foureyes.study.tasks.grading import letter_of
from foureyes.types import Exchange, Unscored, Written
from studies.route.cache import Row, kept, weights_of
from studies.route.reading import signals_of

__all__ = ["asked", "is_right", "read", "self_verified", "stated", "written"]

_ASK: Final = "{question}\n\nA) {a}\nB) {b}\n\nReply with the letter of the right answer alone."
_ANSWER: Final = Sampling(max_tokens=4)
_VERIFY: Final = (
    "Judge the answer that an assistant gave.\n\nQuestion: {question}\n\nAnswer: {answer}\n\n"
    "How good and how correct is it, from 0.0 (completely wrong) over 0.4 (some of it is right, with grave errors) and 0.8 "
    "(right but for small issues) to 1.0 (completely correct)?\n\n"
    'Reply with nothing but JSON: {{"confidence": 0.X, "reason": "a few words"}}'
)
"""The scale and the form of semantic-router's ``self_verify``, in our words."""
_VERIFY_TOKENS: Final = 14
"""Enough for the confidence, which comes first; the reason is not used."""

_NUMBER: Final = re.compile(r"\d+\.?\d*")


@cache
def asked(data: Path, n: int, seed: int) -> dict[str, Row]:
    """Id to question of a seeded sample of ARC-Challenge, each with a right and a wrong option in a random order."""
    lines = (data / "arc_challenge_pairs" / "arc_challenge.jsonl").read_text(encoding="utf-8").splitlines()
    options: dict[str, dict[int, str]] = {}
    for row in map(json.loads, lines):
        options.setdefault(row["question"], {})[row["label"]] = row["answer"]
    rng = np.random.default_rng(seed)
    questions = sorted(question for question, found in options.items() if len(found) == 2)
    picked = [questions[i] for i in rng.permutation(len(questions)).tolist()]
    turned = (rng.random(len(picked)) < 0.5).tolist()
    return {f"arc-{i}": _question(picked[i], options[picked[i]], turned=turned[i]) for i in range(n)}


def _question(question: str, options: dict[int, str], *, turned: bool) -> Row:
    a, b = (options[0], options[1]) if turned else (options[1], options[0])
    return {"prompt": _ASK.format(question=question, a=a, b=b), "options": [a, b], "gold": "B" if turned else "A"}


def is_right(question: Row, answer: str) -> bool:
    """Whether an answer chooses the right option; one that chooses none is not right."""
    right: bool = letter_of(answer, question["options"]) == question["gold"]
    return right


def written(folder: Path, questions: dict[str, Row], writer: str) -> list[Row]:
    """What the writer answers, its own mean log-prob, ``None`` where it shows none, and tokens."""

    def make(ids: Any) -> list[Row]:
        wrote = _writer(writer).write([questions[one]["prompt"] for one in ids], _ANSWER)
        return [_written(questions[one], answers[0]) for one, answers in zip(ids, wrote, strict=True)]

    of = {one: (weights_of(writer), row["prompt"], row["gold"], _ANSWER) for one, row in questions.items()}
    return kept(folder / f"arc-written-{writer}.jsonl", of, make, batch=16)


def _written(question: Row, one: Written | Unscored) -> Row:
    if isinstance(one, Unscored):
        raise SystemExit(f"the writer did not answer {question['prompt']!r}: {one.detail}")
    answer = str(one.exchange.answer)
    nll = np.zeros(0) if one.reading is None else one.reading.nll
    return {
        "answer": answer,
        "mean_logprob": -float(nll.mean()) if len(nll) else None,
        "n_tokens": len(nll),
    }


def self_verified(folder: Path, questions: dict[str, Row], writer: str) -> list[Row]:
    """The confidence that the writer states of its own answer; ``None`` where its reply holds none."""
    answers = {row["id"]: row["answer"] for row in written(folder, questions, writer)}
    prompts = {one: _VERIFY.format(question=row["prompt"], answer=answers[one]) for one, row in questions.items()}
    how = Sampling(max_tokens=_VERIFY_TOKENS)

    def make(ids: Any) -> list[Row]:
        wrote = _writer(writer).write([prompts[one] for one in ids], how)
        replies = [str(one[0].exchange.answer) if isinstance(one[0], Written) else "" for one in wrote]
        return [{"reply": reply, "confidence": stated(reply)} for reply in replies]

    of = {one: (weights_of(writer), prompt, how) for one, prompt in prompts.items()}
    return kept(folder / f"arc-verified-{writer}.jsonl", of, make, batch=16)


def stated(reply: str) -> float | None:
    """The confidence in a reply: the number behind ``"confidence"``, else its first number, where that is in [0, 1]."""
    found = _NUMBER.search(reply, max(reply.find('"confidence"'), 0))
    value = float(found[0]) if found else None
    return value if value is not None and 0 <= value <= 1 else None


def read(folder: Path, questions: dict[str, Row], writer: str, reader: str) -> list[Row]:
    """What the reader sees in the writer's answers."""
    answers = {row["id"]: row["answer"] for row in written(folder, questions, writer)}
    pairs = {one: Exchange(row["prompt"], answers[one]) for one, row in questions.items()}

    def make(ids: Any) -> list[Row]:
        return signals_of(_reader(reader), [pairs[one] for one in ids], [None] * len(ids))

    of = {one: (weights_of(reader), pair.prompt, pair.answer) for one, pair in pairs.items()}
    return kept(folder / f"arc-read-{writer}-{reader}.jsonl", of, make, batch=16)


@cache
def _writer(name: str) -> Any:
    return open_writer(name)


@cache
def _reader(name: str) -> Any:
    return open_reader(name)
