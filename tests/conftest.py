"""Fixtures that several parts of the suite share."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# No test here asserts time, and a busy machine is not a failure. What lands is decided by the same examples every time; new
# ones are looked for wherever else the tests run.
hypothesis.settings.register_profile(
    "foureyes",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("foureyes")

LONG = {"weights", "tutorials"}
"""Marks of what takes minutes in a few tests."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests come first: of two workers that get file after file, none is alone with one at the end."""
    long = {item.path for item in items if any(item.get_closest_marker(mark) for mark in LONG)}
    items.sort(key=lambda item: item.path not in long)


CHAT_TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def build_tiny_model(folder: Path, *, chat: bool = True, layers: int = 2, **config: Any) -> Path:
    """A random two-layer Llama over bytes, saved as a model folder: real code paths in milliseconds."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate(["<s>", "</s>", *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="</s>")
    if chat:
        fast.chat_template = CHAT_TEMPLATE
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    settings: dict[str, Any] = {
        "vocab_size": len(vocabulary),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "initializer_range": 0.5,
        "bos_token_id": 0,
        "eos_token_id": 1,
        "pad_token_id": 1,
    } | config
    LlamaForCausalLM(LlamaConfig(**settings)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny random chat model with a context of 512 tokens."""
    folder = build_tiny_model(tmp_path_factory.mktemp("tiny-model"))
    assert json.loads((folder / "config.json").read_text())["max_position_embeddings"] == 512
    return folder


@pytest.fixture(scope="session")
def tiny_base_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without a chat template."""
    return build_tiny_model(tmp_path_factory.mktemp("tiny-base-model"), chat=False)
