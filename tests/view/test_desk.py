"""The cleaning desk without a browser: what it answers, what it saves, and who may ask."""

from __future__ import annotations

import csv
import io
import json
import threading
import zlib
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from foureyes.cleaning.review import ReviewDecision, apply_decisions
from foureyes.cleaning.votes import LabelVote, decisions_of, read_votes
from foureyes.errors import InputError
from foureyes.view.desk.ballot import Ballot
from foureyes.view.desk.pictures import PictureArrays, PictureFiles, png
from tests.browser.desk_house import CLASSES, DeskOpen, desk_open


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FOUREYES_CACHE", str(tmp_path / "cache"))
    with desk_open(tmp_path) as running:
        yield running


def vote(desk: DeskOpen, row: int, **said: Any) -> dict[str, Any]:
    return desk.desk.vote({"file": 0, "row": row, "label": said or None})


def test_votes_are_on_the_disk_when_the_page_is_told(desk: DeskOpen):
    first, second, third = desk.listed[:3]
    vote(desk, first, decision="relabel", label=CLASSES[3], category="similar", note="much alike, ä")
    vote(desk, second, decision="keep")
    vote(desk, third, decision="drop")
    vote(desk, third)
    assert desk.saved.keys() == {first, second}
    assert desk.saved[first].category == "similar"
    assert desk.saved[first].note == "much alike, ä"
    given = [CLASSES[label] for label in desk.herd.given]
    decisions = decisions_of(read_votes(desk.desk.ballot.path), given, CLASSES)
    assert decisions == {first: ReviewDecision("relabel", 3), second: ReviewDecision("keep")}
    rows, labels = apply_decisions(desk.herd.given, decisions)
    assert len(rows) == 400
    assert labels[first] == 3


def test_votes_about_other_data_are_passed_over_on_the_page_and_refused_in_a_copy(desk: DeskOpen):
    vote(desk, desk.listed[0], decision="keep")
    others = [CLASSES[(label + 1) % 6] for label in desk.herd.given]
    with pytest.raises(InputError, match="1 vote of 1 is about other rows or labels"):
        decisions_of(desk.saved, others, CLASSES)
    line = json.loads(desk.desk.ballot.path.read_text())
    desk.desk.ballot.path.write_text(json.dumps(line | {"key": "0" * 15}) + "\n")
    told = desk.desk.rows("list", "all", 0, 5)
    assert told["decided"] == 0
    assert told["notes"] == ["1 votes in herd.votes.jsonl are about other rows or labels than these"]


def test_two_desks_on_one_file_lose_no_vote(desk: DeskOpen, tmp_path: Path):
    rows = desk.listed[:40]

    def give(mine: list[int], ballot: Ballot) -> None:
        for row in mine:
            ballot.add(LabelVote(row, desk.desk._key(row), "keep"))

    threads = [threading.Thread(target=give, args=(rows[i::4], Ballot(desk.desk.ballot.path))) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert desk.saved.keys() == set(rows)
    assert desk.desk.rows("list", "decided", 0, 100)["total"] == 40


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"row": 0, "label": None}, "file, row and label"),
        ({"file": 0, "row": 4000, "label": None}, "no row 4000"),
        ({"file": 0, "row": 0, "label": {"decision": "burn"}}, "a decision is one of"),
        ({"file": 0, "row": 0, "label": {"decision": "relabel", "label": "unicorn"}}, "no class is called"),
        ({"file": 0, "row": 0, "label": {"decision": "keep", "label": "cat"}}, "relabel goes with a label"),
        ({"file": 0, "row": 0, "label": {"decision": "keep", "category": "odd"}}, "a category is one of"),
        ({"file": 0, "row": 0, "label": {"decision": "keep", "note": "n" * 1001}}, "at most 1000"),
        ({"file": 0, "row": 0, "label": {"key": "x"}}, "a vote has decision"),
    ],
)
def test_what_is_no_vote_is_not_saved(desk: DeskOpen, told: dict[str, Any], words: str):
    with pytest.raises(InputError, match=words):
        desk.desk.vote(told)
    assert not desk.desk.ballot.path.exists()


def test_the_list_has_the_cut_in_it_and_the_random_choice_reaches_beyond_it(desk: DeskOpen):
    about = desk.desk.about()
    rows = desk.desk.rows("list", "all", 0, 200)["rows"]
    assert [row["flagged"] for row in rows] == [True] * about["n_flagged"] + [False] * (
        about["n_listed"] - about["n_flagged"]
    )
    sample = desk.desk.rows("sample", "all", 0, 200)["rows"]
    assert any(row["place"] is None for row in sample)
    assert len({row["row"] for row in sample}) == len(sample)


def test_deciding_on_the_random_choice_gives_an_estimate_that_holds(desk: DeskOpen):
    wrong = desk.herd.true != desk.herd.given
    for row in desk.desk.rows("sample", "all", 0, 200)["rows"]:
        vote(desk, row["row"], decision="drop" if wrong[row["row"]] else "keep")
    told = desk.desk.rows("sample", "all", 0, 1)
    assert told["estimate"]["low"] <= wrong.sum() <= told["estimate"]["high"]
    assert "labels of 400" in told["estimate"]["sentence"]


def test_labels_to_take_home_are_corrected(desk: DeskOpen):
    first, second = desk.listed[:2]
    vote(desk, first, decision="relabel", label=CLASSES[1])
    vote(desk, second, decision="drop", note='say "so", twice')
    labels = {int(line["row"]): line["label"] for line in csv.DictReader(io.StringIO(desk.desk.labels_csv()))}
    assert labels[first] == "automobile, estate"
    assert second not in labels
    assert len(labels) == 399
    [_, line] = sorted(
        csv.DictReader(io.StringIO(desk.desk.decisions_csv())), key=lambda line: line["decision"] != "relabel"
    )
    assert line["note"] == 'say "so", twice'


def test_only_who_has_the_token_may_look(desk: DeskOpen):
    assert httpx.get(f"{desk.origin}/picture?row=0").status_code == 403
    with httpx.Client(base_url=desk.origin, follow_redirects=True) as browser:
        assert "foureyes clean" in browser.get(desk.address).text
        picture = browser.get("/picture?row=0")
        assert picture.headers["Content-Type"] == "image/png"
        assert picture.content.startswith(b"\x89PNG")
        assert "row,label" in browser.get("/export/labels.csv").text
        assert browser.post("/api/vote", json={"file": 0, "row": 0, "label": None}).status_code == 403
        assert browser.get("/api/none").status_code == 404
        assert browser.get("/picture?row=4000").status_code == 400


def test_a_png_holds_the_pixels():
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    made = png(pixels)
    data = made[made.index(b"IDAT") + 4 : made.index(b"IEND") - 8]
    raw = zlib.decompress(data)
    assert [raw[i * 13 + 1 : i * 13 + 13] for i in range(2)] == [line.tobytes() for line in pixels]


def test_pictures_are_those_that_rows_name(tmp_path: Path):
    (tmp_path / "a.png").write_bytes(png(np.zeros((2, 2), np.uint8)))
    files = PictureFiles(["a.png", "gone.png", "https://x.org/a.png", "notes.txt", None], tmp_path)
    assert [files.has(row) for row in range(5)] == [True, True, False, False, False]
    assert files.get(0).kind == "image/png"
    with pytest.raises(InputError, match="cannot read"):
        files.get(1)
    with pytest.raises(InputError, match="names no picture"):
        files.get(3)
    with pytest.raises(InputError, match="pictures must be"):
        PictureArrays(np.zeros((3, 2), np.uint8))
    assert PictureArrays(np.ones((1, 2, 2))).get(0).body == png(np.full((2, 2), 255, np.uint8))
