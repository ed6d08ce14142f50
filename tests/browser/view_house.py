"""Scored files with something to see, and ``foureyes view`` on them behind a socket."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foureyes.view.opening import open_viewer
from foureyes.view.scored_rows import RowReader
from foureyes.view.server import ViewServer
from foureyes.view.viewer import Viewer

SCRIPTED = Path(__file__).parents[1] / "cli" / "scripted_score.py"
HOSTILE = (
    "</script><script>alert(1)</script><img src='https://example.org/x' onerror=alert(2)>"
    "<svg onload=alert(3)> \u202eabc \x1b]0;x\x07 {{7*7}} <!-- data -->"
)
LONG_WORD = "Donaudampfschifffahrts" * 40
LARGE = "The Rhine rises in the Alps and flows to the sea. " * 2000

ODD: list[dict[str, Any]] = [
    {"prompt": HOSTILE, "answer": HOSTILE, "note": HOSTILE},
    {"prompt": "日本の首都はどこですか。", "answer": "日本の首都は 東京です。 👩‍👩‍👧‍👦 🏯"},
    {"prompt": "ما هي عاصمة مصر؟", "answer": "عاصمة مصر هي القاهرة، وهي أكبر مدينة في العالم العربي."},
    {"prompt": "Say a long word.", "answer": LONG_WORD},
    {"prompt": "Say nothing.", "answer": ""},
    {"prompt": "Tell me of the Rhine.", "answer": LARGE},
    {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Name a moon of Mars."},
            {"role": "assistant", "content": "Phobos."},
            {"role": "user", "content": "And another?"},
        ],
        "answer": "Deimos, the smaller of the two.",
    },
    {"prompt": "Write a function.", "answer": "def add(a, b):\n\treturn a + b\n\nprint(add(2, 2))"},
]
N = 70


def rows() -> list[dict[str, Any]]:
    """Odd ones first, then ordinary ones, which say whether they are right."""
    usual = [
        {"prompt": f"Question {i}?", "answer": f"{'It is indeed ' * (i % 4)}number {i}.", "correct": bool(i % 3)}
        for i in range(len(ODD), N)
    ]
    return [*ODD, *usual]


def score(records: Sequence[dict[str, Any]], out: Path, *options: str) -> Path:
    """Scores with the real command and scripted verifiers."""
    source = out.with_suffix(".in.jsonl")
    source.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    command = [sys.executable, str(SCRIPTED), "score", str(source), "-o", str(out), *options]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    return out


def records(path: Path) -> list[dict[str, Any]]:
    """What a file of lines holds."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def ranked(path: Path, verifier: str, signal: str) -> list[int]:
    """Numbers of the rows that have a signal, the greatest first."""
    said = {i: record["foureyes"][verifier].get(signal) for i, record in enumerate(records(path))}
    return sorted((i for i, value in said.items() if value is not None), key=lambda i: -said[i])


@dataclass
class Viewed:
    """``foureyes view`` as it runs."""

    server: ViewServer
    viewer: Viewer
    sidecar: Path

    @property
    def address(self) -> str:
        return self.server.address

    @property
    def origin(self) -> str:
        return self.server.origin

    def decisions(self) -> list[tuple[int, str | None]]:
        """(row, label) of every line of the sidecar."""
        if not self.sidecar.exists():
            return []
        return [(said["row"], said["label"]) for said in records(self.sidecar)]


@contextmanager
def viewing(folder: Path, *files: Path, indexed: bool = True, sort: str | None = "log_cmp") -> Iterator[Viewed]:
    """Serves files, as the command does with this option ``--sort``; indexed to their end, or not begun with yet."""
    sidecar = folder / "answers.labels.jsonl"
    viewer = open_viewer(files, RowReader(), labels=sidecar, index=folder / "index", sort=sort)
    with ViewServer(viewer, 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        if indexed:
            viewer.start()
            viewer.read_to_end(print)
        try:
            yield Viewed(server, viewer, sidecar)
        finally:
            server.shutdown()
            thread.join()
            viewer.close()
