"""Makes copies of a model whose layers are rounded to a coarser format, for the study of quantised verifiers.

``python -m studies.quantise smollm2-135m Q8_0 Q4_0 Q2`` writes ``out/quantised/smollm2-135m-Q8_0`` and so on. Matrices of the
layers are rounded block by block as GGUF does (Q8_0, Q4_0), or to four levels a block of 32 (Q2), and written back in
bfloat16; embeddings and norms stay as they are. The copy's speed and size say nothing about a quantised model's.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import torch
from gguf import GGMLQuantizationType
from gguf.quants import dequantize, quantize
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from foureyes.models.weights import ensure

__all__ = ["FORMATS", "rounded", "write_rounded"]

Floats = NDArray[np.float32]

BLOCK: Final = 32


def _gguf(kind: GGMLQuantizationType) -> Callable[[Floats], Floats]:
    return lambda weight: np.asarray(dequantize(quantize(weight, kind), kind), np.float32).reshape(weight.shape)


def _two_bits(weight: Floats) -> Floats:
    """Four evenly spaced levels from each block's least to its largest weight."""
    blocks = weight.reshape(-1, BLOCK)
    low, high = blocks.min(1, keepdims=True), blocks.max(1, keepdims=True)
    step = np.where(high > low, (high - low) / 3, 1)
    levels: Floats = (low + np.round((blocks - low) / step) * step).reshape(weight.shape)
    return levels


FORMATS: Final[dict[str, Callable[[Floats], Floats]]] = {
    "Q8_0": _gguf(GGMLQuantizationType.Q8_0),
    "Q4_0": _gguf(GGMLQuantizationType.Q4_0),
    "Q2": _two_bits,
}


def rounded(name: str, weight: torch.Tensor, kind: str) -> torch.Tensor:
    """A weight in a coarser format; as it is where it is no matrix of a layer."""
    if weight.ndim != 2 or ".layers." not in name or weight.shape[1] % BLOCK:
        return weight
    return torch.from_numpy(FORMATS[kind](weight.float().numpy())).to(weight.dtype)


def write_rounded(source: Path, target: Path, kind: str) -> None:
    """Copies a model folder, its layers rounded; leaves a finished copy as it is."""
    if target.is_dir():
        return
    part = target.with_name(f"{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for file in source.iterdir():
        if file.suffix == ".safetensors":
            weights = {name: rounded(name, weight, kind) for name, weight in load_file(file).items()}
            save_file(weights, part / file.name, metadata={"format": "pt"})
        elif file.is_file():
            shutil.copy(file, part / file.name)
    part.rename(target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("formats", nargs="+", choices=FORMATS)
    parser.add_argument("--out", type=Path, default=Path("out/quantised"))
    args = parser.parse_args()
    source = ensure(args.model).folder
    for kind in args.formats:
        write_rounded(source, args.out / f"{args.model}-{kind}", kind)
        print(args.out / f"{args.model}-{kind}")


if __name__ == "__main__":
    main()
