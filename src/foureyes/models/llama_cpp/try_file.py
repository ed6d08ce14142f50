"""The child of :mod:`~foureyes.models.llama_cpp.trial`: loads a GGUF file, looks at its bytes' tokens, and reads a line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import numpy as np

from foureyes.errors import FoureyesError
from foureyes.models.llama_cpp.decoding import LlamaStreams, room_for
from foureyes.models.llama_cpp.model import LlamaModel
from foureyes.models.llama_cpp.reader import LlamaCppReader
from foureyes.models.llama_cpp.tokens import LlamaTokens
from foureyes.models.packing import grow_forest
from foureyes.types import Exchange

__all__ = ["try_file"]

_SPM: Final = 1
_BYTE: Final = 1 << 5
_N: Final = 4


def try_file(path: Path) -> None:
    """Uses a file as a reader does; what is refused by name there is no failure here.

    Raises:
        ValueError: its tokenizer lacks a byte, on which llama.cpp fails as soon as a text has it.
    """
    try:
        model = LlamaModel(path, path.stem)
        _require_bytes(model)
        ids = np.zeros(_N, np.int64)  # whatever the template makes of the line below, or refuses
        list(LlamaStreams(model, room_for(_N, _N), 1).logits(grow_forest([ids]), np.arange(_N)))
        LlamaCppReader(model, "tried", threads=1).read([Exchange("2 + 2", "4 is it")])
    except FoureyesError:
        return


def _require_bytes(model: LlamaModel) -> None:
    c: Any = model.library.c
    tokens, every = LlamaTokens(model), range(model.n_vocabulary)
    for token in every:
        if c.llama_vocab_get_attr(model.vocabulary, token) & _BYTE:
            tokens.piece(token)
    if c.llama_vocab_type(model.vocabulary) != _SPM:
        return
    texts = {c.llama_vocab_get_text(model.vocabulary, token) for token in every}
    lacking = [byte for byte in range(256) if not texts & {b"<0x%02X>" % byte, bytes([byte])}]
    if lacking:
        raise ValueError(f"its tokenizer of the kind llama has no token for the byte 0x{lacking[0]:02X}")


if __name__ == "__main__":
    try_file(Path(sys.argv[1]))
