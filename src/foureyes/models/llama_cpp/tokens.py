"""A GGUF file's own tokenizer, as llama.cpp runs it, as formatting asks for one.

llama.cpp finds control tokens in a text only where it is told to, and here it never is: what a chat template wrote is cut out
and named by its id, the rest is text. Tokens that the file calls its user's own (marks of tools and reasoning, in some files
those of turns too) it finds everywhere; where such a mark was typed and may not be one, the text is cut within it, behind its
first letters, where tokenizers begin a new word anyway.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from ctypes import c_int32, create_string_buffer
from functools import lru_cache
from itertools import pairwise, repeat
from typing import Any, Final

import numpy as np

from foureyes.errors import ConfigError
from foureyes.models.control_markers import ControlMarkers, any_of
from foureyes.models.formatting import Encoded, Ints
from foureyes.models.llama_cpp.model import LlamaModel

__all__ = ["LlamaEncoder", "LlamaTokens", "spelt"]

_UNKNOWN: Final = 1 << 0
_CONTROL: Final = 1 << 3
_USER_DEFINED: Final = 1 << 4
_LETTERS: Final = re.compile(r"[^\w]*[^\W_]+(?=[^\w']|_)")
_PIECES: Final = 1 << 16
_LONGEST_TEMPLATES: Final = 1 << 18
"""Characters; the longest known have a quarter of it, and five million take seconds to take apart."""


class LlamaTokens:
    """What a GGUF file's tokenizer says of itself; see :class:`~foureyes.models.formatting.TokenSource`."""

    def __init__(self, model: LlamaModel) -> None:
        self._model = model
        self.piece = lru_cache(maxsize=_PIECES)(self._piece)
        kind_of = model.library.c.llama_vocab_get_attr
        kinds = list(map(kind_of, repeat(model.vocabulary), range(model.n_vocabulary)))
        control = [token for token, kind in enumerate(kinds) if kind & (_CONTROL | _UNKNOWN)]
        own = [token for token, kind in enumerate(kinds) if kind & _USER_DEFINED]
        self.ids: Mapping[str, int] = {self._text(token): token for token in (*own, *control)}
        self.special: Collection[str] = {self._text(token) for token in control}
        self.added: Collection[str] = {self._text(token) for token in own}
        self.ends: Collection[int] = control
        self.templates: Mapping[str, str] = _templates(model.header.metadata)
        c: Any = model.library.c
        named = {
            "bos_token": c.llama_vocab_bos(model.vocabulary),
            "eos_token": c.llama_vocab_eos(model.vocabulary),
            "pad_token": c.llama_vocab_pad(model.vocabulary),
        }
        self.variables: Mapping[str, Any] = {name: self._text(token) for name, token in named.items() if token >= 0}
        starts = c.llama_vocab_get_add_bos(model.vocabulary) and named["bos_token"] >= 0
        self.start: tuple[int, ...] = (named["bos_token"],) if starts else ()

    def encoder(self, markers: ControlMarkers) -> LlamaEncoder:
        """Its encoder."""
        return LlamaEncoder(self._model, self, markers)

    def text(self, token: int) -> str:
        """What one token says."""
        return self.piece(token).decode(errors="replace")

    def _piece(self, token: int) -> bytes:
        c, size = self._model.library.c, 64
        while True:
            room = create_string_buffer(size)
            n = c.llama_token_to_piece(self._model.vocabulary, token, room, size, 0, 1)
            if n >= 0:
                return room.raw[:n]
            size = -n

    def _text(self, token: int) -> str:
        raw: bytes = self._model.library.c.llama_vocab_get_text(self._model.vocabulary, token)
        return raw.decode(errors="replace")


class LlamaEncoder:
    """Makes ids of texts; see :class:`~foureyes.models.formatting.TextEncoder`."""

    def __init__(self, model: LlamaModel, tokens: LlamaTokens, markers: ControlMarkers) -> None:
        self._model = model
        self._markers = markers
        self._tokens = tokens
        self._control = {name: tokens.ids[text] for text, name in markers.names.items()}
        self._names = any_of(self._control)

    def encode(self, text: str) -> Encoded:
        """Ids of a text whose typed markers are hidden, without a start or an end that the tokenizer adds."""
        named = self._markers.named(text)
        cuts = [
            at + _first_letters(marker) for at, marker in self._markers.places(text) if marker in self._tokens.added
        ]
        ids: list[int] = []
        characters: list[tuple[int, int]] = []
        for start, end, control in self._parts(named, cuts):
            if control is not None:
                ids.append(control)
                characters.append((start, end))
                continue
            found = self._tokenise(named[start:end])
            ids += found
            places = spelt(named[start:end], map(self._tokens.piece, found))
            characters += [(start + a, start + b) for a, b in places]
        return Encoded(np.array(ids, np.int64), np.array(characters, np.int64).reshape(-1, 2))

    def started(self, text: str) -> Ints:
        """Ids of a text behind the start token, if the file says that one stands there."""
        return np.concatenate([np.array(self._tokens.start, np.int64), self.encode(text).ids])

    def _parts(self, named: str, cuts: Sequence[int]) -> Iterator[tuple[int, int, int | None]]:
        """Runs of text, and control tokens with their ids, as they follow one another."""
        at = 0
        for mark in self._names.finditer(named):
            yield from _runs(at, mark.start(), cuts)
            yield mark.start(), mark.end(), self._control[mark.group()]
            at = mark.end()
        yield from _runs(at, len(named), cuts)

    def _tokenise(self, text: str) -> list[int]:
        raw = text.encode()
        room = (c_int32 * (len(raw) + 8))()
        tokenise = self._model.library.c.llama_tokenize
        n = tokenise(self._model.vocabulary, raw, len(raw), room, len(room), 0, 0)
        return room[: max(n, 0)]


def spelt(text: str, pieces: Iterable[bytes]) -> list[tuple[int, int]]:
    r"""The characters (start, end) of a text that each of its tokens covers; a part of one covers all of it.

    A tokenizer may put a space before a text, which covers nothing; a token that is none of the text's, as that for what a
    vocabulary does not know, covers one character.

    Example:
        >>> spelt("né!", [b" n", b"\xc3", b"\xa9", b"!"])
        [(0, 1), (1, 2), (1, 2), (2, 3)]
    """
    raw = text.encode()
    character = np.repeat(np.arange(len(text)), [len(one.encode()) for one in text]).tolist()
    at = 0
    places: list[tuple[int, int]] = []
    for piece in pieces:
        start, at = at, _behind(piece, raw, at)
        first = character[start] if start < len(raw) else len(text)
        places.append((first, character[at - 1] + 1) if at > start else (first, first))
    return places


def _behind(piece: bytes, raw: bytes, at: int) -> int:
    """Where the next token begins."""
    said = piece if raw.startswith(piece, at) else piece.replace("▁".encode(), b" ")
    if raw.startswith(said, at):
        return at + len(said)
    if said.startswith(b" ") and raw.startswith(said[1:], at):
        return at + len(said) - 1
    while at < len(raw):
        at += 1
        if at == len(raw) or raw[at] & 0xC0 != 0x80:
            break
    return at


def _runs(start: int, end: int, cuts: Sequence[int]) -> Iterator[tuple[int, int, None]]:
    edges = [start, *(cut for cut in cuts if start < cut < end), end]
    yield from ((a, b, None) for a, b in pairwise(edges) if a < b)


def _first_letters(marker: str) -> int:
    """Where a marker is cut: behind its first letters; behind its first character where that does not cut it."""
    found = _LETTERS.match(marker)
    return found.end() if found and found.end() < len(marker) else 1


def _templates(metadata: Mapping[str, Any]) -> dict[str, str]:
    """The chat templates of a file, by their names.

    Raises:
        ConfigError: they are too long.
    """
    key = "tokenizer.chat_template"
    named = {name.removeprefix(f"{key}."): value for name, value in metadata.items() if name.startswith(f"{key}.")}
    default = metadata.get(key)
    found = named if default is None else {**named, "default": default}
    n = sum(len(str(value)) for value in found.values())
    if n > _LONGEST_TEMPLATES:
        raise ConfigError(f"the file's chat templates have {n:,} characters; wanted at most {_LONGEST_TEMPLATES:,}")
    return {name: str(value) for name, value in found.items() if value} if "default" in found else {}
