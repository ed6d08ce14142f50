"""A run's results as the page ``docs/bench.md``. Pure: results in, text out; the prose is in ``page.md``.

An earlier run, on another kind of processor, is kept as it was drawn in ``earlier.md`` and stands at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any, Final

from bench.ratios import Spread, furthest, marginal
from bench.session import TimedCell
from bench.targets import ALONE, TARGETS, WORKLOADS, Results, Target, memory_ratio, speed_ratio, steadiness

__all__ = ["bounds", "render"]

MIB: Final = 1 << 20

KEPT: Final = {True: " ✓", False: " ✗", None: ""}


def render(results: Results) -> str:
    """The page."""
    about = results.about
    fields = {
        "headline": _headline(about),
        "command": about["command"],
        "date": about["date"],
        "load": f"{about['load_before']:.1f} before and {about['load_after']:.1f} after, our own share included",
        "machine": _machine(about),
        "targets": _targets(results),
        "scaling_targets": _scaling_targets(results),
        "cells": "\n\n".join(_cell(results, cell) for cell in results.cells if cell.workload in WORKLOADS),
        "ceiling": _ceiling(results),
        "scaling": "\n\n".join(_scaling(name, runs) for name, runs in results.scaling.items())
        or "Left out of this run.",
        "start_up": _start_up(results.start_up),
        "earlier": _prose("earlier.md"),
    }
    return Template(_prose("page.md")).substitute(fields)


def _prose(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _headline(about: Mapping[str, Any]) -> str:
    if "stopped" in about:
        return f"**This run was stopped early ({about['stopped']}): parts are missing.**"
    if about["quick"]:
        return "**A quick run on few pairs, to see that the measurement works. Its figures mean little.**"
    return "How fast foureyes reads, beside what else there is and beside what the machine can do."


def _machine(about: Mapping[str, Any]) -> str:
    machine = about["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    rivals = ", ".join(f"{name} {version}" for name, version in machine["rivals"].items())
    rows = {
        "processor": f"{machine['processor']}, {machine['processors']} usable, {machine['memory_bytes'] / 2**30:.0f} GiB",
        "threads, rounds": f"{about['threads']}, {about['rounds']}",
        "versions": f"Python {machine['python']}, {versions}",
        "rivals' versions": rivals,
        "commit": machine["commit"],
    }
    return "\n".join(f"| {name} | {value} |" for name, value in rows.items())


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _targets(results: Results) -> str:
    columns = list(dict.fromkeys((cell.model, cell.dtype) for cell in results.cells))
    rows = [[target.name, bounds(target, results), *_reached(target, results, columns)] for target in TARGETS]
    return _table(["", "aim", *(f"{model} {dtype}" for model, dtype in columns)], rows)


def bounds(target: Target, results: Results) -> str:
    """What a line's cells are to keep, as it stands on the page."""
    sign = "≤" if target.at_most else "≥"
    wanted = {target.bound(cell, results.processor) for cell in results.cells if cell.workload == target.workload}
    return ", ".join(f"{sign} {bound:g}" for bound in sorted(one for one in wanted if one is not None))


def _reached(target: Target, results: Results, columns: Sequence[tuple[str, str]]) -> list[str]:
    cells = [results.cell(model, dtype, target.workload) for model, dtype in columns]
    return ["–" if cell is None else _verdict(target, cell, results.processor) for cell in cells]


def _verdict(target: Target, cell: TimedCell, processor: str) -> str:
    spread = target.reached(cell)
    return "–" if spread is None else f"{spread}{KEPT[target.met(cell, spread, processor)]}"


def _scaling_targets(results: Results) -> str:
    rows = []
    for name, runs in results.scaling.items():
        first, last = runs[0], runs[-1]
        linear = steadiness(runs, "cpu_seconds")
        span = f"{first['rows']:,} to {last['rows']:,} rows, {name}"
        if linear is not None:
            rows.append([f"processor time of a row, last step ÷ the one before, {span}", "1 (linear)", f"{linear:.2f}"])
        flat = last["peak_bytes"] / first["peak_bytes"]
        rows.append([f"peak memory, last ÷ first, {span}", "1 (flat)", f"{flat:.2f}"])
    seconds = results.start_up["seconds"]
    rows.append(["`foureyes --help`, median seconds", "< 0.3", f"{seconds:.2f}{KEPT[seconds < 0.3]}"])
    return _table(["", "aim", "reached"], rows)


def _cell(results: Results, cell: TimedCell) -> str:
    about = cell.work
    title = f"### {cell.model}, {cell.dtype}, {WORKLOADS[cell.workload]}"
    size = f"{about['pairs']:,} pairs, {about['tokens']:,} tokens, {about['answer_tokens']:,} of them of answers."
    exact = results.cell(cell.model, "float32", cell.workload)
    rows = [_line(cell, name, about["tokens"], exact) for name in cell.runs if name != "ceiling"]
    head = [
        "",
        "tokens/s",
        "speed ÷ lm-eval",
        "speed ÷ floor",
        "the same by CPU",
        "peak memory",
        "÷ lm-eval",
        "to read",
        "loading",
        "furthest",
        "from float32",
    ]
    failures = [f"{name} did not finish: {why}" for name, why in cell.failures.items()]
    return "\n\n".join([title, size, _table(head, rows), *failures, _settings(cell)])


def _line(cell: TimedCell, name: str, n_tokens: int, exact: TimedCell | None) -> list[str]:
    seconds = cell.column(name, "seconds")
    return [
        name,
        f"{n_tokens / min(seconds):,.0f}",
        _or_dash(speed_ratio(cell, name, "lm-eval")),
        _or_dash(speed_ratio(cell, name, "floor")),
        _or_dash(speed_ratio(cell, name, "floor", "cpu_seconds")),
        f"{cell.peak(name)[0] / MIB:,.0f} MiB",
        _or_dash(memory_ratio(cell, name, "lm-eval")),
        f"{cell.working(name)[0] / MIB:,.0f} MiB",
        f"{cell.notes[name]['load_seconds']:.1f} s",
        _furthest(cell.likelihoods.get(name), cell.likelihoods.get("foureyes")),
        _furthest(cell.likelihoods.get(name), exact.likelihoods.get("foureyes") if exact else None),
    ]


def _or_dash(spread: Spread | None) -> str:
    return "–" if spread is None else str(spread)


def _furthest(ours: Sequence[float] | None, theirs: Sequence[float] | None) -> str:
    """Over the pairs that both have: the floor is asked for a few only."""
    if not ours or not theirs:
        return "–"
    n = min(len(ours), len(theirs))
    return f"{furthest(ours[:n], theirs[:n]):.2g}"


def _settings(cell: TimedCell) -> str:
    harness, floor = cell.notes.get("lm-eval", {}), cell.notes.get("floor", {})
    said = []
    if "batch_size" in harness:
        tried = ", ".join(f"{size}: {seconds:.1f} s" for size, seconds in harness["seconds_by_batch_size"].items())
        said.append(f"lm-eval's batch size is {harness['batch_size']} (tried {tried}).")
    if "batch_tokens" in floor:
        said.append(f"The floor's batches hold {floor['batch_tokens']} tokens, {floor['padding']:.1%} of them pads.")
    return " ".join(said)


def _ceiling(results: Results) -> str:
    rows = []
    for cell in results.cells:
        notes = cell.notes.get("ceiling")
        if notes is None or "ceiling" not in cell.runs:
            continue
        flop = cell.work["flop"]
        rates = [
            f"{flop / min(cell.column(name, 'seconds')) / 1e9:,.0f}" for name in ("floor", ALONE) if name in cell.runs
        ]
        best = notes["flop"] / min(cell.column("ceiling", "seconds")) / 1e9
        rows.append([f"{cell.model} {cell.dtype}", f"{best:,.0f}", str(notes["size"]), f"{flop / 1e9:,.0f}", *rates])
    return _table(["", "ceiling, GFLOP/s", "at size", "work, GFLOP", "floor, GFLOP/s", "foureyes, GFLOP/s"], rows)


def _scaling(name: str, runs: Sequence[Mapping[str, Any]]) -> str:
    rows = [run["rows"] for run in runs]
    per_row, per_row_cpu = (
        ["–", *(f"{1000 * x:.2f}" for x in marginal(rows, [run[q] for run in runs]))]
        for q in ("reading_seconds", "cpu_seconds")
    )
    lines = [
        [
            f"{run['rows']:,}",
            f"{run['reading_seconds']:.1f} s",
            f"{run['cpu_seconds']:.1f} s",
            time,
            cpu,
            f"{run['peak_bytes'] / MIB:,.0f} MiB",
        ]
        for run, time, cpu in zip(runs, per_row, per_row_cpu, strict=True)
    ]
    return f"### {name}\n\n" + _table(
        ["rows", "reading", "CPU, whole process", "per row, ms", "CPU per row, ms", "peak memory"], lines
    )


def _start_up(start_up: Mapping[str, Any]) -> str:
    return (
        f"`foureyes --help`, {start_up['runs']} runs: median {start_up['seconds']:.3f} s "
        f"[{start_up['low']:.3f}, {start_up['high']:.3f}], {start_up['cpu_seconds']:.3f} s of processor time."
    )
