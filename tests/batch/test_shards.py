"""A folder of shards: whole or not there, made once, gone on with by shard and by row, here and on a real S3 server."""

from __future__ import annotations

import errno
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from foureyes.batch.engine import LocalEngine
from foureyes.batch.job import Job
from foureyes.batch.results import Tallies
from foureyes.batch.run import score_file
from foureyes.batch.shards import plan
from foureyes.batch.shards.places import DiskFolder, open_folder
from foureyes.batch.shards.plan import InputFile, input_files, plan_shards
from foureyes.batch.shards.run import Sharding, score_shards
from foureyes.batch.window import WindowLimits
from foureyes.errors import InputError, ModelUnavailable
from foureyes.models.scripted import ScriptedReader
from foureyes.records import records
from foureyes.records.streams import is_packed
from foureyes.types import Exchange, Reading, Unscored

WINDOW = WindowLimits(rows=4, reading=16)


class Dying(ScriptedReader):
    """Reads so many answers, then its server is gone."""

    def __init__(self, answers: float = float("inf")) -> None:
        super().__init__()
        self.left, self.seen = answers, []

    def read(self, exchanges: Sequence[Exchange], *, top_k: int = 0) -> list[Reading | Unscored]:
        if self.left <= 0:
            raise ModelUnavailable("connection refused", model=self.name)
        self.left -= len(exchanges)
        self.seen += [exchange.answer for exchange in exchanges]
        return super().read(exchanges, top_k=top_k)


def lines(first: int, n: int) -> str:
    return "".join(
        json.dumps({"id": i, "prompt": f"q {i}", "answer": f"a {i}"}) + "\n" for i in range(first, first + n)
    )


def sharding(sources: Any, out: Any, *, resume: bool = False, force: bool = False, **options: Any) -> Sharding:
    job_of = partial(Job, limits=WINDOW, resume=resume, force=force)
    return Sharding([str(source) for source in sources], str(out), job_of, **options)


def run(what: Sharding, reader: ScriptedReader | None = None) -> Tallies:
    return score_shards(what, lambda: LocalEngine([reader or ScriptedReader()]))


def refuse() -> LocalEngine:
    pytest.fail("a model was loaded")


def shards(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for content in shards(folder).values() for line in content.splitlines()]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    data.mkdir()
    for i in range(3):
        (data / f"{i}.jsonl").write_text(lines(10 * i, 10))
    (data / "_hidden.jsonl").write_text("not read")
    return tmp_path


# ------------------------------------------------------------------------------------------------ what comes out


def test_every_file_becomes_a_shard_with_the_bytes_that_it_has_alone(place: Path) -> None:
    tallies = run(sharding([place / "data"], place / "out"))
    for i in range(3):
        alone = Job(place / "data" / f"{i}.jsonl", place / f"{i}.jsonl", limits=WINDOW)
        score_file(alone, lambda: [ScriptedReader()])
        assert (place / "out" / f"shard-0000{i}.jsonl").read_bytes() == (place / f"{i}.jsonl").read_bytes()
    assert (tallies.rows, tallies.by_verifier["scripted"].scored, tallies.resumed) == (30, 30, 0)
    assert tallies.read_as.endswith("(the first of 3 shards)")


@pytest.mark.parametrize("n", [1, 3, 7, 10, 100])
def test_rows_a_shard_cut_files_and_lose_nothing(place: Path, n: int) -> None:
    run(sharding([place / "data"], place / "out", rows=n))
    found = shards(place / "out")
    assert [row["id"] for row in rows(place / "out")] == list(range(30))
    assert len(found) == 3 * -(-10 // n)
    assert all(len(content.splitlines()) <= n for content in found.values())


def test_a_parquet_data_set_stays_one_and_is_cut_across_row_groups(place: Path) -> None:
    data = place / "set" / "year=2026"
    data.mkdir(parents=True)
    for i in range(2):
        table = pa.table(
            {"id": range(25 * i, 25 * i + 25), "prompt": ["q"] * 25, "answer": [f"a {k}" for k in range(25)]}
        )
        pq.write_table(table.replace_schema_metadata({"kept": "yes"}), data / f"{i}.parquet", row_group_size=6)
    (place / "set" / "info.json").write_text("{}")
    run(sharding([place / "set"], place / "out", rows=10))
    found = sorted(path.name for path in (place / "out").glob("*.parquet"))
    assert found == [f"shard-{i:05}.parquet" for i in range(6)]
    table = pq.read_table(place / "out")
    assert table["id"].to_pylist() == list(range(50))
    assert table.schema.metadata[b"kept"] == b"yes"
    assert "own" in table.schema.field("foureyes").type.names  # in every shard, so that they fit together


def test_a_bad_row_is_named_by_its_file_and_its_line_there(place: Path) -> None:
    (place / "data" / "1.jsonl").write_text(lines(10, 5) + "broken\n")
    tallies = run(sharding([place / "data"], place / "out", rows=4))
    name = f"{place}/data/1.jsonl, line 6"
    assert rows(place / "out")[15]["foureyes"]["scripted"]["unscored"]["detail"].startswith(f"{name}: not JSON")
    (first,) = tallies.by_verifier["scripted"].first.values()
    assert first.startswith(name)


@given(st.binary(max_size=300), st.integers(1, 9))
def test_cuts_are_at_line_ends_and_lose_no_byte(tmp_path_factory: Any, content: bytes, n: int) -> None:
    assume(not is_packed(content))
    path = tmp_path_factory.mktemp("cut") / "a.jsonl"
    path.write_bytes(content)
    cuts = plan_shards([InputFile(str(path), len(content), "1")], n, None)
    pieces = [content[cut.start : cut.stop] for cut in cuts]
    assert b"".join(pieces) == content
    assert all(piece.count(b"\n") == n and piece.endswith(b"\n") for piece in pieces[:-1])
    assert all(piece.count(b"\n") <= n for piece in pieces)
    assert [cut.first for cut in cuts] == [content[: cut.start].count(b"\n") for cut in cuts]


# ------------------------------------------------------------------------------------------------ going on


@pytest.mark.parametrize("to", ["jsonl", "parquet"])
@pytest.mark.parametrize("rows_each", [None, 7])
def test_a_run_that_died_again_and_again_ends_in_the_same_bytes_and_reads_nothing_twice(
    place: Path, to: Any, rows_each: int | None
) -> None:
    run(sharding([place / "data"], place / "whole", to=to, rows=rows_each))
    seen: list[str] = []
    for answers in (0, 6, 13, 1, 40):
        reader = Dying(answers)
        try:
            run(sharding([place / "data"], place / "out", to=to, rows=rows_each, resume=True), reader)
        except ModelUnavailable:
            assert answers != 40
        else:
            assert answers == 40
        seen += reader.seen
    assert shards(place / "out") == shards(place / "whole")
    assert len(seen) <= 30 + 4 * 4  # of a window that was not saved within a second, what was read is read again


def test_a_shard_that_is_missing_or_cut_is_made_again_and_no_other(place: Path) -> None:
    run(sharding([place / "data"], place / "out"))
    whole = shards(place / "out")
    (place / "out" / "shard-00000.jsonl").write_bytes(whole["shard-00000.jsonl"][:-9])
    (place / "out" / "shard-00002.jsonl").unlink()
    reader = Dying()
    tallies = run(sharding([place / "data"], place / "out", resume=True), reader)
    assert shards(place / "out") == whole
    assert len(reader.seen) == 20
    assert (tallies.rows, tallies.resumed) == (30, 10)


def test_a_run_that_is_whole_loads_no_model(place: Path) -> None:
    run(sharding([place / "data"], place / "out"))
    again = score_shards(sharding([place / "data"], place / "out", resume=True), refuse)
    assert (again.rows, again.resumed, again.by_verifier["scripted"].scored) == (30, 30, 30)


def other_input(place: Path) -> dict[str, Any]:
    (place / "data" / "3.jsonl").write_text(lines(30, 1))
    return {}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (other_input, r"inputs\..*3.jsonl was null and is"),
        (lambda _: {"rows": 3}, "rows_per_shard was null and is 3"),
        (lambda _: {"to": "parquet"}, r"options\.to was"),
    ],
)
def test_a_run_of_something_else_is_not_gone_on_with(place: Path, change: Callable[[Path], Any], why: str) -> None:
    run(sharding([place / "data"], place / "out"))
    before = shards(place / "out")
    with pytest.raises(InputError, match=why):
        score_shards(sharding([place / "data"], place / "out", resume=True, **change(place)), refuse)
    assert shards(place / "out") == before


def test_another_verifier_is_refused(place: Path) -> None:
    with pytest.raises(ModelUnavailable):
        run(sharding([place / "data"], place / "out"), Dying(12))
    with pytest.raises(InputError, match=r"cannot resume .*fingerprints"):
        run(sharding([place / "data"], place / "out", resume=True), ScriptedReader({"a": 0.5}))


def test_what_is_there_is_replaced_only_by_force(place: Path) -> None:
    (place / "out").mkdir()
    (place / "out" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"holds notes.txt, which is of no run"):
        score_shards(sharding([place / "data"], place / "out"), refuse)
    run(sharding([place / "data"], place / "out", rows=1, force=True))
    with pytest.raises(InputError, match="--resume goes on with it, --force throws them away"):
        score_shards(sharding([place / "data"], place / "out"), refuse)
    run(sharding([place / "data"], place / "out", force=True))
    assert sorted(shards(place / "out")) == ["notes.txt", *(f"shard-0000{i}.jsonl" for i in range(3))]


def broken_shard(place: Path) -> None:
    (place / "data" / "0.jsonl").write_bytes(b"PAR1")


def foreign_shard(place: Path) -> None:
    (place / "out" / "shard-00007.jsonl").write_text("mine")


@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [(lambda _: None, "no such model"), (broken_shard, "0.jsonl"), (foreign_shard, "holds shard-00007.jsonl")],
)
def test_force_throws_nothing_away_unless_the_run_begins(
    place: Path, meanwhile: Callable[[Path], None], why: str
) -> None:
    run(sharding([place / "data"], place / "out"))
    meanwhile(place)
    before = shards(place / "out")
    told = (place / "out" / ".foureyes" / "run.json").read_bytes()

    def gone() -> LocalEngine:
        if meanwhile is foreign_shard:
            refuse()
        raise ModelUnavailable("no such model", model="misspelt")

    with pytest.raises((ModelUnavailable, InputError), match=why):
        score_shards(sharding([place / "data"], place / "out", force=True), gone)
    assert shards(place / "out") == before
    assert (place / "out" / ".foureyes" / "run.json").read_bytes() == told
    assert not (place / "out" / ".foureyes" / "unfinished").exists()


def test_force_that_does_not_begin_leaves_the_rows_of_a_shard_that_was_being_read(place: Path) -> None:
    data, out = [place / "data"], place / "out"
    with pytest.raises(ModelUnavailable):
        run(sharding(data, out), Dying(16))
    work = out / ".foureyes" / "work"
    (work / "rows-00000.jsonl").write_text("a copy of another input's rows")

    def gone() -> LocalEngine:
        raise ModelUnavailable("connection refused", model="x")

    with pytest.raises(ModelUnavailable, match="refused"):
        score_shards(sharding(data, out, force=True), gone)
    assert not (work / "rows-00000.jsonl").exists()
    reader = Dying()
    run(sharding(data, out, resume=True), reader)
    assert reader.seen == [f"a {i}" for i in range(14, 30)]


def test_force_that_begins_throws_away_the_rows_of_a_shard_that_was_being_read(place: Path) -> None:
    data, out = [place / "data"], place / "out"
    work = out / ".foureyes" / "work"
    for force in (False, True):
        with pytest.raises(ModelUnavailable):
            run(sharding(data, out, force=force, rows=4), Dying(6))
        assert len(list(work.iterdir())) == 1
    reader = Dying()
    run(sharding(data, out, force=True, rows=4), reader)
    assert len(reader.seen) == 30


def test_a_run_of_no_shards_is_gone_on_with_by_no_model(place: Path) -> None:
    (place / "none.jsonl").write_text("")
    what = partial(sharding, [place / "none.jsonl"], place / "out", rows=5)
    run(what())
    assert score_shards(what(resume=True), refuse).rows == 0


def test_force_makes_an_empty_folder_of_an_empty_input(place: Path) -> None:
    run(sharding([place / "data"], place / "out"))
    (place / "none.jsonl").write_text("")
    assert run(sharding([place / "none.jsonl"], place / "out", rows=5, force=True)).rows == 0
    assert shards(place / "out") == {}


def test_two_runs_on_one_folder_are_refused(place: Path) -> None:
    with (
        open_folder(str(place / "out")).claimed(by_force=False),
        pytest.raises(InputError, match="another run is writing"),
    ):
        score_shards(sharding([place / "data"], place / "out", resume=True, force=True), refuse)


@pytest.mark.parametrize(
    ("sources", "options", "why"),
    [
        (["none.jsonl"], {}, "none.jsonl: no such file"),
        (["data/*.none"], {}, "no file fits the pattern"),
        (["data", "data/0.jsonl"], {}, "data/0.jsonl is named twice"),
        (["data"], {"rows": 0}, "at least one row a shard"),
        (["packed.jsonl.gz"], {"rows": 2}, "not packed can be cut"),
        (["table.csv"], {"rows": 2}, "only JSON lines and Parquet"),
        (["zipped.jsonl"], {"rows": 2}, "not packed can be cut"),
        (["na\udcffme.jsonl"], {}, r"na\\udcffme.jsonl' is no UTF-8"),
        (["ftp://host/a.jsonl"], {}, "nothing here reads ftp://"),
    ],
)
def test_input_that_cannot_be_used_is_named(place: Path, sources: list[str], options: Any, why: str) -> None:
    (place / "packed.jsonl.gz").write_bytes(b"")
    (place / "zipped.jsonl").write_bytes(gzip.compress(lines(0, 3).encode()))
    (place / "na\udcffme.jsonl").write_text(lines(0, 3))
    (place / "table.csv").write_text("prompt,answer\nq,a\n")
    named = [source if "://" in source else str(place / source) for source in sources]
    with pytest.raises(InputError, match=why):
        score_shards(sharding(named, place / "out", **options), refuse)
    assert not shards(place / "out") if (place / "out").exists() else True


@pytest.mark.parametrize("rows_each", [None, 3])
def test_a_file_that_is_written_to_meanwhile_is_named(place: Path, rows_each: int | None) -> None:
    class Meddling(ScriptedReader):
        """Writes once, while the last shard that is not of 2.jsonl is read, whose rows are here by then."""

        def read(self, exchanges: Sequence[Exchange], *, top_k: int = 0) -> list[Reading | Unscored]:
            if exchanges[-1].answer == ("a 19" if rows_each is None else "a 2"):
                time.sleep(0.2)
                (place / "data" / "2.jsonl").write_text(lines(20, 11))
            return super().read(exchanges, top_k=top_k)

    with pytest.raises(InputError, match=r"2.jsonl was written to while it was being read"):
        run(sharding([place / "data"], place / "out", rows=rows_each), Meddling())
    assert "shard-00002.jsonl" not in shards(place / "out") or rows_each


# ------------------------------------------------------------------------------------------------ what is nobody's to delete


@pytest.mark.parametrize("by", ["out", "out/*.jsonl", "link"])
def test_input_that_lies_where_the_shards_go_is_refused_and_stays(place: Path, by: str) -> None:
    run(sharding([place / "data"], place / "out"))
    (place / "link").symlink_to(place / "out")
    before = shards(place / "out")
    with pytest.raises(
        InputError, match=r"shard-00000.jsonl lies in .*/, where the shards go; the output wants a folder"
    ):
        score_shards(sharding([place / by], place / "out", force=True), refuse)
    assert shards(place / "out") == before


@pytest.mark.parametrize("source", ["data", "data/*", "data/**/*.jsonl", "**/[a-z]*"])
def test_a_folder_that_is_read_takes_no_shards(place: Path, source: str) -> None:
    with pytest.raises(InputError, match=r"data/scored/ lies in .*, which is read"):
        score_shards(sharding([place / source], place / "data" / "scored"), refuse)
    assert not (place / "data" / "scored").exists()


@pytest.fixture
def inside(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "link").symlink_to(place / "data")
    (place / "here").mkdir()
    monkeypatch.chdir(place / "here")


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("out", ["{place}/data/scored/", "../data/scored/", "../link/scored/"])
@pytest.mark.parametrize(
    "up_to", ["{place}/link", "../data", "../link", "../here/../data", "../d*/../data", "../*/**/.."]
)
def test_what_is_written_with_dots_or_links_is_seen_to_lie_in_what_is_read(place: Path, up_to: str, out: str) -> None:
    source = f"{up_to}/**/*.jsonl".format(place=place)
    assert len(input_files([source])) >= 3
    with pytest.raises(InputError, match=r"/ lies in .*, which is read"):
        score_shards(sharding([source], out.format(place=place)), refuse)


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("source", ["../data/[0-9].jsonl", "../here/../data/[0-9].jsonl"])
def test_a_run_beside_what_a_pattern_with_dots_reads_is_gone_on_with(source: str) -> None:
    for _ in range(2):
        assert run(sharding([source], "../data/scored/", resume=True)).rows == 30


def test_a_folder_beside_what_is_read_takes_shards(place: Path) -> None:
    for _ in range(2):
        assert run(sharding([place / "data" / "[0-9].jsonl"], place / "data" / "scored", resume=True)).rows == 30


@pytest.mark.parametrize("told", [{"mark": "../../../../elsewhere"}, {"shards": [{"index": "../a", "file": 0}]}])
def test_a_run_that_says_names_of_other_places_is_refused(place: Path, told: dict[str, Any]) -> None:
    run(sharding([place / "data"], place / "out"))
    kept = place / "out" / ".foureyes" / "run.json"
    kept.write_text(json.dumps({**json.loads(kept.read_text()), **told}))
    (place / "out" / "shard-00000.jsonl").unlink()
    with pytest.raises(InputError, match=r"run.json is damaged"):
        score_shards(sharding([place / "data"], place / "out", resume=True), refuse)


def test_a_foreign_file_with_a_shards_name_is_never_replaced(place: Path) -> None:
    (place / "out").mkdir()
    (place / "out" / "shard-00001.jsonl").write_text("mine")
    with pytest.raises(InputError, match=r"holds shard-00001.jsonl, which is of no run and has the name of a shard"):
        score_shards(sharding([place / "data"], place / "out", force=True), refuse)
    assert shards(place / "out") == {"shard-00001.jsonl": b"mine"}


def test_clearing_the_work_folder_follows_no_link_and_keeps_the_claim(place: Path) -> None:
    folder = open_folder(str(place / "out"))
    folder.work.mkdir(parents=True)
    (folder.work / "claim").write_text("ours")
    (folder.work / "link").symlink_to(place / "data")
    (folder.work / "deep").mkdir()
    (folder.work / "deep" / "rows").write_text("left")
    folder.clear()
    assert [path.name for path in folder.work.iterdir()] == ["claim"]
    assert len(list((place / "data").iterdir())) == 4


def test_a_work_folder_is_of_object_stores(place: Path) -> None:
    with pytest.raises(InputError, match="--work is for an OUT on an object store"):
        score_shards(sharding([place / "data"], place / "out", work=place / "w"), refuse)


# ------------------------------------------------------------------------------------------------ whose results they are


def made_and_not_published(place: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def failing(*_: object) -> None:
        raise InputError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(DiskFolder, step, failing)
        with pytest.raises(InputError, match="the disk is full"):
            run(sharding([place / "data" / "0.jsonl"], place / "out"))


@pytest.mark.parametrize("step", ["keep", "publish"])
def test_a_made_shard_that_could_not_be_put_in_its_place_is_not_read_again(
    place: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    made_and_not_published(place, monkeypatch, step)
    assert shards(place / "out") == {}
    reader = Dying()
    run(sharding([place / "data" / "0.jsonl"], place / "out", resume=True), reader)
    assert (reader.seen, len(rows(place / "out"))) == ([], 10)
    assert list((place / "out" / ".foureyes" / "work").iterdir()) == []


KILLED = """
import os, signal, sys
from foureyes.batch.output import FileOutput
from foureyes.batch.shards.places import DiskFolder
from tests.batch.test_shards import Dying, run, sharding

kind, step = {"read": Dying, "finish": FileOutput}.get(sys.argv[3], DiskFolder), sys.argv[3]
done, calls = getattr(kind, step), []

def second(*arguments, **options):
    calls.append(step)
    return done(*arguments, **options) if len(calls) < 2 else os.kill(os.getpid(), signal.SIGKILL)

setattr(kind, step, second)
run(sharding([sys.argv[1]], sys.argv[2]), Dying())
"""


@pytest.mark.parametrize("step", ["read", "finish", "keep", "publish"])
def test_killed_at_the_second_time_of_each_step_it_goes_on_to_the_same_bytes(place: Path, step: str) -> None:
    out = place / "out"
    child = [sys.executable, "-c", KILLED, place / "data", out, step]
    assert subprocess.run(child, check=False, cwd=Path(__file__).parents[2]).returncode == -signal.SIGKILL
    reader = Dying()
    run(sharding([place / "data"], out, resume=True), reader)
    run(sharding([place / "data"], place / "whole"))
    assert shards(out) == shards(place / "whole")
    assert [path.name for path in (out / ".foureyes" / "work").iterdir()] == []
    if step != "read":
        assert not {f"a {i}" for i in range(10)} & set(reader.seen)  # of the first shard, which was whole or made


@pytest.mark.parametrize("step", ["publish", "died"])
def test_what_another_run_left_in_the_work_folder_is_never_published(
    place: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    if step == "died":
        with pytest.raises(ModelUnavailable):
            run(sharding([place / "data" / "0.jsonl"], place / "out"), Dying(6))
    else:
        made_and_not_published(place, monkeypatch, step)
    (place / "out" / ".foureyes" / "run.json").unlink()
    reader = Dying()
    run(sharding([place / "data" / "1.jsonl"], place / "out", resume=True), reader)
    assert [row["id"] for row in rows(place / "out")] == list(range(10, 20))
    assert len(reader.seen) == 10


def test_the_same_files_in_another_order_are_another_run(place: Path) -> None:
    names = [place / "data" / f"{i}.jsonl" for i in range(2)]
    with pytest.raises(ModelUnavailable):
        run(sharding(names, place / "out"), Dying(12))
    with pytest.raises(InputError, match=r"0\.jsonl\.at was 0 and is 1"):
        score_shards(sharding(names[::-1], place / "out", resume=True), refuse)


def test_a_run_goes_on_with_the_same_readers_under_other_names(place: Path) -> None:
    with pytest.raises(ModelUnavailable):
        run(sharding([place / "data"], place / "out", readers={"references": ["http://a/v1,http://b/v1"]}), Dying(13))
    reader = Dying()
    run(sharding([place / "data"], place / "out", resume=True, readers={"references": ["http://b/v1"]}), reader)
    run(sharding([place / "data"], place / "whole"))
    assert shards(place / "out") == shards(place / "whole")
    assert len(reader.seen) < 30
    again = run(sharding([place / "data"], place / "out", resume=True, readers={"references": ["http://c/v1"]}))
    assert (again.rows, again.resumed) == (30, 30)


def test_one_model_at_two_servers_does_not_go_on_in_another_order(place: Path) -> None:
    def score(*references: str, resume: bool = True, answers: float = float("inf")) -> Tallies:
        what = sharding([place / "data"], place / "out", resume=resume, readers={"references": list(references)})
        what = replace(what, job_of=partial(what.job_of, references=references))
        return score_shards(what, lambda: LocalEngine([Dying(answers), ScriptedReader()]))

    with pytest.raises(ModelUnavailable):
        score("http://a", "http://b", resume=False, answers=13)
    for _ in ("as far as it went", "whole"):
        with pytest.raises(InputError, match=r'references\.scripted was "http://a" and is "http://b"'):
            score("http://b", "http://a")
        assert score("http://a", "http://b").rows == 30


def test_other_readers_do_not_go_on_with_a_run_that_is_whole(place: Path) -> None:
    run(sharding([place / "data"], place / "out", readers={"dtype": "float32"}))
    other = sharding([place / "data"], place / "out", resume=True, readers={"dtype": "float16"})
    with pytest.raises(InputError, match=r"cannot resume .*: fingerprints\.scripted was \"scripted:"):
        run(other, ScriptedReader({"a": 0.5}))
    with pytest.raises(InputError, match=r"cannot resume .*: verifiers was \[\"scripted\"\] and is \[\"other\"\]"):
        run(other, ScriptedReader(name="other"))
    with pytest.raises(InputError, match=r"cannot resume .*: verifiers was \[\"scripted\"\] and is \[\]"):
        score_shards(sharding([place / "data"], place / "out", resume=True), None)


# ------------------------------------------------------------------------------------------------ what is not finished


def test_a_folder_says_that_it_is_unfinished_until_every_shard_is_whole(place: Path) -> None:
    mark = place / "out" / ".foureyes" / "unfinished"
    with pytest.raises(ModelUnavailable):
        run(sharding([place / "data"], place / "out"), Dying(13))
    assert "--resume" in mark.read_text()
    with pytest.raises(InputError, match=r"out/ is what a run has not finished, so shards may be missing"):
        list(records(place / "out"))
    with pytest.raises(InputError, match=r"out/ is what a run has not finished"):
        list(records(place))
    assert len(list(records(str(place / "out" / "*.jsonl")))) == 10
    run(sharding([place / "data"], place / "out", resume=True))
    assert not mark.exists()
    assert len(list(records(place / "out"))) == 30


@pytest.mark.parametrize("of", ["out", "."])
def test_a_run_that_ends_while_its_folder_is_listed_does_not_make_a_part_look_whole(
    place: Path, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    with pytest.raises(ModelUnavailable):
        run(sharding([place / "data"], place / "out"), Dying(13))
    scandir = os.scandir
    ended: list[str] = []

    def listed(path: Any) -> Any:
        if not isinstance(path, str) or Path(path).name != "out":
            return scandir(path)
        with scandir(path) as found:
            entries = list(found)
        if not ended:
            ended.append(path)
            run(sharding([place / "data"], place / "out", resume=True))
        return _Listed(entries)

    monkeypatch.setattr(os, "scandir", listed)
    with pytest.raises(InputError, match=r"out/ is what a run has not finished"):
        list(records(place / of))
    assert ended
    assert len(list(records(place / "out"))) == 30


class _Listed:
    """What a folder held when it was listed, as :func:`os.scandir` tells it."""

    def __init__(self, entries: list[os.DirEntry[str]]) -> None:
        self._entries = iter(entries)

    def __next__(self) -> os.DirEntry[str]:
        return next(self._entries)

    def __iter__(self) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """There is nothing to close."""


def test_a_folder_whose_mark_nobody_may_look_at_is_refused_and_read_by_a_pattern(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(sharding([place / "data"], place / "out"))
    look = Path.stat

    def permitted(path: Path, **options: Any) -> os.stat_result:
        if path.parent.name == ".foureyes":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return look(path, **options)

    monkeypatch.setattr(Path, "stat", permitted)  # since root may enter every folder
    with pytest.raises(
        InputError, match=r"cannot look into .*/out/\.foureyes, which says .*: Permission denied; a pattern"
    ):
        list(records(place / "out"))
    assert len(list(records(str(place / "out" / "*.jsonl")))) == 30


def test_a_folder_whose_shards_are_made_again_is_unfinished_meanwhile(place: Path) -> None:
    mark = place / "out" / ".foureyes" / "unfinished"
    run(sharding([place / "data"], place / "out"))
    (place / "out" / "shard-00001.jsonl").unlink()
    with pytest.raises(ModelUnavailable):
        run(sharding([place / "data"], place / "out", resume=True), Dying(0))
    assert mark.exists()
    with pytest.raises(ModelUnavailable):
        run(sharding([place / "data"], place / "out", force=True), Dying(0))
    assert mark.exists()
    run(sharding([place / "data"], place / "out", resume=True))
    assert not mark.exists()


@pytest.mark.parametrize("name", ["run.json", "shards/shard-00001.jsonl.json"])
@pytest.mark.parametrize("content", [b"[]", b"\xff"])
def test_what_is_kept_and_damaged_is_named_and_force_starts_again(place: Path, name: str, content: bytes) -> None:
    run(sharding([place / "data"], place / "out"))
    whole = shards(place / "out")
    (place / "out" / ".foureyes" / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"\.foureyes/{name} is damaged .*; --force without --resume starts again"):
        score_shards(sharding([place / "data"], place / "out", resume=True), refuse)
    run(sharding([place / "data"], place / "out", force=True))
    assert shards(place / "out") == whole


def test_the_format_that_is_said_decides_what_shards_are(place: Path) -> None:
    pq.write_table(pa.table({"prompt": ["q"], "answer": ["a"]}), place / "table.data")
    job_of = partial(Job, form="parquet", limits=WINDOW)
    run(Sharding([str(place / "table.data")], str(place / "out"), job_of))
    assert list(shards(place / "out")) == ["shard-00000.parquet"]


def test_more_shards_than_their_names_count_are_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "MOST_SHARDS", 2)
    with pytest.raises(InputError, match="wanted at most 2 files"):
        score_shards(sharding([place / "data"], place / "out"), refuse)
    with pytest.raises(InputError, match="shards of 5 rows would be more than 2"):
        score_shards(sharding([place / "data" / "0.jsonl", place / "data" / "1.jsonl"], place / "out", rows=5), refuse)


# ------------------------------------------------------------------------------------------------ on an object store


def upload(place: Path, bucket: str) -> None:
    from foureyes.storage.store import ObjectStore

    for path in (place / "data").iterdir():
        ObjectStore(bucket).put(path, f"{bucket}/data/{path.name}")


def fetched(bucket: str, place: Path) -> dict[str, bytes]:
    from foureyes.storage.store import ObjectStore

    store = ObjectStore(bucket)
    return store.read([f"{bucket}/out/{name}" for name in sorted(store.sizes(f"{bucket}/out"))])


@pytest.mark.parametrize("rows_each", [None, 7])
def test_from_s3_to_s3_dying_midway_it_writes_what_it_writes_here(
    place: Path, bucket: str, rows_each: int | None
) -> None:
    upload(place, bucket)
    run(sharding([place / "data"], place / "out", rows=rows_each))
    for answers in (13, 40):
        try:
            run(sharding([f"{bucket}/data"], f"{bucket}/out/", rows=rows_each, resume=True), Dying(answers))
        except ModelUnavailable:
            assert answers == 13
        else:
            assert answers == 40
    assert list(fetched(bucket, place).values()) == list(shards(place / "out").values())
    (work,) = (place / "cache" / "score").glob("*[!k]")
    assert [path.name for path in work.iterdir()] == ["claim"]  # nothing of the input is left on this machine


def test_what_is_unfinished_on_a_store_is_no_input_either(place: Path, bucket: str) -> None:
    with pytest.raises(ModelUnavailable):
        run(sharding([place / "data"], f"{bucket}/out/"), Dying(13))
    with pytest.raises(InputError, match=r"/out/ is what a run has not finished"):
        score_shards(sharding([f"{bucket}/out"], place / "again"), refuse)
    run(sharding([place / "data"], f"{bucket}/out/", resume=True))
    assert len(input_files([f"{bucket}/out"])) == 3


def test_a_claim_on_s3_keeps_other_machines_out_until_it_is_taken_by_force(place: Path, bucket: str) -> None:
    upload(place, bucket)
    here = sharding([f"{bucket}/data"], f"{bucket}/out/", work=place / "here", resume=True)
    from foureyes.storage.store import ObjectStore

    ObjectStore(bucket).write(f"{bucket}/out/.foureyes/claim", b"of a machine that is gone")
    with pytest.raises(InputError, match=r"another run is writing .*if it is dead, --resume --force goes on"):
        score_shards(here, refuse)
    assert ObjectStore(bucket).sizes(f"{bucket}/out") == {}
    run(sharding([f"{bucket}/data"], f"{bucket}/out/", work=place / "here", resume=True, force=True))
    assert len(fetched(bucket, place)) == 3
    assert ObjectStore(bucket).look(f"{bucket}/out/.foureyes/claim") is None


def test_a_work_folder_that_is_given_keeps_what_lies_in_it(place: Path, bucket: str) -> None:
    (place / "w").mkdir()
    (place / "w" / "mine.txt").write_text("mine")
    for _ in range(2):
        run(sharding([place / "data"], f"{bucket}/out/", work=place / "w", force=True))
    assert (place / "w" / "mine.txt").read_text() == "mine"
    assert len(fetched(bucket, place)) == 3


def test_a_run_whose_claim_was_taken_leaves_the_takers(place: Path, bucket: str) -> None:
    from foureyes.storage.store import ObjectStore

    store, claim = ObjectStore(bucket), f"{bucket}/out/.foureyes/claim"
    with open_folder(f"{bucket}/out/").claimed(by_force=False):
        store.write(claim, b"the taker's")
    assert store.read([claim]) == {claim: b"the taker's"}


def test_why_a_run_ended_is_told_though_its_claim_cannot_be_given_back(
    place: Path, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from foureyes.storage.store import ObjectStore

    delete = ObjectStore.delete

    def failing(store: ObjectStore, addresses: Sequence[str]) -> None:
        if f"{bucket}/out/.foureyes/claim" in addresses:
            raise InputError("cannot delete")
        delete(store, addresses)

    monkeypatch.setattr(ObjectStore, "delete", failing)
    with pytest.raises(ModelUnavailable):
        run(sharding([place / "data"], f"{bucket}/out/"), Dying(0))


def test_a_bucket_in_which_nothing_may_be_deleted_is_refused_before_a_model_is_loaded(
    place: Path, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from foureyes.storage.store import ObjectStore

    def forbidden(_: ObjectStore, addresses: Sequence[str]) -> None:
        raise InputError(
            f"cannot delete {addresses[0]}: the store does not allow it with the credentials that are set here"
        )

    monkeypatch.setattr(ObjectStore, "delete", forbidden)
    with pytest.raises(
        InputError, match=r"does not allow it .* wants the right to delete objects in s3://.*/out/ \(s3:Del"
    ):
        score_shards(sharding([place / "data"], f"{bucket}/out/"), refuse)
    assert ObjectStore(bucket).look(f"{bucket}/out/.foureyes/claim") is None
    assert fetched(bucket, place) == {}


def test_what_was_copied_of_the_input_is_deleted_after_an_error_too(place: Path, bucket: str) -> None:
    upload(place, bucket)
    for rows_each in (None, 3):
        with pytest.raises(ModelUnavailable):
            run(sharding([f"{bucket}/data"], place / "out", rows=rows_each, force=True), Dying(0))
        left = {path.name.partition("-")[0] for path in (place / "out" / ".foureyes" / "work").iterdir()}
        assert not left & {"input", "rows"}


def test_an_object_that_comes_short_is_refused(place: Path, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from foureyes.storage.store import ObjectStore

    upload(place, bucket)
    monkeypatch.setattr(ObjectStore, "fetch", lambda _self, _address, target: target.write_bytes(b"short"))
    with pytest.raises(InputError, match=r"data/0.jsonl came as 5 bytes; wanted \d+"):
        score_shards(sharding([f"{bucket}/data"], place / "out"), refuse)


def test_keys_with_signs_of_patterns_and_doubled_slashes_lose_nothing(place: Path, bucket: str) -> None:
    from foureyes.storage.store import ObjectStore

    store = ObjectStore(bucket)
    for i, name in enumerate(("data/[a]*.jsonl", "data/deep/b.jsonl", "data/deep//b.jsonl")):
        store.write(f"{bucket}/{name}", lines(10 * i, 10).encode())
    assert run(sharding([f"{bucket}/data"], place / "out", resume=True)).rows == 30
    assert run(sharding([f"{bucket}/data/[a]*.jsonl"], place / "one", resume=True)).rows == 10


def test_input_that_lies_where_shards_go_is_refused_on_a_store_too(place: Path, bucket: str) -> None:
    upload(place, bucket)
    with pytest.raises(InputError, match=r"data/0.jsonl lies in s3://.*/data/, where the shards go"):
        score_shards(sharding([f"{bucket}/data/*.jsonl"], f"{bucket}/data/", force=True), refuse)
    with pytest.raises(InputError, match=r"data/scored/ lies in s3://.*/data, which is read"):
        score_shards(sharding([f"{bucket}/data"], f"{bucket}/data/scored"), refuse)
    with pytest.raises(InputError, match=r"data/scored/ lies in s3://.*, which is read"):
        score_shards(sharding([f"{bucket}/**/*.jsonl"], f"{bucket}/data/scored"), refuse)


def test_a_half_written_object_is_made_again(place: Path, bucket: str) -> None:
    from foureyes.storage.store import ObjectStore

    upload(place, bucket)
    run(sharding([f"{bucket}/data"], f"{bucket}/out/"))
    whole = fetched(bucket, place)
    name, content = next(iter(whole.items()))
    ObjectStore(bucket).write(name, content[:50])
    run(sharding([f"{bucket}/data"], f"{bucket}/out/", resume=True))
    assert fetched(bucket, place) == whole


def test_a_bucket_without_rights_costs_nothing(place: Path, forbidding_store: str) -> None:
    with pytest.raises(
        InputError, match=r"cannot write s3://closed/out/.foureyes/may-be-deleted: the store does not allow it"
    ):
        score_shards(sharding([place / "data"], f"{forbidding_store}/out/", work=place / "w"), refuse)
    with pytest.raises(InputError, match=r"cannot read s3://closed/data: the store does not allow it"):
        score_shards(sharding([f"{forbidding_store}/data"], place / "out"), refuse)


def test_the_hub_is_read_from_only(place: Path) -> None:
    pytest.importorskip("huggingface_hub")
    with pytest.raises(InputError, match="hf:// is read from"):
        score_shards(sharding([place / "data"], "hf://datasets/me/scored/"), refuse)
