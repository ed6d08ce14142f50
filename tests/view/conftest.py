"""Scored files as ``foureyes score`` writes them, and viewers of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from foureyes.view.labels import Labels, sidecar_of
from foureyes.view.opening import open_viewer
from foureyes.view.scored_rows import RowReader
from foureyes.view.viewer import Viewer

SCRIPTED = Path(__file__).parents[1] / "cli" / "scripted_score.py"
HOSTILE = '</script><script>alert(1)</script> \u202eabc <b onclick="x">'
N = 40


def answer(i: int) -> str:
    return f"It is {HOSTILE} number {i}" if i == 7 else " ".join(["It", "is", *["really"] * (i % 5), f"number-{i}"])


def rows() -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = [
        {"id": i, "prompt": f"Question {i}?", "answer": answer(i), "correct": bool(i % 3)} for i in range(N)
    ]
    made[5] = {"id": 5, "messages": [{"role": "user", "content": "Hallo?"}], "answer": "Ja, hallo."}
    made[6]["answer"] = ""
    return made


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def score(source: Path, out: Path, *more: str) -> Path:
    """Scores with the real command and scripted verifiers."""
    command = [sys.executable, str(SCRIPTED), "score", str(source), "-o", str(out), *more]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return out


@pytest.fixture(scope="session")
def scored_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same rows with and without what was seen at every token, as JSON lines and as Parquet."""
    folder = tmp_path_factory.mktemp("scored")
    source = write(folder / "in.jsonl", rows())
    two = ("--verifier", "v", "--verifier", "w-2.5")
    plain = write(folder / "plain.jsonl", [row for row in rows() if "messages" not in row])
    return {
        "tokens": score(source, folder / "tokens.jsonl", *two, "--tokens"),
        "bare": score(source, folder / "bare.jsonl", "--verifier", "v"),
        "parquet": score(plain, folder / "plain.parquet", *two, "--tokens"),
        "plain": score(plain, folder / "plain.scored.jsonl", *two, "--tokens"),
    }


@pytest.fixture
def scored(scored_files: dict[str, Path], tmp_path: Path) -> Path:
    """A copy of the file with tokens that a test may write to."""
    path = tmp_path / "scored.jsonl"
    path.write_bytes(scored_files["tokens"].read_bytes())
    return path


Open = Callable[..., Viewer]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens files and reads them to their end, without a thread."""
    monkeypatch.setenv("FOUREYES_CACHE", str(tmp_path / "cache"))
    made: list[Viewer] = []

    def open_files(*paths: Path, build: bool = True, reader: RowReader | None = None, **options: Any) -> Viewer:
        viewer = open_viewer(paths, reader or RowReader(), **{"labels": tmp_path / "labels.jsonl"} | options)
        made.append(viewer)
        for file in viewer._files if build else ():
            file.index.build()
        return viewer

    yield open_files
    for viewer in made:
        viewer.close()


def sidecar(path: Path) -> Labels:
    return Labels(sidecar_of(path))
