"""Stored answers of many writers to GSM8K, read by a local reader."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from foureyes.models.catalog import open_reader
from foureyes.types import Exchange
from studies.route.cache import Row, kept, weights_of
from studies.route.reading import signals_of

__all__ = ["StoredAnswer", "answers_of", "questions", "read_stored", "sampled"]

_FOLDER: Final = "zeroeval_gsm8k"


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What a writer answered, and whether that is right."""

    output: str
    final: str | None
    correct: bool


def _lines(path: Path) -> list[Row]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@cache
def questions(data: Path) -> dict[str, Row]:
    """Id to question, in the order of the file."""
    return {row["id"]: row for row in _lines(data / _FOLDER / "questions.jsonl.gz")}


@cache
def _answers(data: Path) -> dict[str, dict[str, StoredAnswer]]:
    found: dict[str, dict[str, StoredAnswer]] = {}
    for row in _lines(data / _FOLDER / "answers.jsonl.gz"):
        found.setdefault(row["model"], {})[row["id"]] = StoredAnswer(row["output"], row["final"], row["correct"])
    return found


def answers_of(data: Path, writer: str) -> dict[str, StoredAnswer]:
    """Id to answer of one writer."""
    return _answers(data)[writer]


def sampled(data: Path, n: int, seed: int) -> list[str]:
    """Ids of a seeded sample of the questions; a larger one begins with the smaller."""
    ids = list(questions(data))
    return [ids[i] for i in np.random.default_rng(seed).permutation(len(ids))[:n].tolist()]


def read_stored(data: Path, folder: Path, writer: str, reader: str, ids: list[str]) -> list[dict[str, Any]]:
    """What the reader sees in the writer's answers, from the cache where it is there."""
    asked, answers = questions(data), answers_of(data, writer)
    pairs = {one: Exchange(asked[one]["question"], answers[one].output) for one in ids}

    def make(some: Any) -> list[Row]:
        return signals_of(_reader(reader), [pairs[one] for one in some], [answers[one].final for one in some])

    of = {one: (weights_of(reader), pairs[one].prompt, pairs[one].answer, answers[one].final) for one in ids}
    return kept(folder / f"stored-{writer}-{reader}.jsonl", of, make)


@cache
def _reader(name: str) -> Any:
    return open_reader(name)
