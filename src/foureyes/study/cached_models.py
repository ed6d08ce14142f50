"""A reader and a writer that cache on disk what their model said, so that nothing is computed twice.

They have the roles of what they stand for, so every signal takes them as they are, and a signal nobody thought of when
the study began finds its readings paid for. The model itself is loaded at the first question that is not in the store;
a finished study loads none. Start at :class:`CachedReader`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import groupby
from typing import Any, Final, Generic, TypeAlias, TypeVar

from foureyes.errors import BudgetSpent, ModelError
from foureyes.models.roles import Reader, Sampling, Writer
from foureyes.study.serialization import decode_reading, decode_written, encode, plain, plain_exchange
from foureyes.study.store import CallStore, Cost, StoredCall, key_of
from foureyes.types import Exchange, Prompt, Reading, Unscored, Written

__all__ = ["Budget", "CachedReader", "CachedWriter", "LazyModel", "RunUsage"]

Role = TypeVar("Role", bound=Reader | Writer)
Decode: TypeAlias = Callable[[bytes], Any]

_READ_AT_ONCE: Final = 256
_WRITE_AT_ONCE: Final = 32
_CHARACTERS_AT_ONCE: Final = 40_000
"""About ten thousand tokens: what a kill loses at most, and how far a budget is overdrawn."""

_TRANSIENT: Final = frozenset({"unavailable", "bad_reply"})
"""Reasons that may be gone at the next run: such rows are not stored, but asked again."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may spend on new work; ``None`` for no limit, 0 for nothing. What the store holds is free.

    Attributes:
        seconds: of computing.
        tokens: read and written.
    """

    seconds: float | None = None
    tokens: int | None = None


@dataclass(slots=True)
class RunUsage:
    """What a run has used of its budget, and how far it is.

    Attributes:
        clock: seconds that only grow, like :func:`time.perf_counter`.
        budget: its limit.
        on_change: told after every batch, for progress.
        cost: of what was computed.
        n_computed: how many questions to models were answered by computing.
        n_cached: how many were answered from the store.
        steps, done: how many steps the run has, as far as it is known, and how many are done.
    """

    clock: Callable[[], float]
    budget: Budget = field(default_factory=Budget)
    on_change: Callable[[RunUsage], None] = lambda _usage: None
    cost: Cost = field(default_factory=Cost)
    n_computed: int = 0
    n_cached: int = 0
    steps: int = 0
    done: int = 0

    def require_budget(self) -> None:
        """Raises :class:`~foureyes.errors.BudgetSpent` when nothing is left."""
        for what, limit, spent in (
            ("seconds", self.budget.seconds, self.cost.seconds),
            ("tokens", self.budget.tokens, self.cost.tokens),
        ):
            if limit is not None and spent >= limit:
                raise BudgetSpent(f"the budget of {limit:g} {what} is spent; all that was computed is kept")

    def add(self, cost: Cost, n_computed: int) -> None:
        """Counts new work."""
        self.cost += cost
        self.n_computed += n_computed
        self.on_change(self)


class LazyModel(Generic[Role]):
    """A model that is loaded at its first use; its name and fingerprint come from the store where they are kept there.

    Args:
        reference: what names it, with its arithmetic; what the store remembers it by.
        weights: identity of its weights; ``None`` where only opening it can tell.
        opened: loads it.
        store: that remembers.
    """

    def __init__(self, reference: str, weights: str | None, opened: Callable[[], Role], store: CallStore) -> None:
        self._opened = opened
        self._model: Role | None = None
        self._store = store
        self._reference = reference
        self._weights = weights
        self._known = store.fingerprint(reference, weights) if weights is not None else None

    @property
    def known(self) -> bool:
        """Whether the store knows its name and fingerprint, so that it need not be loaded for them."""
        return self._known is not None

    @property
    def name(self) -> str:
        """What the model calls itself."""
        return self._identity()[1]

    @property
    def fingerprint(self) -> str:
        """What its numbers depend on."""
        return self._identity()[0]

    def get(self) -> Role:
        """The model, loaded.

        Raises:
            ModelError: with the same weights it has another fingerprint than the store remembers.
        """
        if self._model is None:
            self._model = self._opened()
            self._recognise(self._model.fingerprint, self._model.name)
        return self._model

    def unload(self) -> None:
        """Frees its memory; it is loaded again if it is asked again."""
        self._model = None

    def _identity(self) -> tuple[str, str]:
        if self._known is not None:
            return self._known
        model = self.get()
        return model.fingerprint, model.name

    def _recognise(self, fingerprint: str, name: str) -> None:
        if self._known is not None and self._known[0] != fingerprint:
            raise ModelError(
                f"{self._reference} was {self._known[0]} in the store and is {fingerprint} now, with the same weights",
                model=name,
            )
        self._known = fingerprint, name
        self._store.remember(self._reference, self._weights or fingerprint, fingerprint, name)


class _CachedModel(Generic[Role]):
    """What cached readers and writers share: the model, the store, and the answers this run has used so far.

    Attributes:
        costs: cost of every answer that was asked for since :meth:`reset`, now or when it was computed, by its key.
    """

    def __init__(self, model: LazyModel[Role], store: CallStore, usage: RunUsage) -> None:
        self._model = model
        self._store = store
        self._usage = usage
        self._seen: dict[bytes, tuple[Any, Cost]] = {}
        self.costs: dict[bytes, Cost] = {}

    @property
    def name(self) -> str:
        """Name of the model."""
        return self._model.name

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the model."""
        return self._model.fingerprint

    @property
    def spent(self) -> Cost:
        """What everything took that was asked for since :meth:`reset`, each answer once."""
        return sum(self.costs.values(), Cost())

    def reset(self) -> None:
        """Starts counting :attr:`spent` from zero."""
        self.costs = {}

    def _load_cached(self, asked: Mapping[bytes, Decode]) -> None:
        """Reads these answers from the store, where it has them."""
        found = self._store.get(key for key in asked if key not in self._seen)
        for key, entry in found.items():
            self._seen[key] = asked[key](entry.body), entry.cost
        self._usage.n_cached += len(found)

    def _keep(self, values: Mapping[bytes, Reading | Written | Unscored], costs: Sequence[Cost]) -> None:
        """Stores what was computed; failures that may pass are kept for this run only."""
        entries = {
            key: StoredCall(encode(value), cost) for (key, value), cost in zip(values.items(), costs, strict=True)
        }
        self._store.put(self.fingerprint, {key: entry for key, entry in entries.items() if _is_permanent(values[key])})
        self._seen |= {key: (value, entries[key].cost) for key, value in values.items()}
        self._usage.add(sum(costs, Cost()), len(values))

    def _answer_to(self, key: bytes) -> Any:
        value, cost = self._seen[key]
        self.costs[key] = cost
        return value


class CachedReader(_CachedModel[Reader]):
    """A reader that computes a reading only where the store has none.

    Args:
        model: that reads.
        store: of readings.
        usage: what new readings are put on.
    """

    def __init__(self, model: LazyModel[Reader], store: CallStore, usage: RunUsage) -> None:
        super().__init__(model, store, usage)
        self._keys: dict[tuple[Exchange, int], bytes] = {}

    def read(self, exchanges: Sequence[Exchange], *, top_k: int = 0) -> list[Reading | Unscored]:
        """Reads every exchange; see :class:`foureyes.models.roles.Reader`."""
        keys = [self._key(exchange, top_k) for exchange in exchanges]
        asked = dict(zip(keys, exchanges, strict=True))
        self._load_cached({key: partial(decode_reading, exchange=exchange) for key, exchange in asked.items()})
        for part in _batches({key: e for key, e in asked.items() if key not in self._seen}, _READ_AT_ONCE):
            self._read(part, top_k)
        return [self._answer_to(key) for key in keys]

    def _key(self, exchange: Exchange, top_k: int) -> bytes:
        """The key of a reading; kept, since every signal asks for the same readings."""
        if (exchange, top_k) not in self._keys:
            self._keys[exchange, top_k] = self._new_key(exchange, top_k)
        return self._keys[exchange, top_k]

    def _new_key(self, exchange: Exchange, top_k: int) -> bytes:
        return key_of("read", self.fingerprint, {**plain_exchange(exchange), "top_k": top_k})

    def _read(self, part: Mapping[bytes, Exchange], top_k: int) -> None:
        self._usage.require_budget()
        model, exchanges = self._model.get(), list(part.values())
        start = self._usage.clock()
        readings = model.read(exchanges, top_k=top_k)
        seconds = self._usage.clock() - start
        if len(readings) != len(exchanges):
            raise ModelError(
                f"{self.name} returned {len(readings)} readings of {len(exchanges)} answers", model=self.name
            )
        self._keep(dict(zip(part, readings, strict=True)), _split_seconds(seconds, _tokens_read(exchanges, readings)))


class CachedWriter(_CachedModel[Writer]):
    """A writer that writes an answer only where the store has none; arguments as of :class:`CachedReader`."""

    def write(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[list[Written | Unscored]]:
        """Answers every prompt; see :class:`foureyes.models.roles.Writer`.

        Sampled answers are drawn prompt by prompt, each under a seed made of the sampling's seed and the prompt, so that
        they do not depend on which other prompts were asked in the same run.
        """
        keys = [tuple(self._key(prompt, sampling, i) for i in range(sampling.n)) for prompt in prompts]
        asked = dict(zip(keys, prompts, strict=True))
        self._load_cached({key: partial(decode_written, prompt=prompt) for row, prompt in asked.items() for key in row})
        missing = {row: prompt for row, prompt in asked.items() if not all(key in self._seen for key in row)}
        for part in _batches(missing, _WRITE_AT_ONCE if sampling.temperature == 0 else 1):
            self._write(part, sampling)
        return [[self._answer_to(key) for key in row] for row in keys]

    def _key(self, prompt: Prompt, sampling: Sampling, i: int) -> bytes:
        return key_of("write", self.fingerprint, {"prompt": plain(prompt), "sampling": asdict(sampling), "i": i})

    def _write(self, part: Mapping[tuple[bytes, ...], Prompt], sampling: Sampling) -> None:
        self._usage.require_budget()
        model, prompts = self._model.get(), list(part.values())
        start = self._usage.clock()
        written = model.write(prompts, _seeded(sampling, prompts))
        seconds = self._usage.clock() - start
        keys, values = [key for row in part for key in row], [value for row in written for value in row]
        if len(values) != len(keys):
            raise ModelError(f"{self.name} wrote {len(values)} answers; wanted {len(keys)}", model=self.name)
        self._keep(dict(zip(keys, values, strict=True)), _split_seconds(seconds, [_tokens_written(v) for v in values]))


Key = TypeVar("Key")
Request = TypeVar("Request")


def _batches(missing: Mapping[Key, Request], size: int) -> Iterator[dict[Key, Request]]:
    """Batches of about ``size``, fewer of long ones; exchanges with one prompt stay together, since they are read together."""
    part: dict[Key, Request] = {}
    characters = 0
    for prompt, same in groupby(missing.items(), key=lambda entry: getattr(entry[1], "prompt", entry[1])):
        entries = list(same)
        part.update(entries)
        characters += len(str(prompt)) + sum(len(getattr(asked, "answer", "")) for _, asked in entries)
        if len(part) >= size or characters >= _CHARACTERS_AT_ONCE:
            yield part
            part, characters = {}, 0
    if part:
        yield part


def _seeded(sampling: Sampling, prompts: Sequence[Prompt]) -> Sampling:
    if sampling.temperature == 0:
        return sampling
    own = key_of("seed", "", {"prompt": plain(prompts[0]), "seed": sampling.seed})
    return Sampling(**{**asdict(sampling), "seed": int.from_bytes(own[:4], "big")})


def _tokens_read(exchanges: Sequence[Exchange], readings: Sequence[Reading | Unscored]) -> list[tuple[int, int]]:
    """(read, written) tokens a row; of rows with one prompt the first bears it."""
    seen: set[Prompt] = set()
    tokens = []
    for exchange, reading in zip(exchanges, readings, strict=True):
        if isinstance(reading, Unscored):
            tokens.append((0, 0))
            continue
        prompt = 0 if exchange.prompt in seen else reading.n_prompt_tokens
        seen.add(exchange.prompt)
        tokens.append((prompt + len(reading.token_ids), 0))
    return tokens


def _tokens_written(value: Written | Unscored) -> tuple[int, int]:
    if isinstance(value, Unscored):
        return 0, 0
    if value.usage is not None:
        return value.usage.prompt_tokens, value.usage.answer_tokens
    if value.reading is None:
        return 0, 0
    return value.reading.n_prompt_tokens, len(value.reading.token_ids)


def _split_seconds(seconds: float, tokens: Sequence[tuple[int, int]]) -> list[Cost]:
    """The cost of every row of a batch: its tokens, and its share of the seconds by them."""
    total = sum(read + written for read, written in tokens)
    return [Cost(r, w, seconds * (r + w) / total if total else seconds / len(tokens)) for r, w in tokens]


def _is_permanent(value: object) -> bool:
    return not (isinstance(value, Unscored) and value.reason in _TRANSIENT)
