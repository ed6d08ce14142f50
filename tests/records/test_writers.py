"""The same rows, written by the tools that people write them with, are the same records."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import feather, ipc

from foureyes.records import records

ROWS: list[dict[str, Any]] = [
    {"id": 1, "prompt": "What is 2 + 2?", "answer": "4", "score": 0.5, "label": True},
    {"id": 2, "prompt": 'Say "hi",\nthen leave; a|b\tc', "answer": "  hi\r\n", "score": None, "label": False},
    {"id": 3, "prompt": "日本の首都は？ 🗼", "answer": "東京", "score": -1.25, "label": True},
    {"id": 4, "prompt": "Null, none, NaN?", "answer": "null", "score": 2.0, "label": False},
]
NESTED: list[dict[str, Any]] = [
    {
        "messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": None}],
        "meta": {"logprobs": [-0.5, None], "tags": []},
    },
    {"messages": [], "meta": {"logprobs": None, "tags": ["a", "b"]}},
]
TEXTS = [
    {name: None if value is None else str(value) for name, value in row.items()} for row in ROWS
]  # what a table of text says


def fields(source: Any, **options: Any) -> list[dict[str, Any] | None]:
    found = list(records(source, **options))
    assert [record.problem for record in found] == [""] * len(found)
    return [record.fields for record in found]


def dataset(rows: list[dict[str, Any]]) -> Any:
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    return datasets.Dataset.from_list(rows)


def stdlib_csv(path: Path, *, delimiter: str = ",", mark: bool = False, **style: Any) -> None:
    with path.open("w", encoding="utf-8-sig" if mark else "utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(ROWS[0]), delimiter=delimiter, **style)
        writer.writeheader()
        writer.writerows(ROWS)


JSON_WRITERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "pandas, lines": ("a.jsonl", lambda p: pd.DataFrame(ROWS).to_json(p, orient="records", lines=True)),
    "pandas, lines called json": ("a.json", lambda p: pd.DataFrame(ROWS).to_json(p, orient="records", lines=True)),
    "pandas, list": ("a.json", lambda p: pd.DataFrame(ROWS).to_json(p, orient="records", double_precision=15)),
    "pandas, indented": ("a.json", lambda p: pd.DataFrame(ROWS).to_json(p, orient="records", indent=2)),
    "pandas, gzip": ("a.jsonl.gz", lambda p: pd.DataFrame(ROWS).to_json(p, orient="records", lines=True)),
    "pandas, bzip2": ("a.jsonl.bz2", lambda p: pd.DataFrame(ROWS).to_json(p, orient="records", lines=True)),
    "pandas, xz": ("a.jsonl.xz", lambda p: pd.DataFrame(ROWS).to_json(p, orient="records", lines=True)),
    "polars, lines": ("a.ndjson", lambda p: pl.DataFrame(ROWS).write_ndjson(p)),
    "polars, list": ("a.json", lambda p: pl.DataFrame(ROWS).write_json(p)),
    "polars, parquet": ("a.parquet", lambda p: pl.DataFrame(ROWS).write_parquet(p)),
    "polars, feather": ("a.arrow", lambda p: pl.DataFrame(ROWS).write_ipc(p)),
    "polars, packed feather": ("a.feather", lambda p: pl.DataFrame(ROWS).write_ipc(p, compression="zstd")),
    "polars, stream": ("a.ipc", lambda p: pl.DataFrame(ROWS).write_ipc_stream(p)),
    "pandas, parquet": ("a.parquet", lambda p: pd.DataFrame(ROWS).to_parquet(p)),
    "pandas, feather": ("a.feather", lambda p: pd.DataFrame(ROWS).to_feather(p)),
    "pyarrow, parquet": ("a.pq", lambda p: pq.write_table(pa.Table.from_pylist(ROWS), p, row_group_size=1)),
    "pyarrow, feather": ("a.feather", lambda p: feather.write_feather(pa.Table.from_pylist(ROWS), str(p))),
    "datasets, lines": ("a.jsonl", lambda p: dataset(ROWS).to_json(p)),
    "datasets, list": ("a.json", lambda p: dataset(ROWS).to_json(p, lines=False)),
    "datasets, parquet": ("a.parquet", lambda p: dataset(ROWS).to_parquet(p)),
    "pandas, columns": ("a.json", lambda p: pd.DataFrame(ROWS).to_json(p)),
    "pandas, some of the rows": (
        "a.json",
        lambda p: pd.DataFrame([{}, *ROWS]).iloc[1:].astype({"id": int, "label": bool}).to_json(p),
    ),
    "pandas, index": ("a.json", lambda p: pd.DataFrame(ROWS).to_json(p, orient="index")),
    "pandas, split": ("a.json", lambda p: pd.DataFrame(ROWS).to_json(p, orient="split")),
    "pandas, table": ("a.json", lambda p: pd.DataFrame(ROWS).to_json(p, orient="table", index=False)),
    "json, list": ("a.json", lambda p: p.write_text(json.dumps(ROWS))),
    "json, lines with CRLF": (
        "a.jsonl",
        lambda p: p.write_text("".join(json.dumps(row) + "\n" for row in ROWS), newline="\r\n", encoding="utf-8-sig"),
    ),
}

CSV_WRITERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "pandas": ("a.csv", lambda p: pd.DataFrame(ROWS).to_csv(p, index=False)),
    "pandas, tabs": ("a.tsv", lambda p: pd.DataFrame(ROWS).to_csv(p, index=False, sep="\t")),
    "pandas, packed": ("a.csv.gz", lambda p: pd.DataFrame(ROWS).to_csv(p, index=False)),
    "polars": ("a.csv", lambda p: pl.DataFrame(ROWS).write_csv(p)),
    "polars, semicolons": ("a.csv", lambda p: pl.DataFrame(ROWS).write_csv(p, separator=";", include_bom=True)),
    "datasets": ("a.csv", lambda p: dataset(ROWS).to_csv(p)),
    "stdlib": ("a.csv", stdlib_csv),
    "stdlib, everything quoted": ("a.csv", lambda p: stdlib_csv(p, quoting=csv.QUOTE_ALL)),
    "stdlib, bars": ("a.csv", lambda p: stdlib_csv(p, delimiter="|")),
    "Excel in Europe": ("a.csv", lambda p: stdlib_csv(p, delimiter=";", mark=True, dialect="excel")),
    "unix": ("a.csv", lambda p: stdlib_csv(p, dialect="unix")),
}


@pytest.mark.parametrize("writer", JSON_WRITERS)
def test_every_writer_of_values_is_read_alike(tmp_path: Path, writer: str) -> None:
    name, write = JSON_WRITERS[writer]
    write(tmp_path / name)
    assert fields(tmp_path / name) == ROWS


@pytest.mark.parametrize("writer", CSV_WRITERS)
def test_every_writer_of_text_is_read_alike(tmp_path: Path, writer: str) -> None:
    name, write = CSV_WRITERS[writer]
    write(tmp_path / name)
    found = fields(tmp_path / name)
    assert [row and {n: row[n] for n in ("id", "prompt", "answer")} for row in found] == [
        {n: row[n] for n in ("id", "prompt", "answer")} for row in TEXTS
    ]
    assert [row and (row["score"] is None) for row in found] == [False, True, False, False]


CELLS = st.text(
    st.sampled_from(",;|\t\"' \n\r\u2028\u0085aé東\\\0") | st.characters(exclude_categories=["Cs"]), max_size=8
)


@given(
    st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=6),
    st.sampled_from(",;|\t"),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig"]),
)
def test_whatever_the_stdlib_writes_is_read_as_it_was(
    rows: list[tuple[str, str, str]], delimiter: str, quoting: Any, end: str, encoding: str
) -> None:
    if end == "\n" and quoting == csv.QUOTE_MINIMAL:  # then the stdlib writes a CR without quotes
        rows = [(a.replace("\r", ""), b.replace("\r", ""), c.replace("\r", "")) for a, b, c in rows]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=end)
    writer.writerows([("prompt", "answer", "n"), *rows])
    content = text.getvalue().encode(encoding)
    wanted = [dict(zip(("prompt", "answer", "n"), (cell or None for cell in row), strict=True)) for row in rows]
    assert fields(io.BytesIO(content), form="csv") == wanted


@pytest.mark.parametrize("form", ["parquet", "arrow", "jsonl", "json", "csv"])
def test_a_stream_is_told_by_its_first_bytes(tmp_path: Path, form: str) -> None:
    writers = {
        "parquet": lambda p: pl.DataFrame(ROWS).write_parquet(p),
        "arrow": lambda p: pl.DataFrame(ROWS).write_ipc(p),
        "jsonl": lambda p: pl.DataFrame(ROWS).write_ndjson(p),
        "json": lambda p: pl.DataFrame(ROWS).write_json(p),
        "csv": lambda p: pl.DataFrame(ROWS).write_csv(p),
    }
    path = tmp_path / "whatever.bin"
    writers[form](path)
    with subprocess.Popen(["cat", str(path)], stdout=subprocess.PIPE) as process:
        piped = fields(process.stdout)
    assert piped == fields(path) == fields(io.BytesIO(path.read_bytes()))
    assert [row and row["answer"] for row in piped] == [row["answer"] for row in ROWS]


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_zstd_and_gzip_by_their_own_programs(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"a.{form}"
    frame = pl.DataFrame(ROWS)
    {"jsonl": frame.write_ndjson, "csv": frame.write_csv, "parquet": frame.write_parquet}[form](path)
    plain = fields(path)
    for program in filter(shutil.which, ("gzip", "zstd")):
        packed = subprocess.run([program, "-c", str(path)], check=True, capture_output=True).stdout
        suffix = {"gzip": ".gz", "zstd": ".zst"}[program]
        (tmp_path / f"a.{form}{suffix}").write_bytes(packed)
        assert fields(tmp_path / f"a.{form}{suffix}") == plain
        assert fields(io.BytesIO(packed)) == plain


def test_packed_files_that_were_put_one_after_the_other(tmp_path: Path) -> None:
    halves = [json.dumps(row).encode() + b"\n" for row in ROWS]
    (tmp_path / "a.jsonl.gz").write_bytes(b"".join(map(gzip.compress, halves)))
    assert fields(tmp_path / "a.jsonl.gz") == ROWS
    (tmp_path / "a.jsonl.zst").write_bytes(b"".join(pa.compress(half, "zstd", asbytes=True) for half in halves))
    assert fields(tmp_path / "a.jsonl.zst") == ROWS


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_objects_that_jq_writes_one_after_the_other(tmp_path: Path) -> None:
    written = subprocess.run(["jq", ".[]"], input=json.dumps(ROWS), check=True, capture_output=True, text=True).stdout
    (tmp_path / "a.json").write_text(written)
    found = list(records(tmp_path / "a.json"))
    assert [record.fields for record in found] == ROWS
    assert [record.place for record in found] == ["entry 1", "entry 2", "entry 3", "entry 4"]
    assert all(
        json.loads(record.text or "") == row and "\n" not in record.text
        for record, row in zip(found, ROWS, strict=True)
    )


def test_a_folder_of_a_dataset_is_read_by_its_arrow_files(tmp_path: Path) -> None:
    dataset(ROWS).save_to_disk(tmp_path / "saved")
    assert fields(str(tmp_path / "saved" / "*.arrow")) == ROWS


@pytest.mark.parametrize(
    "make",
    [
        pd.DataFrame,
        lambda rows: pd.DataFrame(rows).convert_dtypes(),
        pl.DataFrame,
        pa.Table.from_pylist,
        pa.RecordBatch.from_pylist,
        lambda rows: pa.Table.from_pylist(rows).to_reader(),
        dataset,
        lambda rows: dataset(rows).with_format("numpy"),
        lambda rows: dataset(rows).to_iterable_dataset(),
        lambda rows: rows,
        iter,
        tuple,
    ],
)
@pytest.mark.parametrize("rows", [ROWS, NESTED], ids=["flat", "nested"])
def test_every_object_is_read_alike(make: Callable[[Any], Any], rows: list[dict[str, Any]]) -> None:
    assert fields(make(rows)) == rows


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".parquet", ".arrow", ".feather"])
def test_lists_and_objects_within_rows(tmp_path: Path, suffix: str) -> None:
    path, frame = tmp_path / f"a{suffix}", pl.DataFrame(NESTED)
    {
        ".jsonl": frame.write_ndjson,
        ".json": frame.write_json,
        ".parquet": frame.write_parquet,
        ".arrow": frame.write_ipc,
        ".feather": lambda p: frame.write_ipc(p, compression="lz4"),
    }[suffix](path)
    assert fields(path) == NESTED


@pytest.mark.parametrize("write", [pq.write_table, lambda table, place: feather.write_feather(table, str(place))])
def test_what_json_does_not_have_is_written_in_one_way(
    tmp_path: Path, write: Callable[[pa.Table, Path], object]
) -> None:
    uuid = pa.array([bytes(15) + b"\1", None], pa.binary(16))
    table = pa.table(
        {
            "id": pa.ExtensionArray.from_storage(pa.uuid(), uuid),
            "at": pa.array([datetime(2026, 1, 2, tzinfo=UTC), None]),
            "d": pa.array([Decimal("1.50"), None]),
            "took": pa.array([timedelta(seconds=1.5), None]),
            "raw": pa.array([b"a\xff", None]),
            "of": pa.array([{"x": float("nan")}, {"x": float("inf")}]),
            "m": pa.array([[("k", 1.0)], None], pa.map_(pa.string(), pa.float64())),
            "none": pa.nulls(2),
        }
    )
    write(table, tmp_path / ("a.parquet" if write is pq.write_table else "a.feather"))
    [path] = tmp_path.iterdir()
    assert fields(path) == [
        {
            "id": "00000000-0000-0000-0000-000000000001",
            "at": "2026-01-02 00:00:00.000000Z",
            "d": "1.50",
            "took": 1_500_000,
            "raw": "Yf8=",
            "of": {"x": None},
            "m": [["k", 1.0]],
            "none": None,
        },
        dict.fromkeys(table.column_names) | {"of": {"x": None}},
    ]


def test_columns_that_repeat_themselves_or_are_large(tmp_path: Path) -> None:
    table = pa.table(
        {
            "model": pa.array(["a", "b", None, "a"]).dictionary_encode(),
            "prompt": pa.array([row["prompt"] for row in ROWS], pa.large_string()),
            "answer": pa.array([row["answer"] for row in ROWS], pa.string_view()),
            "topics": pa.array([["x"], [], None, ["y", "x"]], pa.large_list(pa.dictionary(pa.int8(), pa.string()))),
        }
    )
    with ipc.new_stream(tmp_path / "a.arrow", table.schema) as stream:
        stream.write_table(table)
    pq.write_table(table, tmp_path / "a.parquet")
    for name in ("a.arrow", "a.parquet"):
        assert fields(tmp_path / name) == [
            {"model": model, "prompt": row["prompt"], "answer": row["answer"], "topics": topics}
            for model, topics, row in zip(("a", "b", None, "a"), (["x"], [], None, ["y", "x"]), ROWS, strict=True)
        ]
