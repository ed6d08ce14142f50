"""Answers for programs: of files, of frames, of rows in memory, and straight into a score."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import foureyes as fe
from foureyes.errors import InputError
from foureyes.models.scripted import ScriptedReader

ROWS = [
    {"instruction": "Translate.", "input": "Hund", "output": "dog"},
    {"instruction": "Say hello.", "output": "hello"},
]


def test_a_file_and_a_frame_and_a_list_hold_the_same_answers(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    pd.DataFrame(ROWS).to_csv(tmp_path / "a.csv", index=False)
    sources = [ROWS, tmp_path / "a.jsonl", str(tmp_path / "*.jsonl"), tmp_path / "a.csv", pd.DataFrame(ROWS)]
    found = [[answer.exchange for answer in fe.read_answers(source)] for source in sources]
    assert found == [[fe.Exchange("Translate.\nHund", "dog"), fe.Exchange("Say hello.", "hello")]] * 5


def test_a_score_takes_answers_as_they_are_and_says_what_could_not_be_read() -> None:
    answers = fe.read_answers([ROWS[0], {"instruction": "x"}])
    good, bad = fe.score(answers, ScriptedReader())
    assert isinstance(good, fe.Scored)
    assert isinstance(bad, fe.Unscored)
    assert bad.detail.startswith("row 2: ")
    assert answers.said.startswith("read as Alpaca, ")


def test_a_map_says_which_fields_are_meant() -> None:
    row = {"context": "c", "question": "q", "reply": "a", "answer": "gold"}
    [answer] = fe.read_answers([row], map={"prompt": "context+question", "answer": "reply"})
    assert answer.exchange == fe.Exchange("c\nq", "a")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"layout": "nobody's"}, "a layout is one of"),
        ({"map": {"price": "x"}}, "a map wants"),
        ({"form": "xls"}, "format"),
    ],
)
def test_what_is_not_known_is_refused_at_once(options: dict, why: str) -> None:
    with pytest.raises(InputError, match=why):
        fe.read_answers(ROWS, **options)
