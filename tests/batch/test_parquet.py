"""Parquet: every column comes out as it went in; what JSON cannot hold has one documented form."""

from __future__ import annotations

import datetime as dt
import decimal
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from foureyes.batch import parquet
from foureyes.batch.arrow import common_schema, result_column, result_type, table_of
from foureyes.batch.parquet import ParquetSink, ParquetSource, TableWindow
from foureyes.batch.results import FACTS, Columns, result_of
from foureyes.batch.rows import ReadAs
from foureyes.batch.source import RecordSource
from foureyes.batch.window import WindowLimits
from foureyes.errors import InputError
from foureyes.models.scripted import ScriptedReader
from foureyes.records.columns import json_rows
from foureyes.signals.catalog import one_pass
from foureyes.signals.cross import score
from foureyes.types import Exchange, Message, ToolCall, Unscored

BROKEN_TEXT = pa.Array.from_buffers(pa.string(), 2, pa.array([b"\xff\xfe", b"fine"]).buffers())
EXOTIC = {
    "ns": (pa.array([1, None], pa.timestamp("ns")), ["1970-01-01 00:00:00.000000001", None]),
    "zoned": (
        pa.array([1, 0], pa.timestamp("us", "UTC")),
        ["1970-01-01 00:00:00.000001Z", "1970-01-01 00:00:00.000000Z"],
    ),
    "date": (pa.array([1, None], pa.date32()), ["1970-01-02", None]),
    "time": (pa.array([1, 2], pa.time64("ns")), ["00:00:00.000000001", "00:00:00.000000002"]),
    "duration": (pa.array([1, 2], pa.duration("ns")), [1, 2]),
    "decimal": (pa.array([decimal.Decimal("1.10"), None]), ["1.10", None]),
    "bytes": (pa.array([b"\xff", None]), ["/w==", None]),
    "float": (pa.array([float("nan"), float("inf")]), [None, None]),
    "half": (pa.array([1.5, None], pa.float16()), [1.5, None]),
    "unsigned": (pa.array([2**64 - 1, 0], pa.uint64()), [2**64 - 1, 0]),
    "bool": (pa.array([True, None]), [True, None]),
    "null": (pa.nulls(2), [None, None]),
    "text": (BROKEN_TEXT, ["\ufffd\ufffd", "fine"]),
    "dictionary": (pa.array(["a", "b"]).dictionary_encode(), ["a", "b"]),
    "fixed": (pa.array([[1.0, float("inf")], None], pa.list_(pa.float32(), 2)), [[1.0, None], None]),
    "map": (
        pa.array([[("k", decimal.Decimal("1.1"))], []], pa.map_(pa.string(), pa.decimal128(5, 2))),
        [[["k", "1.10"]], []],
    ),
    "nested": (
        pa.array(
            [{"rows": [{"at": 1, "s": "x", "tags": ["a", None]}]}, None],
            pa.struct(
                [
                    (
                        "rows",
                        pa.list_(
                            pa.struct([("at", pa.timestamp("ns")), ("s", pa.string()), ("tags", pa.list_(pa.string()))])
                        ),
                    )
                ]
            ),
        ),
        [{"rows": [{"at": "1970-01-01 00:00:00.000000001", "s": "x", "tags": ["a", None]}]}, None],
    ),
    "uuid": (
        pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16, None], pa.binary(16))),
        ["30303030-3030-3030-3030-303030303030", None],
    ),
}


def exchanges(window: TableWindow) -> list[Exchange | Unscored]:
    return [answer.exchange for answer in window.answers()]


@pytest.mark.parametrize("name", EXOTIC)
def test_every_type_has_a_form_in_json(name: str) -> None:
    column, wanted = EXOTIC[name]
    rows = list(json_rows(pa.table({"x": column})))
    assert [row["x"] for row in rows] == wanted
    json.dumps(rows, allow_nan=False)


def exotic_table() -> pa.Table:
    columns = {name: column for name, (column, _) in EXOTIC.items()}
    table = pa.table({"prompt": ["q1", "q2"], "answer": ["a1", None], **columns})
    return table.replace_schema_metadata({"origin": "a test"})


def scored_through_parquet(path: Path, out: Path, *, rows: int = 512) -> pa.Table:
    source = ParquetSource(path, ReadAs())
    with out.open("wb") as file:
        sink = ParquetSink(file, source.schema(), Columns(("v",), ("log_cmp",), own=False, tokens=False))
        for window in source.windows(WindowLimits(rows=rows)):
            sink.write(window, [{"v": result_of(Unscored("span"))} for _ in window.rows])
        sink.close()
    return pq.read_table(out)


def test_every_type_metadata_and_all_comes_out_as_it_went_in(tmp_path: Path) -> None:
    pq.write_table(exotic_table(), tmp_path / "in.parquet")
    before = pq.read_table(tmp_path / "in.parquet")
    after = scored_through_parquet(tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert after.schema.names == [*before.schema.names, "foureyes"]
    assert after.drop_columns(["foureyes"]).schema.equals(before.schema, check_metadata=True)
    for name in before.schema.names:
        same = [a.equals(b) for a, b in zip(after[name].combine_chunks(), before[name].combine_chunks(), strict=True)]
        assert all(same) or name == "float", name
    assert str(after["float"].to_pylist()) == "[nan, inf]"


def test_results_are_nested_columns_a_verifier(tmp_path: Path) -> None:
    scores = score([Exchange("q", "one two")], ScriptedReader())
    names = [signal.name for signal in one_pass()]
    full, empty = result_of(scores[0], tokens=True), result_of(Unscored("context", "too long", 9, 4))
    column = result_column(
        [{"a": full, "b": empty}], result_type(Columns(("a", "b"), tuple(names), own=False, tokens=True))
    )
    [row] = column.to_pylist()
    assert row["a"] == {**full, "parts": None, "unscored": None}
    assert row["b"] == {**dict.fromkeys([*names, *FACTS]), "parts": None, "tokens": None, **empty}
    assert set(column.type.field("a").type.names) == {*names, *FACTS, "parts", "tokens", "unscored"}


def test_the_surprise_of_every_argument_is_a_column() -> None:
    turn = Message.of("assistant", [ToolCall("pay", '{"amount": 5}')])
    result = result_of(score([Exchange.of("Pay.", turn)], ScriptedReader())[0])
    [row] = result_column([{"a": result}], result_type(Columns(("a",), (), own=False, tokens=False))).to_pylist()
    assert [part["path"] for part in row["a"]["parts"]] == ["name", "arguments.amount"]
    assert row["a"]["parts"][1]["nats"] > 0


def test_row_groups_grow_to_their_limit_whatever_the_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP", WindowLimits(rows=40, size=10**9))
    pq.write_table(pa.table({"prompt": ["q"] * 100, "answer": ["a"] * 100}), tmp_path / "in.parquet", row_group_size=7)
    scored_through_parquet(tmp_path / "in.parquet", tmp_path / "out.parquet", rows=8)
    metadata = pq.ParquetFile(tmp_path / "out.parquet").metadata
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [40, 40, 20]


def test_rows_are_read_by_windows_of_rows_and_of_text(tmp_path: Path) -> None:
    answers = ["x" * 10] * 6 + ["x" * 100] + ["x"] * 5
    pq.write_table(pa.table({"prompt": ["q"] * 12, "answer": answers, "n": range(12)}), tmp_path / "in.parquet")
    windows = list(ParquetSource(tmp_path / "in.parquet", ReadAs()).windows(WindowLimits(rows=4, size=33)))
    assert [window.places()[0] for window in windows] == [f"row {n}" for n in (1, 4, 7, 8, 12)]
    assert [n for window in windows for n in window.columns["n"].to_pylist()] == list(range(12))
    assert [e.answer for window in windows for e in exchanges(window) if isinstance(e, Exchange)] == answers


def test_one_row_of_broken_text_harms_no_other(tmp_path: Path) -> None:
    pq.write_table(pa.table({"prompt": ["q1", "q2"], "answer": BROKEN_TEXT}), tmp_path / "in.parquet")
    [window] = ParquetSource(tmp_path / "in.parquet", ReadAs()).windows(WindowLimits())
    assert exchanges(window) == [
        Unscored("bad_row", "row 1: not UTF-8: invalid start byte at byte 0"),
        Exchange("q2", "fine"),
    ]


def test_conversations_are_lists_of_structs(tmp_path: Path) -> None:
    chats = [[{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], [], None]
    pq.write_table(pa.table({"messages": chats}), tmp_path / "in.parquet")
    [window] = ParquetSource(tmp_path / "in.parquet", ReadAs()).windows(WindowLimits())
    first, second, third = exchanges(window)
    assert first == Exchange((Message("user", "q"),), "a")
    assert isinstance(second, Unscored)
    assert isinstance(third, Unscored)
    assert third.detail.startswith("row 3: wanted a field 'prompt', 'messages' or 'input'")


def test_a_record_of_two_answers_is_two_rows_of_its_columns(tmp_path: Path) -> None:
    table = pa.table(
        {"prompt": ["q", "r"], "chosen": ["a", "c"], "rejected": ["b", "d"], "at": pa.array([1, 2], pa.timestamp("ns"))}
    )
    pq.write_table(table, tmp_path / "in.parquet")
    after = scored_through_parquet(tmp_path / "in.parquet", tmp_path / "out.parquet", rows=3)
    assert after.drop_columns(["foureyes", "foureyes_answer", "foureyes_correct"]).equals(table.take([0, 0, 1, 1]))
    assert after["foureyes_answer"].to_pylist() == ["chosen", "rejected"] * 2
    assert after["foureyes_correct"].to_pylist() == [True, False] * 2


def test_a_table_that_was_scored_is_refused_at_once(tmp_path: Path) -> None:
    pq.write_table(pa.table({"prompt": ["a"], "answer": ["b"], "foureyes": ["c"]}), tmp_path / "in.parquet")
    with pytest.raises(InputError, match="has a column 'foureyes' already; --overwrite-field"):
        ParquetSource(tmp_path / "in.parquet", ReadAs())


def test_repeated_column_names_are_refused(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array(["a"])] * 3, names=["prompt", "answer", "answer"])
    pq.write_table(table, tmp_path / "in.parquet")
    with pytest.raises(InputError, match="more than one column called 'answer'"):
        ParquetSource(tmp_path / "in.parquet", ReadAs())


@pytest.mark.parametrize("content", [b"", b"PAR1", b'{"prompt": "q"}\n', b"PAR1" + b"x" * 100 + b"PAR1"])
def test_what_is_not_parquet_is_refused_at_once(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "in.parquet"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"cannot read .* as Parquet"):
        ParquetSource(path, ReadAs())


def test_a_file_cut_in_its_middle_is_an_error_not_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    answers = [f"answer {n} " * 50 for n in range(2000)]
    pq.write_table(pa.table({"prompt": answers, "answer": answers}), path, compression="none", use_dictionary=False)
    content = bytearray(path.read_bytes())
    content[1000:200_000] = bytes(199_000)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"cannot read .* as Parquet"):
        list(ParquetSource(path, ReadAs()).windows(WindowLimits()))


def test_an_old_result_can_be_replaced(tmp_path: Path) -> None:
    pq.write_table(pa.table({"prompt": ["q"], "foureyes": [1], "answer": ["a"]}), tmp_path / "in.parquet")
    source = ParquetSource(tmp_path / "in.parquet", ReadAs(), overwrite=True)
    assert source.schema().names == ["prompt", "answer"]
    [window] = source.windows(WindowLimits())
    assert list(window.texts()) == ['{"prompt": "q", "answer": "a"}']


def test_json_rows_of_different_shapes_share_a_schema(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    lines = [
        {"prompt": "q", "n": 1, "meta": {"a": None}},
        {"prompt": "q", "n": 2.5, "tags": ["x"]},
        {"meta": {"a": 3, "b": []}, "late": True, "n": None},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + "broken\n")
    source = RecordSource([path], ReadAs())
    schema = source.schema()
    assert schema.names == ["prompt", "n", "meta", "tags", "late", "foureyes_raw"]
    assert schema.field("n").type == pa.float64()
    rows = [row for window in source.windows(WindowLimits(rows=1)) for row in window.table(schema).to_pylist()]
    for line, row in zip(lines, rows, strict=False):
        assert {name: row[name] for name in line if name != "meta"} == {
            name: v for name, v in line.items() if name != "meta"
        }
    assert rows[2]["meta"] == {"a": 3, "b": []}
    assert rows[3]["foureyes_raw"] == "broken"


@pytest.mark.parametrize(
    "rows",
    [
        [{"n": 1}, {"n": "one"}],
        [{"n": [1, "one"]}],
        [{"n": {"a": 1}}, {"n": [1]}],
        [{"n": 2**70}],
        [{"n": {}}],
        [{"n": "\ud800"}],
    ],
)
def test_rows_that_no_columns_can_hold_are_refused_with_a_way_out(rows: Any) -> None:
    with pytest.raises(InputError, match="JSONL output takes anything"):
        common_schema([([row], f"line {i}") for i, row in enumerate(rows, start=1)])
    with pytest.raises(InputError, match="JSONL output takes anything"):
        common_schema([(rows, "line 1 to line 9")])


def test_a_row_beside_its_schema_is_named() -> None:
    with pytest.raises(InputError, match="lines 5 to 6 cannot become Parquet"):
        table_of([{"n": 1}, {"n": "x"}], pa.schema([("n", pa.int64())]), "lines 5 to 6")


def test_dates_survive_a_round_trip_through_columns(tmp_path: Path) -> None:
    moment = dt.datetime(2024, 2, 29, 12, 30, 1, 5, tzinfo=dt.UTC)
    pq.write_table(pa.table({"prompt": ["q"], "answer": ["a"], "at": [moment]}), tmp_path / "in.parquet")
    assert scored_through_parquet(tmp_path / "in.parquet", tmp_path / "out.parquet")["at"].to_pylist() == [moment]
