"""What one tenant's flood costs another: the same calm requests alone, and while another tenant asks without end.

    python -m bench.door_fairness --rounds 3

Whoever floods does so from a process that gives way to every other, so that a figure is the service's.

*Hung*: 600 connections of another tenant, each asking again as soon as it was answered, of a verifier that never answers.
*Texts*: eight connections that have personal data looked for in texts of 340 kB of numbers.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from bench.door_service import Service, head_of, served
from bench.section import grid

__all__ = ["FLOODS", "Fairness", "compare"]

_ASKED: Final = json.dumps({"prompt": "Capital of Australia?", "response": "Canberra"}).encode()
_NUMBERS: Final = json.dumps({"text": " ".join(f"{n:06d}" for n in range(340_000 // 7))}).encode()
_SETTLE_S: Final = 3.0
_GAP_S: Final = 0.02
_LONGEST_S: Final = 60.0
_REFUSED_S: Final = 2.0
"""How long whoever floods waits when it was refused."""


@dataclass(frozen=True, slots=True)
class Fairness:
    """One tenant's requests, alone and beside a flood.

    Attributes:
        alone_ms, beside_ms: p99 of their latencies.
        refused: of those beside it, how many were not answered 200.
        n: how many there were beside it, fewer than asked for where they took too long.
    """

    alone_ms: float
    beside_ms: float
    refused: int
    n: int

    @property
    def ratio(self) -> float:
        """How much longer it took beside the flood."""
        return self.beside_ms / self.alone_ms


def compare(name: str, n: int, source: Path | None = None) -> Fairness:
    """Measures one flood.

    Args:
        name: of the flood.
        n: calm requests, alone and beside it.
        source: another checkout's ``src``, to measure that one.
    """
    flood, calm = FLOODS[name]
    with TemporaryDirectory() as folder, served(Path(folder), source) as service:
        request = calm(service)
        _latencies(service, request, n // 4)  # what is made at the first request is there by then
        alone, _ = _latencies(service, request, n)
        with flood(service):
            time.sleep(_SETTLE_S)
            beside, refused = _latencies(service, request, n)
    return Fairness(_p99(alone), _p99(beside), refused, len(beside))


def _p99(seconds: list[float]) -> float:
    return float(np.quantile(np.array(seconds) * 1000, 0.99))


def _latencies(service: Service, request: bytes, n: int) -> tuple[list[float], int]:
    """Of so many requests one after another, with a pause between two, and how many were not answered 200."""
    found, refused = [], 0
    with ExitStack() as stack:
        connection = stack.enter_context(service.connect())
        ends = time.perf_counter() + _LONGEST_S
        for _ in range(n):
            started = time.perf_counter()
            if started > ends:
                break
            try:
                connection.sendall(request)
                said = _received(connection)
            except OSError:
                said = b""
            found.append(time.perf_counter() - started)
            refused += not said.startswith(b"HTTP/1.1 200")
            time.sleep(_GAP_S)
            if not said or b"connection: close" in said:
                connection = stack.enter_context(service.connect())
    return found, refused


def _received(connection: socket.socket) -> bytes:
    """A whole answer, as long as it says it is."""
    said = b""
    while piece := connection.recv(1 << 20):
        said += piece
        head, found, body = said.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
        if found and (not length or len(body) >= int(length)):
            break
    return said


@contextmanager
def _asking(service: Service, request: bytes, connections: int) -> Iterator[None]:
    """Asks without end over so many connections, in a process of its own, so that its work is not measured here."""
    process = get_context("fork").Process(target=_ask_for_ever, args=(service, request, connections), daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def _ask_for_ever(service: Service, request: bytes, connections: int) -> None:
    os.nice(19)  # 600 threads: what they take of the processors is not what the service does

    def ask(i: int) -> None:
        while True:
            with suppress(OSError), service.connect(f"127.0.2.{i % 200 + 1}", timeout_s=20) as connection:
                while True:
                    connection.sendall(request)
                    if not _received(connection).startswith(b"HTTP/1.1 200"):
                        time.sleep(_REFUSED_S)

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _hung(service: Service) -> AbstractContextManager[None]:
    request = head_of("POST", "/v1/guard/verify", key=service.keys["flood"], body=_ASKED)
    return _asking(service, request, 600)


def _texts(service: Service) -> AbstractContextManager[None]:
    request = head_of("POST", "/v1/guard/pii/tokenize", key=service.keys["texts"], body=_NUMBERS)
    return _asking(service, request, 8)


def _verifications(service: Service) -> bytes:
    return head_of("POST", "/v1/guard/verify", key=service.keys["calm"], body=_ASKED)


def _reads(service: Service) -> bytes:
    return head_of("GET", "/v1/ledger/entries", key=service.keys["calm"])


FLOODS: Final[Mapping[str, tuple[Callable[[Service], AbstractContextManager[None]], Callable[[Service], bytes]]]] = {
    "verifications, beside 600 that hang": (_hung, _verifications),
    "reads of the ledger, beside 600 that hang": (_hung, _reads),
    "verifications, beside texts of 340 kB of numbers": (_texts, _verifications),
    "reads of the ledger, beside texts of 340 kB of numbers": (_texts, _reads),
}


def main() -> None:
    """Measures every flood in turn, round after round, and prints a table: medians over the rounds, and each round's ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=400, help="calm ones, alone and beside each flood, in a round")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    found: dict[str, list[Fairness]] = {name: [] for name in FLOODS}
    for _ in range(args.rounds):
        for name in FLOODS:
            found[name].append(compare(name, args.requests))
    print(
        grid(
            ("requests", "alone, ms", "beside, ms", "ratio", "each round", "refused"),
            [_row(*one) for one in found.items()],
        )
    )


def _row(name: str, rounds: list[Fairness]) -> list[str]:
    alone, beside, ratio = (
        statistics.median(of)
        for of in ([one.alone_ms for one in rounds], [one.beside_ms for one in rounds], [one.ratio for one in rounds])
    )
    each = ", ".join(f"{one.ratio:.2f}" for one in rounds)
    refused = f"{sum(one.refused for one in rounds)} of {sum(one.n for one in rounds)}"
    return [name, f"{alone:.1f}", f"{beside:.1f}", f"{ratio:.2f}", each, refused]


if __name__ == "__main__":
    main()
