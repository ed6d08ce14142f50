"""Short facts answered here by a small and a large writer, with what each rule needs: log-probs, self-verification, a reading."""

from __future__ import annotations

import json
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from foureyes.models.catalog import open_reader, open_writer
from foureyes.models.roles import Sampling
from foureyes.types import Exchange, Unscored, Written
from studies.route.cache import Row, kept
from studies.route.reading import signals_of

__all__ = ["facts", "read_facts", "self_verified", "written"]

_ASK: Final = "Answer with as few words as possible, the fact alone.\n\n{question}"
_VERIFY: Final = (
    "Judge the answer that an assistant gave.\n\nQuestion: {question}\n\nAnswer: {answer}\n\n"
    "How good and how correct is it, from 0.0 (completely wrong) over 0.4 (some of it is right, with grave errors) and 0.8 "
    "(right but for small issues) to 1.0 (completely correct)?\n\n"
    'Reply with nothing but JSON: {{"confidence": 0.X, "reason": "a few words"}}'
)
"""The scale and the form of semantic-router's ``self_verify``, in our words."""

_NUMBER: Final = re.compile(r"\d+\.?\d*")


@cache
def facts(data: Path, n: int, seed: int) -> dict[str, Row]:
    """Id to question of a seeded sample of WebQuestions; a larger one begins with the smaller."""
    rows = json.loads((data / "webquestions" / "test.json").read_text(encoding="utf-8"))
    picked = np.random.default_rng(seed).permutation(len(rows))[:n].tolist()
    return {rows[i]["qId"]: rows[i] for i in picked}


def written(folder: Path, asked: dict[str, Row], writer: str) -> list[Row]:
    """What the writer answers, its own mean log-prob, tokens, and whether that is right."""

    def make(ids: Any) -> list[Row]:
        prompts = [_ASK.format(question=asked[one]["qText"]) for one in ids]
        wrote = _writer(writer).write(prompts, Sampling(max_tokens=16))
        return [_written(asked[one], answers[0]) for one, answers in zip(ids, wrote, strict=True)]

    return kept(folder / f"facts-written-{writer}.jsonl", list(asked), make, batch=16)


def _written(question: Row, one: Written | Unscored) -> Row:
    if isinstance(one, Unscored):
        raise SystemExit(f"the writer did not answer {question['qText']!r}: {one.detail}")
    answer = str(one.exchange.answer)
    nll = np.zeros(0) if one.reading is None else one.reading.nll
    right = any(_plain(gold) in _plain(answer) for gold in question["answers"] if _plain(gold))
    return {
        "answer": answer,
        "mean_logprob": -float(nll.mean()) if len(nll) else None,
        "n_tokens": len(nll),
        "correct": right,
    }


def self_verified(folder: Path, asked: dict[str, Row], writer: str) -> list[Row]:
    """The confidence that the writer states of its own answer; ``None`` where its reply holds none."""
    answers = {row["id"]: row["answer"] for row in written(folder, asked, writer)}

    def make(ids: Any) -> list[Row]:
        prompts = [_VERIFY.format(question=asked[one]["qText"], answer=answers[one]) for one in ids]
        wrote = _writer(writer).write(prompts, Sampling(max_tokens=32))
        replies = [str(one[0].exchange.answer) if isinstance(one[0], Written) else "" for one in wrote]
        return [{"reply": reply, "confidence": stated(reply)} for reply in replies]

    return kept(folder / f"facts-verified-{writer}.jsonl", list(asked), make, batch=16)


def stated(reply: str) -> float | None:
    """The confidence in a reply: the number behind ``"confidence":``, else its first number, where that is in [0, 1]."""
    place = reply.find('"confidence"')
    found = _NUMBER.search(reply, max(place, 0))
    value = float(found[0]) if found else None
    return value if value is not None and 0 <= value <= 1 else None


def read_facts(folder: Path, asked: dict[str, Row], writer: str, reader: str) -> list[Row]:
    """What the reader sees in the writer's answers."""
    answers = {row["id"]: row["answer"] for row in written(folder, asked, writer)}

    def make(ids: Any) -> list[Row]:
        pairs = [Exchange(_ASK.format(question=asked[one]["qText"]), answers[one]) for one in ids]
        return signals_of(_reader(reader), pairs, [None] * len(pairs))

    return kept(folder / f"facts-read-{writer}-{reader}.jsonl", list(asked), make, batch=16)


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return " ".join(re.sub(r"[^a-z0-9 ]", " ", decomposed.encode("ascii", "ignore").decode()).split())


@cache
def _writer(name: str) -> Any:
    return open_writer(name)


@cache
def _reader(name: str) -> Any:
    return open_reader(name)
