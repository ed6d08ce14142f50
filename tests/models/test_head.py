"""The tiled statistics against a whole softmax in float64."""

import pytest
import torch

from foureyes.models.head import Head
from foureyes.models.head.products import ConvertedProduct, DeviceProduct, RemainderProduct, best_product


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


SHAPES = [{}, {"softcap": 30.0}, {"scale": 0.25}, {"bias": True, "scale": 0.5, "softcap": 20.0}]

FLOAT32 = {"atol": 5e-5, "rtol": 1e-5}
SIXTEEN_BITS = {"atol": 5e-4, "rtol": 1e-5}
"""Of a logit near 50, the largest here, 16 bits leave an error of 2e-4."""


@pytest.mark.parametrize(
    ("dtype", "product", "near"),
    [
        (torch.float32, ConvertedProduct, FLOAT32),
        (torch.float32, DeviceProduct, FLOAT32),
        (torch.bfloat16, ConvertedProduct, FLOAT32),
        (torch.bfloat16, RemainderProduct, SIXTEEN_BITS),
    ],
)
@pytest.mark.parametrize("vocabulary", [7, 1000, 20_001])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_statistics_are_those_of_the_whole_softmax(dtype, product, near, vocabulary, shape):
    torch.manual_seed(vocabulary)
    hidden, weight = (3 * torch.randn(40, 16)).to(dtype), torch.randn(vocabulary, 16).to(dtype)
    shape = dict(shape)
    if shape.pop("bias", None):
        shape["bias"] = torch.randn(vocabulary).to(dtype)
    rows = torch.arange(60).clamp_max(39)  # the last row predicts twenty tokens
    tokens = torch.randint(vocabulary, (60,))
    wanted = whole(hidden, weight, rows, tokens, **shape)
    got = Head(weight, product=product, **shape).statistics(hidden, rows, tokens, top_k=5)
    for name in ("nll", "logit", "entropy", "top1"):
        torch.testing.assert_close(getattr(got, name), wanted[name], **near)
    assert (got.rank - wanted["rank"]).abs().max() <= 1
    assert (got.rank == wanted["rank"]).float().mean() > 0.9
    torch.testing.assert_close(got.top_logprobs, wanted["top"].values, **near)


@pytest.mark.parametrize("columns", [64, 192, 1000])
def test_a_remainder_gives_back_what_rounding_took(columns):
    torch.manual_seed(columns)
    hidden, weight = torch.randn(30, 640).bfloat16(), (0.2 * torch.randn(1000, 640)).bfloat16()
    wanted = hidden.double() @ weight.double().T
    product = RemainderProduct(hidden, weight)
    product.width = columns
    error = torch.cat([product.tile(first).double() for first in range(0, 1000, columns)], 1) - wanted
    rounded = torch.mm(hidden, weight.T).double() - wanted
    assert rounded.abs().max() > 0.01
    assert error.abs().max() < 2e-4
    assert (error.abs() <= 2.0**-17 * wanted.abs() + 2e-5).all()


def test_a_remainder_reads_what_converted_factors_read():
    torch.manual_seed(1)
    hidden, weight = torch.randn(200, 128).bfloat16(), (0.3 * torch.randn(9000, 128)).bfloat16()
    rows, tokens = torch.arange(200), torch.randint(9000, (200,))
    one, other = (
        Head(weight, product=p).statistics(hidden, rows, tokens) for p in (ConvertedProduct, RemainderProduct)
    )
    for name in ("nll", "logit", "entropy", "top1"):
        torch.testing.assert_close(getattr(one, name), getattr(other, name), atol=1e-4, rtol=0)


@pytest.mark.parametrize("fast", [False, True])
def test_a_remainder_is_for_processors_that_multiply_bfloat16_fast(monkeypatch, fast):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": fast, "avx512_bf16": True})
    assert best_product(torch.zeros(2, 2, dtype=torch.bfloat16)) is (RemainderProduct if fast else ConvertedProduct)
    assert best_product(torch.zeros(2, 2)) is ConvertedProduct
    assert best_product(torch.zeros(2, 2, dtype=torch.bfloat16, device="meta")) is DeviceProduct


@pytest.mark.parametrize("product", [ConvertedProduct, RemainderProduct])
def test_no_switch_of_the_process_is_touched(product):
    before = (torch.get_float32_matmul_precision(), torch.backends.mkldnn.matmul.fp32_precision)
    weight = torch.randn(300, 8).bfloat16()
    Head(weight, product=product).statistics(torch.randn(5, 8).bfloat16(), torch.arange(5), torch.arange(5))
    assert (torch.get_float32_matmul_precision(), torch.backends.mkldnn.matmul.fp32_precision) == before


def test_logits_that_a_model_computed_stay_as_they_are():
    torch.manual_seed(2)
    logits = torch.randn(5, 9000)
    kept = logits.clone()
    got = Head.of_logits(logits, torch.arange(5), top_k=3)
    assert torch.equal(logits, kept)
    torch.testing.assert_close(got.top_logprobs, logits.double().log_softmax(1).topk(3).values, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("dtype", "product"), [(torch.float32, ConvertedProduct), (torch.bfloat16, RemainderProduct)])
def test_many_rows_go_in_chunks_and_come_back_in_order(monkeypatch, dtype, product):
    torch.manual_seed(0)
    hidden, weight = torch.randn(50, 8).to(dtype), torch.randn(300, 8).to(dtype)
    rows, tokens = torch.arange(50), torch.randint(300, (50,))
    whole_pass = Head(weight, product=product).statistics(hidden, rows, tokens)
    monkeypatch.setattr(product, "ROWS", 7)
    monkeypatch.setattr(product, "COLUMNS", 64)
    chunked = Head(weight, product=product).statistics(hidden, rows, tokens)
    torch.testing.assert_close(whole_pass.nll, chunked.nll, atol=1e-4, rtol=1e-6)
    assert torch.equal(whole_pass.rank, chunked.rank)


def test_surprise_is_never_negative_and_the_certain_token_has_none():
    weight = torch.eye(4) * 1000
    got = Head(weight).statistics(torch.eye(4)[:1], torch.tensor([0]), torch.tensor([0]))
    assert (got.nll[0], got.entropy[0], got.top1[0], got.rank[0]) == (0.0, 0.0, 1.0, 1)


def test_equal_logits_are_shared_out_evenly():
    got = Head(torch.zeros(10, 4)).statistics(torch.ones(1, 4), torch.tensor([0]), torch.tensor([7]))
    assert got.rank[0] == 1
    assert got.entropy[0] == pytest.approx(torch.log(torch.tensor(10.0)).item(), abs=1e-6)


@pytest.mark.parametrize(
    ("dtype", "product"),
    [
        (torch.float32, ConvertedProduct),
        (torch.float32, DeviceProduct),
        (torch.bfloat16, ConvertedProduct),
        (torch.bfloat16, RemainderProduct),
        (torch.bfloat16, DeviceProduct),
    ],
)
@pytest.mark.parametrize("shape", [{}, {"softcap": 30.0}, {"scale": 7.0}], ids=str)
@pytest.mark.parametrize("signs", ["mixed", "one"])
def test_ties_do_not_count_against_a_token(dtype, product, shape, signs):
    torch.manual_seed(3)
    hidden, weight = torch.randn(50, 640), torch.randn(4500, 640) / 10
    if signs == "one":  # sums as large as their terms allow, and with them what rounding does
        hidden, weight = hidden.abs(), weight.abs() / 25
    hidden, weight = hidden.to(dtype), weight.to(dtype)
    weight[1:200] = weight[0]
    weight[4400:] = weight[0]  # in another tile, of another width
    rows, tokens = torch.arange(50), torch.tensor([0, 1, 100, 4400, 4499] * 10)
    above = (hidden.double() @ weight.double().T - (hidden.double() @ weight[0].double())[:, None] > 1e-9).sum(1)
    got = Head(weight, product=product, **shape).statistics(hidden, rows, tokens)
    wrong = got.rank - 1 - above
    assert wrong.max() <= 0  # of 300 equal ones
    if product is not DeviceProduct or dtype is torch.float32:
        assert wrong.min() >= -6  # nearer than the arithmetic can tell; logits of 16 bits tie with many more


@pytest.mark.parametrize(("dtype", "product"), [(torch.float32, ConvertedProduct), (torch.bfloat16, RemainderProduct)])
@pytest.mark.parametrize("shut", [slice(3, 4), slice(0, 64)], ids=["one", "a whole tile"])
def test_a_logit_of_minus_infinity_is_a_token_that_cannot_be(monkeypatch, dtype, product, shut):
    monkeypatch.setattr(product, "COLUMNS", 64)
    torch.manual_seed(5)
    hidden, weight, bias = torch.randn(6, 8).to(dtype), torch.randn(150, 8).to(dtype), torch.zeros(150)
    bias[shut] = -torch.inf
    rows, tokens = torch.arange(6), torch.arange(100, 106)
    got = Head(weight, bias=bias, product=product).statistics(hidden, rows, tokens, top_k=3)
    open_ = bias == 0
    without = Head(weight[open_], product=product).statistics(hidden, rows, tokens - int((~open_).sum()), top_k=3)
    for name in ("nll", "entropy", "top1", "rank", "top_logprobs"):
        torch.testing.assert_close(getattr(got, name), getattr(without, name), atol=1e-5, rtol=0)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_logits_of_sixteen_bits_are_read_as_they_stand(dtype):
    torch.manual_seed(6)
    logits, tokens = torch.randn(5, 9000).to(dtype), torch.arange(5)
    got = Head.of_logits(logits, tokens, top_k=3)
    wide = Head.of_logits(logits.float(), tokens, top_k=3)
    assert all(torch.equal(getattr(got, name), getattr(wide, name)) for name in got.__slots__)
