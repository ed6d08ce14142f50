"""What a process used, as the kernel says; files of rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.scaling import measure, run_sizes, write_rows
from bench.session import ROOT
from bench.workloads import questions

MEASURED_BY_A_SMALL_PROCESS = """
import json, os, sys
from bench.scaling import measure
print(json.dumps([measure([sys.executable, "-c", code], os.environ) for code in sys.argv[1:]]))
"""


def test_memory_and_output_are_those_of_the_process() -> None:
    codes = ["print(1)", "x = b'x' * (64 << 20); print(len(x))"]
    said = subprocess.check_output([sys.executable, "-c", MEASURED_BY_A_SMALL_PROCESS, *codes], cwd=ROOT)
    small, large = json.loads(said)
    assert large["said"] == f"{64 << 20}\n"
    assert large["peak_bytes"] - small["peak_bytes"] > 50 << 20
    assert large["seconds"] > 0


def test_the_process_that_measures_others_is_small() -> None:
    code = "import sys, bench.read; print([name for name in ('torch', 'numpy', 'transformers') if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True) == "[]\n"


def test_a_command_that_fails_is_not_a_measurement() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        measure([sys.executable, "-c", "raise SystemExit(3)"], os.environ)


@pytest.mark.parametrize("terse", [True, False])
def test_no_two_prompts_are_alike(tmp_path: Path, *, terse: bool) -> None:
    write_rows(tmp_path / "rows.jsonl", questions(), 1000, terse=terse)
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert len({row["prompt"] for row in rows}) == len(rows) == 1000
    assert all(row["answer"].strip() for row in rows)


def test_files_go_through_the_command_line(tmp_path: Path, tiny_model: Path) -> None:
    write_rows(tmp_path / "a.jsonl", questions(), 7, terse=True)
    command = Path(sys.executable).with_name("foureyes")
    (found,) = run_sizes(command, str(tiny_model), [tmp_path / "a.jsonl"], [7], os.environ)
    assert found["rows"] == 7
    assert 0 < found["reading_seconds"] < found["seconds"]
