"""What is no record is one with a problem, and costs no other; what damages a file as a whole is named once."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import threading
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import feather

from foureyes.errors import InputError
from foureyes.layouts import read_answers
from foureyes.records import Record, delimited, json_values, records, streams
from foureyes.types import Exchange, Unscored

GOOD = b'{"prompt": "q", "answer": "a"}'


def read(content: bytes, **options: Any) -> list[Record]:
    return list(records(io.BytesIO(content), **options))


def outline(found: list[Record]) -> list[tuple[str, str]]:
    return [(record.place, record.problem) for record in found]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b'{"prompt": "q", "answer"', "not JSON: Expecting ':' delimiter at character"),
        (GOOD + b" " + GOOD, "not JSON: Extra data at character 31"),
        (b"not json at all", "not JSON: Expecting value at character 0"),
        (b'{"prompt": "q\xff"}', "not UTF-8: invalid start byte at byte 13"),
        (b'{"prompt": "\xed\xa0\x80"}', "not UTF-8: invalid continuation byte at byte 12"),
        (b'{"score": NaN}', "not JSON: NaN is not a JSON value"),
        (b'{"score": [-Infinity]}', "not JSON: -Infinity is not a JSON value"),
        (b'{"a": {"b": 1, "b": 2}}', "the key 'b' stands there twice"),
        (b"[1]", "wanted a JSON object; got list"),
        (b"null", "wanted a JSON object; got NoneType"),
        (b"[" * 100_000, "not JSON that can be read"),
        (b'{"n": ' + b"9" * 5000 + b"}", "not JSON that can be read"),
        (b"\x00\x00\x00", "not JSON"),
    ],
)
def test_a_damaged_line_is_told_and_the_others_are_read(raw: bytes, why: str) -> None:
    found = read(GOOD + b"\n" + raw + b"\r\n\n" + GOOD, form="jsonl")
    assert [record.place for record in found] == ["line 1", "line 2", "line 4"]
    assert [record.fields is None for record in found] == [False, True, False]
    assert why in found[1].problem
    assert found[1].text == raw.decode(errors="replace")
    assert found[0].text == GOOD.decode()


@given(st.lists(st.binary(max_size=60).filter(lambda raw: b"\n" not in raw), max_size=5))
def test_no_line_escapes_as_an_exception(lines: list[bytes]) -> None:
    found = read(b"\n".join([GOOD, *lines]), form="jsonl")
    assert len(found) == 1 + sum(bool(line.strip(b" \t\r\n")) for line in lines)
    assert all((record.fields is None) == bool(record.problem) for record in found)


@given(st.binary(max_size=200), st.sampled_from([None, "jsonl", "json", "csv", "parquet", "arrow"]))
def test_whatever_is_read_gives_records_or_an_error_of_ours(content: bytes, form: Any) -> None:
    with suppress(InputError):
        found = read(content, form=form)
        assert all((record.fields is None) == bool(record.problem) for record in found)


def test_a_line_that_is_too_long_is_kept_by_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foureyes.records.json_lines.LONGEST", 100)
    found = read(b'{"a": "' + b"x" * 3_000_000 + b'"}\n' + GOOD + b"\n", form="jsonl")
    assert outline(found) == [("line 1", "more than the 100 bytes a line may have"), ("line 2", "")]
    assert found[0].text is not None
    assert found[0].text.startswith('{"a": "xxx')
    assert len(found[0].text) <= 4096


def test_a_damaged_first_line_does_not_make_a_stream_something_else() -> None:
    for first in (b'{"prompt": "q", "answ', b'"prompt": "q"}', b"nonsense, with a comma"):
        found = read(first + b"\n" + GOOD + b"\n" + GOOD)
        assert [record.fields is None for record in found] == [True, False, False]


def test_an_empty_stream_has_no_records_and_an_empty_file_none_where_its_suffix_allows(tmp_path: Path) -> None:
    assert read(b"") == read(b"\n \n") == []
    for suffix, why in (
        (".csv", "is empty"),
        (".json", "is empty"),
        (".parquet", "Parquet"),
        (".txt", "cannot tell what"),
    ):
        path = tmp_path / f"a{suffix}"
        path.write_bytes(b"")
        with pytest.raises(InputError, match=why):
            list(records(path))
    (tmp_path / "a.jsonl").write_bytes(b"")
    assert list(records(tmp_path / "a.jsonl")) == []


def test_entries_of_a_list_that_are_no_records() -> None:
    content = b'[{"a": 1}, 7, {"a": NaN}, {"a": 1, "a": 2}, {"n": %s},\n {"a":\n  [2,\n 3]}]' % (b"9" * 5000)
    found = read(content)
    assert [record.place for record in found] == [f"entry {n}" for n in range(1, 7)]
    assert [record.fields for record in found] == [{"a": 1}, None, None, None, None, {"a": [2, 3]}]
    assert found[1].problem == "wanted a JSON object; got int"
    assert "NaN" in found[2].problem
    assert "twice" in found[3].problem
    assert (found[2].text, found[5].text) == ('{"a": NaN}', '{"a": [2, 3]}')


@pytest.mark.parametrize("size", [1, 7, 64])
@given(data=st.data())
def test_a_list_is_read_alike_whatever_comes_at_once(size: int, data: st.DataObject) -> None:
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )
    rows = data.draw(st.lists(st.dictionaries(st.text(), values, max_size=3) | st.integers(), max_size=4))
    text = json.dumps(rows, ensure_ascii=data.draw(st.booleans()), indent=data.draw(st.sampled_from([None, 1])))
    before, json_values.BUFFER = json_values.BUFFER, size
    try:
        found = read(text.encode(errors="surrogatepass"), form="json") if _is_text(text) else []
    finally:
        json_values.BUFFER = before
    if found or _is_text(text):
        assert [record.fields for record in found] == [row if isinstance(row, dict) else None for row in rows]


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@pytest.mark.parametrize(
    ("content", "n", "why"),
    [
        (b'[{"a": 1}, {"a": 2}', 2, "after entry 2 it ends without closing its list; is it cut?"),
        (b'[{"a": 1}, {"a": "2', 1, "entry 2, line 1: not JSON: Unterminated string"),
        (b'[{"a": 1},\n {"a": oops}, {"a": 3}]', 1, "entry 2, line 2: not JSON: Expecting value"),
        (b'[{"a": 1} {"a": 2}]', 1, "after entry 1 it goes on with '{'"),
        (b'[{"a": 1}] []', 1, "something follows the list"),
        (b'[{"a": 1},]', 1, "entry 2, line 1: not JSON"),
        (b'[{"a": "\xff"}]', 0, "not UTF-8: invalid start byte at byte 8"),
        (b"[" * 100_000, 0, "entry 1: not JSON that can be read"),
        (b'{\n "a": 1\n', 0, "the document, line 3: not JSON"),
        (b'{\n "a": 1\n}\n{\n "a"\n}', 1, "entry 2, line 6: not JSON"),
    ],
)
def test_json_that_is_damaged_is_read_up_to_there(content: bytes, n: int, why: str) -> None:
    found: list[Record] = []
    with pytest.raises(InputError, match=why.replace("?", r"\?")) as raised:
        found.extend(records(io.BytesIO(content)))  # what came before is handed on
    assert "the stream" in str(raised.value)
    assert len(found) == n


def test_one_object_is_the_document() -> None:
    for content in (b'{"samples": [{"a": 1}]}', b'{\n "samples": [\n {"a":\n1}\n]\n}\n'):
        [found] = read(content)
        assert (found.place, found.fields) == ("the document", {"samples": [{"a": 1}]})
        assert json.loads(found.text or "") == found.fields
        assert "\n" not in (found.text or "\n")


def test_a_number_that_is_none_does_not_cost_a_document() -> None:
    content = b'{"eval": {"stderr": NaN},\n "samples": [{"a": -Infinity}]}'
    assert read(content) == [Record("the document", {"eval": {"stderr": None}, "samples": [{"a": None}]})]
    [twice] = read(b'{"a": NaN,\n "a": 1}')
    assert (twice.fields, "stands there twice" in twice.problem or "NaN" in twice.problem) == (None, True)


def test_a_document_must_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_values, "LARGEST_DOCUMENT", 1000)
    with pytest.raises(InputError, match="the document has more than the 1,000 characters"):
        read(json.dumps({"a": ["x" * 100] * 5000}, indent=1).encode())


def table(text: str, **options: Any) -> list[Record]:
    return read(text.encode(), form="csv", **options)


def test_rows_of_another_length_are_told_with_their_text() -> None:
    found = table('a,b\n1,2\n3\n"x\ny",4\n5,6,7\n\n8,9\n')
    assert outline(found) == [
        ("line 2", ""),
        ("line 3", "wanted 2 values, one a column; got 1"),
        ("line 4", ""),
        ("line 6", "wanted 2 values, one a column; got 3"),
        ("line 8", ""),
    ]
    assert [record.fields for record in found if record.fields] == [
        {"a": "1", "b": "2"},
        {"a": "x\ny", "b": "4"},
        {"a": "8", "b": "9"},
    ]
    assert [record.text for record in found if record.fields is None] == ["3", "5,6,7"]


def test_a_quote_in_the_wrong_place_costs_its_row_only() -> None:
    found = table('a,b\n"x"y,2\n5" pipe,3\n"o""k",4\n')
    assert [record.fields for record in found] == [None, {"a": '5" pipe', "b": "3"}, {"a": 'o"k', "b": "4"}]
    assert found[0].problem.startswith("not values with commas between them: ',' expected after '\"'")
    assert found[0].text == '"x"y,2'


@pytest.mark.parametrize(
    ("text", "line", "n"),
    [
        ('a,b\n1,2\n"3,4\n5,6\n7,8', 3, 1),
        ('a,b\n1,2\n"3,4\n5,6\n7,8\n', 3, 1),
        ('a,b\r\n"x\r\ny","4\r\n5,6\r\n', 3, 0),
        ('a,b\n"x\n\ny",4\n1,"2""\n', 5, 1),
        ('a,"b\n1,2\n', 1, 0),
        ('a,b\n1,"', 2, 0),
    ],
)
def test_a_quote_that_never_closes_is_named_by_the_line_where_it_opens(text: str, line: int, n: int) -> None:
    found: list[Record] = []
    with pytest.raises(InputError, match=f"the stream, line {line}: a quote opens here and never closes"):
        found.extend(records(io.BytesIO(text.encode()), form="csv"))
    assert len(found) == n


def test_a_quote_that_never_closes_does_not_take_the_whole_file_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "LONGEST", 1 << 16)
    content = b'a,b\n1,2\n"3,4\n' + b"5,6\n" * 5_000_000
    tracemalloc.start()
    with pytest.raises(InputError, match="line 3: a quote opens here and never closes"):
        read(content, form="csv")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1 << 24
    with pytest.raises(InputError, match="line 2: it has more than the 65536 bytes that a row may have"):
        read(b"a,b\n1," + b"2" * 70_000, form="csv")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("a,b,a\n1,2,3\n", "more than one column called 'a'"),
        ('"a"b,c\n1,2\n', "line 1: not values with commas between them"),
        ("a,b\r1,2\r", "line 1: not values with commas between them: a line ends in CR alone"),
        ("a,b;c\n1,2;3\n", "by commas and by semicolons equally well"),
    ],
)
def test_a_table_without_a_header_that_can_be_read_is_refused(text: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        table(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("prompt;answer\nOne, two, three;1\nA, B;2\n", ["prompt", "answer"]),
        ('"prompt, all of it"\tanswer\na,b\tc\n', ["prompt, all of it", "answer"]),
        ("a|b|c\n1,2|3|4\n", ["a", "b", "c"]),
        ("a,b|c\n1,2\n3,4\n", ["a", "b|c"]),
        ("sep=;\r\na,x;b\r\n1;2\r\n", ["a,x", "b"]),
        ("only\none\n", ["only"]),
        ("a,b", ["a", "b"]),
        (",prompt\n0,q\n", ["", "prompt"]),
    ],
)
def test_the_delimiter_is_what_divides_header_and_rows_alike(text: str, names: list[str]) -> None:
    found = table(text)
    assert all(record.fields is not None and list(record.fields) == names for record in found)
    assert len(found) == len(text.strip().splitlines()) - 1 - text.startswith("sep=")


def test_a_row_that_is_not_utf_8_is_told() -> None:
    [good, bad, last] = read("a,b\n1,é\n".encode() + "2,é\n".encode("latin-1") + b"3,4\n", form="csv")
    assert (good.fields, last.fields) == ({"a": "1", "b": "é"}, {"a": "3", "b": "4"})
    assert bad == Record("line 3", None, "line 3 is not UTF-8: invalid continuation byte at byte 2", "2,\ufffd")


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.jsonl", pl.DataFrame({"a": [1]}).write_parquet, "is a Parquet file, not jsonl; rename it"),
        ("a.csv", pl.DataFrame({"a": [1]}).write_ipc, "is an Arrow file, not csv"),
        ("a.parquet", GOOD, "is not a Parquet file: it begins with"),
        ("a.feather", b"a,b\n1,2\n", "is not an Arrow file"),
        ("a.csv", GOOD, "holds JSON, not csv"),
        ("a.json", b"PK\x03\x04abc", "is a zip archive"),
        ("a.csv", "a,b".encode("utf-16"), "is UTF-16; convert it to UTF-8"),
        ("a.jsonl", '{"a": 1}'.encode("utf-16"), "is UTF-16; convert it to UTF-8"),
        ("a.txt", b'data: {"id": "c", "choices": []}\n\ndata: [DONE]\n', "is a stream as a server sent it"),
        ("a.txt", b"Dear all", "cannot tell what .*a.txt is; wanted a file that ends in .jsonl"),
        ("a.jsonl.gz", gzip.compress(GOOD * 1000, mtime=0)[:-20], "cannot read .*a.jsonl.gz: it is cut or damaged"),
        ("a.csv.zst", pa.compress(GOOD * 1000, "zstd", asbytes=True)[:-9], "cannot read .*a.csv.zst"),
        ("a.parquet", b"PAR1" + b"x" * 100, "cannot read .*a.parquet as Parquet"),
        ("a.arrow", b"ARROW1\0\0" + b"x" * 100, "cannot read .*a.arrow as Arrow"),
        ("a.arrow", b"\xff\xff\xff\xff\x10\x00\x00\x00" + b"x" * 100, "cannot read .*a.arrow as Arrow"),
    ],
)
def test_a_file_that_is_something_else_is_told_by_its_first_bytes(
    tmp_path: Path, name: str, content: Any, why: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content) if isinstance(content, bytes) else content(path)
    with pytest.raises(InputError, match=why):
        list(records(path))


def test_a_format_goes_before_a_suffix_and_a_text_file_is_told_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(GOOD)
    [found] = records(tmp_path / "a.csv", form="jsonl")
    assert found.fields == json.loads(GOOD)
    (tmp_path / "answers.log").write_bytes(GOOD + b"\n" + GOOD)
    assert [record.place for record in records(tmp_path / "answers.log")] == ["line 1", "line 2"]
    with pytest.raises(InputError, match="wanted a format, one of jsonl, json, csv, parquet, arrow, eval; got 'xml'"):
        records(tmp_path / "a.csv", form="xml")  # type: ignore[arg-type]


def test_several_files_are_read_in_order_and_say_which(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_bytes(GOOD)
    (tmp_path / "a.csv").write_bytes(b"prompt,answer\nq,a\n")
    (tmp_path / "[x].jsonl").write_bytes(GOOD)
    found = list(records([tmp_path / "b.jsonl", str(tmp_path / "a.*")]))
    assert [record.place for record in found] == [f"{tmp_path}/b.jsonl, line 1", f"{tmp_path}/a.csv, line 2"]
    assert [record.fields for record in found] == [{"prompt": "q", "answer": "a"}] * 2
    assert len(list(records(str(tmp_path / "*.*")))) == 3
    assert [record.place for record in records(tmp_path / "[x].jsonl")] == ["line 1"]
    assert len(list(records(str(tmp_path / "**" / "*.jsonl")))) == 2
    with pytest.raises(InputError, match="no file fits the pattern"):
        records(str(tmp_path / "*.parquet"))
    with pytest.raises(InputError, match=r"is a folder with files of several formats, csv and jsonl; say which"):
        records(tmp_path)
    (tmp_path / "a.csv").unlink()
    assert len(list(records(tmp_path))) == 2
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"is a folder, and none of its files has the suffix of a format"):
        records(tmp_path / "empty")
    with pytest.raises(InputError, match=r"s3://b/a.jsonl is read by foureyes score -o FOLDER/ only"):
        records("s3://b/a.jsonl")
    with pytest.raises(InputError, match=r"cannot read .*none.jsonl: No such file"):
        list(records(tmp_path / "none.jsonl"))


def test_a_folder_that_may_not_be_entered_is_named_and_not_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "closed", ".hidden"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rows.jsonl").write_text('{"prompt": "q", "answer": "a"}\n')
    scandir = os.scandir

    def permitted(path: Any) -> Any:
        if Path(path).name in {"closed", ".hidden"}:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", permitted)  # since root may enter every folder
    with pytest.raises(InputError, match=r"^cannot read .*/closed: Permission denied"):
        list(records(tmp_path))
    (tmp_path / "closed").rename(tmp_path / "_closed")
    assert len(list(records(tmp_path))) == 1


def test_a_named_pipe_is_a_file_that_is_read_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(GOOD + b"\n" + GOOD,))
    writer.start()
    assert len(list(records(pipe))) == 2
    writer.join()


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ({"train": [1], "test": [2]}, "wanted rows; got one dict with 'train', 'test'"),
        (pl.LazyFrame({"a": [1]}), "call .collect"),
        (7, "wanted a path, an open binary file, .* got int"),
        (io.StringIO("x"), "wanted a stream of bytes"),
        (pa.array([1]), "wanted a table of pyarrow; got Int64Array"),
        (pa.Table.from_arrays([[1], [2]], names=["a", "a"]), "more than one column called 'a'"),
    ],
)
def test_objects_that_hold_no_rows_are_refused(source: Any, why: str) -> None:
    with pytest.raises(InputError, match=why):
        list(records(source))


def test_rows_that_are_none_or_hold_what_json_cannot_are_told() -> None:
    found = list(records([{"a": 1}, "x", {"b": object()}, {"c": {"d": float("nan")}}]))
    assert outline(found) == [
        ("row 1", ""),
        ("row 2", "wanted a mapping; got str"),
        ("row 3", "'b' holds a object, which JSON has no form for"),
        ("row 4", ""),
    ]
    assert found[3].fields == {"c": {"d": None}}


def test_text_in_columns_that_is_not_utf_8_costs_its_row_only(tmp_path: Path) -> None:
    column = pa.Array.from_buffers(pa.string(), 3, pa.array([b"good", b"b\xffd", b"too"]).buffers())
    pq.write_table(pa.table({"a": column, "n": [1, 2, 3]}), tmp_path / "a.parquet")
    found = list(records(tmp_path / "a.parquet"))
    assert outline(found) == [("row 1", ""), ("row 2", "not UTF-8: invalid start byte at byte 1"), ("row 3", "")]
    assert json.loads(found[1].text or "") == {"a": "b\ufffdd", "n": 2}


CHANGES = """
import json, random, sys
from pathlib import Path
from foureyes.errors import InputError
from foureyes.records import records

path, told = Path(sys.argv[1]), 0
whole, rng = path.read_bytes(), random.Random(0)
for n in range(200):
    changed = bytearray(whole if n % 3 else whole[: rng.randrange(len(whole))])
    for _ in range(n % 3):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    path.write_bytes(changed)
    try:
        found = list(records(path))
    except InputError:
        told += 1
    else:
        assert all((record.fields is None) == bool(record.problem) for record in found)
        told += sum(record.fields is None for record in found)
        json.dumps([record.fields for record in found], allow_nan=False)
print(told)
"""
"""Run in a process of its own, which it might end."""

PACKERS = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda raw: pa.compress(raw, "zstd", asbytes=True),
}


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".parquet", ".arrow", ".feather", ".ipc", *PACKERS])
def test_bytes_that_were_changed_do_not_end_the_process(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / ("a.jsonl" if suffix in PACKERS else f"a{suffix}")
    rows = [{"id": i, "prompt": f'What is "{i}"?\n', "answer": "é" * i, "of": {"p": [0.5, None]}} for i in range(20)]
    frame = pl.DataFrame(rows)
    {
        ".json": frame.write_json,
        ".csv": frame.drop("of").write_csv,
        ".parquet": frame.write_parquet,
        ".arrow": frame.write_ipc,
        ".feather": lambda place: frame.write_ipc(place, compression="zstd"),
        ".ipc": frame.write_ipc_stream,
    }.get(suffix, frame.write_ndjson)(path)
    if suffix in PACKERS:
        whole, path = path.read_bytes(), tmp_path / f"a.jsonl{suffix}"
        path.write_bytes(PACKERS[suffix](whole))
    done = subprocess.run([sys.executable, "-c", CHANGES, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 0


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".parquet", ".arrow", ".jsonl.gz"])
def test_memory_holds_some_records_and_not_the_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    frame = pl.DataFrame({"prompt": [f"{i} " * 250 for i in range(20_000)]})  # 25 MB or more
    if suffix == ".jsonl.gz":
        with gzip.open(path, "wb", compresslevel=1) as file:
            frame.write_ndjson(file)  # type: ignore[arg-type]
    else:
        {
            ".jsonl": frame.write_ndjson,
            ".json": frame.write_json,
            ".csv": frame.write_csv,
            ".parquet": frame.write_parquet,
            ".arrow": frame.write_ipc,
        }[suffix](path)
    del frame
    tracemalloc.start()
    n = sum(record.fields is not None for record in records(path))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert n == 20_000
    assert most < 12 * streams.BUFFER + (1 << 23)


@pytest.mark.parametrize("write", [pq.write_table, lambda table, place: feather.write_feather(table, str(place))])
def test_bytes_that_are_text_are_read_as_text_and_others_are_nobodys_words(tmp_path: Path, write: Any) -> None:
    columns = {"prompt": [b"q", b"q"], "answer": ["ä".encode(), b"\xff"], "hash": [b"\xff", b"\xff"]}
    path = tmp_path / "a.table"
    write(pa.table({name: pa.array(values, pa.binary()) for name, values in columns.items()}), path)
    found = [answer.exchange for answer in read_answers(path)]
    assert isinstance(found[0], Exchange)
    assert (found[0].prompt, found[0].answer) == ("q", "ä")
    assert found[1] == Unscored("bad_row", "row 2: 'answer' must be text; got bytes that are not UTF-8")


def test_many_columns_with_one_name_twice_are_told_in_as_many_steps() -> None:
    names = [f"c{i}" for i in range(300_000)]  # a step for each pair of them would take hours
    with pytest.raises(InputError, match="more than one column called 'z'"):
        read(",".join([*names, "z", "z"]).encode(), form="csv")
    [found] = read((json.dumps(dict.fromkeys(names))[:-1] + ', "z": 0, "z": 0}').encode(), form="jsonl")
    assert "the key 'z' stands there twice" in found.problem
