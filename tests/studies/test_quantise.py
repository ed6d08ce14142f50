"""Rounding keeps what it should and loses what it must."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from foureyes.models.transformers import TransformersReader
from foureyes.types import Exchange, Reading
from studies.quantise import rounded, write_rounded

WEIGHT = torch.randn(8, 64, generator=torch.Generator().manual_seed(0))


def error(kind: str) -> float:
    return float((rounded("model.layers.0.mlp.weight", WEIGHT, kind) - WEIGHT).square().mean())


def test_fewer_bits_round_more_coarsely() -> None:
    assert 0 < error("Q8_0") < error("Q4_0") < error("Q2")


def test_two_bits_are_four_levels_a_block() -> None:
    blocks = rounded("model.layers.0.mlp.weight", WEIGHT, "Q2").reshape(-1, 32)
    assert max(len(block.unique()) for block in blocks) <= 4


@pytest.mark.parametrize("name", ["model.embed_tokens.weight", "lm_head.weight"])
def test_what_is_no_matrix_of_a_layer_stays_as_it_is(name: str) -> None:
    assert rounded(name, WEIGHT, "Q2") is WEIGHT
    assert torch.equal(rounded("model.layers.0.norm.weight", WEIGHT[0], "Q2"), WEIGHT[0])


def test_a_copy_is_a_model_of_its_own(tiny_model: Path, tmp_path: Path) -> None:
    write_rounded(tiny_model, tmp_path / "copy", "Q2")
    before, after = TransformersReader.load(tiny_model), TransformersReader.load(tmp_path / "copy")
    assert before.fingerprint != after.fingerprint
    exchange = [Exchange("Capital of Australia?", "Sydney")]
    readings = [reader.read(exchange)[0] for reader in (before, after)]
    assert all(isinstance(reading, Reading) for reading in readings)
    assert readings[0].nll.tolist() != readings[1].nll.tolist()  # type: ignore[union-attr]
