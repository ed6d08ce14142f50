"""Data sets at ``hf://``, as the hub's own file system reads them from a hub on loopback."""

from __future__ import annotations

import json
import traceback
from pathlib import Path

import pytest

from foureyes.batch.engine import LocalEngine
from foureyes.batch.job import Job
from foureyes.batch.shards.run import Sharding, score_shards
from foureyes.errors import InputError
from foureyes.models.scripted import ScriptedReader
from foureyes.storage.store import ObjectStore
from tests.hub_files import TOKEN, HubFiles, hub_of

HOME = "hf://datasets/me/data"
ROWS = "".join(json.dumps({"id": i, "prompt": f"q {i}", "answer": f"a {i}"}) + "\n" for i in range(6)).encode()
FILES = {"logs/b.jsonl": b"b" * 5, "logs/a.jsonl": ROWS, "logs/deep/c.jsonl": b"c" * 7, "README.md": b"# data"}


def scored(sources: list[str], out: Path, rows: int | None = None) -> None:
    def job_of(source: Path, place: Path) -> Job:
        return Job(source, place, resume=True)

    score_shards(Sharding(sources, f"{out}/", job_of, rows=rows), lambda: LocalEngine([ScriptedReader()]))


def test_files_are_found_by_name_by_pattern_by_folder_and_by_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub_of(HubFiles(FILES), monkeypatch) as hub:
        store = ObjectStore(HOME)
        assert [one.address for one in store.find(f"{HOME}/logs/*.jsonl")] == [f"{HOME}/logs/{x}.jsonl" for x in "ab"]
        assert [one.size for one in store.find(f"{HOME}/logs")] == [len(ROWS), 5, 7]
        assert len(store.find(HOME)) == 4
        (one,) = store.find(f"{HOME}/logs/a.jsonl")
        assert one == store.look(one.address)
        store.fetch(one.address, tmp_path / "here")
        assert (tmp_path / "here").read_bytes() == ROWS
        (tagged,) = store.find(f"{HOME}@v1/logs/a.jsonl")
        assert "@v1" in tagged.address
        hub.files["logs/a.jsonl"] = ROWS[:-2] + b" \n"
        now = store.look(one.address)
        assert now is not None
        assert one.version != now.version
        assert store.look(f"{HOME}/none") is None


@pytest.mark.parametrize("rows", [None, 4])
def test_a_data_set_is_scored_as_its_files_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int | None
) -> None:
    (tmp_path / "a.jsonl").write_bytes(ROWS)
    scored([str(tmp_path / "a.jsonl")], tmp_path / "local", rows)
    with hub_of(HubFiles(FILES), monkeypatch):
        scored([f"{HOME}/logs/a.jsonl"], tmp_path / "hub", rows)
    names = [path.name for path in sorted((tmp_path / "local").glob("shard-*"))]
    assert len(names) == (1 if rows is None else 2)
    for name in names:
        assert (tmp_path / "hub" / name).read_bytes() == (tmp_path / "local" / name).read_bytes()


@pytest.mark.parametrize(
    ("refusal", "address", "why"),
    [
        (None, f"{HOME}/none.jsonl", "there is no such object"),
        (None, "hf://datasets/me/other/a.jsonl", "there is no such repository"),
        (None, f"{HOME}@v9/logs/a.jsonl", "there is no such"),
        ((403, "GatedRepo"), f"{HOME}/logs/a.jsonl", "wants its terms to be accepted first"),
        ((401, "RepoNotFound"), f"{HOME}/logs/a.jsonl", "there is no such repository, or it is private"),
    ],
)
def test_what_the_hub_refuses_is_told_in_our_words(
    monkeypatch: pytest.MonkeyPatch, refusal: tuple[int, str] | None, address: str, why: str
) -> None:
    with hub_of(HubFiles(FILES, refusal), monkeypatch), pytest.raises(InputError, match=why) as refused:
        ObjectStore(address).find(address)
    assert str(refused.value).startswith(f"cannot read {address}: ")
    assert TOKEN not in "".join(traceback.format_exception(refused.value))


def test_nothing_is_written_there(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(ROWS)
    with pytest.raises(InputError, match="hf:// is read from"):
        score_shards(Sharding([str(tmp_path / "a.jsonl")], f"{HOME}/out/", Job), None)
