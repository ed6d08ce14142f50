"""Pairs for the tiny model, as the bench makes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.pairs import TokenPair
from bench.workloads import short, to_pairs


@pytest.fixture(scope="session")
def tiny_pairs(tiny_model: Path) -> list[TokenPair]:
    """Twelve of the demo's pairs, in the tokens of the tiny model."""
    from transformers import AutoTokenizer

    from foureyes.models.transformers.formatting import Formatter

    return to_pairs(short(12), Formatter(AutoTokenizer.from_pretrained(tiny_model), limit=512))
