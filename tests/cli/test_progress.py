"""Progress: rate and time left of the rows that this run scores, on a terminal and in a log."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from foureyes.batch.results import Tallies
from foureyes.cli.score.progress import Pace, progress_on
from foureyes.cli.words import duration

SCRIPTED = Path(__file__).with_name("scripted_score.py")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_rate_is_of_the_rows_this_run_scored(clock):
    pace = Pace(clock)
    clock.now += 1000  # loading
    pace.start()
    clock.now += 10
    assert pace.sentence(Tallies({}, rows=600, resumed=500), 1600) == "600 of 1,600 rows, 10.0 rows/s, 1 min 40 s left"
    assert pace.sentence(Tallies({}, rows=600, resumed=600), 1600) == "600 of 1,600 rows"
    assert pace.sentence(Tallies({}, rows=25, resumed=0), None) == "25 rows, 2.5 rows/s"


def test_no_time_is_no_rate(clock):
    assert Pace(clock).sentence(Tallies({}, rows=5), 10) == "5 of 10 rows"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (3599.6, "1 h 00 min"),
        (86_400, "1 d 0 h"),
        (90_000, "1 d 1 h"),
    ],
)
def test_durations(seconds, words):
    assert duration(seconds) == words


def test_a_log_gets_a_line_now_and_then(clock):
    stream = io.StringIO()
    with progress_on(stream, Pace(clock), quiet=False) as progress:
        for n in range(1, 31):
            clock.now += 1
            progress(Tallies({}, rows=n), 30)
    assert stream.getvalue().splitlines() == [
        "foureyes: 10 of 30 rows, 1.0 rows/s, 20 s left",
        "foureyes: 20 of 30 rows, 1.0 rows/s, 10 s left",
        "foureyes: 30 of 30 rows, 1.0 rows/s, 0 s left",
    ]


def test_quiet_is_quiet(clock):
    stream = io.StringIO()
    with progress_on(stream, Pace(clock), quiet=True) as progress:
        clock.now += 100
        progress(Tallies({}, rows=1), 1)
    assert stream.getvalue() == ""


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals")
def test_a_terminal_gets_a_bar_that_goes_away_and_the_summary_stays(tmp_path):
    import pty

    (tmp_path / "in.jsonl").write_text('{"prompt": "q", "answer": "a"}\n' * 20)
    ours, theirs = pty.openpty()
    arguments = [tmp_path / "in.jsonl", "-o", tmp_path / "out.jsonl", "--window", "1", "--verifier", "v:0.03"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(
        [sys.executable, SCRIPTED, "score", *arguments], stderr=theirs, stdout=subprocess.PIPE, env=environment
    )
    os.close(theirs)
    shown = bytearray()
    while True:
        try:
            chunk = os.read(ours, 4096)
        except OSError:  # how a pseudo-terminal says that the other side is gone
            break
        if not chunk:
            break
        shown += chunk
    os.close(ours)
    out, _ = process.communicate()
    text = shown.decode()
    assert (process.returncode, out) == (0, b"")
    assert "of 20 rows" in text
    assert "━" in text
    summary = text[text.rindex("20 rows in") :]
    assert "━" not in summary
    assert "of 20 rows" not in summary
