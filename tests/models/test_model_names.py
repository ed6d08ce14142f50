"""Whether a reply comes from the model that was asked: aliases of real servers pass, other models do not."""

import json
import os
from pathlib import Path

import pytest

from foureyes.models.providers.model_names import is_same_model

CAPTURED = Path(
    os.environ.get("FOUREYES_SHARED", Path(__file__).parents[2].parent / "shared"), "data/openai_logprob_logs"
)

ALIASES = [
    ("gpt-4o", "gpt-4o"),
    ("gpt-4o", "gpt-4o-2024-08-06"),
    ("gpt-4o-audio-preview", "gpt-4o-audio-preview-2025-06-03"),
    ("gpt-3.5-turbo", "gpt-3.5-turbo-0125"),
    ("gpt-4", "gpt-4-0613"),
    ("o4-mini", "o4-mini-2025-04-16"),
    ("openai/gpt-4o", "openai/gpt-4o-2024-08-06"),
    ("deepseek/deepseek-r1:free", "deepseek/deepseek-r1:free"),
    ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929"),
    ("claude-sonnet-4-0", "claude-sonnet-4-20250514"),
    ("claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022"),
    ("claude-3-5-sonnet", "claude-3-5-sonnet@20240620"),
    ("mistral-large-latest", "mistral-large-2411"),
    ("gemini-2.5-flash", "gemini-2.5-flash"),
    ("models/gemini-2.5-flash", "gemini-2.5-flash"),
    ("gemini-1.5-pro", "gemini-1.5-pro-002"),
    ("gemini-2.5-pro-preview", "gemini-2.5-pro-preview-05-06"),
    ("gemini-2.5-flash-preview", "gemini-2.5-flash-preview-09-2025"),
    ("llama3.2", "llama3.2:latest"),
    ("qwen3:8b", "qwen3:8b"),
    ("Qwen/Qwen3-8B", "qwen/qwen3-8b"),
    ("/models/qwen3", "/models/qwen3"),
    ("ft:gpt-4o-mini-2024-07-18:acme::9xYz", "ft:gpt-4o-mini-2024-07-18:acme::9xYz"),
]
OTHERS = [
    ("gpt-4o", "gpt-4o-mini"),
    ("gpt-4o", "gpt-4o-mini-2024-07-18"),
    ("gpt-4o", "gpt-4o-2024-08-06-evil"),
    ("gpt-4o", "gpt-4"),
    ("gpt-4o-2024-08-06", "gpt-4o-2024-11-20"),
    ("gpt-4o-2024-08-06", "gpt-4o"),
    ("gpt-4", "gpt-4.1"),
    ("gpt-4", "gpt-4-32k-0613"),
    ("gpt-5", "gpt-5-nano"),
    ("claude-sonnet-4-5", "claude-haiku-4-5-20251001"),
    ("claude-sonnet-4", "claude-sonnet-4-5-20250929"),
    ("claude-sonnet-4-0", "claude-sonnet-4-5-20250929"),
    ("gemini-2.5-pro", "gemini-2.5-flash"),
    ("gemini-2", "gemini-2.5-flash"),
    ("llama3.2", "llama3.2:1b"),
    ("llama3.2:1b", "llama3.2:3b"),
    ("llama-3", "llama-3-70b"),
    ("Qwen/Qwen3-8B", "Qwen/Qwen3-0.6B"),
    ("Qwen/Qwen3-8B", "someone/Qwen3-8B"),
    ("qwen3", "qwen3-235"),
    ("gpt-4o", " gpt-4o"),
    ("gpt-4o", "ｇｐｔ-4o"),
    ("gpt-4o", "gpt-4o-２０２４-08-06"),
    ("gpt-4o", ["gpt-4o"]),
    ("gpt-4o", 4),
]


@pytest.mark.parametrize(("asked", "told"), ALIASES)
def test_an_alias_of_what_was_asked_passes(asked, told):
    assert is_same_model(asked, told)


@pytest.mark.parametrize(("asked", "told"), OTHERS)
def test_another_model_does_not(asked, told):
    assert not is_same_model(asked, told)
    assert not is_same_model(asked, told, ["gpt-6"])


def test_what_the_operator_says_is_the_same_passes():
    assert is_same_model("tgi", "meta-llama/Llama-3.1-8B-Instruct", ["meta-llama/Llama-3.1-8B-Instruct"])
    assert not is_same_model("tgi", "META-LLAMA/Llama-3.1-8B-Instruct", ["meta-llama/Llama-3.1-8B-Instruct"])


@pytest.mark.parametrize("file", ["openai_chat", "reasoning_chat", "openai_responses", "anthropic_messages"])
def test_every_captured_reply_is_of_the_model_that_was_asked(file):
    if not CAPTURED.is_dir():
        pytest.skip("set FOUREYES_SHARED to the folder that holds data/")
    lines = [json.loads(line) for line in (CAPTURED / f"{file}.jsonl").read_text().splitlines()]
    pairs = [(line["request"]["model"], line["response"]["model"]) for line in lines]
    assert pairs
    assert [pair for pair in pairs if not is_same_model(*pair)] == []
