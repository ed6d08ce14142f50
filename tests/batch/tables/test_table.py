"""A table in shards holds what the same rows hold as one table, and a copy of each shard has the bytes that it has alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

from foureyes.batch.shards.inputs import Inputs
from foureyes.batch.shards.places import StoredFolder, open_folder
from foureyes.batch.shards.plan import Shard, input_files
from foureyes.batch.shards.room import require_apart
from foureyes.batch.tables.crew import LocalCrew, ShardTask
from foureyes.batch.tables.opening import CopyPlace, open_shards
from foureyes.batch.tables.table import ShardedTable
from foureyes.errors import InputError
from foureyes.tables import Table, open_table

ROWS: list[dict[str, Any]] = [
    {
        "id": i,
        "score": None if i % 7 == 3 else i / 8,
        "right": i % 3 == 0,
        "p": [i / 20, 1 - i / 20],
        "name": "cat" if i % 2 else "dog",
    }
    for i in range(20)
]


def write(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(list(rows)), path)
    elif path.suffix == ".csv":
        lines = [
            "id,score,right,name",
            *(
                f"{row['id']},{'' if row['score'] is None else row['score']},{row['right']},{row['name']}"
                for row in rows
            ),
        ]
        path.write_text("\n".join(lines) + "\n")
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def same(found: ShardedTable, wanted: Table, fields: Sequence[str]) -> None:
    assert (len(found), found.names, found.suffixes) == (len(wanted), wanted.names, wanted.suffixes)
    for field in fields:
        assert list(map(str, found.values(field))) == list(map(str, wanted.values(field)))
    for ours, theirs in (
        (found.numbers("score"), wanted.numbers("score")),
        (found.flags("right"), wanted.flags("right")),
    ):
        np.testing.assert_array_equal(ours.values, theirs.values)
        np.testing.assert_array_equal(ours.present, theirs.present)


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet", ".csv"])
def test_columns_of_shards_are_those_of_all_rows(folder: Path, tmp_path: Path, suffix: str) -> None:
    for i, (start, stop) in enumerate([(0, 5), (5, 6), (6, 20)]):
        write(folder / f"{i}{suffix}", ROWS[start:stop])
    whole = open_table(write(tmp_path / f"all{suffix}", ROWS))
    with open_shards([str(folder)], None) as found:
        same(found, whole, ["id", "name", "score"])


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_a_large_file_is_cut(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"in{suffix}", ROWS)
    with open_shards([str(path)], None, rows=6) as found:
        same(found, open_table(path), ["id", "p"])
        matrix = found.matrix("p")
        assert isinstance(matrix.values, np.memmap)
        np.testing.assert_array_equal(matrix.values, [row["p"] for row in ROWS])
        assert matrix.present.all()


def test_the_mapped_matrix_is_gone_with_the_table(folder: Path) -> None:
    write(folder / "a.jsonl", ROWS)
    with open_shards([str(folder)], None) as found:
        values = found.matrix("p").values
        assert isinstance(values, np.memmap)
        path = Path(str(values.filename))
        assert path.exists()
    assert not path.exists()


def test_a_field_that_a_whole_shard_lacks_is_absent_there(folder: Path) -> None:
    write(folder / "a.jsonl", ROWS[:4])
    write(folder / "b.jsonl", [{"id": i} for i in range(3)])
    write(folder / "c.jsonl", ROWS[4:])
    with open_shards([str(folder)], None) as found:
        assert found.numbers("score").present.tolist() == [
            row["score"] is not None
            for row in [*ROWS[:4], {"score": None}, {"score": None}, {"score": None}, *ROWS[4:]]
        ]
        assert found.matrix("p").present.tolist() == [True] * 4 + [False] * 3 + [True] * 16
        assert found.values("name")[4:7] == [None] * 3
        assert found.matrix("score,id").present.tolist()[4:7] == [False] * 3
        for ask in (found.numbers, found.flags, found.matrix, found.values):
            with pytest.raises(InputError, match="has no field 'nowhere'"):
                ask("nowhere")


def test_lists_of_several_lengths_in_several_files(folder: Path) -> None:
    write(folder / "a.jsonl", [{"p": [1.0, 0.0]}])
    write(folder / "b.jsonl", [{"p": [1.0, 0.0, 0.0]}])
    with (
        open_shards([str(folder)], None) as found,
        pytest.raises(InputError, match="must be equally long; got 2 and 3"),
    ):
        found.matrix("p")


def test_what_cannot_be_read_is_named_by_its_own_file_and_place(tmp_path: Path) -> None:
    path = write(tmp_path / "in.jsonl", [*ROWS[:5], {"id": 5, "score": "many"}])
    with open_shards([str(path)], None, rows=4) as found, pytest.raises(InputError) as failure:
        found.numbers("score")
    assert str(failure.value) == f"{path} from row 4 on: 'score' must hold numbers; got 'many' in row 1"


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet", ".csv"])
def test_each_copy_has_the_bytes_that_it_has_alone(folder: Path, tmp_path: Path, suffix: str) -> None:
    paths = [write(folder / f"{i}{suffix}", ROWS[start:stop]) for i, (start, stop) in enumerate([(0, 5), (5, 20)])]
    out, new = tmp_path / "out", [i / 3 for i in range(20)]
    with open_shards([str(folder)], CopyPlace(f"{out}/")) as found:
        found.save(f"{out}/", {"new": new})
    for i, (path, (start, stop)) in enumerate(zip(paths, [(0, 5), (5, 20)], strict=True)):
        alone = tmp_path / f"alone{suffix}"
        open_table(path).save(alone, {"new": new[start:stop]})
        assert (out / f"shard-{i:05}{suffix}").read_bytes() == alone.read_bytes()
    assert sorted(path.name for path in out.iterdir()) == [".foureyes", f"shard-00000{suffix}", f"shard-00001{suffix}"]
    assert list((out / ".foureyes/work").iterdir()) == []


def test_nothing_is_made_of_rows_that_somebody_wrote_to_meanwhile(folder: Path, tmp_path: Path) -> None:
    files = input_files([str(write(folder / "a.jsonl", ROWS))])
    crew = LocalCrew(Inputs(files, None, tmp_path, is_cut=False))
    work = crew.work(lambda place, _asked, _out: write(place, ROWS[:3]), [ShardTask(Shard(0, 0))], [None])
    with pytest.raises(InputError, match="was written to while it was being read"):
        next(work)


def test_rows_that_are_dropped_are_dropped_from_their_shards(folder: Path, tmp_path: Path) -> None:
    write(folder / "a.jsonl", ROWS[:5])
    write(folder / "b.jsonl", ROWS[5:])
    out, kept = tmp_path / "out", np.array([0, 4, 5, 19])
    with open_shards([str(folder)], CopyPlace(f"{out}/")) as found:
        found.save(f"{out}/", {}, rows=kept)
    assert [
        json.loads(line)["id"] for path in sorted(out.glob("*.jsonl")) for line in path.read_text().splitlines()
    ] == kept.tolist()


def test_types_of_parquet_are_those_of_all_rows(folder: Path, tmp_path: Path) -> None:
    write(folder / "a.parquet", ROWS[:5])
    write(folder / "b.parquet", ROWS[5:])
    out = tmp_path / "out"
    with open_shards([str(folder)], CopyPlace(f"{out}/")) as found:
        found.save(f"{out}/", {"new": [None] * 5 + [0.5] * 15})
    assert len({str(pq.read_schema(path)) for path in out.glob("*.parquet")}) == 1


def test_another_runs_copies_are_replaced_when_asked_and_not_before_there_are_others(
    folder: Path, tmp_path: Path
) -> None:
    write(folder / "a.jsonl", ROWS[:5])
    write(folder / "b.jsonl", ROWS[5:])
    out = tmp_path / "out"
    with open_shards([str(folder)], CopyPlace(f"{out}/")) as found:
        found.save(f"{out}/", {})
    with pytest.raises(InputError, match="--force throws them away"), open_shards([str(folder)], CopyPlace(f"{out}/")):
        pass
    (folder / "b.jsonl").unlink()
    with open_shards([str(folder)], CopyPlace(f"{out}/", force=True)) as found:
        assert (out / "shard-00001.jsonl").exists()
        found.save(f"{out}/", {})
    assert [path.name for path in out.glob("*.jsonl")] == ["shard-00000.jsonl"]


def test_copies_by_force_leave_what_a_run_of_score_was_reading_until_they_begin(folder: Path, tmp_path: Path) -> None:
    write(folder / "a.jsonl", ROWS[:5])
    out = tmp_path / "out"
    with open_shards([str(folder)], CopyPlace(f"{out}/")) as found:
        found.save(f"{out}/", {})
    read = out / ".foureyes" / "work" / "0123456789abcdef" / "journal"
    read.parent.mkdir()
    read.touch()
    with (
        pytest.raises(InputError, match="field"),
        open_shards([str(folder)], CopyPlace(f"{out}/", force=True)) as found,
    ):
        found.numbers("field")
    assert read.exists()
    with open_shards([str(folder)], CopyPlace(f"{out}/", force=True)) as found:
        found.save(f"{out}/", {})
    assert list((out / ".foureyes" / "work").iterdir()) == []


@pytest.mark.parametrize("suffix", [".csv", ".json", ".npz", ".feather"])
def test_copies_of_every_format_are_replaced_when_asked(folder: Path, tmp_path: Path, suffix: str) -> None:
    for i in range(2):
        write_numbers(folder / f"{i}{suffix}", 3)
    out, everywhere = tmp_path / "out", str(folder / f"*{suffix}")
    with open_shards([everywhere], CopyPlace(f"{out}/")) as found:
        found.save(f"{out}/", {})
    assert len(list(out.glob("shard-*"))) == 2
    (folder / f"1{suffix}").unlink()
    with open_shards([everywhere], CopyPlace(f"{out}/", force=True)) as found:
        found.save(f"{out}/", {})
    assert len(list(out.glob("shard-*"))) == 1


@pytest.mark.parametrize("suffix", [".csv", ".json", ".npz", ".feather"])
def test_copies_of_every_format_are_gone_on_with(folder: Path, tmp_path: Path, suffix: str) -> None:
    for i in range(3):
        write_numbers(folder / f"{i}{suffix}", 3)
    out, everywhere = tmp_path / "out", str(folder / f"*{suffix}")
    with open_shards([everywhere], CopyPlace(f"{out}/", resume=True)) as found:
        found.save(f"{out}/", {"new": [1, 2, 3] * 3})
    whole = {path.name: path.read_bytes() for path in out.glob("shard-*")}
    gone = max(out.glob("shard-*"))
    gone.unlink()
    kept = {path: path.stat().st_mtime_ns for path in out.glob("shard-*")}
    with open_shards([everywhere], CopyPlace(f"{out}/", resume=True)) as found:
        found.save(f"{out}/", {"new": [1, 2, 3] * 3})
    assert {path.name for path in out.glob("shard-*")} == whole.keys()
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert suffix == ".npz" or gone.read_bytes() == whole[gone.name]  # a zip file says when it was made
    assert not (out / ".foureyes/unfinished").exists()


def test_what_is_kept_of_copies_is_thrown_away_with_them(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for i in range(2):
        write_numbers(folder / f"{i}.csv", 3)
    with open_shards([str(folder)], CopyPlace(f"{out}/")) as found:
        found.save(f"{out}/", {})
    (out / "shard-00001.csv").unlink()
    (folder / "1.csv").unlink()
    with open_shards([str(folder)], CopyPlace(f"{out}/", force=True)) as found:
        found.save(f"{out}/", {})
    assert [path.name for path in (out / ".foureyes/shards").iterdir()] == ["shard-00000.csv.json"]


def test_numbers_that_differ_in_their_last_digit_are_others(folder: Path, tmp_path: Path) -> None:
    write(folder / "a.jsonl", ROWS[:5])
    out, new = tmp_path / "out", [0.1 + 0.2] * 5
    with open_shards([str(folder)], CopyPlace(f"{out}/")) as found:
        found.save(f"{out}/", {"new": new})
    with (
        open_shards([str(folder)], CopyPlace(f"{out}/", resume=True)) as found,
        pytest.raises(InputError, match=r"cannot resume .*: the values of the column 'new' are others"),
    ):
        found.save(f"{out}/", {"new": [*new[:4], 0.3]})


def write_numbers(path: Path, n: int) -> None:
    if path.suffix == ".npz":
        np.savez(path, id=np.arange(n))
    elif path.suffix == ".feather":
        feather.write_feather(pa.table({"id": range(n)}), str(path))
    elif path.suffix == ".json":
        path.write_text(json.dumps([{"id": i} for i in range(n)]))
    else:
        path.write_text("id\n" + "".join(f"{i}\n" for i in range(n)))


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".npz"])
def test_an_output_that_a_pattern_reads_is_refused_before_it_is_there(tmp_path: Path, suffix: str) -> None:
    write_numbers(tmp_path / "a.csv", 3)
    sources, out = [str(tmp_path / "a.csv"), str(tmp_path / f"out/*{suffix}")], tmp_path / "out"
    folder = open_folder(f"{out}/")
    with pytest.raises(InputError, match="which is read"):
        require_apart(sources, [], folder)


@pytest.mark.parametrize("below", ["out", "."])
def test_input_and_output_are_apart(folder: Path, below: str) -> None:
    write(folder / "a.jsonl", ROWS)
    out = folder / below
    with pytest.raises(InputError, match="wants a folder of its own"), open_shards([str(folder)], CopyPlace(f"{out}/")):
        pass


def test_files_of_two_formats_and_none(folder: Path, tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", ROWS)
    write(tmp_path / "b.csv", ROWS)
    both = [str(tmp_path / "a.jsonl"), str(tmp_path / "b.csv")]
    with pytest.raises(InputError, match=r"files of one format.*got \.jsonl and \.csv"), open_shards(both, None):
        pass
    (folder / "empty.jsonl").touch()
    with pytest.raises(InputError, match="holds no rows"), open_shards([str(folder / "empty.jsonl")], None, rows=5):
        pass


def test_copies_have_a_place_or_are_refused(folder: Path) -> None:
    write(folder / "a.jsonl", ROWS)
    with open_shards([str(folder)], None) as found, pytest.raises(InputError, match="was not opened for copies"):
        found.save("out/", {})


def test_from_an_object_store_to_one(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from foureyes.storage.store import ObjectStore

    monkeypatch.setenv("FOUREYES_CACHE", str(tmp_path / "cache"))
    store = ObjectStore(bucket)
    store.put(write(tmp_path / "a.jsonl", ROWS[:5]), f"{bucket}/in/a.jsonl")
    with open_shards([f"{bucket}/in/"], CopyPlace(f"{bucket}/out/")) as found:
        assert found.numbers("score").values.tolist()[:3] == [0.0, 0.125, 0.25]
        found.save(f"{bucket}/out/", {"new": list(range(5))})
    alone = tmp_path / "alone.jsonl"
    open_table(tmp_path / "a.jsonl").save(alone, {"new": list(range(5))})
    assert store.read([f"{bucket}/out/shard-00000.jsonl"]) == {f"{bucket}/out/shard-00000.jsonl": alone.read_bytes()}


def test_copies_on_an_object_store_are_gone_on_with(
    bucket: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from foureyes.storage.store import ObjectStore

    monkeypatch.setenv("FOUREYES_CACHE", str(tmp_path / "cache"))
    for i in range(3):
        write(folder / f"{i}.jsonl", ROWS[5 * i : 5 * i + 5])
    out, new, published = f"{bucket}/out/", list(range(15)), StoredFolder.publish
    seen: list[str] = []

    def publish(where: StoredFolder, place: Path, name: str) -> None:
        seen.append(name)
        if len(seen) == 2:
            raise InputError("the store is gone")
        published(where, place, name)

    monkeypatch.setattr(StoredFolder, "publish", publish)
    with pytest.raises(InputError, match="the store is gone"), open_shards([str(folder)], CopyPlace(out)) as found:
        found.save(out, {"new": new})
    mark = f"{out}.foureyes/unfinished"
    assert ObjectStore(bucket).look(mark) is not None
    with pytest.raises(InputError, match=r"/out/ is what a run has not finished"), open_shards([out], None):
        pass
    with open_shards([str(folder)], CopyPlace(out, resume=True)) as found:
        found.save(out, {"new": new})
    assert seen == [f"shard-0000{i}.jsonl" for i in (0, 1, 1, 2)]
    assert ObjectStore(bucket).look(mark) is None
    with open_shards([out], None) as found:
        assert found.numbers("new").values.tolist() == new
