"""Tokenizers as their makers published them, and ours; a missing one skips on a desk and fails in CI."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

import pytest

from tools.published_tokenizers import folder_of

TEMPLATES = (
    Path(os.environ.get("FOUREYES_SHARED", Path(__file__).parents[2].parent / "shared")) / "data" / "chat_templates"
)


def template_text(name: str) -> str:
    """One of the shared chat templates."""
    file = TEMPLATES / f"{name}.jinja"
    if not file.is_file():
        pytest.skip("set FOUREYES_SHARED to the folder that holds data/")
    return file.read_text(encoding="utf-8")


def tokenizer_of(name: str, template: str | None = None, **options: Any) -> Any:
    """A fresh tokenizer with its own template or a shared one; templates of models are not shared between tests."""
    import copy

    found = copy.copy(_loaded(name, tuple(sorted(options.items()))))
    if template is not None:
        found.chat_template = template_text(template)
    return found


@functools.cache
def _loaded(name: str, options: tuple[tuple[str, Any], ...]) -> Any:
    import transformers

    return transformers.AutoTokenizer.from_pretrained(folder(name), **dict(options))


def folder(name: str) -> Path:
    """Of a published tokenizer, or of weights that are known by name."""
    if "-" in name:
        from foureyes.models.weights import ensure

        return ensure(name).folder
    found = folder_of(name)
    if found is None:
        missing = f"no tokenizer of {name}: run python -m tools.published_tokenizers, or make test"
        (pytest.fail if "CI" in os.environ else pytest.skip)(missing)
    return found
