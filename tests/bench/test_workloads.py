"""The pairs are what the page says they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.pairs import TokenPair, load, save, spread
from bench.workloads import answers_to_one, long, short, to_pairs
from foureyes.models.transformers.formatting import Formatter


@pytest.fixture(scope="module")
def formatter(tiny_model: Path) -> Formatter:
    from transformers import AutoTokenizer

    return Formatter(AutoTokenizer.from_pretrained(tiny_model), limit=1 << 20)


def test_long_prompts_fill_512_tokens_and_share_no_more_than_the_template(formatter: Formatter) -> None:
    pairs = to_pairs(long(3, formatter), formatter)
    assert all(480 <= len(pair.prompt_ids) <= 512 for pair in pairs)
    assert all(16 <= len(pair.answer_ids) <= 32 for pair in pairs)
    assert len({pair.prompt_ids[:16] for pair in pairs}) == 3


def test_eight_answers_to_one_prompt(formatter: Formatter) -> None:
    pairs = to_pairs(answers_to_one(formatter), formatter)
    assert len({pair.prompt_ids for pair in pairs}) == 1
    assert len({pair.answer for pair in pairs}) == len(pairs) == 8


@pytest.mark.parametrize("n", [1, 24, 240])
def test_short_pairs_are_as_many_as_asked_for(n: int) -> None:
    pairs = short(n)
    assert len(pairs) == n
    assert len({(pair.prompt, pair.answer) for pair in pairs}) == n


def test_pairs_survive_the_disk(tmp_path: Path, tiny_pairs: list[TokenPair]) -> None:
    save(tiny_pairs, tmp_path / "pairs.json")
    assert load(tmp_path / "pairs.json") == tiny_pairs
    assert len(spread(tiny_pairs, 5)) == 5
