"""What the gateway adds to a request, beside the same upstream called directly and beside LiteLLM's proxy as a pass-through.

    tools/gateway-peers install && python -m bench.gateway --markdown docs/bench-gateway.md

All three are loaded in turns in one run, round after round, by one client; the upstream has its answer ready, and the reader
follows a script, so the time of models is left out.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.gateway_load import arrive, hold
from bench.gateway_serving import Served, gateway, litellm, upstream
from bench.load import Load, offer
from bench.machine import command_line, describe, usable_processors
from bench.ratios import per_round
from bench.section import Aim, aims, grid

__all__ = ["Measured", "main"]

_ALONE: Final = 300
_CLOSED: Final = {"direct": 8_000, "foureyes": 2_000, "LiteLLM": 200}
_AT_ONCE: Final = 16
_PER_SECOND: Final = 50.0
_ARRIVALS: Final = 500
_STREAMS: Final = 1_000
_HELD_S: Final = 3.0


@dataclass(slots=True)
class Measured:
    """What came of every round, by who answered.

    Attributes:
        alone: one request at a time.
        closed: sixteen at a time, each again as soon as it is answered.
        cpu_ms: of a processor for each of those, which tells most where others use the machine too.
        arriving: fifty a second at random times.
        held: a thousand streams at once, of the gateway, each three seconds.
        memory: MiB of the gateway before them and after each round of them.
    """

    alone: dict[str, list[Load]] = field(default_factory=dict)
    closed: dict[str, list[Load]] = field(default_factory=dict)
    cpu_ms: dict[str, list[float]] = field(default_factory=dict)
    arriving: dict[str, list[Load]] = field(default_factory=dict)
    held: list[Load] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


def measure(rounds: int) -> Measured:
    """Every load on every server in each round."""
    found = Measured()
    with ExitStack() as stack:
        behind = stack.enter_context(upstream())
        ours = stack.enter_context(gateway(behind))
        theirs = stack.enter_context(litellm(behind, Path(stack.enter_context(tempfile.TemporaryDirectory()))))
        servers = {"direct": behind, "foureyes": ours} | ({} if theirs is None else {"LiteLLM": theirs})
        for server in servers.values():
            offer(server.port, server.request(), concurrent=4, n=200)
        for number in range(rounds):
            _round(found, servers, number)
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
        _hold(found, ours, rounds)
    return found


def _round(found: Measured, servers: Mapping[str, Served], number: int) -> None:
    for name, server in servers.items():
        request = server.request()
        found.alone.setdefault(name, []).append(offer(server.port, request, concurrent=1, n=_ALONE))
    for name, server in servers.items():
        used = server.cpu_s()
        load = offer(server.port, server.request(), concurrent=_AT_ONCE, n=_CLOSED[name])
        found.closed.setdefault(name, []).append(load)
        found.cpu_ms.setdefault(name, []).append((server.cpu_s() - used) * 1000 / load.n)
    for name, server in servers.items():
        request = server.request()
        found.arriving.setdefault(name, []).append(
            arrive(server.port, request, per_second=_PER_SECOND, n=_ARRIVALS, seed=number)
        )


def _hold(found: Measured, ours: Served, rounds: int) -> None:
    request = ours.request(stream=True, wait_s=_HELD_S)
    found.memory.append(ours.memory())
    for _ in range(rounds + 2):
        found.held.append(hold(ours.port, request, n=_STREAMS))
        found.memory.append(ours.memory())


def markdown(found: Measured, command: str) -> str:
    """The page."""
    machine = describe(Path(sys.executable), Path("none"), ("foureyes", "uvicorn", "httptools", "uvloop"))
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return "\n".join(
        [
            "# What the gateway adds to a request",
            "",
            (
                f"{machine['processor']}, {usable_processors()} processors; Python {machine['python']}, {versions}. Made by "
                f"`{command}`. Every server is loaded in turn in each round, by the "
                "same client on the same machine; the upstream has its answer ready and the reader follows a script, so that no "
                "model's time is in it. LiteLLM's proxy passes through to the same upstream. Milliseconds are medians of rounds; "
                f"ratios are taken within rounds, of which there were {len(found.closed['direct'])}; the load average of the "
                f"machine was {os.getloadavg()[0]:.1f} at the end."
            ),
            "",
            aims(_aims(found)),
            "",
            *_tables(found),
        ]
    )


def _aims(found: Measured) -> list[Aim]:
    added = _middle(_added(found.alone, "foureyes", "p50_ms"))
    late = _middle(_added(found.arriving, "foureyes", "p99_ms"))
    alone = _middle([one.p99_ms for one in found.arriving["direct"]])
    noise = f" (the upstream itself {alone:.0f}: too noisy a machine to tell)" if alone > 10 else ""
    faster = per_round(_rates(found, "foureyes"), _rates(found, "LiteLLM"))
    growth = found.memory[-1] - found.memory[1]
    leaner = per_round(found.cpu_ms.get("LiteLLM", ()), found.cpu_ms["foureyes"])
    failed = sum(load.failed for loads in _all(found) for load in loads)
    return [
        Aim("added one at a time, ms", "≤ 2", f"{added:.2f}", added <= 2),
        Aim(
            "throughput at 16 ÷ LiteLLM's",
            "≥ 8",
            str(faster or "not measured"),
            None if faster is None else faster.median >= 8,
        ),
        Aim(
            "LiteLLM's processor time a request ÷ the gateway's",
            "≥ 8",
            str(leaner or "not measured"),
            None if leaner is None else leaner.median >= 8,
        ),
        Aim("added at 50 a second, p99, ms", "≤ 10", f"{late:.2f}{noise}", None if noise else late <= 10),
        Aim("memory from the first thousand streams to the last, MiB", "≤ 8", f"{growth:+.1f}", growth <= 8),
        Aim("requests that failed", "0", str(failed), failed == 0),
    ]


def _all(found: Measured) -> list[Sequence[Load]]:
    return [*found.alone.values(), *found.closed.values(), *found.arriving.values(), found.held]


def _tables(found: Measured) -> list[str]:
    rows = [
        [
            name,
            f"{_middle([one.p50_ms for one in found.alone[name]]):.2f}",
            f"{_middle(_added(found.alone, name, 'p50_ms')):+.2f}",
            f"{_middle(_rates(found, name)):.0f}",
            f"{_middle(found.cpu_ms[name]):.2f}",
            f"{_middle([one.p50_ms for one in found.arriving[name]]):.2f}",
            f"{_middle([one.p99_ms for one in found.arriving[name]]):.2f}",
            f"{_middle(_added(found.arriving, name, 'p99_ms')):+.2f}",
        ]
        for name in found.alone
    ]
    head = ("", "alone p50, ms", "added", "a second at 16", "processor, ms", "50/s p50, ms", "50/s p99, ms", "added")
    held = [
        [str(i), f"{one.p50_ms / 1000:.2f}", f"{one.p99_ms / 1000:.2f}", str(one.failed), f"{found.memory[i]:.0f}"]
        for i, one in enumerate(found.held, 1)
    ]
    return [
        grid(head, rows),
        "",
        "## A thousand streams at once",
        "",
        (
            f"Each is held for {_HELD_S:g} s by the upstream, all at once, again and again; memory is the gateway's after each "
            f"round ({found.memory[0]:.0f} MiB before the first)."
        ),
        "",
        grid(("round", "p50, s", "p99, s", "failed", "memory, MiB"), held),
        "",
    ]


def _added(loads: Mapping[str, Sequence[Load]], name: str, field_name: str) -> list[float]:
    """What is beyond the upstream called directly, in each round."""
    return [
        getattr(one, field_name) - getattr(direct, field_name)
        for one, direct in zip(loads[name], loads["direct"], strict=True)
    ]


def _rates(found: Measured, name: str) -> list[float]:
    return [one.per_second for one in found.closed.get(name, ())]


def _middle(values: Sequence[float]) -> float:
    return statistics.median(values)


def main(argv: Sequence[str] | None = None) -> int:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--markdown", type=Path, metavar="FILE")
    args = parser.parse_args(argv)
    page = markdown(measure(args.rounds), command_line("bench.gateway", argv))
    print(page)
    if args.markdown:
        args.markdown.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
