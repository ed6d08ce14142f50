"""Reading on a graphics card: ``python -m bench.gpu``, for whoever has one. Needs torch and this repository, no weights.

Networks of the shapes of known models, with random weights, read prompts of 512 tokens with answers of 128:

* **plain**: logits of every answer token in memory, log-softmax over them, NLL and entropy of that;
* **plain, everywhere**: the same of logits at all 640 positions, as a model's own forward pass makes them (``model(ids).logits``);
* **foureyes**: NLL, exact entropy, rank and the best five through :class:`foureyes.models.head.Head`, the very code that reads
  models; logits of one tile at a time, of which the card makes float32 from bfloat16 factors;
* **body**: the same network without any head.

Beside them stand the card's own rate for square matrix products, measured again in every round, the memory of the head at growing
vocabularies, and the largest difference from float64 on a few rows: of NLL, entropy and the best five, and of ranks. ``--device cpu --shape tiny`` tries the program without a card.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - the name that everybody knows

from bench.flop import Shape, causal_pairs
from bench.machine import command_line
from bench.ratios import Spread, per_round
from bench.section import MIB, Aim, BenchSection, Grid, aims, at_least, words
from foureyes.models.head import Head, Statistics

__all__ = [
    "SHAPES",
    "Decoder",
    "Difference",
    "NetworkShape",
    "Reading",
    "against_float64",
    "plain",
    "plain_everywhere",
    "read",
]

PROMPT, ANSWER, TOP_K = 512, 128, 5


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """A decoder of the Llama family."""

    layers: int
    width: int
    heads: int
    key_heads: int
    head_dim: int
    inner: int
    vocabulary: int
    batch: int
    """Sequences read at a time."""


SHAPES: Final = {
    "0.5 B (Qwen2.5)": NetworkShape(24, 896, 14, 2, 64, 4864, 151_936, 32),
    "3 B (Qwen2.5)": NetworkShape(36, 2048, 16, 2, 128, 11_008, 151_936, 16),
    "8 B (Llama 3.1)": NetworkShape(32, 4096, 32, 8, 128, 14_336, 128_256, 8),
    "tiny": NetworkShape(2, 64, 4, 2, 16, 128, 1_000, 2),
}

ROUNDING: Final = 2e-4
"""Nats by which the arithmetic of a card may be away from float64."""

VOCABULARIES: Final = (32_768, 65_536, 131_072, 262_144)


@dataclass(frozen=True, slots=True)
class Reading:
    """Sequences of one length: (B, n) token ids, of which the last ``answer`` are read."""

    ids: torch.Tensor
    answer: int


class DecoderLayer(nn.Module):
    """Attention with grouped keys and a gated network, each behind its norm."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        queries, keys = shape.heads * shape.head_dim, shape.key_heads * shape.head_dim
        self.norm_attention, self.norm_gated = nn.RMSNorm(shape.width), nn.RMSNorm(shape.width)
        self.qkv = nn.Linear(shape.width, queries + 2 * keys, bias=False)
        self.out = nn.Linear(queries, shape.width, bias=False)
        self.gate_up = nn.Linear(shape.width, 2 * shape.inner, bias=False)
        self.down = nn.Linear(shape.inner, shape.width, bias=False)

    def forward(self, x: torch.Tensor, turns: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """(B, n, width) to the same."""
        shape = self.shape
        states = self.qkv(self.norm_attention(x)).unflatten(-1, (-1, shape.head_dim)).transpose(1, 2)
        q, k, v = states.split([shape.heads, shape.key_heads, shape.key_heads], dim=1)
        q, k = _turned(q, turns), _turned(k, turns)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        x = x + self.out(seen.transpose(1, 2).flatten(2))
        gate, up = self.gate_up(self.norm_gated(x)).chunk(2, dim=-1)
        down: torch.Tensor = self.down(F.silu(gate) * up)
        return x + down


class Decoder(nn.Module):
    """A network with random weights and a head."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.layers = nn.ModuleList(DecoderLayer(shape) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.width)
        self.head = nn.Linear(shape.width, shape.vocabulary, bias=False)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """(B, n) ids to (B, n, width) hidden states, the head left out."""
        turns = _rotary(ids.shape[1], self.shape.head_dim, self.embedding.weight)
        x = self.embedding(ids)
        for layer in self.layers:
            x = layer(x, turns)
        normed: torch.Tensor = self.norm(x)
        return normed

    def flop(self, reading: Reading) -> int:
        """Of one pass over all sequences, by the formula of :mod:`bench.flop`."""
        sequences, n = len(reading.ids), reading.ids.shape[1]
        shape = self.formula
        attended = sum(causal_pairs(n, window) for window in shape.windows)
        body = 2 * shape.n_body * n + 4 * shape.n_heads * shape.head_dim * attended
        return sequences * (body + 2 * shape.vocabulary * shape.width * reading.answer)

    @property
    def formula(self) -> Shape:
        """What the formula needs to know."""
        n_body = sum(p.numel() for p in self.layers.parameters())
        shape = self.shape
        return Shape(n_body, shape.heads, shape.head_dim, [None] * shape.layers, shape.vocabulary, shape.width)


def _rotary(n: int, head_dim: int, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    speeds = 10_000.0 ** (-torch.arange(0, head_dim, 2, device=like.device) / head_dim)
    angles = torch.arange(n, device=like.device)[:, None] * torch.cat([speeds, speeds])
    return angles.cos().to(like.dtype), angles.sin().to(like.dtype)


def _turned(x: torch.Tensor, turns: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    first, second = x.chunk(2, dim=-1)
    return x * turns[0] + torch.cat([-second, first], -1) * turns[1]


def made(shape: NetworkShape, device: torch.device, dtype: torch.dtype) -> Decoder:
    """A network of random weights, drawn where it is to be."""
    with torch.device("meta"):
        network = Decoder(shape)
    network = network.to_empty(device=device).to(dtype).requires_grad_(requires_grad=False).eval()
    for name, values in network.named_parameters():
        if "norm" in name:
            values.fill_(1.0)
        else:
            values.normal_(std=values.shape[-1] ** -0.5)
    return network


def sequences(network: Decoder, prompt: int = PROMPT, answer: int = ANSWER) -> Reading:
    """Random tokens."""
    shape = (network.shape.batch, prompt + answer)
    return Reading(torch.randint(network.shape.vocabulary, shape, device=network.head.weight.device), answer)


def plain(network: Decoder, reading: Reading) -> tuple[torch.Tensor, torch.Tensor]:
    """NLL and entropy of all answer tokens, in order, by whole rows of log-probabilities."""
    hidden, tokens = _predicting(network(reading.ids), reading)
    return _by_whole_rows(network.head(hidden), tokens)


def plain_everywhere(network: Decoder, reading: Reading) -> tuple[torch.Tensor, torch.Tensor]:
    """The same by logits at every position, as a model's own forward pass makes them; those of the answers are used."""
    return _by_whole_rows(*_predicting(network.head(network(reading.ids)), reading))


def _by_whole_rows(logits: torch.Tensor, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    logprobs = logits.float().log_softmax(-1)
    nll = -logprobs.gather(1, tokens[:, None])[:, 0]
    return nll, -(logprobs.exp() * logprobs).sum(-1)


def read(network: Decoder, reading: Reading) -> Statistics:
    """The same, with ranks and the best five, as foureyes reads."""
    hidden, tokens = _predicting(network(reading.ids), reading)
    rows = torch.arange(len(tokens), device=tokens.device)
    return Head(network.head.weight).statistics(hidden, rows, tokens, top_k=TOP_K)


def _predicting(states: torch.Tensor, reading: Reading) -> tuple[torch.Tensor, torch.Tensor]:
    """Of (B, n, …) what predicts the answers' tokens, and these tokens."""
    return states[:, -reading.answer - 1 : -1].flatten(0, 1), reading.ids[:, -reading.answer :].flatten()


@dataclass(frozen=True, slots=True)
class Difference:
    """How far foureyes is from a whole softmax in float64.

    Attributes:
        nats: the largest difference of an NLL, an entropy, or a log-probability of the best five.
        ranks: tokens whose rank no rounding of logits by :data:`ROUNDING` explains.
    """

    nats: float
    ranks: int


def against_float64(network: Decoder, reading: Reading, rows: int = 64) -> Difference:
    """What foureyes says of some hidden states, beside what float64 says of the same."""
    hidden, tokens = (values[:rows] for values in _predicting(network(reading.ids), reading))
    at = torch.arange(len(tokens), device=tokens.device)
    got = Head(network.head.weight).statistics(hidden, at, tokens, top_k=TOP_K)
    logits = hidden.cpu().double() @ network.head.weight.cpu().double().T
    logprobs, own = logits.log_softmax(-1), logits.gather(1, tokens.cpu()[:, None])
    best = logprobs.topk(TOP_K, dim=1).values
    pairs = [
        (got.nll, -logprobs.gather(1, tokens.cpu()[:, None])[:, 0]),
        (got.entropy, -(logprobs.exp() * logprobs).sum(-1)),
        (got.top_logprobs, best),
        (logprobs.gather(1, got.top_ids), best),  # of the tokens that were said to be the best
    ]
    surely, perhaps = ((logits > own + one).sum(1) + 1 for one in (ROUNDING, -ROUNDING))
    wrong = (got.rank < surely) | (got.rank > perhaps)
    return Difference(max(float((ours - exact).abs().max()) for ours, exact in pairs), int(wrong.sum()))


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    _wait(device)
    start = time.perf_counter()
    work()
    _wait(device)
    return time.perf_counter() - start


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def peak_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Operations a second of the square matrix product that suits the card best."""
    best = 0.0
    for size in (4096, 8192) if device.type == "cuda" else (256,):
        left, right = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
        product = partial(torch.mm, left, right)
        best = max(best, *(2 * size**3 / _seconds(product, device) for _ in range(8)))
    return best


def head_memory(vocabulary: int, width: int, device: torch.device, dtype: torch.dtype) -> int:
    """Bytes that reading 2048 rows takes on top of head and hidden states."""
    weight = torch.randn(vocabulary, width, device=device, dtype=dtype)
    hidden = torch.randn(2048, width, device=device, dtype=dtype)
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    rows = torch.arange(2048, device=device)
    Head(weight).statistics(hidden, rows, rows, top_k=TOP_K)
    return torch.cuda.max_memory_allocated(device) - before


@torch.inference_mode()
def measured(name: str, device: torch.device, rounds: int) -> BenchSection:
    """One shape: the card's own rate and every way of reading in turn, round after round."""
    torch.manual_seed(0)
    network = made(SHAPES[name], device, torch.bfloat16)
    reading = sequences(network)
    work: dict[str, Callable[[], object]] = {
        "body": lambda: network(reading.ids),
        "plain": lambda: plain(network, reading),
        "plain, everywhere": lambda: plain_everywhere(network, reading),
        "foureyes": lambda: read(network, reading),
    }
    for one in work.values():
        one()
    peaks: list[float] = []
    seconds: dict[str, list[float]] = {way: [] for way in work}
    for _ in range(rounds):
        peaks.append(peak_rate(device, torch.bfloat16))
        for way, one in work.items():
            seconds[way].append(_seconds(one, device))
    rates = [network.flop(reading) / s for s in seconds["foureyes"]]
    found = [
        at_least("share of the matrix-product peak", 0.6, per_round(rates, peaks)),
        at_least("speed ÷ logits at all positions, log-softmax", 3, _times(seconds, "plain, everywhere")),
        at_least("speed ÷ logits at the answers' positions, log-softmax", 3, _times(seconds, "plain")),
        *_exactness(against_float64(network, reading)),
    ]
    rows = [[way, f"{1000 * min(seconds[way]):.1f}", f"{reading.ids.numel() / min(seconds[way]):,.0f}"] for way in work]
    grids = [Grid(f"{len(reading.ids)} sequences at a time", ("", "ms", "tokens/s"), rows)]
    note = f"Square matrix products of bfloat16: {max(peaks) / 1e12:.1f} TFLOP/s at best."
    return BenchSection(name, found, grids, [note])


def _times(seconds: Mapping[str, Sequence[float]], way: str) -> Spread | None:
    """How many times as fast foureyes reads as another way."""
    return per_round(seconds[way], seconds["foureyes"])


def _exactness(found: Difference) -> list[Aim]:
    return [
        Aim("furthest from float64, nats", f"≤ {ROUNDING:g}", f"{found.nats:.1e}", kept=found.nats <= ROUNDING),
        Aim("ranks that rounding does not explain", "0", str(found.ranks), kept=found.ranks == 0),
    ]


def memory_section(device: torch.device) -> BenchSection:
    """Memory of the head at growing vocabularies."""
    taken = [head_memory(size, 2048, device, torch.bfloat16) for size in VOCABULARIES]
    ratio = taken[-1] / taken[0]
    found = Aim("memory at 262,144 tokens ÷ at 32,768", "≤ 1.2 (flat)", f"{ratio:.2f}", kept=ratio <= 1.2)
    rows = [[f"{size:,}", f"{bytes_ / MIB:,.0f} MiB"] for size, bytes_ in zip(VOCABULARIES, taken, strict=True)]
    return BenchSection("Memory of the head", [found], [Grid("2,048 rows", ("vocabulary", "on top"), rows)])


def page(sections: Sequence[BenchSection], machine: str) -> str:
    """All of it as Markdown."""
    parts = [f"Made by `{command_line('bench.gpu')}` on {machine}."]
    for section in sections:
        parts += [words(section), aims(section.aims)]
    return "\n\n".join(parts) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description="Reading on a graphics card.")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--shape", action="append", choices=SHAPES, help="only this one; repeat for more")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the figures here as well")
    args = parser.parse_args()
    device = torch.device(args.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        print("bench: torch sees no CUDA device here; try --device cpu --shape tiny", file=sys.stderr)
        return 1
    card = torch.cuda.get_device_name(device) if device.type == "cuda" else "a CPU"
    names = args.shape or [name for name in SHAPES if name != "tiny"]
    sections = [measured(name, device, args.rounds) for name in names]
    sections += [memory_section(device)] if device.type == "cuda" else []
    text = page(sections, f"{card}, torch {torch.__version__}")
    print(text)
    if args.markdown:
        args.markdown.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
