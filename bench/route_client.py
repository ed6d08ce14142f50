"""What asking a writer adds to what its server takes: the client of our own beside httpx and httpcore, and whole routes on top of it.

    python -m bench.route_client --markdown docs/bench-route-client.md

All ask one upstream that has its answer ready, in turns in one run, one request at a time. The processor's time is this process's own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import httpcore
import httpx

from bench.gateway_serving import upstream
from bench.machine import command_line, describe, usable_processors
from bench.section import grid
from foureyes.calibration import Platt
from foureyes.http.client import HttpClient
from foureyes.http.limits import RequestLimits
from foureyes.models.scripted import ScriptedReader
from foureyes.route import CalibratedReader, HttpRouteWriter, Route, RouteMember, RouteRequest
from foureyes.route.cuts import policy_of_cuts
from foureyes.route.scripted import ScriptedRouteReader

__all__ = ["main"]

Asking: TypeAlias = Callable[[], Awaitable[object]]

_BODY: Final = {"messages": [{"role": "user", "content": "What is the capital of Australia? " * 8}]}
_PATH: Final = "/chat/completions"


def contenders(url: str) -> Mapping[str, Asking]:
    """What is compared, each as a question and its answer as JSON."""
    sent = {**_BODY, "model": "null"}
    content = json.dumps(sent).encode()
    headers = [("Content-Type", "application/json")]
    writer, plain, core = HttpRouteWriter("w", "null", url), httpx.AsyncClient(), httpcore.AsyncConnectionPool()
    retrying = HttpClient(url, limits=RequestLimits(attempts=1))
    member = RouteMember(writer)
    platt = Platt.fit([0.2, 0.9, 1.4, 0.5, 3.1, 2.2], [1, 1, 1, 0, 0, 0])
    scripted = Route("scripted", [member], ScriptedRouteReader(otherwise=0.9), policy_of_cuts([0.5]))
    batched = Route("batched", [member], CalibratedReader(ScriptedReader(), "log_cmp", platt), policy_of_cuts([None]))

    async def over_httpx() -> Any:
        return (await plain.post(url + _PATH, content=content, headers=headers)).json()

    async def over_httpcore() -> Any:
        return json.loads((await core.request("POST", url + _PATH, content=content, headers=headers)).content)

    return {
        "`foureyes.http.client`, with retries": lambda: retrying.post(_PATH, sent),
        "httpx": over_httpx,
        "httpcore": over_httpcore,
        "a writer": lambda: writer.write(RouteRequest.of(_BODY)),
        "a route, scripted reader": lambda: scripted.answer(RouteRequest.of(_BODY)),
        "a route, a reader without a model in a thread": lambda: batched.answer(RouteRequest.of(_BODY)),
    }


async def measure(url: str, n: int) -> dict[str, tuple[list[float], float]]:
    """Milliseconds of each request, and of the processor on average, by contender."""
    asking = contenders(url)
    took: dict[str, list[float]] = {name: [] for name in asking}
    cpu = dict.fromkeys(asking, 0.0)
    for ask in asking.values():
        await ask()
    for _ in range(n):
        for name, ask in asking.items():
            busy, began = time.process_time(), time.perf_counter()
            await ask()
            took[name].append((time.perf_counter() - began) * 1e3)
            cpu[name] += (time.process_time() - busy) * 1e3
    return {name: (took[name], cpu[name] / n) for name in asking}


def page(found: Mapping[str, tuple[Sequence[float], float]], n: int, command: str) -> str:
    """The table."""
    rows = [
        (name, f"{statistics.median(took):.2f} ms", f"{statistics.quantiles(took, n=10)[-1]:.2f} ms", f"{cpu:.2f} ms")
        for name, (took, cpu) in found.items()
    ]
    machine = describe(Path(sys.executable), Path("none"), ("foureyes", "httpx", "httpcore", "httptools"))
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    where = f"{machine['processor']}, {usable_processors()} processors, shared; Python {machine['python']}, {versions}."
    said = f"{where} {n} requests each, in turns, one at a time, to an upstream that has its answer ready."
    table = grid(("", "median", "90 % within", "processor"), rows)
    return f"# What asking a writer adds\n\n{said} Made by `{command}`.\n\n{table}\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=600)
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args(arguments)
    with upstream() as served:
        found = asyncio.run(measure(f"http://127.0.0.1:{served.port}/v1", options.requests))
    text = page(found, options.requests, command_line("bench.route_client", arguments))
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
