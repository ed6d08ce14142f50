"""What a run was made on, and by."""

from __future__ import annotations

import json
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

__all__ = ["command_line", "describe", "memory", "usable_processors"]

PACKAGES: Final = ("foureyes", "torch", "transformers", "tokenizers", "numpy", "lm_eval")

ASK: Final = (
    "import json, sys, importlib.metadata as m\n"
    "found = {d.metadata['Name'].lower(): d.version for d in m.distributions()}\n"
    "print(json.dumps({name: found[name] for name in sys.argv[1:] if name in found}))"
)


def command_line(bench: str, argv: Sequence[str] | None = None) -> str:
    """The command that a page says it was made by, with all options that were given.

    Example:
        >>> command_line("bench.sizes", ["--rounds", "3"])
        'python -m bench.sizes --rounds 3'
    """
    return shlex.join(["python", "-m", bench, *(sys.argv[1:] if argv is None else argv)])


def usable_processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory(field: str) -> int:
    """Bytes this process has resident now (VmRSS) or had at most (VmHWM)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def describe(python: Path, rivals_python: Path, packages: Sequence[str] = PACKAGES) -> dict[str, Any]:
    """Processor, memory, system, and versions of the packages that are there."""
    return {
        "processor": _processor(),
        "processors": usable_processors(),
        "memory_bytes": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        "system": platform.system(),
        "python": platform.python_version(),
        "commit": _commit(),
        "versions": _versions(python, packages),
        "rivals": _versions(rivals_python, packages) if rivals_python.exists() else {},
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    flags = {flag for line in lines if line.startswith("flags") for flag in line.split()}
    known = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags]
    return f"{named[0] if named else platform.processor()} ({', '.join(known) or platform.machine()})"


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--abbrev=10"]
    found = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


def _versions(python: Path, packages: Sequence[str]) -> dict[str, str]:
    said = subprocess.run([str(python), "-c", ASK, *packages], capture_output=True, text=True, check=True).stdout
    versions: dict[str, str] = json.loads(said)
    return versions
