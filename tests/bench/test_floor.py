"""The floor must read every token once, and next to no pads."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM

from bench.contenders import LOADERS
from bench.floor import BUDGETS, WASTE, Floor, batches, padding
from bench.job import ContenderJob
from bench.pairs import TokenPair
from bench.ratios import furthest

lengths = st.lists(st.integers(1, 700), min_size=1, max_size=60)


@given(lengths, st.integers(1, 5000))
def test_every_row_is_in_one_batch_and_no_batch_is_over_budget(rows: list[int], budget: int) -> None:
    cut = batches(rows, budget)
    assert sorted(i for batch in cut for i in batch) == list(range(len(rows)))
    assert all(len(batch) == 1 or len(batch) * max(rows[i] for i in batch) <= budget for batch in cut)


@given(lengths)
def test_rows_that_stand_alone_have_no_pads(rows: list[int]) -> None:
    assert padding(rows, budget=1) == 0.0
    assert 0.0 <= padding(rows, budget=4096) <= WASTE + 1e-9


def test_likelihoods_do_not_depend_on_the_batch(tiny_model: Path, tiny_pairs: list[TokenPair]) -> None:
    model = AutoModelForCausalLM.from_pretrained(tiny_model).eval()
    alone, together = (Floor(model, budget).likelihoods(tiny_pairs) for budget in (1, 4096))
    assert furthest(alone, together) < 1e-4


def test_tuning_keeps_one_of_the_budgets(tiny_model: Path, tiny_pairs: list[TokenPair]) -> None:
    notes = LOADERS["floor"](ContenderJob(tiny_model, "float32")).prepare(tiny_pairs)
    assert notes["batch_tokens"] in BUDGETS
    assert 0 <= notes["padding"] <= WASTE
