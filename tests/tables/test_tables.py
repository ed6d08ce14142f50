"""The same rows in every format are the same columns; what is no number is named."""

from __future__ import annotations

import gzip
import io
import json
import os
import threading
import tracemalloc
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import polars as pl
import pytest
from numpy.lib import format as npy

from foureyes.errors import InputError
from foureyes.tables import Table, open_table, write_text


def written(folder: Path, suffix: str) -> Table:
    scores, right = [0.5, 1.0, -2.25], [True, False, True]
    path = folder / f"rows{suffix}"
    if suffix == ".npz":
        np.savez(path, score=scores, right=right)
    elif suffix in (".csv", ".tsv"):
        path.write_text("score,right\n0.5,true\n1.0,0\n-2.25,1\n".replace(",", "," if suffix == ".csv" else "\t"))
    else:
        frame = pl.DataFrame({"score": scores, "right": right})
        {
            ".jsonl": frame.write_ndjson,
            ".json": frame.write_json,
            ".arrow": frame.write_ipc,
            ".ipc": frame.write_ipc_stream,
            ".parquet": frame.write_parquet,
        }[suffix](path)
    return open_table(path)


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".tsv", ".parquet", ".arrow", ".ipc", ".npz"])
def test_every_format_gives_the_same_columns_and_keeps_them_in_a_copy(tmp_path: Path, suffix: str) -> None:
    table = written(tmp_path, suffix)
    copy = tmp_path / f"copy{suffix}"
    assert suffix in table.suffixes
    table.save(copy, {"p": [0.1, 0.2, 0.3]}, rows=np.array([0, 2]))
    for found, places in ((table, [0, 1, 2]), (open_table(copy), [0, 2])):
        assert len(found) == len(places)
        assert found.numbers("score").values.tolist() == [[0.5, 1.0, -2.25][i] for i in places]
        assert found.flags("right").values.tolist() == [[True, False, True][i] for i in places]
        assert found.numbers("score").present.all()
    assert open_table(copy).numbers("p").values.tolist() == [0.1, 0.3]
    with pytest.raises(InputError, match="no field 'other'; its fields are 'score', 'right'"):
        table.numbers("other")


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_a_name_that_stands_within_another_field_is_suggested(tmp_path: Path, suffix: str) -> None:
    frame = pl.DataFrame({"id": [1, 2], "foureyes": [{"qwen": {"cme": 0.5}, "smol": {"cme": 1.5}}] * 2})
    (frame.write_ndjson if suffix == ".jsonl" else frame.write_parquet)(tmp_path / f"rows{suffix}")
    table = open_table(tmp_path / f"rows{suffix}")
    with pytest.raises(
        InputError, match=r"no field 'cme' \(did you mean 'foureyes.qwen.cme' or 'foureyes.smol.cme'\?\)"
    ):
        table.numbers("cme")
    with pytest.raises(InputError, match="no field 'other'; its fields are 'id', 'foureyes'"):
        table.numbers("other")


@pytest.mark.parametrize(
    ("between", "name", "copy", "wanted"),
    [
        (";", "rows.csv", "copy.csv", ";"),
        ("|", "rows.csv", "copy.csv", "|"),
        ("\t", "rows.csv", "copy.csv", "\t"),
        ("\t", "rows.tsv", "copy.tsv", "\t"),
        ("\t", "rows.tab", "copy.csv", ","),
        (";", "rows.csv", "copy.tsv", "\t"),
        (",", "rows.csv", "copy.csv", ","),
    ],
)
def test_a_copy_has_what_the_file_has_between_its_values(
    tmp_path: Path, between: str, name: str, copy: str, wanted: str
) -> None:
    (tmp_path / name).write_text(f"text{between}right\nx{between}1\nd{between}0\n")
    open_table(tmp_path / name).save(tmp_path / copy, {"p": [0.5, 0.25]})
    lines = (tmp_path / copy).read_text().splitlines()
    assert lines == [wanted.join(cells) for cells in (["text", "right", "p"], ["x", "1", "0.5"], ["d", "0", "0.25"])]


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet", "arrow"])
def test_a_packed_file_is_a_table_too(tmp_path: Path, form: str) -> None:
    written(tmp_path, f".{form}")
    packed = tmp_path / f"rows.{form}.gz"
    packed.write_bytes(gzip.compress((tmp_path / f"rows.{form}").read_bytes()))
    table = open_table(packed)
    assert table.numbers("score").values.tolist() == [0.5, 1.0, -2.25]
    assert f".{form}" in table.suffixes
    table.save(tmp_path / f"copy.{form}", {"p": [1, 2, 3]})
    assert open_table(tmp_path / f"copy.{form}").numbers("p").values.tolist() == [1, 2, 3]


def test_several_files_are_one_table(tmp_path: Path) -> None:
    for i, suffix in enumerate((".csv", ".jsonl", ".parquet")):
        (tmp_path / f"{i}").mkdir()
        written(tmp_path / f"{i}", suffix)
    table = open_table(str(tmp_path / "*" / "rows.*"))
    assert table.numbers("score").values.tolist() == [0.5, 1.0, -2.25] * 3
    assert ".jsonl" in table.suffixes
    with pytest.raises(InputError, match="no file fits the pattern"):
        open_table(str(tmp_path / "*.none"))


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("score,right\n0.5,1\n1,0\n",))
    writer.start()
    assert open_table(pipe).numbers("score").values.tolist() == [0.5, 1.0]
    writer.join()


def test_standard_input_and_a_document_are_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = {"object": "list", "data": [{"score": 0.5}, {"score": 1}]}
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(document).encode())))
    (tmp_path / "rows.json").write_text(json.dumps(document, indent=1))
    for table in (open_table("-"), open_table(tmp_path / "rows.json")):
        assert table.numbers("score").values.tolist() == [0.5, 1.0]


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
def test_what_columns_hold_is_as_json_has_it(tmp_path: Path, suffix: str) -> None:
    frame = pl.DataFrame({"at": [datetime(2026, 1, 2, 3, 4, 5), None], "of": [{"x": float("nan")}, {"x": 1.0}]})  # noqa: DTZ001
    (frame.write_parquet if suffix == ".parquet" else frame.write_ipc)(tmp_path / f"rows{suffix}")
    table = open_table(tmp_path / f"rows{suffix}")
    assert list(table.values("at")) == ["2026-01-02 03:04:05.000000", None]
    assert list(table.values("of")) == [{"x": None}, {"x": 1.0}]


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_fields_are_found_inside_fields_whatever_dots_their_names_have(tmp_path: Path, suffix: str) -> None:
    rows = [{"foureyes": {"qwen3-0.6b": {"log_cmp": 1.5}}}, {"foureyes": {"qwen3-0.6b": {"log_cmp": None}}}]
    path = tmp_path / f"rows{suffix}"
    if suffix == ".jsonl":
        path.write_text("\n".join(map(json.dumps, rows)))
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(rows), path)
    column = open_table(path).numbers("foureyes.qwen3-0.6b.log_cmp")
    assert column.values[0] == 1.5
    assert column.present.tolist() == [True, False]
    with pytest.raises(InputError, match="no field"):
        open_table(path).numbers("foureyes.qwen3.cme")


def test_a_matrix_is_a_field_of_lists_or_several_fields(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"p": [0.2, 0.8], "a": 0.2, "b": 0.8}\n{"p": null, "a": 1, "b": 0}\n')
    table = open_table(path)
    assert table.matrix("p").values.tolist() == [[0.2, 0.8], [0, 0]]
    assert table.matrix("p").present.tolist() == [True, False]
    assert table.matrix("a,b").values.tolist() == [[0.2, 0.8], [1, 0]]


@pytest.mark.parametrize("kind", ["list", "fixed", "ragged", "holes", "absent"])
def test_lists_of_a_parquet_file_are_a_matrix(tmp_path: Path, kind: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    lists = {"ragged": [[0.25, 0.75], [1.0]], "holes": [[0.25, None], [1.0, 0.0]], "absent": [[0.25, 0.75], None]}
    column = pa.array(lists.get(kind, [[0.25, 0.75], [1.0, 0.0]]), pa.list_(pa.float32(), 2 if kind == "fixed" else -1))
    pq.write_table(pa.table({"p": column}), tmp_path / "rows.parquet")
    table = open_table(tmp_path / "rows.parquet")
    if kind in ("ragged", "holes"):
        with pytest.raises(InputError, match="'p'"):
            table.matrix("p")
    else:
        found = table.matrix("p")
        assert found.values.tolist() == [[0.25, 0.75], [0, 0] if kind == "absent" else [1, 0]]
        assert found.present.tolist() == [True, kind != "absent"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('{"p": [1]}\n{"p": [1, 2]}', "must be equally long; got 1, 2"),
        ('{"p": [1, "x"]}', "must hold lists of numbers"),
        ('{"p": [1, null]}', "must hold lists of numbers; got .* in row 0"),
        ('{"p": 3}', "must hold lists of numbers; got 3 in row 0"),
        ('{"p": [1]}\n[]', "line 2: wanted a JSON object; got list"),
        ('{"p": [NaN]}', "line 1: not JSON: NaN is not a JSON value"),
        ('{"p": ', "line 1: not JSON"),
    ],
)
def test_what_is_no_matrix_is_named(tmp_path: Path, lines: str, words: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(lines)
    with pytest.raises(InputError, match=words):
        open_table(path).matrix("p")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("a,a\n1,2\n", "more than one column called 'a'"),
        ("a,b\n1\n", "line 2: wanted 2 values"),
        ("a,b\n1,nan\n", "must not contain NaN; got one in row 0"),
        ("a,b\n1,x\n", "must hold numbers; got 'x' in row 0"),
        ("a;b\n1;29.2 %\n", "got '29.2 %' in row 0: this is per cent, write it without the sign and divided by 100"),
        ("a;b\n1;0,72\n", "got '0,72' in row 0: write 0.72, with a point"),
    ],
)
def test_what_is_wrong_with_a_csv_file_is_said(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        open_table(path).numbers("b")


def test_arrays_are_not_unpickled_and_must_agree_in_length(tmp_path: Path) -> None:
    np.save(tmp_path / "bad.npy", np.array([object()]), allow_pickle=True)
    np.savez(tmp_path / "long.npz", a=[1, 2], b=[1])
    with pytest.raises(InputError, match="not a file of plain arrays"):
        open_table(tmp_path / "bad.npy")
    with pytest.raises(InputError, match="same number of rows; got a 2, b 1"):
        open_table(tmp_path / "long.npz")
    np.save(tmp_path / "nan.npy", [1.0, np.nan])
    with pytest.raises(InputError, match="NaN; got one in row 1"):
        open_table(tmp_path / "nan.npy").numbers("nan")


@pytest.mark.parametrize("name", ["rows.txt", "none.jsonl", "none.csv", "none.parquet", "none.npz"])
def test_files_that_are_not_there_or_unknown_are_input_errors(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=name):
        open_table(tmp_path / name)


def test_a_copy_that_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    table, out = written(tmp_path, ".jsonl"), tmp_path / "out.jsonl"
    write_text(out, "old")
    with pytest.raises(ValueError, match="not JSON compliant"):
        table.save(out, {"p": [0.1, float("nan"), 0.2]})
    assert out.read_text() == "old\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl", "rows.jsonl"]
    with pytest.raises(InputError, match="wanted a folder"):
        write_text(tmp_path / "no" / "file", "x")


def zipped(path: Path, name: str, *, descr: str = "<f8", shape: tuple[int, ...] = (8,), n_bytes: int = 64) -> None:
    """Adds a member that states an array and has so many zero bytes of it, packed."""
    with ZipFile(path, "a", ZIP_DEFLATED) as archive, archive.open(name, "w", force_zip64=True) as member:
        npy.write_array_header_1_0(member, {"descr": descr, "fortran_order": False, "shape": shape})
        for start in range(0, n_bytes, 1 << 20):
            member.write(bytes(min(1 << 20, n_bytes - start)))


def test_of_an_archive_only_what_is_asked_for_is_read(tmp_path: Path) -> None:
    """A member that unpacks to 256 MiB does not get into memory, whatever is done with the others."""
    path = tmp_path / "bomb.npz"
    np.savez(path, y=np.arange(8.0), z=np.arange(8))
    zipped(path, "bomb.npy", shape=(8, 1 << 22), n_bytes=1 << 28)
    assert path.stat().st_size < 1 << 20
    tracemalloc.start()
    table = open_table(path)
    assert table.names == ("y", "z", "bomb")
    assert len(table) == 8
    assert table.numbers("y").values.sum() == 28
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1 << 22


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ({"shape": (8, 1 << 60)}, "states an array of"),
        ({"shape": (8,), "n_bytes": 32}, "states an array of 64 bytes"),
        ({"shape": (8,), "n_bytes": 100}, "states an array of 64 bytes"),
        ({"descr": "|O"}, "holds pickled objects"),
        ({"name": "y.npy"}, "is there twice"),
        ({"name": "notes.txt"}, "is no array"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_that_are_not_what_they_state_are_refused_by_name(
    tmp_path: Path, member: dict[str, Any], words: str
) -> None:
    path = tmp_path / "bad.npz"
    np.savez(path, y=np.arange(8.0))
    zipped(path, **{"name": "bad.npy", **member})
    with pytest.raises(InputError, match=words):
        open_table(path)


def test_an_archive_of_very_many_members_is_refused(tmp_path: Path) -> None:
    arrays: dict[str, Any] = {f"a{i}": np.zeros(1, np.int8) for i in range(4097)}
    np.savez(tmp_path / "many.npz", **arrays)
    with pytest.raises(InputError, match="4,097 members"):
        open_table(tmp_path / "many.npz")


def test_a_member_that_is_damaged_is_told_when_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "rows.npz"
    np.savez_compressed(path, y=np.arange(1000.0))
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    path.write_bytes(raw)
    with pytest.raises(InputError, match="not a file of plain arrays"):
        open_table(path).numbers("y")


def test_an_archive_that_calls_itself_an_array_is_none(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", y=np.arange(8.0))
    (tmp_path / "a.npz").rename(tmp_path / "a.npy")
    with pytest.raises(InputError, match="not a file of plain arrays"):
        open_table(tmp_path / "a.npy")
