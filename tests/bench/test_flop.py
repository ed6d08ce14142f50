"""The formula against what torch counts while the model really runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoModelForCausalLM

from bench.flop import causal_pairs, forward_flop, shape_of
from bench.pairs import TokenPair


@given(st.integers(0, 60), st.one_of(st.none(), st.integers(1, 80)))
def test_keys_in_sight_are_those_of_a_mask(n: int, window: int | None) -> None:
    mask = torch.ones(n, n, dtype=torch.bool).tril()
    if window is not None:
        mask &= ~torch.ones(n, n, dtype=torch.bool).tril(-window)
    assert causal_pairs(n, window) == int(mask.sum())


def test_the_formula_counts_what_torch_counts(tiny_model: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(tiny_model, attn_implementation="eager")
    pair = TokenPair("", "", tuple(range(2, 22)), tuple(range(30, 36)))
    n, a = len(pair.fed), len(pair.answer_ids)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.tensor([pair.fed]), logits_to_keep=a, use_cache=False)
    shape = shape_of(tiny_model)
    norms = sum(p.numel() for name, p in model.get_decoder().named_parameters() if "norm" in name)
    # Torch counts the whole square of attention, and no norms (nor rotary angles, of a few multiplications a token).
    unseen = 4 * shape.n_heads * shape.head_dim * len(shape.windows) * (n * n - causal_pairs(n, None))
    counted = forward_flop(shape, [pair]) + unseen - 2 * norms * n
    assert counter.get_total_flops() == pytest.approx(counted, rel=0.002)


def test_sliding_layers_look_no_further_than_their_window(tmp_path: Path) -> None:
    from transformers import Gemma3TextConfig

    sizes: dict[str, Any] = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 8,
    }
    kinds = ["sliding_attention", "full_attention"]
    Gemma3TextConfig(vocab_size=64, num_hidden_layers=2, layer_types=kinds, sliding_window=7, **sizes).save_pretrained(
        tmp_path
    )
    config = (tmp_path / "config.json").read_text()
    (tmp_path / "config.json").write_text(config.replace("{", '{"architectures": ["Gemma3ForCausalLM"],', 1))
    assert shape_of(tmp_path).windows == [7, None]
