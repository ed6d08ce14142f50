"""The ledger's speed and memory. ``python -m bench.ledger [--folder DISK] [--markdown FILE]``.

Appending: one thread with many appends in flight, as a service's event loop has them, and many threads that each wait
for the disk, against the plainest table with one commit a row, and against the ledger itself when only one append is
ever in flight. Same disk, same bytes a row, SQLite with ``synchronous = FULL``
in a write-ahead log on both sides. Verifying: a whole audit, against reading the rows and hashing each once. Memory:
what writing and verifying have resident at most, for a log and one four times as long.

Every contender runs in a process of its own, in turn, round after round; ratios are taken within a round.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from bench.machine import command_line, describe, memory
from bench.ratios import per_round
from bench.section import MIB, Aim, BenchSection, Grid, aims, at_least, words
from bench.session import asked
from foureyes.ledger import Ledger, LedgerOptions, Log, Receipt, Signer
from foureyes.ledger.entry import Draft, Json, stamp, utc_now
from foureyes.ledger.sealing import LogTip, seal
from foureyes.ledger.sqlite import SqliteStore

SIGNER: Final = Signer("example.com/bench", bytes(32))
ALONE: Final = 400
PAYLOAD: Final[Mapping[str, Json]] = {
    "prompt": "5d" * 32,
    "response": "a7" * 32,
    "votes": [{"provider": "local", "model": f"verifier-{i}", "verdict": "safe", "latency_ms": 41.5} for i in range(3)],
    "agreement_ratio": 1.0,
}
NAMES: Final = {
    "row": "one commit a row, plain table",
    "alone": "the ledger, one append in flight",
    "flight": "one thread, 1,024 in flight",
    "hash": "reading the rows and hashing each once",
    "verify": "verifying",
    "hash cpu": "reading and hashing, a second of processor time",
    "verify cpu": "verifying, a second of processor time",
    "write": "writing",
}
AIM_APPEND: Final = 20
AIM_VERIFY: Final = 200_000


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="on the disk to measure (default: where temporary files go)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--appends", type=int, default=40_000, help="in a round, by all threads together")
    parser.add_argument(
        "--threads", type=int, nargs="+", default=[64, 256, 1024], help="that wait for the disk at once"
    )
    parser.add_argument("--entries", type=int, default=500_000, help="of the log that is verified")
    parser.add_argument("--markdown", type=Path, metavar="FILE")
    parser.add_argument("--worker", nargs=3, metavar=("WHAT", "FILE", "N"), help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.worker:
        what, file, n = args.worker
        print(json.dumps(WORKERS[what](Path(file), int(n))))
        return
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        folder = Path(name)
        found = section(appending(folder, args), verifying(folder, args), args.threads)
    made = page(found, command_line("bench.ledger", argv))
    print(made)
    if args.markdown:
        args.markdown.write_text(made, encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Verifying:
    """What a long log took, and one four times as long.

    Attributes:
        entries: of the shorter log.
        rates: entries a second by contender, round by round.
        resident: bytes at most, for the shorter and the longer log, by what was done.
    """

    entries: int
    rates: Mapping[str, Sequence[float]]
    resident: Mapping[str, tuple[float, float]]


def appending(folder: Path, args: argparse.Namespace) -> dict[str, list[float]]:
    """Appends a second by contender, round by round."""
    contenders = ["row", "alone", "flight", *(f"threads-{n}" for n in args.threads)]
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(args.rounds):
        for name in contenders:
            n = ALONE if name in ("row", "alone") else args.appends
            rates[name].append(n / run(name, folder / f"{name}-{turn}.db", n)["seconds"])
        print(f"round {turn + 1}: {', '.join(f'{k} {v[-1]:,.0f}/s' for k, v in rates.items())}", file=sys.stderr)
    return rates


def verifying(folder: Path, args: argparse.Namespace) -> Verifying:
    small, large, n = folder / "small.db", folder / "large.db", args.entries
    wrote = run("write", small, n), run("write", large, 4 * n)
    rates: dict[str, list[float]] = {"hash": [], "verify": [], "hash cpu": [], "verify cpu": []}
    for _ in range(args.rounds):
        for what in ("hash", "verify"):
            took = run(what, small, n)
            rates[what].append(n / took["seconds"])
            rates[f"{what} cpu"].append(n / took["cpu"])
    seen = run("verify", small, n), run("verify", large, 4 * n)
    resident = {
        what: (short["resident"], long["resident"]) for what, (short, long) in (("write", wrote), ("verify", seen))
    }
    return Verifying(n, rates, resident)


def section(appends: Mapping[str, Sequence[float]], log: Verifying, threads: Sequence[int]) -> BenchSection:
    """Judges what was measured."""
    ratios = {name: per_round(rates, appends["row"]) for name, rates in appends.items()}
    loads = {"flight": NAMES["flight"], **{f"threads-{n}": f"{n} threads" for n in threads}}
    wanted = [at_least(f"appends ÷ one commit a row, {what}", AIM_APPEND, ratios[load]) for load, what in loads.items()]
    verified = statistics.median(log.rates["verify"])
    wanted.append(Aim("entries verified a second", f"≥ {AIM_VERIFY:,}", f"{verified:,.0f}", verified >= AIM_VERIFY))
    wanted += [flat(f"{NAMES[what]}: MiB more", log.resident[what]) for what in ("write", "verify")]
    rows = [(named(name), *said(rates), str(ratios[name])) for name, rates in appends.items()]
    beside = {what: str(per_round(log.rates[f"verify{what}"], log.rates[f"hash{what}"])) for what in ("", " cpu")}
    more = [
        (NAMES[f"{who}{what}"], *said(log.rates[f"{who}{what}"]), ratio)
        for what in ("", " cpu")
        for who, ratio in (("hash", "1.00"), ("verify", beside[what]))
    ]
    memory = [(NAMES[what], *(f"{size / MIB:.0f} MiB" for size in log.resident[what])) for what in ("write", "verify")]
    grids = (
        Grid("Appending, and waiting for the disk", ("", "appends/s", "range", "÷ one commit a row"), rows),
        Grid(f"Verifying {log.entries:,} entries, one process", ("", "entries/s", "range", "÷ hashing each row"), more),
        Grid("Resident at most", ("", f"{log.entries:,} entries", f"{4 * log.entries:,} entries"), memory),
    )
    return BenchSection("The ledger", wanted, grids, ((__doc__ or "").partition("\n\n")[2].strip(), disk(appends)))


def disk(appends: Mapping[str, Sequence[float]]) -> str:
    """What the ratio of appends depends on."""
    commit_ms = 1e3 / statistics.median(appends["row"])
    append_ms = 1e3 / max(statistics.median(rates) for name, rates in appends.items() if name != "row")
    return (
        f"A commit of one row takes {commit_ms:.2f} ms on this disk, an append among many {append_ms:.3f} ms, most of it "
        f"computing. No group is faster than that computing: it is {AIM_APPEND} times as fast where a commit of one row "
        f"takes {AIM_APPEND * append_ms:.1f} ms or more."
    )


def flat(what: str, resident: tuple[float, float]) -> Aim:
    """Memory does not follow the length of a log; 16 MiB allow for what the allocator keeps."""
    more = (resident[1] - resident[0]) / MIB
    return Aim(f"{what} for a log four times as long", "≤ 16", f"{more:.1f}", more <= 16)


def named(name: str) -> str:
    return NAMES.get(name, f"{name.removeprefix('threads-')} threads, each waiting for its append")


def said(rates: Sequence[float]) -> tuple[str, str]:
    return f"{statistics.median(rates):,.0f}", f"{min(rates):,.0f} to {max(rates):,.0f}"


def page(found: BenchSection, command: str) -> str:
    machine = describe(Path(sys.executable), Path("none"), ("foureyes", "cryptography"))
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    about = (
        f"Made by `{command}`; {machine['processor']}, {machine['processors']} processors, Python {machine['python']}, "
        f"SQLite {sqlite3.sqlite_version}, {versions}. Medians over the rounds; ratios within a round, with their range."
    )
    return f"# Speed and memory of the ledger\n\n{about}\n\n{aims(found.aims)}\n\n{words(found)}\n"


def run(what: str, file: Path, n: int) -> dict[str, float]:
    said = asked(sys.executable, "bench.ledger", "--worker", what, str(file), str(n), environment=os.environ)
    measured: dict[str, float] = json.loads(said.splitlines()[-1])
    return measured


def rows(n: int) -> list[bytes]:
    """Entries as the ledger would write them."""
    drafts = [Draft.of("cross_model_verification", PAYLOAD, id=f"{i:032x}") for i in range(n)]
    return list(seal(LogTip.first(SIGNER.key.name), drafts, [stamp(utc_now())] * n).entries)


def timed(work: Callable[[], None]) -> dict[str, float]:
    start, busy = time.perf_counter(), time.process_time()
    work()
    seconds, cpu = time.perf_counter() - start, time.process_time() - busy
    return {"seconds": seconds, "cpu": cpu, "resident": memory("VmHWM")}


def row_by_row(file: Path, n: int) -> dict[str, float]:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE entries (place INTEGER PRIMARY KEY, entry BLOB NOT NULL) STRICT")

    def work() -> None:
        for row in enumerate(entries):
            connection.execute("INSERT INTO entries VALUES (?, ?)", row)  # no BEGIN: a commit of its own

    entries = rows(n)
    return timed(work)


def alone(file: Path, n: int) -> dict[str, float]:
    return appended(file, n, threads=1)


def appended(file: Path, n: int, threads: int) -> dict[str, float]:
    ledger = Ledger.open(SqliteStore(file), signer=SIGNER)

    def append() -> None:
        for _ in range(n // threads):
            ledger.append("cross_model_verification", PAYLOAD).result()

    def work() -> None:
        workers = [threading.Thread(target=append) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    measured = timed(work)
    measured["seconds"] *= n / (n // threads * threads)
    ledger.close()
    return measured


def written(file: Path, n: int, flight: int = 4096) -> dict[str, float]:
    """A log through the ledger itself, by one thread with so many appends in flight."""
    ledger = Ledger.open(SqliteStore(file), signer=SIGNER, options=LedgerOptions(queue=flight))

    def work() -> None:
        waiting: deque[Future[Receipt]] = deque()
        for _ in range(n):
            if len(waiting) == flight:
                waiting.popleft().result()
            waiting.append(ledger.append("cross_model_verification", PAYLOAD))
        for receipt in waiting:
            receipt.result()

    measured = timed(work)
    ledger.close()
    return measured


def hashed(file: Path, n: int) -> dict[str, float]:
    def work() -> None:
        with SqliteStore(file, create=False).snapshot() as view:
            entries = view.entries(0, n)
            while batch := list(islice(entries, 4096)):
                for entry in batch:
                    hashlib.sha256(entry).digest()

    return timed(work)


def verified(file: Path, n: int) -> dict[str, float]:
    log = Log(SqliteStore(file, create=False), [SIGNER.key])

    def work() -> None:
        size = log.verify().size
        if size != n:
            raise SystemExit(f"verified {size} entries of {n}")

    return timed(work)


class _Threads(dict[str, Callable[[Path, int], dict[str, float]]]):
    """``threads-64`` appends from 64 threads."""

    def __missing__(self, what: str) -> Callable[[Path, int], dict[str, float]]:
        return lambda file, n: appended(file, n, int(what.removeprefix("threads-")))


def in_flight(file: Path, n: int) -> dict[str, float]:
    return written(file, n, 1024)


WORKERS: Final = _Threads(row=row_by_row, alone=alone, flight=in_flight, write=written, hash=hashed, verify=verified)

if __name__ == "__main__":
    main()
