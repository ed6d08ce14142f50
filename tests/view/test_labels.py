"""Decisions: saved at once, by several pages at a time, and never taken for those about another answer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from foureyes.cli import main
from foureyes.errors import InputError
from foureyes.layouts.reading import TRUTH_FIELD
from foureyes.view.labelled_rows import labelled_rows
from foureyes.view.labels import LabelDecision, Labels
from foureyes.view.scored_rows import RowReader
from foureyes.view.viewer import NoSuchRow, Viewer

Open = Callable[..., Viewer]

WRITER = """
import sys
from pathlib import Path
from foureyes.view.labels import LabelDecision, Labels
labels = Labels(Path(sys.argv[1]))
for row in range(60):
    labels.add(LabelDecision("scored.jsonl", row, "", f"{row + 1:016x}", sys.argv[2]))
"""


def without_truth(scored: Path, path: Path) -> Path:
    """The same rows without what score found of whether they are right."""
    rows = [json.loads(line) for line in scored.read_text().splitlines()]
    assert any(row.pop(TRUTH_FIELD, None) is not None for row in rows)
    kept = ({name: value for name, value in row.items() if name != TRUTH_FIELD} for row in rows)
    path.write_text("".join(json.dumps(row) + "\n" for row in kept))
    return path


def mark(viewer: Viewer, row: int, label: str | None, file: int = 0) -> dict:
    return viewer.label({"file": file, "row": row, "label": label})


def test_a_decision_is_in_the_file_when_the_page_is_told(scored: Path, tmp_path: Path, opened: Open) -> None:
    viewer = opened(scored)
    told = mark(viewer, 3, "right")
    [line] = (tmp_path / "labels.jsonl").read_text().splitlines()
    assert json.loads(line)["row"] == 3
    assert json.loads(line)["label"] == told["mine"] == "right"
    assert told["labels"] == viewer.file()["files"][0]["labels"]
    assert viewer.row(0, 3)["mine"] == "right"
    assert viewer.row(0, 3)["label"] == "wrong"  # what the file says stays what it says


def test_the_last_decision_counts_and_null_takes_it_back(scored: Path, opened: Open) -> None:
    viewer = opened(scored)
    before = viewer.file()["files"][0]["labels"]
    for label in ("right", "wrong", "unsure"):
        assert mark(viewer, 8, label)["mine"] == label
    assert mark(viewer, 8, None) == {"mine": None, "labels": before}


def test_a_page_sees_what_another_decided(scored: Path, opened: Open) -> None:
    one, other = opened(scored), opened(scored)
    mark(one, 2, "wrong")
    assert other.row(0, 2)["mine"] == "wrong"
    mark(other, 2, "right")
    assert one.row(0, 2)["mine"] == "right"
    assert "called right at one time and wrong at another" in one.file()["sidecar_notes"][0]


def test_pages_that_write_at_once_lose_and_tear_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOUREYES_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "labels.jsonl"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), label]) for label in ("right", "wrong", "unsure")
    ]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0]
    told = [json.loads(line) for line in path.read_text().splitlines()]
    assert sorted((line["row"], line["label"]) for line in told) == sorted(
        (row, label) for row in range(60) for label in ("right", "wrong", "unsure")
    )
    labels = Labels(path)
    assert (len(labels.last), labels.broken, labels.conflicts) == (60, 0, 60)
    assert labels.last[0, f"{1:016x}"].label == [line["label"] for line in told if line["row"] == 0][-1]


def test_a_line_that_a_crash_cut_does_not_take_the_next_with_it(scored: Path, tmp_path: Path, opened: Open) -> None:
    path = tmp_path / "labels.jsonl"
    mark(opened(scored), 1, "wrong")
    path.write_text(path.read_text() + '{"file": "sco')
    viewer = opened(scored)
    mark(viewer, 2, "right")
    assert (viewer.row(0, 1)["mine"], viewer.row(0, 2)["mine"]) == ("wrong", "right")
    assert viewer.file()["sidecar_notes"] == ["1 lines of the sidecar are no decisions and were passed over"]


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "1",
        "{}",
        '{"file": "f", "row": -1, "which": "", "answer": "0", "label": "right"}',
        '{"file": "f", "row": true, "which": "", "answer": "0", "label": "right"}',
        '{"file": "f", "row": 1, "which": "", "answer": "x", "label": "right"}',
        '{"file": "f", "row": 1, "which": "", "answer": "0", "label": "maybe"}',
        '{"file": "f", "row": 1, "which": "", "answer": "0", "label": ["right"]}',
    ],
)
def test_a_line_that_is_no_decision_is_counted(tmp_path: Path, line: str) -> None:
    path = tmp_path / "labels.jsonl"
    good = json.dumps(LabelDecision("f", 1, "", "00", "right").to_dict())
    path.write_text(f"{line}\n{good}\n")
    labels = Labels(path)
    assert (labels.broken, len(labels.last)) == (1, 1)


def test_decisions_go_with_the_answer_when_it_is_scored_again(
    scored: Path, scored_files: dict[str, Path], opened: Open
) -> None:
    mark(opened(scored), 4, "wrong")
    again = opened(scored_files["bare"])
    assert again.row(0, 4)["mine"] == "wrong"
    assert again.file()["sidecar_notes"] == []


def test_a_sidecar_of_another_file_is_told_and_not_used(scored: Path, tmp_path: Path, opened: Open) -> None:
    mark(opened(scored), 4, "wrong")
    other = tmp_path / "other.jsonl"
    other.write_text(scored.read_text().replace("Question", "Problem"))
    viewer = opened(other)
    assert viewer.row(0, 4)["mine"] is None
    assert "about other answers than those of this file" in viewer.file()["sidecar_notes"][0]
    with pytest.raises(InputError, match="is it another file's"):
        labelled_rows(other, tmp_path / "labels.jsonl")


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        {"file": 0, "row": 1},
        {"file": 0, "row": 1, "label": "maybe"},
        {"file": 0, "row": "1", "label": "right"},
        {"file": True, "row": 1, "label": "right"},
        {"file": 0, "row": 1, "label": "right", "more": 1},
        {"file": 0, "row": 1, "label": ["right"]},
    ],
)
def test_what_is_no_decision_is_refused(scored: Path, tmp_path: Path, opened: Open, told: object) -> None:
    with pytest.raises(InputError):
        opened(scored).label(told)
    assert not (tmp_path / "labels.jsonl").exists()


def test_a_row_that_is_not_there_gets_no_label(scored: Path, opened: Open) -> None:
    for row in (40, -1):
        with pytest.raises(NoSuchRow):
            mark(opened(scored), row, "right")


def test_a_calibrator_is_fitted_on_what_was_decided(
    scored: Path, tmp_path: Path, opened: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    viewer = opened(scored)
    for row in range(30):
        mark(viewer, row, "right" if row % 2 else "wrong")
    mark(viewer, 1, "unsure")
    mark(viewer, 0, "right")
    labels, out = tmp_path / "labels.jsonl", tmp_path / "c.json"
    silent = without_truth(scored, tmp_path / "silent.jsonl")
    command = [
        "calibrate",
        "fit",
        str(silent),
        "--score",
        "foureyes.v.log_cmp",
        "--kind",
        "platt",
        "-o",
        str(out),
        "--force",
    ]
    command += ["--accept-direction", "log_cmp", "--json"]
    assert main([*command, "--labels", str(labels)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["warnings"][:2] == [
        "labels: 1 unsure, which is no label",
        "labels: 1 called right at one time and wrong at another; the last counts",
    ]
    assert json.loads(out.read_text())["fitted_on"]["rows"]["n"] == 28  # 30 less one unsure and one that was not scored
    assert main([*command, "--labels", str(labels), "--correct", "correct"]) == 0
    assert (
        json.loads(out.read_text())["fitted_on"]["rows"]["n"] == 38
    )  # all but the unsure one and the one that was not scored


def test_what_was_decided_is_what_the_fit_sees(scored: Path, tmp_path: Path, opened: Open) -> None:
    viewer = opened(scored)
    for row, label in ((3, "right"), (4, "wrong"), (5, "unsure"), (9, "right"), (9, None)):
        mark(viewer, row, label)
    found = labelled_rows(scored, tmp_path / "labels.jsonl")
    assert (found.correct, found.unsure, found.n_other) == ({3: True, 4: False}, {5}, 0)


def test_decisions_are_found_again_where_fields_were_named(scored: Path, tmp_path: Path, opened: Open) -> None:
    own = tmp_path / "own.jsonl"
    own.write_text(scored.read_text().replace('"prompt": "', '"asked": "').replace('"answer": "', '"said": "'))
    mark(opened(own, reader=RowReader(fields=["prompt=asked", "answer=said"])), 2, "wrong")
    assert labelled_rows(own, tmp_path / "labels.jsonl").correct == {2: False}


def test_labels_are_asked_for_where_there_are_none(
    scored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = without_truth(scored, tmp_path / "silent.jsonl")
    command = ["calibrate", "fit", str(silent), "--score", "foureyes.v.log_cmp", "-o", str(tmp_path / "c.json")]
    assert main([*command, "--labels", str(tmp_path / "none.jsonl")]) == 1
    assert "foureyes view" in capsys.readouterr().err
    assert main(command) == 1
    assert "--correct or --labels" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no file names that are not UTF-8")
def test_a_file_whose_name_is_no_text_is_labelled(scored: Path, opened: Open, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"sc\xff.jsonl")
    shutil.copy(scored, odd)
    viewer = opened(odd)
    assert viewer.label({"file": 0, "row": 3, "label": "wrong"})["mine"] == "wrong"
    [line] = viewer._labels.path.read_text().splitlines()
    assert LabelDecision.from_dict(json.loads(line)).label == "wrong"
