"""What a GGUF file says must be what the folder says; what would be lost must be refused."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
import torch
from gguf import GGUFWriter
from safetensors import safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer

from foureyes.errors import ModelUnavailable
from foureyes.models.weights.child_process import convert_in_child_process
from foureyes.models.weights.convert import convert
from foureyes.models.weights.gguf_header import read_header
from tests.models.tiny_weights import TEMPLATE, VOCABULARY, WIDTH, write_gguf

TEXTS = ["the theory", "a\n\n10  2024", "It’s 漢字 é ﬁ", "<|im_start|>the<|im_end|>", ""]


@pytest.fixture(scope="module", params=["tied", "untied"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A GGUF file and the folder it became."""
    folder = tmp_path_factory.mktemp("convert")
    gguf = write_gguf(folder / "tiny.gguf", tied=request.param == "tied")
    convert(gguf, folder / "converted")
    return gguf, folder / "converted"


def test_logits_are_those_of_the_file(pair):
    gguf, folder = pair
    direct = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.bfloat16).eval()
    ours = AutoModelForCausalLM.from_pretrained(folder, dtype="auto").eval()
    ids = torch.arange(3, 67)[None]
    assert ours.dtype == torch.bfloat16
    with torch.inference_mode():
        assert torch.equal(ours(ids).logits, direct(ids).logits)


def test_tokens_are_those_of_the_file(pair):
    gguf, folder = pair
    direct = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    ours = AutoTokenizer.from_pretrained(folder)
    for text in TEXTS:
        assert ours(text)["input_ids"] == direct(text)["input_ids"]
        assert ours.decode(ours(text)["input_ids"]) == text


def test_template_and_special_tokens_survive(pair):
    _, folder = pair
    tokenizer = AutoTokenizer.from_pretrained(folder)
    config = json.loads((folder / "config.json").read_bytes())
    generation = json.loads((folder / "generation_config.json").read_bytes())
    assert tokenizer.chat_template == TEMPLATE
    assert (tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token) == tuple(VOCABULARY[i] for i in (1, 2, 0))
    assert (config["bos_token_id"], config["eos_token_id"]) == (1, 2)
    assert (generation["bos_token_id"], generation["eos_token_id"]) == (1, 2)
    assert "quantization_config" not in config


def test_tied_embeddings_are_stored_once(pair):
    gguf, folder = pair
    tied = "output.weight" not in read_header(gguf).shapes
    config = json.loads((folder / "config.json").read_bytes())
    with safe_open(folder / "model.safetensors", "pt") as weights:
        names = set(weights.keys())
    assert config["tie_word_embeddings"] is tied
    assert ("lm_head.weight" in names) is not tied


def test_files_can_be_read_by_whoever_may_read_the_folder(pair):
    _, folder = pair
    assert len({path.stat().st_mode for path in folder.iterdir()}) == 1


def test_header_counts_every_weight(pair):
    gguf, folder = pair
    header = read_header(gguf)
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert header.n_weights == sum(parameter.numel() for parameter in model.parameters())
    assert header.shapes["blk.0.attn_k.weight"] == (WIDTH, WIDTH // 2)
    assert header.text("general.license", "?") == "cc0-1.0"
    assert header.text("no.such.key", "?") == "?"


def test_digits_stand_alone_where_the_file_says_so(tmp_path):
    """smollm's pre-tokenizer splits before a digit; transformers' reading of it would keep the newlines apart."""
    convert(write_gguf(tmp_path / "tiny.gguf", pre="smollm"), tmp_path / "converted")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "converted")
    assert tokenizer.tokenize("a\n\n10 2") == ["a", "ĊĊ", "1", "0", "Ġ", "2"]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"pre": "of-the-year-2031"}, "pre-tokenizer 'of-the-year-2031' is not known"),
        ({"extra": {"rope_freqs.weight": (8,)}}, "some would be lost"),
        ({"extra": {"blk.0.attn_q.bias": (WIDTH,)}}, "some would be lost"),
        ({"scaling": "yarn"}, r"scales its rotary positions \(yarn\)"),
    ],
)
def test_refuses_what_would_be_lost(tmp_path, options, complaint):
    gguf = write_gguf(tmp_path / "tiny.gguf", **options)
    with pytest.raises(ValueError, match=complaint):
        convert(gguf, tmp_path / "converted")


def test_child_says_why_it_failed(tmp_path):
    path = tmp_path / "letter.gguf"
    path.write_text("Dear reader")
    with pytest.raises(ModelUnavailable, match=r"tiny cannot be converted: .*does not begin with GGUF") as failure:
        convert_in_child_process(path, tmp_path / "converted", "tiny")
    assert failure.value.model == "tiny"


def test_child_says_nothing_to_our_own_output(tmp_path, capfd):
    convert_in_child_process(write_gguf(tmp_path / "tiny.gguf"), tmp_path / "converted", "tiny")
    assert capfd.readouterr() == ("", "")
    assert (tmp_path / "converted" / "model.safetensors").is_file()


def test_every_cut_through_the_header_is_noticed(tmp_path):
    whole = write_gguf(tmp_path / "tiny.gguf").read_bytes()
    header = whole.index(b"blk.1.ffn_down.weight")
    cut = tmp_path / "cut.gguf"
    for n in range(0, header, 97):
        cut.write_bytes(whole[:n])
        with pytest.raises(ValueError, match="GGUF"):
            read_header(cut)


def test_other_versions_of_the_format_are_refused(tmp_path):
    path = tmp_path / "old.gguf"
    path.write_bytes(b"GGUF" + (1).to_bytes(4, "little") + bytes(16))
    with pytest.raises(ValueError, match="version 1; wanted 2 or 3"):
        read_header(path)


def test_an_absurd_length_is_not_allocated(tmp_path):
    path = tmp_path / "absurd.gguf"
    path.write_bytes(
        b"GGUF" + (3).to_bytes(4, "little") + (0).to_bytes(8, "little") + (1).to_bytes(8, "little") + b"\xff" * 8
    )
    with pytest.raises(ValueError, match="breaks within its GGUF header"):
        read_header(path)


def test_every_kind_of_value_is_read(tmp_path):
    writer = GGUFWriter(tmp_path / "kinds.gguf", "llama")
    writer.add_uint8("a.u8", 200)
    writer.add_int16("a.i16", -3)
    writer.add_float64("a.f64", 0.25)
    writer.add_bool("a.bool", val=True)
    writer.add_array("a.list", [1, 2, 3])
    writer.add_array("a.words", ["x", "yz"])
    writer.add_string("a.last", "still in step")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    metadata = read_header(tmp_path / "kinds.gguf").metadata
    assert {key: value for key, value in metadata.items() if key.startswith("a.")} == {
        "a.u8": 200,
        "a.i16": -3,
        "a.f64": 0.25,
        "a.bool": True,
        "a.last": "still in step",
    }


def stating(n_tensors: int = 0, n_values: int = 0, rest: bytes = b"") -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, n_tensors, n_values) + rest


def named(name: bytes, *more: bytes) -> bytes:
    return struct.pack("<Q", len(name)) + name + b"".join(more)


ARRAY, TEXT = struct.pack("<I", 9), struct.pack("<I", 8)
HOSTILE = {
    "values": (stating(n_values=1 << 60), "states 1,152,921,504,606,846,976 values"),
    "tensors": (stating(n_tensors=1 << 40), "states 1,099,511,627,776 tensors"),
    "dimensions": (stating(1, 0, named(b"t", struct.pack("<I", 0xFFFFFFFF))), "states 4,294,967,295 dimensions"),
    "texts in an array": (
        stating(0, 1, named(b"k", ARRAY, struct.pack("<IQ", 8, 1 << 40))),
        "texts and arrays in arrays",
    ),
    "arrays in an array": (
        stating(0, 1, named(b"k", ARRAY, struct.pack("<IQ", 9, 1 << 40))),
        "texts and arrays in arr",
    ),
    "arrays within arrays": (
        stating(0, 1, named(b"k", ARRAY, struct.pack("<IQ", 9, 1) * 100_000)),
        "states 5 arrays within arrays",
    ),
    "numbers in an array": (
        stating(0, 1, named(b"k", ARRAY, struct.pack("<IQ", 10, 1 << 60))),
        "ends or breaks within",
    ),
    "a long text": (stating(0, 1, named(b"k", TEXT, struct.pack("<Q", 1 << 60))), "ends or breaks within"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_header_that_states_more_than_any_model_has_is_refused_by_name(tmp_path, name):
    """In a file of 64 GiB, of which nothing is written: whatever is stated could be there."""
    raw, message = HOSTILE[name]
    path = tmp_path / "hostile.gguf"
    with path.open("wb") as file:
        file.write(raw)
        file.truncate(1 << 36)
    with pytest.raises(ValueError, match=message):
        read_header(path)


def test_texts_are_bounded_together(tmp_path):
    path = tmp_path / "texts.gguf"
    with path.open("wb") as file:
        file.write(stating(0, 64))
        for i in range(64):
            file.write(named(b"key%d" % i, TEXT, struct.pack("<Q", 1 << 24)))
            file.seek(1 << 24, 1)
        file.truncate(file.tell())
    with pytest.raises(ValueError, match="bytes of text; no model has more than 67,108,864"):
        read_header(path)
