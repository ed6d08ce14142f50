"""The program for whoever has a graphics card, on a CPU: it reads right, and with the reader's own head."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from bench import gpu
from bench.flop import forward_flop
from bench.pairs import TokenPair
from foureyes.models.head import head
from foureyes.models.head.products import DeviceProduct

CPU = torch.device("cpu")


@pytest.fixture
def network() -> gpu.Decoder:
    torch.manual_seed(0)
    return gpu.made(gpu.SHAPES["tiny"], CPU, torch.float32)


@pytest.mark.parametrize("product", [None, DeviceProduct])
def test_it_reads_what_plain_logits_say(network: gpu.Decoder, product: object, monkeypatch: pytest.MonkeyPatch) -> None:
    if product:
        monkeypatch.setattr(head, "best_product", lambda _weight: product)
    reading = gpu.sequences(network, prompt=20, answer=8)
    nll, entropy = gpu.plain(network, reading)
    got = gpu.read(network, reading)
    torch.testing.assert_close(got.nll, nll.double(), atol=1e-5, rtol=0)
    torch.testing.assert_close(got.entropy, entropy.double(), atol=1e-5, rtol=0)
    for ours, theirs in zip(gpu.plain_everywhere(network, reading), (nll, entropy), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)
    assert got.top_ids.shape == (16, gpu.TOP_K)
    difference = gpu.against_float64(network, reading)
    assert difference.nats < 1e-5
    assert difference.ranks == 0


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("nll", lambda found: found.nll.add_(0.01)),
        ("entropy", lambda found: found.entropy.add_(0.01)),
        ("rank", lambda found: found.rank.add_(40)),
        ("rank", lambda found: found.rank.sub_(40)),
        ("top_ids", lambda found: found.top_ids.copy_(found.top_ids.flip(1))),
        ("top_logprobs", lambda found: found.top_logprobs.sub_(0.01)),
    ],
)
def test_what_is_wrong_is_seen_beside_float64(
    network: gpu.Decoder, name: str, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = gpu.Head.statistics

    def spoiled(*args: Any, **options: Any) -> Any:
        found = right(*args, **options)
        wrong(found)
        return found

    monkeypatch.setattr(gpu.Head, "statistics", spoiled)
    difference = gpu.against_float64(network, gpu.sequences(network, prompt=20, answer=8))
    assert (difference.ranks > 0) == (name == "rank")
    assert (difference.nats > gpu.ROUNDING) == (name != "rank")


def test_the_rate_of_the_card_is_measured_in_every_round(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = iter([1e3, 2e3, 4e3])
    monkeypatch.setattr(gpu, "PROMPT", 12)
    monkeypatch.setattr(gpu, "peak_rate", lambda *_: next(rates))
    gpu.measured("tiny", CPU, 3)
    assert next(rates, None) is None


def test_the_network_looks_back_only(network: gpu.Decoder) -> None:
    ids = torch.randint(1000, (1, 12))
    changed = ids.clone()
    changed[0, -1] += 1
    torch.testing.assert_close(network(ids)[0, :-1], network(changed % 1000)[0, :-1])


def test_work_is_counted_by_the_formula_of_the_other_bench(network: gpu.Decoder) -> None:
    reading = gpu.sequences(network, prompt=20, answer=1)
    pair = TokenPair("", "", tuple(range(21)), (1,))  # the last token of an answer is not fed there
    assert network.flop(reading) == 2 * forward_flop(network.formula, [pair])


def test_the_shapes_are_of_the_sizes_that_they_are_called_by() -> None:
    for name, least, most in [
        ("0.5 B (Qwen2.5)", 0.35e9, 0.5e9),
        ("3 B (Qwen2.5)", 2.7e9, 3.1e9),
        ("8 B (Llama 3.1)", 6.9e9, 8e9),
    ]:
        with torch.device("meta"):
            assert least < gpu.Decoder(gpu.SHAPES[name]).formula.n_body < most


def test_the_command_runs_without_a_card(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu, "PROMPT", 12)
    written = tmp_path / "gpu.md"
    arguments = ["gpu", "--device", "cpu", "--shape", "tiny", "--rounds", "1", "--markdown", str(written)]
    monkeypatch.setattr("sys.argv", arguments)
    assert gpu.main() == 0
    assert "furthest from float64" in written.read_text()
    monkeypatch.setattr("sys.argv", ["gpu"])
    if not torch.cuda.is_available():
        assert gpu.main() == 1
        assert "no CUDA device" in capsys.readouterr().err
