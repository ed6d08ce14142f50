"""Sequences through llama.cpp, several at a time, shared prefixes once, with logits only where an answer token is predicted.

Sequences are grown into a forest (:mod:`~foureyes.models.packing`). Its runs go through the network level by level, the runs of
one level together, each in a *stream*: a cache of its own. Where a run has several continuations its stream is copied, one
copy for each but the first. Streams keep what they held, so that a batch that begins like the last one goes on from there.

Streams are apart on purpose: over one cache for all (llama.cpp's ``kv_unified``) the values of a row move with its
neighbours, by 0.4 nats at single tokens on smollm2; with llama.cpp's fused attention they move with the length of a pass, by
0.26. Apart and with plain attention they do not move on smollm2, and by 0.0075 on gemma3.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from ctypes import POINTER, c_int8, c_int32
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import ModelUnavailable
from foureyes.models.formatting import Ints
from foureyes.models.llama_cpp.library import Batch
from foureyes.models.llama_cpp.model import LlamaModel
from foureyes.models.packing import PackedForest, PackedRun, common_prefix

__all__ = ["LlamaStreams", "room_for", "streams_for"]

CELLS: Final = 4096
"""Tokens that all streams together hold, but where one sequence alone is longer."""

MOST_STREAMS: Final = 16
LEAST_ROOM: Final = 256
"""Of a stream, tokens; llama.cpp rounds up to multiples of it."""

LOGITS: Final = 1 << 23
"""Logits that llama.cpp holds at a time, 32 MiB; it holds them twice."""

TOKENS: Final = 512
"""Tokens in one pass through the network."""

ATTENTION: Final = 1 << 20
"""Most tokens of a pass × tokens of a stream, which bounds the matrices of plain attention; no pass has less than 32."""

_PLAIN: Final = 0
"""``LLAMA_FLASH_ATTN_TYPE_DISABLED``."""


_Laid: TypeAlias = tuple[PackedRun, int, int]
"""A run, the stream it goes through, and how many of its tokens that holds already."""


def room_for(n: int, most: int) -> int:
    """Tokens that a stream is made for, so that a sequence of ``n`` fits: few sizes, lest streams be made again and again."""
    room = LEAST_ROOM
    while room < n:
        room *= 2
    return min(room, -(-most // LEAST_ROOM) * LEAST_ROOM)


def streams_for(room: int) -> int:
    """How many streams of this size there are."""
    return max(1, min(MOST_STREAMS, CELLS // room))


class LlamaStreams:
    """Streams of one size.

    Args:
        model: whose sequences go through them.
        room: tokens that each holds.
        threads: of the processor.

    Raises:
        ModelUnavailable: they do not fit the memory.
    """

    def __init__(self, model: LlamaModel, room: int, threads: int) -> None:
        self._model = model
        self._c: Any = model.library.c
        self.room = room
        self._rows = max(1, min(TOKENS, LOGITS // model.n_vocabulary))
        params = model.library.context_params()
        params.n_seq_max = streams_for(room)
        params.n_ctx = params.n_seq_max * room
        self._longest = max(32, min(TOKENS, ATTENTION // room))
        params.n_batch = params.n_ubatch = self._longest
        params.n_outputs_max = params.n_outputs_max_per_seq = self._rows
        params.n_threads = params.n_threads_batch = threads
        params.flash_attn_type = _PLAIN
        model.library.log.clear()
        self._context: int | None = self._c.llama_init_from_model(model.handle, params)
        if not self._context:
            why = model.library.last_error()
            raise ModelUnavailable(
                f"{model.name} cannot be given room for {params.n_ctx} tokens: {why}", model=model.name, retryable=True
            )
        self.close = weakref.finalize(self, self._c.llama_free, self._context)
        self._memory: int = self._c.llama_get_memory(self._context)
        self._held: list[Ints] = [np.empty(0, np.int64)] * params.n_seq_max

    def logits(self, forest: PackedForest, rows: Ints) -> Iterator[tuple[Ints, NDArray[np.float32]]]:
        """The logits of some places of a forest, part by part.

        Args:
            forest: of at most as many sequences as there are streams.
            rows: ascending places in it.

        Yields:
            Some indices into ``rows``, and the logits there, (n, V), which the next part overwrites.
        """
        wanted = np.zeros(len(forest.ids), np.int8)
        wanted[rows] = 1
        for level in self._levels(forest, wanted):
            places = np.concatenate([np.arange(run.start + held, run.start + run.length) for run, _, held in level])
            streams = np.repeat([stream for _, stream, _ in level], [run.length - held for run, _, held in level])
            for part in self._passes(wanted[places]):
                found = self._decoded(forest, places[part], streams[part], wanted[places[part]])
                asked = places[part][wanted[places[part]] == 1]
                if len(asked):
                    yield np.searchsorted(rows, asked), found

    def _levels(self, forest: PackedForest, wanted: NDArray[np.int8]) -> Iterator[list[_Laid]]:
        """Runs that go through the network together: the roots, then what continues them, and so on."""
        children: dict[int, list[PackedRun]] = {}
        for run in forest.nodes:
            if run.depth:
                children.setdefault(int(run.keys[run.depth - 1]), []).append(run)
        level = self._begun(forest, wanted)
        used = {stream for _, stream, _ in level}
        while level:
            yield level
            level = [
                (run, stream if k == 0 else self._copied(stream, used), 0)
                for before, stream, _ in level
                for k, run in enumerate(children.get(before.start + before.length - 1, ()))
            ]
            for run, stream, _ in level:
                self._held[stream] = forest.ids[run.keys]

    def _begun(self, forest: PackedForest, wanted: NDArray[np.int8]) -> list[_Laid]:
        """The roots, each in the stream that already holds most of its beginning, up to the first logits it has to give."""
        level: list[_Laid] = []
        free = set(range(len(self._held)))
        for run in forest.nodes:
            if run.depth:
                continue
            ids = forest.ids[run.start : run.start + run.length]
            shared = {stream: common_prefix(self._held[stream], ids) for stream in free}
            stream = max(sorted(free), key=lambda one: shared[one])
            free.remove(stream)
            asked = np.flatnonzero(wanted[run.start : run.start + run.length])
            held = min([shared[stream], *asked[:1].tolist()])
            if not self._c.llama_memory_seq_rm(self._memory, stream, held, -1):  # a memory that cannot forget a part
                self._c.llama_memory_seq_rm(self._memory, stream, -1, -1)
                held = 0
            self._held[stream] = ids
            level.append((run, stream, held))
        return level

    def _copied(self, stream: int, used: set[int]) -> int:
        """A further stream that holds what this one holds."""
        other = min(set(range(len(self._held))) - used)
        used.add(other)
        self._c.llama_memory_seq_rm(self._memory, other, -1, -1)
        self._c.llama_memory_seq_cp(self._memory, stream, other, -1, -1)
        return other

    def _passes(self, wanted: NDArray[np.int8]) -> Iterator[slice]:
        """Cuts a level so that no pass has too many tokens or gives too many logits."""
        given = np.concatenate([[0], np.cumsum(wanted, dtype=np.int64)])
        start = 0
        while start < len(wanted):
            most = int(np.searchsorted(given, given[start] + self._rows, side="right")) - 1
            end = min(start + self._longest, most, len(wanted))
            yield slice(start, end)
            start = end

    def _decoded(
        self, forest: PackedForest, places: Ints, streams: Ints, wanted: NDArray[np.int8]
    ) -> NDArray[np.float32]:
        """The logits of one pass, (n, V), in llama.cpp's own memory."""
        n = len(places)
        columns = [np.ascontiguousarray(values, np.int32) for values in (forest.ids[places], forest.positions[places])]
        owners, each = streams.astype(np.int32), np.ones(n, np.int32)
        addresses = owners.ctypes.data + owners.itemsize * np.arange(n, dtype=np.uintp)
        token, pos, n_seq_id = (column.ctypes.data_as(POINTER(c_int32)) for column in (*columns, each))
        seq_id = addresses.ctypes.data_as(POINTER(POINTER(c_int32)))
        batch = Batch(n, token, None, pos, n_seq_id, seq_id, wanted.ctypes.data_as(POINTER(c_int8)))
        self._model.library.log.clear()
        failed = self._c.llama_decode(self._context, batch)
        if failed:
            self._forget()
            why = self._model.library.last_error()
            raise ModelUnavailable(
                f"{self._model.name} could not read {n} tokens (llama_decode gave {failed}): {why}",
                model=self._model.name,
                retryable=True,
            )
        asked = np.flatnonzero(wanted).tolist()
        if not asked:
            return np.empty((0, self._model.n_vocabulary), np.float32)
        first = self._c.llama_get_logits_ith(self._context, asked[0])
        return np.ctypeslib.as_array(first, (len(asked), self._model.n_vocabulary))

    def _forget(self) -> None:
        self._c.llama_memory_clear(self._memory, 1)
        self._held = [np.empty(0, np.int64)] * len(self._held)
