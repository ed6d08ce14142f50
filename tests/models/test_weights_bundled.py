"""The two small models as they lie in the cache, against the table and against the files they were made of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer

from foureyes.errors import ModelUnavailable
from foureyes.models.weights import KNOWN, SMALL_PAIR, ensure, verify
from foureyes.models.weights.packages import assemble
from foureyes.models.weights.values import ignore_step

pytestmark = pytest.mark.weights


@pytest.mark.parametrize("name", [SMALL_PAIR.author, SMALL_PAIR.reader])
def test_the_table_tells_the_truth(name):
    known, folder = KNOWN[name], ensure(name).folder
    with safe_open(folder / "model.safetensors", "pt") as weights:
        sizes = [weights.get_slice(key) for key in weights.keys()]  # noqa: SIM118 - it is no mapping
        assert sum(torch.Size(size.get_shape()).numel() for size in sizes) == known.parameters
        assert {size.get_dtype() for size in sizes} == {"BF16"}
    assert json.loads((folder / "config.json").read_bytes())["vocab_size"] == known.vocabulary
    assert (AutoTokenizer.from_pretrained(folder).chat_template is not None) == known.chat
    assert any((folder / "licences").iterdir())
    assert verify(name) == ensure(name)


def test_smollm2_cuts_text_as_it_was_taught():
    """Every digit by itself, and so the white space before it in one piece."""
    tokenizer = AutoTokenizer.from_pretrained(ensure("smollm2-135m").folder)
    assert tokenizer.tokenize("a\n\n10  2024") == ["a", "ĊĊ", "1", "0", "ĠĠ", "2", "0", "2", "4"]


def test_gemma3_cuts_text_as_it_was_taught():
    """What SentencePiece makes of the same vocabulary and scores: user-defined pieces whole, bytes for what is unknown."""
    tokenizer = AutoTokenizer.from_pretrained(ensure("gemma3-270m").folder)
    assert tokenizer("hello world")["input_ids"] == [2, 23391, 1902]
    assert tokenizer.tokenize("a\n\nb  c") == ["a", "\n\n", "b", "▁▁", "c"]


def test_smollm2_has_the_logits_of_its_file(tmp_path: Path):
    try:
        gguf = assemble(KNOWN["smollm2-135m"], tmp_path, ignore_step)
    except ModelUnavailable as error:
        pytest.skip(f"the file itself is kept nowhere and cannot be fetched now: {error}")
    direct = AutoModelForCausalLM.from_pretrained(tmp_path, gguf_file=gguf.name, dtype=torch.bfloat16).eval()
    ours = AutoModelForCausalLM.from_pretrained(ensure("smollm2-135m").folder, dtype=torch.bfloat16).eval()
    ids = torch.arange(500, 900, 7)[None]
    with torch.inference_mode():
        assert torch.equal(ours(ids).logits, direct(ids).logits)
