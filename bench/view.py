"""``foureyes view`` on a file of a million rows: how soon it is there, how quickly it sorts, what memory it takes.

    python -m bench.view --markdown docs/bench-view.md

The rows are real ones: the questions of the demo, scored by a small model, over and over with other numbers. The real command
serves them, and what a page would ask is asked over HTTP, one request after another.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from bench.machine import command_line, describe
from bench.section import Aim, aims, grid

VERIFIER: Final = "smollm2-135m"
LONG: Final = 300
"""Tokens of an answer in the file that holds them."""

OPEN_S, SORT_S, MEMORY_MB = 2.0, 1.0, 300.0
SIGNALS: Final = ("cme", "excess", "min_logprob", "mean_rank", "n_tokens")


def scored(folder: Path) -> list[dict[str, Any]]:
    """The demo's answers as ``foureyes score`` writes them."""
    source, out = folder / "demo.jsonl", folder / "demo.scored.jsonl"
    with source.open("w", encoding="utf-8") as file:
        for line in (files("foureyes.demo") / "questions.jsonl").read_text(encoding="utf-8").splitlines():
            said = json.loads(line)
            for right in (True, False):
                answer = said["right" if right else "wrong"]
                row = {"prompt": said["prompt"], "answer": answer, "correct": right}
                file.write(json.dumps(row) + "\n")
    command = [sys.executable, "-m", "foureyes", "score", str(source), "--verifier", VERIFIER, "-o", str(out)]
    subprocess.run([*command, "--tokens"], check=True)
    return _lines(out)


def repeat(rows: Sequence[Mapping[str, Any]], path: Path, n: int, *, tokens: bool) -> None:
    """Writes n rows: those given, over and over, with other numbers."""
    draw = random.Random(0)  # noqa: S311 - a file to measure with
    with path.open("w", encoding="utf-8") as file:
        for i in range(n):
            row = dict(rows[i % len(rows)])
            said = dict(row["foureyes"][VERIFIER])
            factor = draw.lognormvariate(0, 0.5)
            numbers = {k: v * factor for k, v in said.items() if isinstance(v, float)}
            seen = said.pop("tokens")
            row |= {"prompt": f"{row['prompt']} ({i})", "foureyes": {VERIFIER: {**said, **numbers}}}
            if tokens:
                row["answer"], row["foureyes"][VERIFIER]["tokens"] = lengthened(row["answer"], seen)
            file.write(json.dumps({"id": i, **row}) + "\n")


def lengthened(answer: str, tokens: Mapping[str, list[Any]]) -> tuple[str, dict[str, list[Any]]]:
    """The answer said again and again until it has hundreds of tokens, and what was seen at each."""
    times = -(-LONG // len(tokens["nll"]))
    step = len(answer.encode()) + 1
    made = {name: values * times for name, values in tokens.items()}
    for edge in ("start", "end"):
        made[edge] = [value + i * step for i in range(times) for value in tokens[edge]]
    return " ".join([answer] * times), made


class Page:
    """What a page does: it opens the address that was printed and asks."""

    def __init__(self, process: subprocess.Popen[str], began: float) -> None:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["result"]["url"]
        self.process, self._began = process, began
        self._base = address.partition("?")[0]
        self._browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self._browser.open(address).read()

    def get(self, path: str) -> tuple[dict[str, Any], float]:
        """The answer, and the seconds it took."""
        start = time.perf_counter()
        told = json.loads(self._browser.open(self._base + path).read())
        return told, time.perf_counter() - start

    def label(self, row: int) -> float:
        """Seconds until a decision is on the disk."""
        start = time.perf_counter()
        body = json.dumps({"file": 0, "row": row, "label": "wrong"}).encode()
        headers = {"Origin": self._base.rstrip("/"), "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self._base}api/label", body, headers)  # noqa: S310 - our own server
        self._browser.open(request).read()
        return time.perf_counter() - start

    def since(self) -> float:
        """Seconds since the command was given."""
        return time.perf_counter() - self._began

    def memory(self, field: str = "VmRSS") -> float:
        """Megabytes of the server and the processes it began."""
        return sum(_memory(pid, field) for pid in (self.process.pid, *_children(self.process.pid))) / 1e6


@contextmanager
def opened(path: Path, cache: Path) -> Iterator[Page]:
    """The command, and a page that has asked nothing yet."""
    command = [sys.executable, "-m", "foureyes", "view", str(path), "--no-browser", "--json", "--index", str(cache)]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield Page(process, began)
        finally:
            process.terminate()


@dataclass(frozen=True, slots=True)
class Measured:
    """What one file gave, seconds and megabytes."""

    rows: int
    file_mb: float
    first_open: float
    first_memory: float
    indexed: float
    index_memory: float
    open: float
    sorts: list[float]
    sorts_again: list[float]
    deep: float
    filtered: float
    row: float
    label: float
    search: float
    memory: float


def measure(path: Path, cache: Path, n: int) -> Measured:
    """Opens a file for the first time, and once more."""
    with opened(path, cache) as page:
        page.get("api/rows?limit=50")
        first_open, first_memory = page.since(), page.memory()
        index_memory = 0.0
        while not page.get("api/file")[0]["files"][0]["caught_up"]:
            index_memory = max(index_memory, page.memory())
            time.sleep(0.2)
        indexed = page.since()
    with opened(path, cache) as page:
        told, _ = page.get("api/rows?sort=log_cmp&limit=50")
        again = page.since()
        assert told["total"] == n, told["total"]
        assert told["order"] == "worst", told["order"]
        sorts = [page.get(f"api/rows?sort={signal}")[1] for signal in SIGNALS]
        sorts_again = [page.get(f"api/rows?sort={signal}&order=best")[1] for signal in SIGNALS]
        deep = page.get(f"api/rows?sort=log_cmp&offset={n - 60}")[1]
        filtered = page.get("api/rows?sort=log_cmp&label=wrong&signal_min=1&max_tokens=20")[1]
        picks = [page.get(f"api/row?row={i}")[1] for i in range(0, n, n // 20)]
        label = statistics.median(page.label(i) for i in range(20))
        before = page.since()
        while not page.get(f"api/rows?text=%28{n - 5}%29")[0]["search"]["complete"]:
            time.sleep(0.2)
        return Measured(
            rows=n,
            file_mb=path.stat().st_size / 1e6,
            first_open=first_open,
            first_memory=first_memory,
            indexed=indexed,
            index_memory=index_memory,
            open=again,
            sorts=sorts,
            sorts_again=sorts_again,
            deep=deep,
            filtered=filtered,
            row=statistics.median(picks),
            label=label,
            search=page.since() - before,
            memory=page.memory("VmHWM"),
        )


def report(found: Sequence[tuple[str, Measured]], command: str) -> str:
    """The page."""
    machine = describe(Path(sys.executable), Path("none"), ("foureyes", "numpy"))
    head = found[0][1]
    lines = [
        _aim(f"opens {head.rows:,} rows for the first time, s", OPEN_S, head.first_open, 2),
        _aim("opens them once they are indexed, worst first, s", OPEN_S, head.open, 2),
        _aim("sorts by a signal, slowest of five, s", SORT_S, max(head.sorts), 2),
        _aim("memory when the first rows are there, all processes, MB", MEMORY_MB, head.first_memory, 0),
        _aim("memory at most while it indexes, all processes, MB", MEMORY_MB, head.index_memory, 0),
        _aim("memory at most after all of the below, MB", MEMORY_MB, head.memory, 0),
    ]
    rows = [
        ("file, MB", [f"{m.file_mb:,.0f}" for _, m in found]),
        ("first pass over the file, in the background, s", [f"{m.indexed:.0f}" for _, m in found]),
        ("first sort by a signal, median s", [f"{statistics.median(m.sorts):.2f}" for _, m in found]),
        ("the same the other way round, median s", [f"{statistics.median(m.sorts_again):.2f}" for _, m in found]),
        ("the last page of an order, s", [f"{m.deep:.2f}" for _, m in found]),
        ("label, signal and length at once, s", [f"{m.filtered:.2f}" for _, m in found]),
        ("a row in full, median s", [f"{m.row:.3f}" for _, m in found]),
        ("a label on the disk, median s", [f"{m.label:.3f}" for _, m in found]),
        ("a text looked for in every row, s", [f"{m.search:.0f}" for _, m in found]),
        ("memory at most, MB", [f"{m.memory:.0f}" for _, m in found]),
    ]
    made = (
        f"Made by `{command}`; {machine['processor']}, "
        f"{machine['processors']} processors, Python {machine['python']}, numpy {machine['versions'].get('numpy')}; "
        f"load average {os.getloadavg()[1]:.0f}, the bench's own work among it: times on a quiet machine are shorter."
    )
    words = (__doc__ or "").split("\n\n")[2].strip()
    return "\n\n".join(
        [
            "# Looking at a million scored answers",
            made,
            words,
            aims(lines),
            grid(["", *(name for name, _ in found)], [[name, *cells] for name, cells in rows]),
        ]
    )


def _aim(what: str, wanted: float, reached: float, digits: int) -> Aim:
    return Aim(what, f"≤ {wanted:g}", f"{reached:,.{digits}f}", reached <= wanted)


def main() -> None:
    parser = argparse.ArgumentParser(description="measures foureyes view")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument(
        "--token-rows", type=int, default=20_000, help="rows of a second file, with the tokens of long answers"
    )
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--folder", type=Path, help="where the files go (default: a temporary one)")
    parser.add_argument(
        "--scored", type=Path, help="rows of score --tokens to repeat (default: the demo's, scored now)"
    )
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        folder = Path(name)
        rows = scored(folder) if args.scored is None else _lines(args.scored)
        found = []
        for words, n, tokens in (("signals only", args.rows, False), (f"{LONG} tokens each", args.token_rows, True)):
            path = folder / f"rows-{n}.jsonl"
            repeat(rows, path, n, tokens=tokens)
            found.append((f"{n:,} rows, {words}", measure(path, folder / "cache", n)))
            path.unlink()
    page = report(found, command_line("bench.view"))
    print(page)
    if args.markdown:
        args.markdown.write_text(page + "\n", encoding="utf-8")


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _memory(pid: int, field: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:  # it has ended
        return 0
    return 1024 * next((int(line.split()[1]) for line in lines if line.startswith(f"{field}:")), 0)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text(encoding="ascii").split()]
    return found


if __name__ == "__main__":
    main()
