"""A reader of GGUF files as they are: quantised weights through llama.cpp, on the processor, without torch.

How a call to :meth:`LlamaCppReader.read` goes:

1. Every exchange becomes token ids, by the file's own tokenizer (:mod:`tokens`) and its chat template.
2. Rows are sorted by the size of stream that they need and by their tokens, and cut into batches of as many as there are
   streams.
3. A batch goes through the network, shared prefixes once (:mod:`decoding`), and gives logits only where an answer token is
   predicted.
4. Their statistics are taken part by part (:mod:`statistics`), so that whole distributions are never kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import numpy as np

from foureyes.errors import ConfigError
from foureyes.models.formatting import ExchangeFormatter, Item
from foureyes.models.item_reading import Numbered, TokenStatistics, read_in_windows, readings_of
from foureyes.models.llama_cpp.decoding import LlamaStreams, room_for, streams_for
from foureyes.models.llama_cpp.library import VERSIONS, open_library
from foureyes.models.llama_cpp.model import LlamaModel, checked_header
from foureyes.models.llama_cpp.statistics import statistics_of
from foureyes.models.llama_cpp.tokens import LlamaTokens
from foureyes.models.llama_cpp.trial import require_sound
from foureyes.models.packing import grow_forest
from foureyes.models.weights.digests import sha256
from foureyes.types import Exchange, Reading, Unscored

__all__ = ["LlamaCppReader"]


class LlamaCppReader:
    """Reads answers with a causal language model out of a GGUF file, its weights as the file has them.

    llama.cpp multiplies quantised weights with activations that it rounds to 8 bits, so the numbers are not those of the
    dequantised weights in float32: docs/small-machines.md says how far they are apart. With batch size, order and neighbours
    they were seen to move by less than 1e-6 nats (smollm2) and by up to 0.0075 (gemma3).

    Use :meth:`load`; the constructor takes an already loaded model.

    Example:
        >>> reader = LlamaCppReader.load("SmolLM2-135M-Instruct.Q4_1.gguf")             # doctest: +SKIP
        >>> reader.read([Exchange("Capital of Australia?", "Sydney")])[0].nll.mean()    # doctest: +SKIP
        3.05
    """

    def __init__(
        self,
        model: LlamaModel,
        fingerprint: str,
        *,
        threads: int | None = None,
        truncate: Literal["refuse", "left"] = "refuse",
        template_args: Mapping[str, Any] | None = None,
    ) -> None:
        if truncate not in ("refuse", "left"):
            raise ConfigError(f"truncate must be 'refuse' or 'left'; got {truncate!r}")
        self._model = model
        self._weights = fingerprint
        self._threads = threads or _usable_processors()
        self._truncate = truncate
        tokens = LlamaTokens(model)
        self._text = tokens.text
        self._format = ExchangeFormatter(
            tokens, limit=model.context, truncate=truncate == "left", arguments=template_args
        )
        self._streams: LlamaStreams | None = None

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        name: str | None = None,
        fingerprint: str | None = None,
        threads: int | None = None,
        truncate: Literal["refuse", "left"] = "refuse",
        template_args: Mapping[str, Any] | None = None,
    ) -> LlamaCppReader:
        """Loads a GGUF file, once another process has lived through it.

        Args:
            path: the file.
            name: what to call the model; the file's name without its suffix when ``None``.
            fingerprint: identity of the weights, when the caller knows it; the file is hashed otherwise.
            threads: of the processor; ``None`` for all that this process may use.
            truncate: what to do with a prompt that does not fit; see
                :meth:`foureyes.models.transformers.reader.TransformersReader.load`.
            template_args: what the chat template is told besides.

        Raises:
            ModelUnavailable: the file is not a model that can be loaded.
            ConfigError: an argument is not one of those above, the chat template does not read it, or the installed
                xllamacpp is of a version that is not known here.
        """
        file = Path(path)
        called = name or file.stem
        open_library()
        checked_header(file, called)
        require_sound(file, called)
        model = LlamaModel(file, called)
        identity = fingerprint or f"sha256:{sha256(file)}"
        return cls(model, identity, threads=threads, truncate=truncate, template_args=template_args)

    @property
    def name(self) -> str:
        """What a person calls the model."""
        return self._model.name

    @property
    def fingerprint(self) -> str:
        """Weights, arithmetic, treatment of long prompts, and what the chat template is told."""
        told = f":{self._format.identity}" if self._format.identity else ""
        return f"{self._weights}:llama.cpp-{VERSIONS[-1]}:{self._truncate}{told}"

    def read(self, exchanges: Sequence[Exchange], *, top_k: int = 0) -> list[Reading | Unscored]:
        """Reads every exchange; see :class:`foureyes.models.roles.Reader`."""
        return read_in_windows(exchanges, self._format, self._batches, lambda items: self._read_batch(items, top_k))

    def _batches(self, todo: list[Numbered]) -> Iterator[list[Numbered]]:
        for room, rows in groupby(sorted(todo, key=self._room), self._room):
            entries, n = list(rows), streams_for(room)
            yield from (entries[first : first + n] for first in range(0, len(entries), n))

    def _room(self, entry: Numbered) -> int:
        return room_for(len(entry[1].fed), self._model.context)

    def _read_batch(self, items: list[Item], top_k: int) -> list[Reading | Unscored]:
        room = max(room_for(len(item.fed), self._model.context) for item in items)
        forest = grow_forest([item.fed for item in items])
        places = [where[len(item.prompt_ids) - 1 :] for item, where in zip(items, forest.places, strict=True)]
        rows, row_of = np.unique(np.concatenate(places), return_inverse=True)
        tokens = np.concatenate([item.answer_ids for item in items])
        parts: list[TokenStatistics] = []
        which = []
        for here, logits in self._streams_of(room).logits(forest, rows):
            asked = np.flatnonzero(np.isin(row_of, here))
            parts.append(statistics_of(logits, np.searchsorted(here, row_of[asked]), tokens[asked], top_k=top_k))
            which.append(asked)
        back = np.argsort(np.concatenate(which))
        names = TokenStatistics.__slots__
        found = TokenStatistics(*(np.concatenate([getattr(part, name) for part in parts])[back] for name in names))
        return readings_of(self.name, items, found, self._text)

    def _streams_of(self, room: int) -> LlamaStreams:
        if self._streams is None or self._streams.room != room:
            if self._streams is not None:
                self._streams.close()
            self._streams = LlamaStreams(self._model, room, self._threads)
        return self._streams


def _usable_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
