"""What models said survives: a kill, another process, another model, another data base."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from foureyes.errors import InputError
from foureyes.study.store import CallStore, Cost, StoredCall, key_of


def entry(text: str, read: int = 1) -> StoredCall:
    return StoredCall(text.encode(), Cost(read, 0, 0.5))


def test_what_was_put_is_there_again(tmp_path: Path) -> None:
    with CallStore(tmp_path / "s") as store:
        store.put("m", {b"a": entry("one"), b"b": entry("two")})
        assert store.get([b"a", b"c", b"b", b"a"]) == {b"a": entry("one"), b"b": entry("two")}
    with CallStore(tmp_path / "s") as again:
        assert again.get([b"b"]) == {b"b": entry("two")}
        assert len(again) == 2


def test_an_entry_is_never_replaced(tmp_path: Path) -> None:
    with CallStore(tmp_path / "s") as store:
        store.put("m", {b"a": entry("first")})
        store.put("m", {b"a": entry("second")})
        assert store.get([b"a"])[b"a"].body == b"first"


def test_more_keys_than_sqlite_takes_at_once(tmp_path: Path) -> None:
    keys = [f"{i}".encode() for i in range(2_000)]
    with CallStore(tmp_path / "s") as store:
        store.put("m", {key: entry("x") for key in keys})
        assert len(store.get(keys)) == 2_000


@pytest.mark.parametrize(
    "other",
    [
        ("read", "m2", {"prompt": "p"}),
        ("write", "m", {"prompt": "p"}),
        ("read", "m", {"prompt": "q"}),
        ("read", "m", {"prompt": ["p"]}),
        ("read", "m", {"prompt": "p", "top_k": 1}),
    ],
)
def test_whatever_the_answer_depends_on_changes_the_key(other: tuple) -> None:
    assert key_of(*other) != key_of("read", "m", {"prompt": "p"})
    assert key_of(*other) == key_of(*other)


def test_the_order_of_what_is_asked_does_not_matter() -> None:
    assert key_of("read", "m", {"a": 1, "b": 2}) == key_of("read", "m", {"b": 2, "a": 1})


def test_entries_of_other_weights_are_counted_by_their_fingerprint(tmp_path: Path) -> None:
    with CallStore(tmp_path / "s") as store:
        store.remember("model", "w1", "print-1", "model")
        store.remember("model", "w2", "print-2", "model")
        store.remember("another", "w3", "print-3", "another")
        store.put("print-1", {b"a": entry("x"), b"b": entry("y")})
        store.put("print-3", {b"c": entry("z")})
        assert store.of_other_weights("model", "print-2") == {"print-1": 2}
        assert store.of_other_weights("model", "print-1") == {}
        assert store.fingerprint("model", "w1") == ("print-1", "model")
        assert store.fingerprint("model", "w9") is None


def test_a_data_base_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE theirs (x)")
    base.close()
    before = path.read_bytes()
    with pytest.raises(InputError, match="is the data base of another program"):
        CallStore(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_data_base_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b"not a data base at all, but long enough to be looked at" * 100)
    with pytest.raises(InputError, match="cannot be used: file is not a database"):
        CallStore(tmp_path / "s")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none/s cannot be used"):
        CallStore(tmp_path / "none" / "s")


_KILLED = """
import os, signal, sys
from pathlib import Path
from foureyes.study.store import Cost, StoredCall, CallStore
store = CallStore(Path(sys.argv[1]))
for i in range(10**6):
    store.put("m", {f"{i} {k}".encode(): StoredCall(b"x" * 1000, Cost()) for k in range(10)})
    print(i, flush=True)
"""


def test_a_kill_loses_nothing_that_was_put(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with subprocess.Popen([sys.executable, "-c", _KILLED, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        done = [int(process.stdout.readline()) for _ in range(20)]
        process.kill()
    with CallStore(path) as store:
        assert len(store.get(f"{i} {k}".encode() for i in done for k in range(10))) == 200
        assert len(store) % 10 == 0  # a batch is there whole or not at all
