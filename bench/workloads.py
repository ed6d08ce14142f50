"""The prompts and answers that are read, made from the demo's questions. Nothing here is timed.

``python -m bench.workloads MODEL_FOLDER OUT_FOLDER --short 240 --long 8`` writes three files of pairs:

* ``short.json``: the demo's questions, each with its right and its wrong answer;
* ``long.json``: prompts of 512 tokens with answers of 32, no two prompts alike in more than the chat template;
* ``answers.json``: eight answers of 32 tokens to the first of those prompts.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from importlib.resources import files
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Final

from transformers import AutoTokenizer

from bench.pairs import TokenPair, save
from foureyes import Exchange
from foureyes.models.transformers.formatting import Formatter, Item

__all__ = ["answers_to_one", "long", "short", "to_pairs"]

PROMPT_TOKENS: Final = 512
ANSWER_TOKENS: Final = 32
N_ANSWERS: Final = 8


def questions() -> list[dict[str, Any]]:
    """The demo's questions."""
    lines = files("foureyes.demo").joinpath("questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def to_pairs(exchanges: list[Exchange], formatter: Formatter) -> list[TokenPair]:
    """Exchanges with the token ids that foureyes reads."""
    items = formatter.items(exchanges)
    return [
        TokenPair(
            str(exchange.prompt),
            exchange.answer,
            tuple(item.prompt_ids.tolist()),
            tuple(item.answer_ids.tolist()),
        )
        for exchange, item in zip(exchanges, items, strict=True)
        if isinstance(item, Item)
    ]


def short(n: int) -> list[Exchange]:
    """The first n of the demo's pairs, its questions shuffled, each with its right and its wrong answer in turn."""
    every = questions()
    Random(0).shuffle(every)  # noqa: S311 - the same shuffle every time is the point
    return [Exchange(q["prompt"], q[which]) for q in every for which in ("right", "wrong")][:n]


def long(n: int, formatter: Formatter) -> list[Exchange]:
    """Prompts as long as fits into 512 tokens, each with another answer as long as fits into 32."""
    return [Exchange(_long_prompt(i, formatter), _long_answer(i, formatter)) for i in range(n)]


def answers_to_one(formatter: Formatter) -> list[Exchange]:
    """Eight answers to one long prompt."""
    prompt = _long_prompt(0, formatter)
    return [Exchange(prompt, _long_answer(i, formatter)) for i in range(N_ANSWERS)]


def _long_prompt(i: int, formatter: Formatter) -> str:
    words = list(islice(_statements(31 * i), PROMPT_TOKENS))

    def prompt(n: int) -> str:
        return f"{i + 1}. These are notes. {' '.join(words[:n])} Which of these notes matters most?"

    return prompt(_most(len(words), lambda n: _count(prompt(n), "x", formatter)[0] <= PROMPT_TOKENS))


def _long_answer(i: int, formatter: Formatter) -> str:
    words = list(islice(_statements(31 * i + 17), ANSWER_TOKENS))
    return " ".join(
        words[: _most(len(words), lambda n: _count("x", " ".join(words[:n]), formatter)[1] <= ANSWER_TOKENS)]
    )


def _statements(first: int) -> Iterator[str]:
    """Words of the notes beside the questions, from some note on, for ever."""
    notes = [q["note"] for q in questions()]
    while True:
        yield from notes[first % len(notes)].split()
        first += 1


def _count(prompt: str, answer: str, formatter: Formatter) -> tuple[int, int]:
    (pair,) = to_pairs([Exchange(prompt, answer)], formatter)
    return len(pair.prompt_ids), len(pair.answer_ids)


def _most(limit: int, fits: Callable[[int], bool]) -> int:
    """The largest n in 1..limit for which it still fits, by halving."""
    low, high = 1, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes the pairs that the contenders read.")
    parser.add_argument("model", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--short", type=int, required=True)
    parser.add_argument("--long", type=int, required=True)
    args = parser.parse_args()
    formatter = Formatter(AutoTokenizer.from_pretrained(args.model, local_files_only=True), limit=1 << 20)
    save(to_pairs(short(args.short), formatter), args.out / "short.json")
    save(to_pairs(long(args.long, formatter), formatter), args.out / "long.json")
    save(to_pairs(answers_to_one(formatter), formatter), args.out / "answers.json")


if __name__ == "__main__":
    main()
