"""Rows of files: they keep their text to the last digit; what is not a record comes out all the same."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.batch.rows import AnsweredRow, Answering, ReadAs
from foureyes.batch.source import RecordSource
from foureyes.batch.window import WindowLimits
from foureyes.errors import InputError
from foureyes.layouts import LoggedAnswer
from foureyes.layouts.reading import AnswerReader
from foureyes.records import Record
from foureyes.types import Exchange, Unscored

PAIR = b'{"prompt": "q", "chosen": "right", "rejected": "wrong"}\n'


def rows(content: bytes, **options: Any) -> list[AnsweredRow]:
    source = RecordSource(io.BytesIO(content), ReadAs(), form="jsonl", **options)
    return [row for window in source.windows(WindowLimits(rows=2)) for row in window.rows]


def test_numbers_and_escapes_keep_their_spelling() -> None:
    line = rb'{"n": 1.10, "big": 123456789012345678901234567890, "x": 1e400, "e": "\u00e9\ud800", "prompt": "q"}'
    assert [row.text for row in rows(line)] == [line.decode()]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b'{"prompt": "q", "answer"', "not JSON: Expecting ':' delimiter at character 24"),
        (b'{"prompt": "q\xff"}', "not UTF-8: invalid start byte at byte 13"),
        (b'{"prompt": "q", "score": NaN}', "not JSON: NaN is not a JSON value"),
        (b'["prompt", "q"]', "wanted a JSON object; got list"),
        (b'{"prompt": "q", "foureyes": {}}', "it has a field 'foureyes' already"),
    ],
)
def test_a_line_that_is_no_record_comes_out_as_text_with_the_reason(raw: bytes, why: str) -> None:
    [_, row] = rows(b'{"prompt": "q", "answer": "a"}\n' + raw)
    assert json.loads(row.text) == row.fields == {"foureyes_raw": raw.decode(errors="replace")}
    assert isinstance(row.answer.exchange, Unscored)
    assert row.answer.exchange.reason == "bad_row"
    assert row.answer.exchange.detail.startswith(f"line 2: {why}")


@given(st.binary(max_size=200).filter(lambda raw: b"\n" not in raw))
def test_no_bytes_of_a_line_escape_as_an_exception(raw: bytes) -> None:
    for row in rows(b'{"prompt": "q", "answer": "a"}\n' + raw):
        assert isinstance(json.loads(row.text), dict)
        assert isinstance(row.answer.exchange, Exchange | Unscored)


def test_a_record_of_two_answers_makes_two_rows_that_say_which() -> None:
    found = rows(PAIR)
    assert [row.answer.exchange for row in found] == [Exchange("q", "right"), Exchange("q", "wrong")]
    assert [row.fields["foureyes_answer"] for row in found] == ["chosen", "rejected"]
    assert found[0].text == PAIR.decode()[:-2] + ', "foureyes_answer": "chosen", "foureyes_correct": true}'


def test_a_scored_record_of_two_answers_stays_the_one_it_was() -> None:
    scored = PAIR[:-2] + b', "foureyes_answer": "rejected", "foureyes": {"v": {}}}\n'
    [row] = rows(scored, overwrite=True)
    assert row.answer.exchange == Exchange("q", "wrong")
    assert row.text == PAIR.decode()[:-2] + ', "foureyes_answer": "rejected", "foureyes_correct": false}'


def test_an_answer_whose_other_half_comes_later_comes_later_and_none_is_lost() -> None:
    class Joining(AnswerReader):
        """Of several records the first waits for the last, and the second is none."""

        def answers_of(self, records: Any) -> Any:
            first, _, third, _ = list(records)
            yield third, LoggedAnswer(Exchange("q", "b"))
            yield first, LoggedAnswer(Exchange("q", "a"), which="one")
            yield first, LoggedAnswer(Exchange("q", "c"), which="two")
            yield Record("entry 1 of line 4", {}), LoggedAnswer(Exchange("q", "d"))

    records = [Record(f"line {n}", {"n": n}) for n in (1, 2, 3, 4)]
    found = list(Answering(records, Joining()).rows())
    assert [(row.index, row.record.place) for row in found] == [
        (2, "line 3"),
        (0, "line 1"),
        (0, "line 1"),
        (3, "entry 1 of line 4"),
    ]


def test_a_field_of_the_results_name_can_be_replaced() -> None:
    [row] = rows(b'{"prompt": "a", "foureyes": {"old": 1}, "n": 1.0}\n', overwrite=True)
    assert row.text == '{"prompt": "a", "n": 1.0}'
    assert row.fields == {"prompt": "a", "n": 1.0}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"PAR1....", "is a Parquet file"),
        (b"\xff\xfe{\x00", "UTF-16"),
        (b'\n{"prompt": "a", "foureyes": 1}\n', "line 2: it has a field 'foureyes' already; --overwrite-field"),
    ],
)
def test_a_file_that_is_something_else_is_refused_at_once(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=why):
        RecordSource([path], ReadAs())


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("in.csv", b'prompt,answer\nq,a\nq,"a\nq,a\n', "in.csv, line 3: a quote opens here and never closes"),
        ("in.json", b'[{"prompt": "q", "answer": "a"}, {"prompt": "q"', "in.json: entry 2, line 1: not JSON"),
        ("in.jsonl.gz", gzip.compress(PAIR * 1000, mtime=0)[:-9], "cannot read .*in.jsonl.gz: it is cut or damaged"),
    ],
)
def test_a_file_that_is_damaged_as_a_whole_is_refused_before_it_is_scored(
    tmp_path: Path, name: str, content: bytes, why: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=why):
        RecordSource([tmp_path / name], ReadAs())


def test_a_file_is_known_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'{"prompt": "a"}\n{"prompt": "b"}')
    source = RecordSource([path], ReadAs())
    assert source.rows == 2
    assert source.surveys is not None
    assert source.surveys.identity()["size"] == 31
    source.check_unchanged()
    path.write_bytes(b'{"prompt": "a"}\n')
    with pytest.raises(InputError, match="was written to while it was being read"):
        source.check_unchanged()


def test_rows_to_come_are_counted_by_the_answers_of_the_records_so_far(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(PAIR * 10)
    source = RecordSource([path], ReadAs())
    assert [source.rows for _ in source.windows(WindowLimits(rows=4))] == [20] * 5
    (tmp_path / "in.jsonl.gz").write_bytes(gzip.compress(PAIR * 10))
    assert RecordSource([tmp_path / "in.jsonl.gz"], ReadAs()).rows == 10
    (tmp_path / "in.json").write_bytes(PAIR)
    assert RecordSource([tmp_path / "in.json"], ReadAs()).rows is None


def test_several_files_are_one_and_their_rows_say_which(tmp_path: Path) -> None:
    places = [tmp_path / "a.jsonl", tmp_path / "b.csv"]
    places[0].write_bytes(b'{"prompt": "q", "answer": "a"}\n')
    places[1].write_text("prompt,answer\nr,b\n")
    source = RecordSource(places, ReadAs())
    [window] = source.windows(WindowLimits())
    assert [row.text for row in window.rows] == ['{"prompt": "q", "answer": "a"}', '{"prompt": "r", "answer": "b"}']
    assert window.places()[0] == f"{places[0]}, line 1"
    assert source.surveys is not None
    assert list(source.surveys.identity()) == [str(place) for place in places]


def test_what_can_be_read_once_has_no_identity() -> None:
    source = RecordSource(io.BytesIO(b"{}"), ReadAs())
    assert source.surveys is None
    assert source.rows is None


def test_windows_depend_on_the_place_alone() -> None:
    content = b"".join(b'{"prompt": "%d"}\n' % n for n in range(10))
    windows = RecordSource(io.BytesIO(content), ReadAs()).windows(WindowLimits(rows=4))
    assert [len(window.rows) for window in windows] == [4, 4, 2]
