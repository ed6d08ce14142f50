"""JSON lines: rows keep their text to the last digit; what is not a row comes out all the same."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.batch import jsonl
from foureyes.batch.jsonl import JsonlSource, LineWindow, parse_line, splice, without
from foureyes.batch.rows import Fields
from foureyes.batch.window import WindowLimits
from foureyes.errors import InputError
from foureyes.types import Exchange, Unscored

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(), JSON, max_size=6)
STYLES = st.sampled_from([{}, {"separators": (",", ":")}, {"indent": None, "ensure_ascii": False}])


def rows_of(content: bytes, **options: Any) -> list[dict[str, Any]]:
    source = JsonlSource(io.BytesIO(content), Fields(), **options)
    return [json.loads(text) for window in source.windows(WindowLimits(rows=2)) for text in window.texts()]


def exchanges_of(content: bytes) -> list[Exchange | Unscored]:
    source = JsonlSource(io.BytesIO(content), Fields())
    return [exchange for window in source.windows(WindowLimits(rows=2)) for exchange in window.exchanges()]


@given(OBJECTS.filter(lambda row: "foureyes" not in row), STYLES)
def test_a_result_is_added_after_the_row_as_it_stands(row: dict[str, Any], style: dict[str, Any]) -> None:
    text = json.dumps(row, **style)
    with_result = splice(text, '{"v": {}}')
    assert with_result.startswith(text[:-1])
    assert list(json.loads(with_result).items()) == [*row.items(), ("foureyes", {"v": {}})]


@given(OBJECTS, OBJECTS, JSON, STYLES)
def test_a_field_is_dropped_and_the_others_keep_their_text(
    before: dict[str, Any], after: dict[str, Any], value: Any, style: dict[str, Any]
) -> None:
    both = {**before, **after}
    both.pop("foureyes", None)
    text = json.dumps({**before, "foureyes": value, **after}, **style)
    assert json.loads(without(text, "foureyes")) == both


def test_every_foureyes_field_goes_and_nothing_else() -> None:
    text = '{ "a" : 1.50 , "foureyes" : {"x": [1, "}"]}, "a":2e5,"foureyes":null }'
    assert without(text, "foureyes") == '{"a" : 1.50, "a":2e5}'
    assert without('{"foureyes": 1}', "foureyes") == "{}"


def test_numbers_escapes_and_repeated_keys_keep_their_spelling() -> None:
    line = (
        rb'{"n": 1.10, "big": 123456789012345678901234567890, "x": 1e400, "e": "\u00e9\ud800", "n": 2, "prompt": "q"}'
    )
    [window] = JsonlSource(io.BytesIO(line), Fields()).windows(WindowLimits())
    assert list(window.texts()) == [line.decode()]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b'{"prompt": "q", "answer"', "not JSON: Expecting ':' delimiter at character 24"),
        (b'{"prompt": "q"} {"prompt": "r"}', "not JSON: Extra data at character 16"),
        (b"not json at all", "not JSON: Expecting value at character 0"),
        (b'{"prompt": "q\xff"}', "not UTF-8: invalid start byte at byte 13"),
        (b'{"prompt": "q", "answer": "\xed\xa0\x80"}', "not UTF-8: invalid continuation byte"),
        (b'{"prompt": "q", "score": NaN}', "NaN is not a JSON value"),
        (b'{"prompt": "q", "score": -Infinity}', "-Infinity is not a JSON value"),
        (b'["prompt", "q"]', "wanted a JSON object; got list"),
        (b"17", "wanted a JSON object; got int"),
        (b"null", "wanted a JSON object; got NoneType"),
        (b"[" * 100_000, "not JSON that can be read"),
        (b'{"n": ' + b"9" * 5000 + b"}", "not JSON that can be read"),
        (b'{"prompt": "q", "foureyes": {}}', "it has a field 'foureyes' already"),
        (b"\x00\x00\x00", "not JSON"),
    ],
)
def test_a_line_that_is_no_row_comes_out_as_text_with_the_reason(raw: bytes, why: str) -> None:
    line = parse_line(raw, 17)
    assert line.row is None
    assert why in line.problem
    assert json.loads(line.text) == {"foureyes_raw": raw.decode(errors="replace")}
    exchange = line.exchange(Fields())
    assert isinstance(exchange, Unscored)
    assert (exchange.reason, exchange.detail[:9]) == ("bad_row", "line 17: ")


@given(st.binary(max_size=200).filter(lambda raw: b"\n" not in raw))
def test_no_bytes_escape_as_an_exception(raw: bytes) -> None:
    line = parse_line(raw, 1)
    assert isinstance(json.loads(line.text), dict)
    assert isinstance(line.exchange(Fields()), Exchange | Unscored)


def test_line_ends_marks_and_empty_lines_are_not_rows() -> None:
    content = b'\xef\xbb\xbf{"prompt": "a"}\r\n\r\n   \n{"prompt": "b"}\n\n{"prompt": "c"}'
    assert [row["prompt"] for row in rows_of(content)] == ["a", "b", "c"]
    numbers = [
        line.number
        for window in JsonlSource(io.BytesIO(content), Fields()).windows(WindowLimits())
        for line in window.lines
    ]
    assert numbers == [1, 4, 6]


def test_only_newlines_end_lines() -> None:
    text = "a\u2028b\u0085c\x0bd"
    content = json.dumps({"prompt": text, "answer": "x"}, ensure_ascii=False).encode() + b"\n"
    assert exchanges_of(content) == [Exchange(text, "x")]


def test_a_line_without_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "LONGEST_LINE", 5000)
    long = b'{"prompt": "' + b"x" * 10_000 + b'"}'
    first, second, third = exchanges_of(
        b'{"prompt": "a", "answer": "b"}\n' + long + b'\n{"prompt": "c", "answer": "d"}\n'
    )
    assert (first, third) == (Exchange("a", "b"), Exchange("c", "d"))
    assert isinstance(second, Unscored)
    assert second.detail.startswith(f"line 2: {len(long) + 1} bytes, more than the 5000")
    assert len(rows_of(long)[0]["foureyes_raw"]) == 4096


def test_a_field_of_the_results_name_can_be_replaced() -> None:
    content = b'{"prompt": "a", "foureyes": {"old": 1}, "n": 1.0}\n'
    assert rows_of(content, overwrite=True) == [{"prompt": "a", "n": 1.0}]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"PAR1....", "a Parquet file; say --format parquet"),
        (b"\x1f\x8b\x08\x00", "gzip-compressed"),
        (b"\x28\xb5\x2f\xfd", "zstd-compressed"),
        (b"\xff\xfe{\x00", "UTF-16"),
        (b'\n{"prompt": "a", "foureyes": 1}\n', "line 2: it has a field 'foureyes' already; --overwrite-field"),
    ],
)
def test_a_file_that_is_something_else_is_refused_at_once(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=why):
        JsonlSource(path, Fields())


def test_a_file_is_known_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'{"prompt": "a"}\n{"prompt": "b"}')
    source = JsonlSource(path, Fields())
    assert source.rows == 2
    assert source.survey is not None
    assert source.survey.identity()["size"] == 31
    source.check_unchanged()
    path.write_bytes(b'{"prompt": "a"}\n')
    with pytest.raises(InputError, match="was written to while it was being read"):
        source.check_unchanged()


def test_what_can_be_read_once_has_no_identity() -> None:
    source = JsonlSource(io.BytesIO(b"{}"), Fields())
    assert source.survey is None
    assert source.rows is None


def test_windows_depend_on_the_place_alone() -> None:
    content = b"".join(b'{"prompt": "%d"}\n' % n for n in range(10))
    source = list(JsonlSource(io.BytesIO(content), Fields()).windows(WindowLimits(rows=4)))
    assert [len(window.lines) for window in source] == [4, 4, 2]
    assert all(isinstance(window, LineWindow) for window in source)
