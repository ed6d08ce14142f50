r"""Multiplications and additions of a forward pass, by formula.

A product of (m × k) by (k × n) counts 2·m·k·n. For a sequence fed with n tokens, of which a predict an answer token:

    2 · P · n  +  Σ_layers 4 · heads · head_dim · pairs(n, window)  +  2 · V · d · a

P: parameters of the network without token embeddings and head; pairs(n, w) = Σ_{t=1..n} min(t, w): the keys that causal
attention looks at, w the layer's sliding window if it has one; V × d: the head. Norms, activations, rotations, softmax
and the statistics count nothing.

``python -m bench.flop FOLDER`` prints the figures of a model as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.pairs import TokenPair

__all__ = ["Shape", "forward_flop", "shape_of"]


@dataclass(frozen=True, slots=True)
class Shape:
    """What the formula needs to know of a model; ``windows`` has an entry per layer, ``None`` for full attention."""

    n_body: int
    n_heads: int
    head_dim: int
    windows: Sequence[int | None]
    vocabulary: int
    width: int


def causal_pairs(n: int, window: int | None) -> int:
    """Query-key pairs of causal attention over n tokens.

    Example:
        >>> causal_pairs(4, None), causal_pairs(4, 2)
        (10, 7)
    """
    w = n if window is None else min(n, window)
    return w * (w + 1) // 2 + (n - w) * w


def forward_flop(shape: Shape, pairs: Sequence[TokenPair]) -> int:
    """Of the pairs, each read in full on its own."""
    total = 0
    for pair in pairs:
        n = len(pair.fed)
        attended = sum(causal_pairs(n, window) for window in shape.windows)
        total += 2 * shape.n_body * n
        total += 4 * shape.n_heads * shape.head_dim * attended
        total += 2 * shape.vocabulary * shape.width * len(pair.answer_ids)
    return total


def shape_of(folder: Path) -> Shape:
    """Of a model folder, without loading its weights."""
    import torch  # noqa: PLC0415 - the measuring process stays small
    from transformers import AutoConfig, AutoModelForCausalLM  # noqa: PLC0415

    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    body, (vocabulary, width) = model.get_decoder(), model.get_output_embeddings().weight.shape
    n_body = sum(p.numel() for p in body.parameters()) - body.get_input_embeddings().weight.numel()
    kinds = getattr(config, "layer_types", None) or ["full_attention"] * config.num_hidden_layers
    windows = [config.sliding_window if kind == "sliding_attention" else None for kind in kinds]
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return Shape(n_body, config.num_attention_heads, head_dim, windows, vocabulary, width)


if __name__ == "__main__":
    print(json.dumps(asdict(shape_of(Path(sys.argv[1])))))
