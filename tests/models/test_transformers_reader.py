"""The packed, tiled reader against the plainest possible reading in float64, on several families of models."""

import json

import numpy as np
import pytest
import torch
import transformers

from foureyes.errors import ConfigError, ModelUnavailable
from foureyes.models import item_reading
from foureyes.models.transformers import TransformersReader
from foureyes.models.transformers import reader as reader_module
from foureyes.models.weights import SMALL_PAIR, ensure
from foureyes.types import Exchange, Message, Reading, Unscored
from tests.conftest import build_tiny_model

QUESTION = "What is the capital of Australia? It is neither the largest nor the oldest city of the country."
EXCHANGES = [
    Exchange(QUESTION, "Canberra"),
    Exchange(QUESTION, "Sydney"),
    Exchange(QUESTION, "It is Canberra, a planned city between Sydney and Melbourne. " * 4),
    Exchange("2 + 2 = ?", "4"),
    Exchange("2 + 2 = ?", "4, surely: 😀 é 中文"),
    Exchange((Message("system", "Be brief."), Message("user", "Name a colour.")), "Blue"),
    Exchange("x" * 300, "y" * 40),
]


def reference(folder, exchanges, loaded=None):
    """nll, entropy, rank and logit of every answer token from one whole float64 forward pass per row and a full softmax."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = loaded or transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float64, attn_implementation="eager"
    )
    rows = []
    for exchange in exchanges:
        messages = (
            [{"role": "user", "content": exchange.prompt}]
            if isinstance(exchange.prompt, str)
            else [{"role": m.role, "content": m.content} for m in exchange.prompt]
        )
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        prompt = tokenizer(text, add_special_tokens=False)["input_ids"]
        answer = tokenizer(exchange.answer, add_special_tokens=False)["input_ids"]
        with torch.inference_mode():
            logits = model(torch.tensor([prompt + answer])).logits[0].double()
        logprobs = logits.log_softmax(-1)[len(prompt) - 1 : -1]
        actual = logprobs.gather(1, torch.tensor(answer)[:, None])
        entropy = -(logprobs.exp() * logprobs).sum(-1)
        rank = 1 + (logprobs > actual).sum(1)
        own = logits[len(prompt) - 1 : -1].gather(1, torch.tensor(answer)[:, None])[:, 0]
        rows.append((-actual[:, 0].numpy(), entropy.numpy(), rank.numpy(), own.numpy()))
    return rows


def assert_agrees(readings, expected, tolerance):
    for reading, (nll, entropy, rank, logit) in zip(readings, expected, strict=True):
        assert isinstance(reading, Reading), reading
        assert reading.logit is not None
        np.testing.assert_allclose(reading.logit, logit, atol=2 * tolerance)
        assert reading.mean_logit == reading.logit[reading.selected].mean()
        np.testing.assert_allclose(reading.nll, nll, atol=tolerance)
        np.testing.assert_allclose(reading.entropy_low, entropy, atol=tolerance)
        assert (np.abs(reading.rank - rank) <= (tolerance > 1e-3) * len(rank)).all()


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"tie_word_embeddings": True},
        {"num_key_value_heads": 4},
        {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 10000.0}},
    ],
    ids=str,
)
def test_float32_agrees_with_a_float64_reference(tmp_path, config):
    folder = build_tiny_model(tmp_path / "m", **config)
    reader = TransformersReader.load(folder, dtype="float32")
    assert reader.layout == "packed"
    assert_agrees(reader.read(EXCHANGES), reference(folder, EXCHANGES), 1e-4)


def _family(tmp_path, tiny_model, config):
    """A random model of another family, under the tiny model's tokenizer."""
    torch.manual_seed(1)
    folder = tmp_path / "family"
    transformers.AutoTokenizer.from_pretrained(tiny_model).save_pretrained(folder)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder


SMALL = {
    "vocab_size": 258,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 512,
    "initializer_range": 0.4,
    "pad_token_id": 1,
}


@pytest.mark.parametrize(
    ("config", "layout"),
    [
        (
            transformers.Gemma2Config(
                **SMALL, sliding_window=24, final_logit_softcapping=5.0, attn_logit_softcapping=3.0
            ),
            "packed",
        ),
        (transformers.Gemma3TextConfig(**SMALL, sliding_window=16, _sliding_window_pattern=2), "packed"),
        (transformers.Qwen2Config(**SMALL), "packed"),
        (transformers.Qwen3Config(**SMALL), "packed"),
        (transformers.MistralConfig(**SMALL, sliding_window=20), "packed"),
        (transformers.GraniteConfig(**SMALL, logits_scaling=4.0), "packed"),
        (transformers.CohereConfig(**SMALL, logit_scale=0.25), "packed"),
        (transformers.OlmoConfig(**{k: v for k, v in SMALL.items() if k != "head_dim"}), "packed"),
        (
            transformers.GPT2Config(
                vocab_size=258, n_embd=32, n_layer=2, n_head=4, n_positions=512, initializer_range=0.4
            ),
            "packed",
        ),
        (
            transformers.BloomConfig(vocab_size=258, hidden_size=32, n_layer=2, n_head=4, initializer_range=0.4),
            "single",
        ),
        (transformers.MambaConfig(vocab_size=258, hidden_size=32, num_hidden_layers=2, state_size=4), "single"),
        (transformers.GptOssConfig(**SMALL, num_local_experts=4, sliding_window=16), "single"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_every_family_is_read_right_packed_where_it_can_be(tmp_path, tiny_model, config, layout):
    folder = _family(tmp_path, tiny_model, config)
    reader = TransformersReader.load(folder, dtype="float32")
    assert reader.layout == layout
    own = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    assert_agrees(reader.read(EXCHANGES), reference(folder, EXCHANGES, own), 2e-4)


@pytest.mark.weights
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", [SMALL_PAIR.author, SMALL_PAIR.reader])
def test_rounding_is_not_taken_for_a_wrong_layout(name, dtype):
    assert TransformersReader.load(ensure(name).folder, dtype=dtype).layout == "packed"


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-4), ("bfloat16", 0.05)])
def test_numbers_do_not_depend_on_neighbours_order_or_batch(tiny_model, monkeypatch, dtype, tolerance):
    reader = TransformersReader.load(tiny_model, dtype=dtype)
    alone = [reader.read([exchange])[0] for exchange in EXCHANGES]
    together = reader.read(EXCHANGES)
    backwards = reader.read(EXCHANGES[::-1])[::-1]
    monkeypatch.setattr(reader_module, "TOKEN_BUDGET", 64)
    monkeypatch.setattr(item_reading, "WINDOW", 3)
    in_small_batches = reader.read(EXCHANGES)
    for other in (together, backwards, in_small_batches):
        for a, b in zip(alone, other, strict=True):
            np.testing.assert_allclose(a.nll, b.nll, atol=tolerance)
            np.testing.assert_allclose(a.entropy_low, b.entropy_low, atol=tolerance)


def test_alternatives_are_the_most_likely_tokens_best_first(tiny_model):
    reader = TransformersReader.load(tiny_model, dtype="float32")
    for reading in reader.read(EXCHANGES, top_k=4):
        for t, best in enumerate(reading.alternatives):
            logprobs = [a.logprob for a in best]
            assert len(best) == 4
            assert logprobs == sorted(logprobs, reverse=True)
            assert np.exp(logprobs[0]) == pytest.approx(reading.top1[t], abs=1e-6)
            if reading.rank[t] <= 4:
                assert logprobs[reading.rank[t] - 1] == pytest.approx(-reading.nll[t], abs=1e-5)
    assert reader.read(EXCHANGES[:1])[0].alternatives == ()


def test_spans_are_bytes_of_the_answer(tiny_model, tiny_base_model):
    answer = "4, surely: 😀 é 中文"
    for folder in (tiny_model, tiny_base_model):
        reading = TransformersReader.load(folder, dtype="float32").read([Exchange("2 + 2 = ?", answer)])[0]
        raw = answer.encode()
        covered = set()
        for start, end in reading.spans:
            raw[start:end].decode()  # whole characters only
            covered.update(range(start, end))
        assert covered == set(range(len(raw)))
        assert (np.diff(reading.spans[:, 0]) >= 0).all()


def test_a_base_model_reads_the_plain_form(tiny_base_model):
    reader = TransformersReader.load(tiny_base_model, dtype="float32")
    reading = reader.read([Exchange("2 + 2 = ?", "4")])[0]
    assert reading.n_prompt_tokens == len("Question: 2 + 2 = ?\nAnswer:")
    assert len(reading.token_ids) == len(" 4")
    assert reading.spans.tolist() == [[0, 0], [0, 1]]


def test_an_answer_that_does_not_fit_is_unscored_and_disturbs_nobody(tiny_model):
    reader = TransformersReader.load(tiny_model, dtype="float32")
    fine, long, empty, blank = reader.read(
        [EXCHANGES[0], Exchange("q", "a" * 600), Exchange("q", ""), Exchange(" ", "a")]
    )
    assert fine.nll.tolist() == reader.read(EXCHANGES[:1])[0].nll.tolist()
    assert (long.reason, long.got, long.limit) == ("context", 600 + len("<|user|>q\n<|assistant|>"), 512)
    assert (empty.reason, blank.reason) == ("empty_answer", "empty_prompt")


def test_left_truncation_is_asked_for_and_says_so(tiny_model):
    reader = TransformersReader.load(tiny_model, dtype="float32", truncate="left")
    long, hopeless = reader.read([Exchange("q" * 600, "abc"), Exchange("q", "a" * 600)])
    assert long.n_dropped == 600 + len("<|user|>\n<|assistant|>") + 3 - 512
    assert long.n_prompt_tokens == 512 - 3
    assert isinstance(hopeless, Unscored)
    assert reader.fingerprint != TransformersReader.load(tiny_model, dtype="float32").fingerprint


def test_answer_span_selects_the_tokens_that_touch_it(tiny_model):
    reader = TransformersReader.load(tiny_model, dtype="float32")
    reading = reader.read([Exchange("q", "é = 42", answer_span=(4, 6))])[0]
    assert reading.selected.tolist() == [False] * 5 + [True] * 2


def test_nan_weights_come_out_as_unscored(tmp_path):
    folder = build_tiny_model(tmp_path / "m")
    reader = TransformersReader.load(folder, dtype="float32")
    with torch.no_grad():
        reader._loaded.model.model.norm.weight.fill_(torch.nan)
    assert [row.reason for row in reader.read(EXCHANGES[:2])] == ["not_finite", "not_finite"]


def test_a_template_that_refuses_the_messages_is_unscored(tmp_path):
    folder = build_tiny_model(tmp_path / "m")
    template = (
        "{{ raise_exception('System role not supported') if messages[0].role == 'system' else messages[0].content }}"
    )
    (folder / "chat_template.jinja").write_text(template)
    rows = TransformersReader.load(folder, dtype="float32").read([EXCHANGES[5], EXCHANGES[0]])
    assert rows[0].reason == "template"
    assert "System role not supported" in rows[0].detail
    assert isinstance(rows[1], Reading)


def test_what_is_no_model_is_refused(tmp_path, tiny_model):
    with pytest.raises(ModelUnavailable, match=r"no config\.json"):
        TransformersReader.load(tmp_path)
    with pytest.raises(ConfigError, match="dtype must be one of"):
        TransformersReader.load(tiny_model, dtype="int8")
    folder = build_tiny_model(tmp_path / "broken")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        TransformersReader.load(folder)
    folder = build_tiny_model(tmp_path / "unknown")
    (folder / "config.json").write_text(json.dumps({"model_type": "no-such-family"}))
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        TransformersReader.load(folder)


def test_the_fingerprint_follows_weights_and_arithmetic(tmp_path, tiny_model):
    one = TransformersReader.load(tiny_model, dtype="float32").fingerprint
    assert one == TransformersReader.load(tiny_model, dtype="float32").fingerprint
    assert one != TransformersReader.load(tiny_model, dtype="bfloat16").fingerprint
    assert one != TransformersReader.load(build_tiny_model(tmp_path / "other", layers=3), dtype="float32").fingerprint


def of_a_graphics_processor():
    raise torch.OutOfMemoryError("no room")


def of_this_machine():
    torch.empty(1 << 60, dtype=torch.uint8)


def of_apple():
    raise RuntimeError("MPS backend out of memory (MPS allocated: 1.00 GB, other allocations: 1.00 GB)")


def of_numpy():
    np.empty(1 << 60, np.uint8)


@pytest.mark.parametrize("run_out", [of_a_graphics_processor, of_this_machine])
def test_rows_that_memory_does_not_hold_are_read_apart_and_one_too_large_is_unscored_alone(
    tiny_model, monkeypatch, run_out
):
    reader = TransformersReader.load(tiny_model, dtype="float32")
    enough, most, room, sizes = reader._statistics, 2, 150, []

    def scarce(items, top_k):
        sizes.append(len(items))
        if len(items) > most or any(len(item.fed) > room for item in items):
            run_out()
        return enough(items, top_k)

    exchanges = [exchange for exchange in EXCHANGES if len(str(exchange.prompt) + exchange.answer) < room]
    alone = [reader.read([exchange])[0] for exchange in exchanges]
    monkeypatch.setattr(reader, "_statistics", scarce)
    *found, last = reader.read([*exchanges, Exchange("word " * 90, "yes")])
    assert max(sizes) > most
    for reading, wanted in zip(found, alone, strict=True):
        np.testing.assert_allclose(reading.nll, wanted.nll, atol=1e-4)
    assert last == Unscored("unavailable", last.detail)
    assert "ran out of memory on one row of" in last.detail


@pytest.mark.parametrize("run_out", [of_apple, of_numpy])
def test_whoever_says_it_a_row_that_memory_does_not_hold_is_unscored(tiny_model, monkeypatch, run_out):
    reader = TransformersReader.load(tiny_model, dtype="float32")
    monkeypatch.setattr(reader, "_statistics", lambda *_: run_out())
    (row,) = reader.read([Exchange("q", "a")])
    assert "ran out of memory on one row of" in row.detail


def test_an_error_that_is_not_about_memory_is_no_reason_to_read_less(tiny_model, monkeypatch):
    reader = TransformersReader.load(tiny_model, dtype="float32")
    monkeypatch.setattr(reader, "_statistics", lambda *_: torch.ones(2) @ torch.ones(3))
    with pytest.raises(RuntimeError, match="size"):
        reader.read([Exchange("q", "a")])


@pytest.mark.parametrize(
    ("device", "why"), [("toaster", "no device is called 'toaster'"), ("cuda:99", "there is no device cuda:99")]
)
def test_a_device_that_is_none_or_not_there(tiny_model, device, why):
    with pytest.raises(ConfigError, match=why):
        TransformersReader.load(tiny_model, device=device)
