"""The tiled statistics against a whole softmax in float64."""

import pytest
import torch

from foureyes.models.transformers import head as head_module
from foureyes.models.transformers.head import Head


def whole(hidden, weight, rows, tokens, bias=None, scale=1.0, softcap=None):
    logits = hidden.double() @ weight.double().T
    if bias is not None:
        logits += bias.double()
    logits *= scale
    if softcap is not None:
        logits = torch.tanh(logits / softcap) * softcap
    logprobs = logits.log_softmax(-1)[rows]
    actual = logprobs.gather(1, tokens[:, None])
    return {
        "nll": -actual[:, 0],
        "logit": logits[rows].gather(1, tokens[:, None])[:, 0],
        "entropy": -(logprobs.exp() * logprobs).sum(-1),
        "top1": logprobs.max(-1).values.exp(),
        "rank": 1 + (logprobs > actual).sum(1),
        "top": logprobs.topk(5),
    }


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("vocabulary", [7, 1000, 20_001])
@pytest.mark.parametrize(
    "shape", [{}, {"softcap": 30.0}, {"scale": 0.25}, {"bias": True, "scale": 0.5, "softcap": 20.0}], ids=str
)
def test_statistics_are_those_of_the_whole_softmax(dtype, vocabulary, shape):
    torch.manual_seed(vocabulary)
    hidden, weight = (3 * torch.randn(40, 16)).to(dtype), torch.randn(vocabulary, 16).to(dtype)
    shape = dict(shape)
    if shape.pop("bias", None):
        shape["bias"] = torch.randn(vocabulary).to(dtype)
    rows = torch.arange(60).clamp_max(39)  # the last row predicts twenty tokens
    tokens = torch.randint(vocabulary, (60,))
    wanted = whole(hidden, weight, rows, tokens, **shape)
    got = Head(weight, **shape).statistics(hidden, rows, tokens, top_k=5)
    for name in ("nll", "logit", "entropy", "top1"):
        torch.testing.assert_close(getattr(got, name), wanted[name], atol=5e-5, rtol=1e-5)
    assert (got.rank - wanted["rank"]).abs().max() <= 1
    assert (got.rank == wanted["rank"]).float().mean() > 0.9
    torch.testing.assert_close(got.top_logprobs, wanted["top"].values, atol=5e-5, rtol=1e-5)


def test_many_rows_go_in_chunks_and_come_back_in_order(monkeypatch):
    torch.manual_seed(0)
    hidden, weight = torch.randn(50, 8), torch.randn(300, 8)
    rows, tokens = torch.arange(50), torch.randint(300, (50,))
    whole_pass = Head(weight).statistics(hidden, rows, tokens)
    monkeypatch.setattr(head_module, "ROWS", 7)
    monkeypatch.setattr(head_module, "MAX_TILE", 64)
    chunked = Head(weight).statistics(hidden, rows, tokens)
    torch.testing.assert_close(whole_pass.nll, chunked.nll, atol=1e-6, rtol=1e-6)
    assert torch.equal(whole_pass.rank, chunked.rank)


def test_surprise_is_never_negative_and_the_certain_token_has_none():
    weight = torch.eye(4) * 1000
    got = Head(weight).statistics(torch.eye(4)[:1], torch.tensor([0]), torch.tensor([0]))
    assert (got.nll[0], got.entropy[0], got.top1[0], got.rank[0]) == (0.0, 0.0, 1.0, 1)


def test_ties_do_not_count_against_a_token():
    got = Head(torch.zeros(10, 4)).statistics(torch.ones(1, 4), torch.tensor([0]), torch.tensor([7]))
    assert got.rank[0] == 1
    assert got.entropy[0] == pytest.approx(torch.log(torch.tensor(10.0)).item(), abs=1e-6)
