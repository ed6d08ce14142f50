"""Suspect labels with pictures, words and names that are hard to show, and the cleaning desk on them behind a socket."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import foureyes as fe
from foureyes.cleaning.votes import LabelVote, read_votes
from foureyes.report.cleaning import CleaningFindings
from foureyes.view.desk.ballot import Ballot
from foureyes.view.desk.desk import Desk, Judgment
from foureyes.view.desk.pictures import PictureArrays
from foureyes.view.desk.site import DeskSite
from foureyes.view.server import LocalServer

HOSTILE = "</script><script>alert(1)</script><img src='https://example.org/x' onerror=alert(2)> \u202eabc"
CLASSES = (
    "aeroplane",
    "automobile, estate",
    "bird",
    "cat",
    "hirsch (männlich, ausgewachsen, im Winterfell)",
    "<b>dog</b>",
)
N = 400


@dataclass(frozen=True)
class Herd:
    """Labels, and who knows better."""

    true: NDArray[np.intp]
    given: NDArray[np.intp]
    probs: dict[str, NDArray[np.float64]]
    pixels: NDArray[np.uint8]
    items: list[str]


def herd() -> Herd:
    """400 pictures of coloured squares, each twentieth with a wrong label."""
    rng = np.random.default_rng(3)
    true = rng.integers(0, len(CLASSES), N)
    given = np.where(np.arange(N) % 20 == 0, (true + 1) % len(CLASSES), true)
    probs = {}
    for name, skill in (("a network with a long name", 4.0), ("vgg", 2.5)):
        scores = rng.normal(size=(N, len(CLASSES))) + skill * np.eye(len(CLASSES))[true]
        probs[name] = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    pixels = rng.integers(0, 90, (N, 32, 32, 3), dtype=np.uint8)
    pixels[np.arange(N), 6:26, 6:26, true % 3] = 230
    items = [HOSTILE if i == 0 else f"the {i}th animal, as its keeper described it " * (1 + i % 9) for i in range(N)]
    return Herd(true, given, probs, pixels, items)


@dataclass
class DeskOpen:
    """A desk as it runs."""

    address: str
    origin: str
    desk: Desk
    herd: Herd

    @property
    def saved(self) -> dict[int, LabelVote]:
        """Votes that are on the disk."""
        return read_votes(self.desk.ballot.path) if self.desk.ballot.path.exists() else {}

    @property
    def listed(self) -> list[int]:
        """Rows of the list, the surest first."""
        return [row["row"] for row in self.desk.rows("list", "all", 0, 200)["rows"]]


@contextmanager
def desk_open(folder: Path, *, pictures: bool = True, judge: bool = False) -> Iterator[DeskOpen]:
    """Serves a desk until left."""
    data = herd()
    issues = fe.find_label_issues(data.given, data.probs)
    found = CleaningFindings(issues, None, CLASSES, data.items, None)
    judgments = {int(row): Judgment(int(data.true[row]), 0.81) for row in issues.row} if judge else {}
    desk = Desk(
        "herd.csv",
        found,
        data.given,
        Ballot(folder / "herd.votes.jsonl"),
        pictures=PictureArrays(data.pixels) if pictures else None,
        judge="qwen2.5-coder-1.5b" if judge else "",
        judgments=judgments,
    )
    with LocalServer(DeskSite(desk), 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield DeskOpen(server.address, server.origin, desk, data)
        finally:
            server.shutdown()
            thread.join(10)
