"""The index: what it keeps, and what becomes of files that grow, are cut, are replaced, or were never scored."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from foureyes.errors import InputError
from foureyes.view.columns import GrowingColumns
from foureyes.view.file_index import FileIndex
from foureyes.view.index_chunk import chunks_of
from foureyes.view.questions import RowsQuestion
from foureyes.view.scored_rows import RowReader
from foureyes.view.sources import open_source
from foureyes.view.viewer import Viewer

Open = Callable[..., Viewer]


def index(path: Path, cache: Path) -> FileIndex:
    return FileIndex(open_source(path), RowReader(), cache)


def logged(path: Path) -> list[float | None]:
    return [json.loads(line)["foureyes"]["v"].get("log_cmp") for line in path.read_text().splitlines()]


def test_columns_are_the_numbers_of_the_file(scored: Path, tmp_path: Path) -> None:
    made = index(scored, tmp_path / "cache")
    made.build()
    wanted = [np.nan if value is None else value for value in logged(scored)]
    np.testing.assert_array_equal(made.column("v", "log_cmp"), wanted)
    assert (made.caught_up, made.progress) == (True, 1.0)


def test_what_was_indexed_is_there_at_once_the_next_time(scored: Path, tmp_path: Path) -> None:
    first = index(scored, tmp_path / "cache")
    first.build()
    again = index(scored, tmp_path / "cache")
    assert (again.columns.rows, again.caught_up) == (40, True)
    np.testing.assert_array_equal(again.column("v", "cme"), first.column("v", "cme"))
    assert again.verifiers == first.verifiers
    assert again.rows([7])[0].exchange == first.rows([7])[0].exchange


def test_a_file_that_grows_is_read_on_and_a_line_that_is_still_being_written_waits(
    scored: Path, tmp_path: Path
) -> None:
    lines = scored.read_bytes().splitlines(keepends=True)
    scored.write_bytes(b"".join(lines[:20]) + lines[20][:50])
    made = index(scored, tmp_path / "cache")
    made.build()
    assert (made.columns.rows, made.problems) == (20, {})
    with scored.open("ab") as file:
        file.write(lines[20][50:] + b"".join(lines[21:]))
    made.build()
    assert (made.columns.rows, made.problems) == (40, {})
    fresh = index(scored, tmp_path / "other")
    fresh.build()
    np.testing.assert_array_equal(made.column("w-2.5", "excess"), fresh.column("w-2.5", "excess"))


def test_a_line_cut_in_the_middle_is_named_and_nothing_else_is_lost(scored: Path, tmp_path: Path) -> None:
    lines = scored.read_bytes().splitlines(keepends=True)
    lines[9] = lines[9][:80] + b"\n"
    lines[11] = b"\n"
    scored.write_bytes(b"".join(lines))
    made = index(scored, tmp_path / "cache")
    made.build()
    [(cause, problem)] = made.problems.items()
    assert (made.columns.rows, cause, problem.rows) == (39, "not JSON", 1)
    assert problem.example.startswith("row 10: not JSON: ")
    assert np.isnan(made.column("v", "log_cmp")[9])
    assert made.rows([38])[0].record.fields["id"] == 39


def test_a_file_that_was_written_anew_is_read_anew(scored: Path, tmp_path: Path) -> None:
    made = index(scored, tmp_path / "cache")
    made.build()
    lines = scored.read_text().splitlines(keepends=True)
    other = scored.with_name("other")
    other.write_text("".join(lines[::-1]))
    other.replace(scored)
    made.build()
    wanted = [np.nan if value is None else value for value in logged(scored)]
    np.testing.assert_array_equal(made.column("v", "log_cmp"), wanted)


def test_a_file_that_was_changed_in_place_is_read_anew(scored: Path, tmp_path: Path) -> None:
    index(scored, tmp_path / "cache").build()
    lines = scored.read_text().splitlines(keepends=True)
    lines[1], lines[-1] = lines[-1], lines[1]
    before = scored.stat()
    scored.write_text("".join(lines))
    os.utime(scored, ns=(before.st_atime_ns, before.st_mtime_ns + 10**9))
    assert scored.stat().st_size == before.st_size
    again = index(scored, tmp_path / "cache")
    assert (again.columns.rows, again.caught_up) == (0, False)


def test_a_pass_that_was_killed_goes_on_from_what_was_saved(tmp_path: Path) -> None:
    columns = GrowingColumns(tmp_path, {"at": np.int64})
    columns.add({"at": [0, 10]}, {"a": np.array([1.0, 2.0])}, 2)
    columns.save(end=20)
    columns.add({"at": [20]}, {"b": np.array([3.0])}, 1)  # and no more: it was killed here
    again = GrowingColumns(tmp_path, {"at": np.int64})
    assert (again.rows, again.state, list(again.extents)) == (2, {"end": 20}, ["a"])
    again.add({"at": [20]}, {"b": np.array([4.0])}, 1)
    np.testing.assert_array_equal(again["at"], [0, 10, 20])
    np.testing.assert_array_equal(again["a"], [1.0, 2.0, np.nan])
    np.testing.assert_array_equal(again["b"], [np.nan, np.nan, 4.0])


@pytest.mark.parametrize("state", ["", "{", '{"format": 0}', '{"format": 1, "rows": 9, "extents": {}, "state": {}}'])
def test_an_index_that_cannot_be_used_is_made_anew(tmp_path: Path, state: str) -> None:
    (tmp_path / "index.json").write_text(state)
    (tmp_path / "at.column").write_bytes(b"1234")
    assert GrowingColumns(tmp_path, {"at": np.int64}).rows == 0


def test_a_page_can_be_used_before_the_index_is_there(scored: Path, opened: Open) -> None:
    viewer = opened(scored, build=False)
    told = viewer.file()["files"][0]
    assert (told["rows"], told["indexed"], told["caught_up"]) == (None, 0, False)
    assert viewer.rows(RowsQuestion())["rows"] == []
    made = viewer._files[0].index
    [chunk] = chunks_of(list(made.source.scan(0))[:10], made.reader)
    made.columns.add(chunk.integers, chunk.floats, chunk.n)
    made._pass.add(chunk, 0)
    told = viewer.rows(RowsQuestion())
    assert [row["row"] for row in told["rows"]] == list(range(10))
    assert (told["order"], told["indexed"]) == ("file", 10)
    assert 0 < viewer.file()["files"][0]["progress"] < 1


def test_rows_that_come_while_it_is_looked_at_are_added(scored: Path, opened: Open) -> None:
    lines = scored.read_bytes().splitlines(keepends=True)
    scored.write_bytes(b"".join(lines[:30]))
    viewer = opened(scored)
    assert viewer.rows(RowsQuestion())["total"] == 30
    with scored.open("ab") as file:
        file.write(b"".join(lines[30:]))
    viewer._files[0].index.build()
    assert viewer.rows(RowsQuestion())["total"] == 40


def test_a_file_that_was_not_scored_is_told_how(tmp_path: Path, opened: Open) -> None:
    path = tmp_path / "my log.jsonl"
    path.write_text('{"prompt": "a", "answer": "b"}\n')
    with pytest.raises(
        InputError, match=r"was not scored.* score it first: foureyes score '.*my log.jsonl' --verifier"
    ):
        opened(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "has no rows yet"),
        (b"a,b\n1,2\n", "neither JSON lines nor Parquet: not JSON"),
        (b"\x1f\x8b\x08\x00", "is compressed"),
        (b"PAR1 and no more", "as Parquet"),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path: Path, opened: Open, content: bytes, words: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        opened(path)


def test_a_row_with_several_answers_is_shown_by_the_one_that_was_scored(tmp_path: Path, opened: Open) -> None:
    said = {"v": {"log_cmp": 1.0, "cme_low": 1.0, "cme_high": 1.0, "n_tokens": 1}}
    row = {"prompt": "Capital?", "chosen": "Canberra", "rejected": "Sydney", "foureyes": said}
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row | more) + "\n" for more in ({"foureyes_answer": "rejected"}, {})))
    first, second = opened(path).rows(RowsQuestion(order="file"))["rows"]
    assert (first["answer"], first["which"]) == ("Sydney", "rejected")
    assert "foureyes_answer" in second["problem"]


@pytest.mark.parametrize("name", ["tokens", "parquet"])
def test_pieces_read_by_other_processes_are_the_file(
    scored_files: dict[str, Path], tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / scored_files[name].name
    if name == "parquet":
        import pyarrow.parquet as pq

        pq.write_table(pq.read_table(scored_files[name]), path, row_group_size=9)
        monkeypatch.setattr("foureyes.view.parquet_rows._PIECE", 4)
    else:
        path.write_bytes(scored_files[name].read_bytes())
        monkeypatch.setattr("foureyes.view.jsonl_rows._PIECE", 20_000)
    whole = index(path, tmp_path / "whole")
    assert len(list(whole.source.pieces(0))) > 3
    monkeypatch.setattr("foureyes.view.file_index._PIECES_HERE", 99)
    whole.build()
    monkeypatch.setattr("foureyes.view.file_index._PIECES_HERE", 1)
    pieces = index(path, tmp_path / "pieces")
    pieces.build()
    assert pieces._pass == whole._pass
    for column in ("at", "key", "label", "v\0log_cmp", "w-2.5\0n_tokens"):
        np.testing.assert_array_equal(pieces.columns[column], whole.columns[column])


def test_rows_of_a_table_come_in_the_order_asked_for(scored_files: dict[str, Path], tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    path = tmp_path / "groups.parquet"
    pq.write_table(pq.read_table(scored_files["parquet"]), path, row_group_size=9)
    made = index(path, tmp_path / "cache")
    made.build()
    wanted = [30, 2, 31, 3, 2, 17]
    whole = [json.loads(line) for line in scored_files["plain"].read_text().splitlines()]
    assert [row.record.fields["id"] for row in made.rows(wanted)] == [whole[n]["id"] for n in wanted]
    found = [one.record.place for one in made.source.scan(7, 21)]
    assert found == [f"row {n}" for n in range(8, 22)]


def test_pieces_of_a_file_are_runs_of_whole_lines(scored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foureyes.view.jsonl_rows._PIECE", 10_000)
    source = open_source(scored)
    found = [one.at for start, end in source.pieces(0) for one in source.scan(start, end)]
    assert found == [one.at for one in source.scan(0)]
    assert len(found) == 40


def test_two_pages_on_one_file_do_not_write_to_one_index(scored: Path, tmp_path: Path) -> None:
    first = index(scored, tmp_path / "cache")
    first.build()
    second = index(scored, tmp_path / "cache")
    assert second.columns._folder != first.columns._folder
    assert (second.columns.rows, second.caught_up) == (40, True)  # what the first had saved
    line = scored.read_bytes().splitlines(keepends=True)[3]
    with scored.open("ab") as file:
        file.write(line)
    for made in (first, second):
        made.build()
        assert made.column("v", "log_cmp")[40] == made.column("v", "log_cmp")[3]
    first.close()
    third = index(scored, tmp_path / "cache")
    assert (third.columns._folder, third.columns.rows) == (first.columns._folder, 41)


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_processes_that_index_end_with_the_command(scored: Path, tmp_path: Path) -> None:
    large = tmp_path / "large.jsonl"
    large.write_bytes(scored.read_bytes() * (64 * 2**20 // scored.stat().st_size))
    command = [sys.executable, "-m", "foureyes", "view", str(large), "--no-browser", "--json"]
    command += ["--index", str(tmp_path / "cache"), "--labels", str(tmp_path / "labels.jsonl")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        begun: set[int] = set()
        while not (begun := {pid for pid in children(process.pid) if b"spawn_main" in told(pid)}):
            assert process.poll() is None
        process.kill()
    for _ in range(1200):
        if not any(b"spawn_main" in told(pid) for pid in begun):
            return
        time.sleep(0.05)
    pytest.fail(f"still there: {begun}")


def children(pid: int) -> list[int]:
    lists = [task / "children" for task in Path(f"/proc/{pid}/task").iterdir()]
    return [int(child) for one in lists for child in one.read_text().split()]


def told(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_problems_are_counted_by_cause_however_many_rows_tell_of_themselves(tmp_path: Path) -> None:
    said = {"v": {"log_cmp": 1.0}}
    rows = [{"prompt": f"Q {i}", "foureyes": said} for i in range(30)]
    rows += [{"prompt": f"Q {i}", "answer": "a", f"odd {i}": i} for i in range(30)]
    rows += [{"prompt": "Q", "answer": "a", "foureyes": said}]
    path = tmp_path / "odd.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "{\n[]\n")
    made = index(path, tmp_path / "cache")
    made.build()
    assert sum(problem.rows for problem in made.problems.values()) == 62
    assert len(made.problems) == 4
    assert all(cause and cause in problem.example for cause, problem in made.problems.items())
