"""How long short answers wait beside long ones where one reader in this process reads for all.

    python -m bench.mixed_reading --seconds 60 --rounds 3
    python -m bench.mixed_reading --per-second 2000 --seconds 5000      # computed, for a reader of that speed

The same answers come at the same times, by chance, to a batcher that hands its reader as many of them as wait, up to 64
(*by number*), and to one that hands it no more than some characters at once, what is due first first (*by size*): as
:mod:`foureyes.guard.reading_queue` has it. A share of the time is the reader busy with long ones, and as large a share with short ones.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import threading
import time
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeVar

import numpy as np

import foureyes as fe
from bench.section import grid
from foureyes.guard.batcher import CALL_SIZE, ReaderBatcher
from foureyes.guard.reading_queue import ReadingQueue
from foureyes.models.roles import Reader
from foureyes.types import Exchange, text_of

__all__ = ["WAYS", "Arrival", "arrivals", "computed", "waits"]

Key = TypeVar("Key", bound=Hashable)

KINDS: Final = ("short", "long")
CALL_S: Final = 0.02
WORDS: Final = [
    "the",
    "of",
    "and",
    "a",
    "to",
    "in",
    "is",
    "you",
    "that",
    "it",
    "he",
    "was",
    "for",
    "on",
    "are",
    "as",
    "with",
    "his",
    "they",
    "at",
    "be",
    "this",
    "have",
    "from",
    "or",
    "one",
    "had",
    "by",
]


@dataclass(frozen=True, slots=True)
class Arrival:
    """An answer that comes.

    Attributes:
        at: seconds from the beginning.
        kind: ``"short"`` or ``"long"``.
        exchange: to be read.
    """

    at: float
    kind: str
    exchange: Exchange


class ByNumber(ReadingQueue[Key]):
    """As many as wait, up to 64, in the order in which they came: what was done before."""

    def take(self) -> dict[Key, Exchange]:
        """What is read in the next call."""
        batch = {key: self._rows[key].exchange for key in islice(self._rows, 64)}
        for key in batch:
            self.discard(key)
        return batch


WAYS: Final[Mapping[str, type[ReadingQueue[Any]]]] = {"by number": ByNumber, "by size": ReadingQueue}


class Batcher(ReaderBatcher):
    """A batcher with a queue of its own."""

    def __init__(self, reader: Reader, way: type[ReadingQueue[Any]]) -> None:
        super().__init__(reader, max_queue=100_000)
        self._waiting = way(most=64, call_size=CALL_SIZE)


def answer(kind: str, lots: random.Random, *, characters: int) -> Exchange:
    """A question and an answer that share nothing with others: a few words, or behind a text of so many characters."""
    words = " ".join(lots.choices(WORDS, k=characters // 4 if kind == "long" else 8))
    return Exchange(f"{words}?", " ".join(lots.choices(WORDS, k=6)))


def arrivals(costs: Mapping[str, float], *, seconds: float, busy: float, characters: int, seed: int) -> list[Arrival]:
    """When which answers come.

    Args:
        costs: seconds that reading one of a kind takes.
        seconds: for how long.
        busy: share of the time that reading takes, half of it for each kind.
        characters: of a long one.
        seed: of what comes by chance.
    """
    lots = random.Random(seed)  # noqa: S311 - no secret
    found: list[Arrival] = []
    for kind, cost in costs.items():
        at = 0.0
        while (at := at + lots.expovariate(busy / len(costs) / cost)) < seconds:
            found.append(Arrival(at, kind, answer(kind, lots, characters=characters)))
    return sorted(found, key=lambda one: one.at)


async def waits(reader: Reader, coming: Sequence[Arrival], way: type[ReadingQueue[Any]]) -> list[tuple[str, float]]:
    """Seconds from when each came until it was read, with its kind."""
    batcher, start = Batcher(reader, way), time.perf_counter()

    async def one(arrival: Arrival) -> tuple[str, float]:
        await asyncio.sleep(arrival.at - (time.perf_counter() - start))
        await batcher.read(arrival.exchange)
        return arrival.kind, time.perf_counter() - start - arrival.at

    found = await asyncio.gather(*map(one, coming))
    batcher.close()
    for thread in threading.enumerate():
        if thread.name == f"foureyes-{reader.name}":
            await asyncio.to_thread(thread.join)  # Python cannot end while it is in torch
    return found


def computed(coming: Sequence[Arrival], way: type[ReadingQueue[Any]], per_second: float) -> list[tuple[str, float]]:
    """As :func:`waits`, for a reader of so many characters a second, and :data:`CALL_S` seconds a call."""
    queue: ReadingQueue[int] = way(most=64, call_size=CALL_SIZE)
    now, came, found = 0.0, 0, list[tuple[str, float]]()
    while came < len(coming) or len(queue):
        if not len(queue):
            now = max(now, coming[came].at)
        while came < len(coming) and coming[came].at <= now:
            queue.add(came, coming[came].exchange)
            came += 1
        batch = queue.take()
        now += CALL_S + sum(map(size, batch.values())) / per_second
        found += [(coming[i].kind, now - coming[i].at) for i in batch]
    return found


def size(exchange: Exchange) -> int:
    """Characters of prompt and answer."""
    return len(text_of(exchange.prompt)) + len(exchange.answer)


def cost(reader: Reader, kind: str, *, characters: int) -> float:
    """Seconds that one of a kind takes, in company that it usually has."""
    lots = random.Random(0)  # noqa: S311 - no secret
    some = [answer(kind, lots, characters=characters) for _ in range(1 if kind == "long" else 16)]
    reader.read(some)
    start = time.perf_counter()
    reader.read(some)
    return (time.perf_counter() - start) / len(some)


def rows(found: Mapping[str, Sequence[tuple[str, float]]]) -> Iterator[list[str]]:
    """Of the table: medians and 99 of 100, in milliseconds."""
    for kind in KINDS:
        for way, all_ in found.items():
            ms = np.array([1000 * wait for of, wait in all_ if of == kind])
            p50, p99 = np.quantile(ms, [0.5, 0.99])
            yield [kind, way, f"{len(ms):,}", f"{p50:,.0f}", f"{p99:,.0f}", f"{ms.max():,.0f}"]


def main() -> None:
    """Measures each way in turn, round after round, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--per-second", type=float, help="characters: of a reader that is computed with, not loaded")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each round and way")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--busy", type=float, default=0.6, help="share of the time that reading takes")
    parser.add_argument("--characters", type=int, default=4000, help="of a long answer's prompt")
    args = parser.parse_args()
    if args.per_second is None:
        reader = fe.open_reader(args.model)
        costs = {kind: cost(reader, kind, characters=args.characters) for kind in KINDS}
    else:
        lots = random.Random(0)  # noqa: S311 - no secret
        costs = {kind: size(answer(kind, lots, characters=args.characters)) / args.per_second for kind in KINDS}
    found: dict[str, list[tuple[str, float]]] = {way: [] for way in WAYS}
    for seed in range(args.rounds):
        coming = arrivals(costs, seconds=args.seconds, busy=args.busy, characters=args.characters, seed=seed)
        for name, way in WAYS.items():
            found[name] += (
                asyncio.run(waits(reader, coming, way))
                if args.per_second is None
                else computed(coming, way, args.per_second)
            )
    print(f"reading one takes {', '.join(f'{1000 * of:,.0f} ms ({kind})' for kind, of in costs.items())}")
    print(grid(("answers", "batches", "read", "p50, ms", "p99, ms", "longest, ms"), list(rows(found))))


if __name__ == "__main__":
    main()
