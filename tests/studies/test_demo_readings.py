"""Making the demo's record: what was written or read is kept, and a model that is not known is refused before anything is read."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from foureyes.demo.asked import ShortQuestion
from foureyes.models.scripted import ScriptedReader, ScriptedWriter
from studies import demo_readings

_QUESTIONS = [ShortQuestion(str(i), f"How much is {i} plus 1?", (str(i + 1),)) for i in range(6)]


@pytest.fixture(autouse=True)
def models(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Scripted models; which weights each has, by its name."""
    weights: dict[str, str] = {}
    monkeypatch.setattr(demo_readings, "weights_of", lambda name: weights.get(name, name))
    monkeypatch.setattr(demo_readings, "open_writer", lambda _: ScriptedWriter({}, otherwise="Answer:\n two"))
    monkeypatch.setattr(demo_readings, "open_reader", lambda name: ScriptedReader({}, name=name))
    return weights


def test_a_last_line_that_was_cut_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = demo_readings.write_answers(tmp_path, _QUESTIONS)
    assert [(row["id"], row["answer"]) for row in rows] == [(str(i), "two") for i in range(6)]
    [file] = tmp_path.iterdir()
    text = file.read_text()
    file.write_text(text[:-20])
    assert demo_readings.write_answers(tmp_path, _QUESTIONS) == rows
    assert file.read_text() == text
    monkeypatch.setattr(demo_readings, "open_writer", lambda _: pytest.fail("all answers are there"))
    assert demo_readings.write_answers(tmp_path, _QUESTIONS) == rows


def test_readings_are_kept_until_the_weights_are_others(
    tmp_path: Path, models: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = demo_readings.read_answers(tmp_path, "reader", _QUESTIONS)
    assert [len(row["nll"]) for row in rows] == [1] * 6
    monkeypatch.setattr(demo_readings, "open_reader", lambda _: pytest.fail("asked again"))
    assert demo_readings.read_answers(tmp_path, "reader", _QUESTIONS) == rows
    models["reader"] = "others"
    with pytest.raises(pytest.fail.Exception, match="asked again"):
        demo_readings.read_answers(tmp_path, "reader", _QUESTIONS)


def test_a_reader_that_is_not_known_is_refused_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo_readings, "open_writer", lambda _: pytest.fail("it was asked"))
    monkeypatch.setattr(sys, "argv", ["demo_readings", "--reader", "/folder", "--work", str(tmp_path)])
    with pytest.raises(SystemExit):
        demo_readings.main()
    assert "invalid choice: '/folder'" in capsys.readouterr().err


def test_the_provenance_of_a_record_is_what_its_reader_promises() -> None:
    counts = {"n_questions": 1, "n_more": 0, "n_empty": 0}
    head = json.loads(demo_readings.whole([], demo_readings.READER, counts).partition(b"\n")[0])
    shipped = json.loads(demo_readings.RECORD.read_bytes().partition(b"\n")[0])
    assert head.keys() == shipped.keys()
    assert {name: set(model) for name, model in shipped["models"].items()} == {
        name: {"sha256", "licence"} for name in (demo_readings.AUTHOR, demo_readings.READER)
    }
