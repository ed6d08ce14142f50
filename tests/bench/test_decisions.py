"""The page of the benches that measure decisions: aims are judged, figures stand where they belong."""

from __future__ import annotations

import numpy as np
import pytest

from bench import calibrate, cascade, clean, compat, decisions
from bench.ratios import Spread
from bench.section import Aim, BenchSection, Grid, aims, at_least, at_most, steady, under, words

ABOUT = {
    "command": "python -m bench.decisions",
    "date": "2026-01-01 00:00 UTC",
    "minutes": 9.6,
    "load_before": 0.5,
    "load_after": 1.5,
    "quick": False,
    "only": None,
    "rounds": 3,
    "machine": {
        "processor": "Some CPU (avx2)",
        "processors": 2,
        "memory_bytes": 24 << 30,
        "python": "3.11.7",
        "versions": {"foureyes": "0.1.0", "numpy": "2.4.6", "scipy": "1"},
        "rivals": {"scikit-learn": "1.8", "cleanlab": "2.9.0"},
        "commit": "abc",
    },
}


@pytest.mark.parametrize(
    ("aim", "kept"),
    [
        (at_least("x", 3, Spread(3.1, 2, 4)), True),
        (at_least("x", 3, Spread(2.9, 2, 4)), False),
        (at_least("x", 3, None), None),
        (at_most("x", 0.3, Spread(0.2, 0.1, 0.4)), True),
        (at_most("x", 0.3, Spread(0.31, 0.1, 0.4)), False),
        (steady("x", [1.0, 1.1]), True),
        (steady("x", [1.0, 1.4]), False),
        (steady("x", [1.0]), None),
        (under("x", 10, [9.9, 3]), True),
        (under("x", 10, [3, 10.1]), False),
        (steady("x", [-1.0, 1.4]), None),
        (steady("x", [1.0, -0.4]), None),
    ],
)
def test_an_aim_is_judged_by_its_median_and_not_at_all_where_nothing_was_measured(aim, kept):
    assert aim.kept is kept
    marks = {True: "✓", False: "✗"}
    assert [mark for mark in "✓✗" if mark in aims([aim])] == ([marks[kept]] if kept is not None else [])


def test_the_page_holds_the_aims_the_tables_and_what_they_were_made_on():
    section = BenchSection(
        "Cleaning", [Aim("fast", "≥ 3", "4.5", kept=True)], [Grid("1 × 10", ("", "s"), [("ours", "0.1")])], ["A note."]
    )
    page = decisions.render([section], ABOUT)
    assert "| fast | ≥ 3 | 4.5 ✓ |" in page
    assert "## Cleaning\n\nA note.\n\n**1 × 10**\n\n|  | s |\n| --- | --- |\n| ours | 0.1 |" in page
    assert "Python 3.11.7, foureyes 0.1.0, numpy 2.4.6 |" in page
    assert "scikit-learn 1.8, cleanlab 2.9.0" in page
    assert "in 10 minutes" in page
    assert "mean little" not in page
    assert "mean little" in decisions.render([section], {**ABOUT, "quick": True})
    assert "calibrate only" in decisions.render([section], {**ABOUT, "only": ["calibrate"]})


def test_contenders_are_timed_on_the_same_file_and_their_results_compared(tmp_path):
    for what in (*calibrate.AIM, calibrate.BEST):
        file = calibrate.write(tmp_path, what, 2000)
        assert calibrate.write(tmp_path, what, 2000) == file
        done = calibrate.measured("foureyes", what, str(file))
        assert done["seconds"] > 0
        assert np.isfinite(done["found"]).all()


def test_the_fastest_rival_of_each_round_is_the_one_to_beat():
    def runs(*seconds):
        return [calibrate.CalibrationRun(s, 0, [0.0]) for s in seconds]

    found = calibrate.lead({"foureyes": runs(1, 1), "a": runs(5, 9), "b": runs(7, 6)})
    assert (found.low, found.high) == (5, 6)
    assert calibrate.lead({"foureyes": runs(1)}) is None


def test_a_call_of_clean_is_timed_and_its_rows_are_remembered(tmp_path):
    folder = clean.write(tmp_path, 500, 3)
    done = [
        clean.measured("foureyes", what, str(folder)) for what in ("confident_learning", "mapped confident_learning")
    ]
    assert done[0]["found"] == done[1]["found"]
    ours = [clean.CleaningRun(**once) for once in done]
    theirs = [clean.CleaningRun(once.seconds * 4, once.cpu, once.added * 10, once.total, once.found) for once in ours]
    verdicts = {aim.what.split(": ")[1]: aim for aim in clean.judged("x", ours, theirs)}
    assert verdicts["× as fast as cleanlab"].kept
    assert verdicts["the same rows"].kept
    other = [clean.CleaningRun(once.seconds, once.cpu, 1, 1, "another") for once in ours]
    assert clean.judged("x", ours, other)[2].kept is False
    assert clean.judged("x", ours, [])[2].kept is None


def test_the_curves_are_measured():
    section = cascade.section(1, 500, growing=(100, 200, 400))
    assert len(section.aims) == 3
    assert section.aims[0].kept
    assert "plain threshold" in words(section)


def test_what_moves_from_cleanlab_is_measured_on_the_page_too(tmp_path):
    folder = clean.write(tmp_path, 2000, 10)
    done = {what: compat.measured("foureyes.compat.cleanlab", what, str(folder)) for what in compat.CALLS}
    assert all(run["seconds"] > 0 and len(run["found"]) == 64 for run in done.values())
    assert "compat" in decisions.benches(decisions.arguments(["--quick"]))
