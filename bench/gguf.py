"""A GGUF file read as it is beside its dequantised weights in torch: ``python -m bench.gguf --markdown docs/small-machines.md``.

The file is fetched by ``python -m tools.gguf_file NAME``. Each reader is a process of its own that loads, reads the same short pairs once to warm up and then ``--rounds`` times in turn with
the others. Only ratios count; the loads of the machine before and after are said beside them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any, Final

from bench.machine import describe
from bench.ratios import per_round
from bench.section import MIB, Aim, at_most, grid, put
from bench.session import ROOT
from bench.worker import resident_bytes

__all__ = ["measured", "page"]

READERS: Final = ("llama.cpp", "float32", "bfloat16")
INSTALL_S: Final = 60


def serve(kind: str, model: str, pairs: int, threads: int) -> None:
    """One reader: reads whenever it is told to, and prints seconds, peak memory and what it saw."""
    from foureyes import Exchange, Scored  # noqa: PLC0415 - counts as loading
    from foureyes.signals.cross import score  # noqa: PLC0415 - counts as loading

    start = time.perf_counter()
    reader = _opened(kind, model, threads)
    loading = time.perf_counter() - start
    lines = (ROOT / "src/foureyes/demo/questions.jsonl").read_text(encoding="utf-8").splitlines()[: pairs // 2]
    questions = [json.loads(line) for line in lines]
    exchanges = [Exchange(one["prompt"], one[side]) for one in questions for side in ("right", "wrong")]
    for line in sys.stdin:
        start = time.perf_counter()
        rows = score(exchanges, reader)
        seconds = time.perf_counter() - start
        surprise = [row.log_cmp for row in rows if isinstance(row, Scored)]
        told = {"seconds": seconds, "loading": loading, "peak": resident_bytes("VmHWM"), "log_cmp": surprise}
        print(json.dumps(told if line.strip() else {}), flush=True)


def _opened(kind: str, model: str, threads: int) -> Any:
    if kind == "llama.cpp":
        from foureyes.models.llama_cpp import LlamaCppReader  # noqa: PLC0415 - without torch

        return LlamaCppReader.load(_file(model), threads=threads)
    import torch  # noqa: PLC0415 - counts as loading

    from foureyes import open_reader  # noqa: PLC0415 - counts as loading

    torch.set_num_threads(threads)
    return open_reader(model, dtype=kind, device="cpu")


def _file(model: str) -> Path:
    return ROOT / ".gguf" / f"{model}.gguf"


def installed() -> str:
    """How long the extra takes to install into an empty environment, without pip's cache, and what it takes on the disk."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        before, start = _size(Path(folder)), time.perf_counter()
        options = ["--quiet", "--disable-pip-version-check", "--no-cache-dir"]
        subprocess.run([f"{folder}/bin/pip", "install", *options, f"{ROOT}[gguf]"], check=True)
        seconds = time.perf_counter() - start
        return (
            f"`pip install 'foureyes[gguf]'` from this tree into an empty environment, nothing cached: {seconds:.0f} s (aim: under {INSTALL_S}, "
            f"{'kept' if seconds < INSTALL_S else 'missed'}), {(_size(Path(folder)) - before) / MIB:.0f} MiB."
        )


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def measured(model: str, pairs: int, rounds: int, threads: int) -> dict[str, list[dict[str, Any]]]:
    """Of every reader, what each round gave; the first one, to warm up, left out."""
    command = [sys.executable, "-m", "bench.gguf", "--model", model, "--pairs", str(pairs), "--threads", str(threads)]
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in READERS}
    readers = {
        kind: subprocess.Popen([*command, "--serve", kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for kind in READERS
    }
    try:
        for _ in range(rounds + 1):
            for kind, process in readers.items():
                found[kind].append(_asked(process))
    finally:
        for process in readers.values():
            process.communicate()
    return {kind: rows[1:] for kind, rows in found.items()}


def _asked(process: subprocess.Popen[str]) -> dict[str, Any]:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("a reader was started without pipes")
    process.stdin.write("read\n")
    process.stdin.flush()
    told: dict[str, Any] = json.loads(process.stdout.readline())
    return told


def page(found: dict[str, list[dict[str, Any]]], about: str) -> str:
    """The table of one run, as Markdown."""
    ours = found["llama.cpp"]
    aims: list[Aim] = []
    rows = []
    for kind in READERS[1:]:
        theirs = found[kind]
        speed = per_round([row["seconds"] for row in theirs], [row["seconds"] for row in ours])
        memory = per_round([ours[-1]["peak"]], [theirs[-1]["peak"]])
        if kind == "float32":
            aims.append(at_most("peak memory ÷ float32", 0.3, memory))
        differ = [a - b for a, b in zip(ours[0]["log_cmp"], theirs[0]["log_cmp"], strict=True)]
        mean, furthest = sum(differ) / len(differ), max(map(abs, differ))
        rows.append((kind, str(speed), str(memory), f"{mean:+.3f}", f"{furthest:.3f}"))
    peaks = ", ".join(f"{kind} {found[kind][-1]['peak'] / MIB:.0f} MiB" for kind in READERS)
    head = ("llama.cpp against", "speed ÷", "peak memory ÷", "log CMP, mean difference", "furthest answer")
    kept = "; ".join(f"{aim.what}: aim {aim.wanted}, {'kept' if aim.kept else 'missed'}" for aim in aims)
    return "\n\n".join([about, grid(head, rows), f"Peak memory of the whole process: {peaks}. {kept}."])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.gguf", description=__doc__)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--pairs", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="put the table between the marks of this page")
    parser.add_argument("--serve", choices=READERS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(args.serve, args.model, args.pairs, args.threads)
        return
    if not _file(args.model).exists():
        parser.error(f"{_file(args.model)} is missing: python -m tools.gguf_file {args.model}")
    machine = describe(Path(sys.executable), Path("none"), ("foureyes",))
    before = os.getloadavg()[0]
    found = measured(args.model, args.pairs, args.rounds, args.threads)
    about = (
        f"{args.model}, {args.pairs} short pairs, {args.rounds} rounds, {args.threads} threads, {machine['processor']}; load {before:.1f} before and "
        f"{os.getloadavg()[0]:.1f} after, our own included."
    )
    text = f"{page(found, about)}\n\n{installed()}"
    print(text)
    if args.markdown:
        put(args.markdown, "bench.gguf", text)


if __name__ == "__main__":
    main()
