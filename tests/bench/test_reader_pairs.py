"""What the measurement of reader pairs measures, and how its page judges it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.reader_pairs import PairsCost, main, measured_areas, page, process_cost
from bench.session import ROOT

N_QUESTIONS, ROTATIONS, MODELS = 20, 2, 3


def write(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    n = N_QUESTIONS * ROTATIONS
    path = folder / "vlm_mmbench_logits/logits.npz"
    path.parent.mkdir(parents=True)
    np.savez(
        path,
        logits=rng.normal(size=(MODELS, n, 4)).astype(np.float32),
        gold=rng.integers(0, 4, n),
        ids=np.arange(n) // ROTATIONS + 1_000_000 * (np.arange(n) % ROTATIONS),
        models=np.array([f"model-{i}" for i in range(MODELS)]),
    )
    return path


def test_every_model_is_author_and_reader_and_questions_are_drawn_whole(tmp_path: Path):
    assert measured_areas(write(tmp_path), 5) == {
        "models": MODELS,
        "pairs": MODELS**2,
        "rows": N_QUESTIONS * ROTATIONS,
        "questions": N_QUESTIONS,
        "draws": 5,
    }


MEASURED = """
import sys
from bench.reader_pairs import process_cost
idle = process_cost([sys.executable, "-c", "print('idle')"])
busy = process_cost([sys.executable, "-c", "held = bytearray(200_000_000); print(len(held)); sum(range(10**7))"])
print(idle.said.strip(), busy.peak_bytes - idle.peak_bytes > 150_000_000, busy.processor_s > idle.processor_s)
"""


def test_memory_and_processor_time_are_those_of_the_process_that_was_started():
    # From a small process, as the command is: Linux counts what the starting one held as its child's.
    said = subprocess.run([sys.executable, "-c", MEASURED], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["idle", "True", "True"]


def test_a_process_that_fails_is_no_measurement():
    with pytest.raises(SystemExit, match=r"status 3:\nbroken"):
        process_cost([sys.executable, "-c", "import sys; print('broken', file=sys.stderr); sys.exit(3)"])


def test_an_aim_is_kept_or_missed_by_time_and_by_memory():
    size = json.dumps({"models": 26, "pairs": 676, "rows": 4377, "questions": 1176, "draws": 1000})
    text = page(PairsCost(20.0, 30.0, 500_000_000, 0.5, size))
    assert "One run, with a load of 0.5 before; it took 30.0 s of processor time." in text
    assert "| time of 676 pairs × 4,377 rows × 1,000 draws | < 180 s | 20.0 s ✓ |" in text
    assert "| peak memory of 676 pairs × 4,377 rows × 1,000 draws | < 2,000 MB | 500 MB ✓ |" in text
    text = page(PairsCost(200.0, 30.0, 2_500_000_000, 0.5, size))
    assert "200.0 s ✗" in text
    assert "2,500 MB ✗" in text


def test_without_the_logits_nothing_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    main(["--data", str(tmp_path)])
    assert "nothing measured" in capsys.readouterr().err
