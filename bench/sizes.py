"""What one machine reads, verifies and routes in a day, and what a million of each cost, worked out from a measurement here.

    python -m bench.sizes --node-hour 0.10 --markdown docs/sizes.md

Three kinds of work take turns, so often as there are rounds: answers to short questions are read in this process, prompts of 512
tokens likewise; a service verifies, its three verifiers instant, with a synced ledger; a gateway routes, its upstream and its
reader instant. What verifiers, writers and readers elsewhere take and cost is theirs and comes on top.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from transformers import AutoTokenizer

import foureyes as fe
from bench.gateway_serving import gateway, upstream
from bench.load import offer
from bench.machine import command_line, describe, usable_processors
from bench.section import grid
from bench.service import served
from bench.workloads import long, short
from foureyes.models.transformers.formatting import Formatter
from foureyes.models.weights import ensure

__all__ = ["main"]

_DAY_S: Final = 86_400
_AT_ONCE: Final = 16

Work = Callable[[int], float]
"""Does so many, and says how many that was a second."""


@contextmanager
def _verifying() -> Iterator[tuple[Work, int]]:
    with TemporaryDirectory() as folder, served("verify", Path(folder)) as server:
        yield lambda n: offer(server.port, server.request, concurrent=_AT_ONCE, n=n).per_second, 3_000


@contextmanager
def _routing() -> Iterator[tuple[Work, int]]:
    with upstream() as behind, gateway(behind) as server:
        yield lambda n: offer(server.port, server.request(), concurrent=_AT_ONCE, n=n).per_second, 3_000


@contextmanager
def _reading(model: str, n_long: int) -> Iterator[tuple[Work, int]]:
    reader = fe.open_reader(model)
    if n_long:
        tokenizer = AutoTokenizer.from_pretrained(ensure(model).folder, local_files_only=True)
        exchanges = long(n_long, Formatter(tokenizer, limit=1 << 20))
    else:
        exchanges = short(120)

    def work(n: int) -> float:
        started = time.perf_counter()
        rows = fe.score(exchanges[:n], reader)
        took = time.perf_counter() - started
        if any(isinstance(row, fe.Unscored) for row in rows):
            raise AssertionError("an answer of the bench was not read")
        return len(rows) / took

    yield work, len(exchanges)


KINDS: Final[Mapping[str, Callable[[], AbstractContextManager[tuple[Work, int]]]]] = {
    "answers read, a question and a few words, smollm2-135m": lambda: _reading("smollm2-135m", 0),
    "answers read, 512 tokens and 32, smollm2-135m": lambda: _reading("smollm2-135m", 8),
    "answers verified by the service, three instant verifiers": _verifying,
    "answers routed by the gateway, instant writer and reader": _routing,
}


def measure(rounds: int) -> dict[str, list[float]]:
    """Of each kind of work how many a second, in each round."""
    with ExitStack() as stack:
        works = {kind: stack.enter_context(opened()) for kind, opened in KINDS.items()}
        for work, n in works.values():
            work(max(1, n // 4))
        found: dict[str, list[float]] = {kind: [] for kind in works}
        for number in range(rounds):
            for kind, (work, n) in works.items():
                found[kind].append(work(n))
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return found


def markdown(found: Mapping[str, Sequence[float]], node_hour: float, command: str) -> str:
    """The page."""
    machine = describe(Path(sys.executable), Path("none"), ("foureyes", "torch", "uvicorn"))
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    rounds = len(next(iter(found.values())))
    lines = [
        "# What one machine does in a day",
        "",
        (
            f"Made by `{command}`: medians of {rounds} rounds, lowest and "
            f"highest in brackets. {machine['processor']}, {usable_processors()} processors; Python {machine['python']}, {versions}. "
            f"A day is at full load around the clock; a million costs what this machine takes at {node_hour:g} an hour, in "
            "whatever currency: give yours as `--node-hour`."
        ),
        "",
        grid(
            ("", "a second", "a day", "hours for a million", "cost of a million"),
            [_row(*of, node_hour) for of in found.items()],
        ),
        "",
        (
            "Reading takes all processors; the service and the gateway answer on one, and their load comes from another. What verifiers and "
            "writers behind an API take and cost comes on top, and is nearly all of it: a million verifications by one judge "
            "that reads 300 tokens and writes 60 cost 300 and 60 times its price of a million tokens. A larger reader takes "
            "longer about as its parameters grow; [what reading costs](bench.md) has more models."
        ),
    ]
    return "\n".join(lines) + "\n"


def _row(kind: str, rates: Sequence[float], node_hour: float) -> tuple[str, ...]:
    rate = statistics.median(rates)
    hours = 1e6 / rate / 3600
    return (
        kind,
        f"{rate:,.4g} [{min(rates):,.4g}, {max(rates):,.4g}]",
        f"{rate * _DAY_S:,.0f}",
        f"{hours:,.2f}",
        f"{hours * node_hour:,.2f}",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--node-hour", type=float, default=0.10, metavar="PRICE", help="of one such machine")
    parser.add_argument("--markdown", type=Path, metavar="FILE")
    args = parser.parse_args(argv)
    page = markdown(measure(args.rounds), args.node_hour, command_line("bench.sizes", argv))
    print(page)
    if args.markdown:
        args.markdown.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
