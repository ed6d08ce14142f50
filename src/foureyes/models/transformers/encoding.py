"""Texts as token ids, in which only what a chat template wrote becomes a control token.

A text without typed control markers goes through the tokenizer as it is. One with them goes through a copy of it, made when
the first is met, whose control tokens have other names of the same length, which nobody can type: what the template wrote is
put under these names, what was typed is ordinary text. Both are encoded in one go, so that every merge, also beside a
marker, is the one that the tokenizer makes of ordinary text there, and no place in the text moves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from itertools import takewhile
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from foureyes.models.control_markers import ControlMarkers
from foureyes.models.formatting import Encoded

__all__ = ["Encoder"]

Ints = NDArray[np.int64]


class Encoder:
    """Encodes texts with one tokenizer.

    Args:
        tokenizer: of Hugging Face, a fast one.
        markers: its control tokens.
    """

    def __init__(self, tokenizer: Any, markers: ControlMarkers) -> None:
        self._tokenizer = tokenizer
        self.markers = markers
        self._control = np.asarray(tokenizer.convert_tokens_to_ids(list(markers.texts)), dtype=np.int64)

    def encode(self, text: str) -> Encoded:
        """Ids of a text whose typed markers are hidden, without a start or an end that the tokenizer adds."""
        if not self.markers.hides(text):
            raw = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
            found = _encoded(raw["input_ids"], raw["offset_mapping"])
            # A tokenizer that normalises what it looks for finds markers that nobody wrote in these letters.
            if np.isin(found.ids, self._control).sum() == self.markers.count(text):
                return found
        copied = self._copy.encode(self.markers.named(text), add_special_tokens=False)
        return _encoded(copied.ids, copied.offsets)

    def started(self, text: str) -> Ints:
        """Ids of a text behind the start token, if the tokenizer puts one there; what it puts at the end is left off."""
        whole = self._tokenizer("a", add_special_tokens=True, return_special_tokens_mask=True)
        n = len(list(takewhile(bool, whole["special_tokens_mask"])))
        return np.concatenate([np.asarray(whole["input_ids"][:n], dtype=np.int64), self.encode(text).ids])

    @cached_property
    def _copy(self) -> Tokenizer:
        return _renamed(self._tokenizer.backend_tokenizer, self.markers.names)


def _encoded(ids: Any, characters: Any) -> Encoded:
    return Encoded(np.asarray(ids, dtype=np.int64), np.asarray(characters, dtype=np.int64).reshape(-1, 2))


def _renamed(tokenizer: Tokenizer, names: Mapping[str, str]) -> Tokenizer:
    """A copy of a tokenizer with other names for some tokens."""
    made = json.loads(tokenizer.to_str())
    model = made["model"]
    for token in made["added_tokens"]:
        token["content"] = names.get(token["content"], token["content"])
    if isinstance(model["vocab"], dict):
        model["vocab"] = {names.get(text, text): number for text, number in model["vocab"].items()}
    else:
        model["vocab"] = [[names.get(text, text), score] for text, score in model["vocab"]]
    if isinstance(model.get("unk_token"), str):
        model["unk_token"] = names.get(model["unk_token"], model["unk_token"])
    made["truncation"] = made["padding"] = None
    return Tokenizer.from_str(json.dumps(made, ensure_ascii=False))
