"""A GGUF file in memory, as llama.cpp holds it: the weights as the file has them, never made larger.

llama.cpp ends the process on some broken files. So the header is read first, within bounds, and what it states is held
against the file; llama.cpp is given only a file that is whole. Files that are whole and broken are found by trying them:
:mod:`~foureyes.models.llama_cpp.trial`.
"""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any, Final

from foureyes.errors import ModelUnavailable
from foureyes.models.llama_cpp.library import Library, open_library
from foureyes.models.weights.gguf_header import Header, read_header

__all__ = ["LlamaModel", "checked_header"]

_VOCABULARIES: Final = {1: "llama", 2: "gpt2"}
"""The kinds of tokenizers whose tokens spell the text they are made of: llama.cpp's SPM and BPE."""

_LONGEST: Final = 1 << 20
"""Tokens of the longest believable context."""


class LlamaModel:
    """A causal language model out of a GGUF file.

    Args:
        path: the file.
        name: what a person calls the model.

    Attributes:
        name: what a person calls the model.
        library: llama.cpp.
        header: what the file says of itself.
        handle: of the model in llama.cpp, for as long as this object lives.
        vocabulary: the same of its vocabulary.
        n_vocabulary: number of tokens.
        context: most tokens of one sequence.

    Raises:
        ModelUnavailable: the file is no GGUF file, is cut short, holds no causal language model, or one that llama.cpp does
            not know.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.name, self.path = name, path
        self.library: Library = open_library()
        self.header: Header = checked_header(path, name)
        c: Any = self.library.c
        params = self.library.model_params()
        params.n_gpu_layers = 0
        self.library.log.clear()
        self.handle: int | None = c.llama_model_load_from_file(bytes(path.absolute()), params)
        if not self.handle:
            raise ModelUnavailable(f"{path} cannot be loaded: {self.library.last_error()}", model=name)
        self._freed = weakref.finalize(self, c.llama_model_free, self.handle)
        self.vocabulary: int = c.llama_model_get_vocab(self.handle)
        self.n_vocabulary: int = c.llama_vocab_n_tokens(self.vocabulary)
        stated: int = c.llama_model_n_ctx_train(self.handle)
        self.context: int = min(stated, _LONGEST)
        if stated < 1:
            raise ModelUnavailable(f"{path} states a context of {stated} tokens", model=name)
        self._refuse_other_kinds(path)

    def _refuse_other_kinds(self, path: Path) -> None:
        c: Any = self.library.c
        if c.llama_model_has_encoder(self.handle) or not c.llama_model_has_decoder(self.handle):
            raise ModelUnavailable(f"{path} holds a model with an encoder; wanted a causal one", model=self.name)
        if c.llama_model_is_diffusion(self.handle):
            raise ModelUnavailable(f"{path} holds a diffusion model; wanted a causal one", model=self.name)
        if c.llama_vocab_type(self.vocabulary) not in _VOCABULARIES:
            kind = self.header.text("tokenizer.ggml.model", "no known kind")
            raise ModelUnavailable(
                f"{path} has a tokenizer of the kind {kind}; wanted {' or '.join(_VOCABULARIES.values())}",
                model=self.name,
            )


def checked_header(path: Path, name: str) -> Header:
    """The header of a file that holds all that it states, and what a causal model needs.

    Raises:
        ModelUnavailable: it does not.
    """
    try:
        header = read_header(path)
    except OSError as error:
        raise ModelUnavailable(f"{path} cannot be read: {error.strerror}", model=name) from error
    except ValueError as error:
        raise ModelUnavailable(f"{path} cannot be used: {error}", model=name) from error
    broken = _what_is_wrong(header, path.stat().st_size)
    if broken:
        raise ModelUnavailable(f"{path} cannot be used: {broken}", model=name)
    return header


def _what_is_wrong(header: Header, n_bytes: int) -> str:
    if not header.text("general.architecture", ""):
        return "it does not say of which architecture it is"
    if not header.shapes:
        return "it holds a vocabulary and no weights"
    if header.metadata.get("split.count", 0) not in (0, 1):
        return f"it is one of {header.metadata['split.count']} parts; merge them with llama-gguf-split first"
    if n_bytes < header.n_bytes:
        return f"it is cut short: {n_bytes} bytes; wanted {header.n_bytes}"
    return ""
