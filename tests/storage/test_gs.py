"""Objects at ``gs://``, as gcsfs writes and reads them on an emulator on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from foureyes.batch.engine import LocalEngine
from foureyes.batch.job import Job
from foureyes.batch.shards.places import open_folder
from foureyes.batch.shards.run import Sharding, score_shards
from foureyes.errors import InputError
from foureyes.models.scripted import ScriptedReader
from foureyes.storage.store import ObjectStore
from tests.gs_server import gs_of

ROWS = "".join(json.dumps({"id": i, "prompt": f"q {i}", "answer": f"a {i}"}) + "\n" for i in range(6)).encode()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("FOUREYES_CACHE", str(tmp_path / "cache"))
    with gs_of(monkeypatch) as bucket:
        yield bucket


def test_objects_are_written_found_read_and_deleted(home: str, tmp_path: Path) -> None:
    store = ObjectStore(home)
    for name in ("logs/b.jsonl", "logs/a.jsonl", "logs/deep/c.jsonl"):
        store.write(f"{home}/{name}", name.encode())
    assert [one.address for one in store.find(f"{home}/logs/*.jsonl")] == [f"{home}/logs/{x}.jsonl" for x in "ab"]
    assert [one.size for one in store.find(f"{home}/logs")] == [12, 12, 17]
    (one,) = store.find(f"{home}/logs/a.jsonl")
    assert one == store.look(one.address)
    store.write(one.address, b"logs/a.jsOnl")
    now = store.look(one.address)
    assert now is not None
    assert one.version != now.version
    store.fetch(one.address, tmp_path / "here")
    assert (tmp_path / "here").read_bytes() == b"logs/a.jsOnl"
    assert store.sizes(f"{home}/logs") == {"a.jsonl": 12, "b.jsonl": 12}
    assert store.read([f"{home}/none", one.address]) == {one.address: b"logs/a.jsOnl"}
    store.delete([one.address, f"{home}/none"])
    assert store.look(one.address) is None


def test_of_two_who_create_an_object_the_store_lets_one(home: str) -> None:
    assert ObjectStore(home).create(f"{home}/claim", b"1")
    assert not ObjectStore(home).create(f"{home}/claim", b"2")
    assert ObjectStore(home).read([f"{home}/claim"]) == {f"{home}/claim": b"1"}


def test_what_is_not_there_is_named(home: str) -> None:
    with pytest.raises(InputError, match=rf"^cannot read {home}/none.jsonl: there is no such object"):
        ObjectStore(home).find(f"{home}/none.jsonl")
    with pytest.raises(InputError, match=r"^cannot write gs://no-such-bucket/a: there is no such object or bucket"):
        ObjectStore(home).write("gs://no-such-bucket/a", b"1")


def test_shards_from_there_to_there_have_the_bytes_of_files(home: str, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(ROWS)
    store = ObjectStore(home)
    store.put(tmp_path / "a.jsonl", f"{home}/in/a.jsonl")
    for sources, out in (([str(tmp_path / "a.jsonl")], f"{tmp_path}/out/"), ([f"{home}/in/"], f"{home}/out/")):
        score_shards(Sharding(sources, out, Job, rows=4), lambda: LocalEngine([ScriptedReader()]))
    for name in ("shard-00000.jsonl", "shard-00001.jsonl"):
        wanted = (tmp_path / "out" / name).read_bytes()
        assert store.read([f"{home}/out/{name}"]) == {f"{home}/out/{name}": wanted}


def test_a_folder_that_another_machine_writes_is_refused(home: str, tmp_path: Path) -> None:
    with open_folder(f"{home}/out/", tmp_path / "there").claimed(by_force=False):
        other = open_folder(f"{home}/out/", tmp_path / "here")
        with pytest.raises(InputError, match="another run is writing"), other.claimed(by_force=False):
            pass
    with open_folder(f"{home}/out/", tmp_path / "here").claimed(by_force=False):
        pass
