"""Objects on a real S3 server: whole, found in order, refused by name, and no key in any word."""

from __future__ import annotations

import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from foureyes.errors import InputError
from foureyes.storage.addresses import scheme_of
from foureyes.storage.store import ObjectStore
from tests.object_store import SECRET, answering, set_credentials


def test_objects_are_found_by_name_by_pattern_and_by_folder(bucket: str, tmp_path: Path) -> None:
    store = ObjectStore(bucket)
    for name in ("logs/b.jsonl", "logs/a.jsonl", "logs/deep/c.jsonl", "other.jsonl"):
        store.write(f"{bucket}/{name}", name.encode())
    assert [one.address for one in store.find(f"{bucket}/logs/*.jsonl")] == [f"{bucket}/logs/{x}.jsonl" for x in "ab"]
    assert [one.size for one in store.find(f"{bucket}/logs")] == [12, 12, 17]
    (one,) = store.find(f"{bucket}/other.jsonl")
    assert one == store.look(one.address)
    store.fetch(one.address, tmp_path / "here")
    assert (tmp_path / "here").read_bytes() == b"other.jsonl"
    store.write(one.address, b"other.jsOnl")
    assert one.version != store.look(one.address).version
    assert store.sizes(f"{bucket}/logs") == {"a.jsonl": 12, "b.jsonl": 12}
    assert store.look(f"{bucket}/none") is None
    assert store.read([f"{bucket}/none", f"{bucket}/other.jsonl"]) == {f"{bucket}/other.jsonl": b"other.jsOnl"}
    store.delete([f"{bucket}/other.jsonl", f"{bucket}/none"])
    assert store.look(f"{bucket}/other.jsonl") is None


def test_of_two_who_create_an_object_the_store_lets_one(bucket: str) -> None:
    assert ObjectStore(bucket).create(f"{bucket}/claim", b"1")
    assert not ObjectStore(bucket).create(f"{bucket}/claim", b"2")
    assert ObjectStore(bucket).read([f"{bucket}/claim"]) == {f"{bucket}/claim": b"1"}


def test_what_is_not_there_is_named(bucket: str) -> None:
    with pytest.raises(InputError, match=rf"^cannot read {bucket}/none.jsonl: there is no such object"):
        ObjectStore(bucket).find(f"{bucket}/none.jsonl")
    with pytest.raises(InputError, match=r"^cannot write s3://no-such-bucket/a: there is no such object or bucket"):
        ObjectStore(bucket).write("s3://no-such-bucket/a", b"1")


def test_a_bucket_without_rights_is_named_and_no_key_is_told(forbidding_store: str, tmp_path: Path) -> None:
    store = ObjectStore(forbidding_store)
    tries = (
        lambda: store.find(f"{forbidding_store}/a.jsonl"),
        lambda: store.write(f"{forbidding_store}/a", b"1"),
        lambda: store.create(f"{forbidding_store}/a", b"1"),
        lambda: store.sizes(forbidding_store),
    )
    for attempt in tries:
        with pytest.raises(InputError, match="does not allow it with the credentials") as refused:
            attempt()
        assert SECRET not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize(("status", "code"), [(400, "InvalidToken"), (400, "NobodyKnowsThis"), (501, "NotImplemented")])
def test_words_of_a_store_are_not_repeated(
    s3_server: str, monkeypatch: pytest.MonkeyPatch, status: int, code: str
) -> None:
    with answering(monkeypatch, status, code) as bucket:
        with pytest.raises(InputError, match=rf"^cannot write {bucket}/a: [A-Z][a-z/ ]+$") as refused:
            ObjectStore(bucket).write(f"{bucket}/a", b"1")
        assert SECRET not in "".join(traceback.format_exception(refused.value))


def test_a_store_that_says_in_other_words_that_there_is_one_already(
    s3_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(monkeypatch, 412, "PreconditionFailed", there=True) as bucket:
        assert not ObjectStore(bucket).create(f"{bucket}/claim", b"1")
    with (
        answering(monkeypatch, 400, "InvalidRequest") as bucket,
        pytest.raises(InputError, match=r"^cannot .* [Ii]nvalid argument"),
    ):
        ObjectStore(bucket).create(f"{bucket}/claim", b"1")


def test_a_server_that_is_not_there_is_named(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    set_credentials(monkeypatch, "http://127.0.0.1:1")
    with pytest.raises(InputError, match="the store cannot be reached"):
        ObjectStore("s3://b").find("s3://b/a.jsonl")


def test_other_schemes_and_credentials_in_an_address_are_refused() -> None:
    with pytest.raises(InputError, match="nothing here reads ftp://"):
        ObjectStore("ftp://host/a")
    with pytest.raises(InputError, match="credentials do not stand in an address") as refused:
        ObjectStore("s3://key:secret@bucket/a")
    assert "secret@" not in str(refused.value)
    with pytest.raises(InputError, match="credentials do not stand in an address") as refused:
        ObjectStore("hf://hf_canary@datasets/me/data")
    assert "canary" not in str(refused.value)
    assert scheme_of("hf://datasets/me/data@v1/a.jsonl") == "hf"
    with pytest.raises(InputError, match="nothing here reads memory://"):
        ObjectStore("memory://a")


def test_nothing_of_it_is_loaded_before_an_address_is_met() -> None:
    program = (
        "import sys, foureyes.cli.score.work; sys.exit(any(m in sys.modules for m in ('fsspec', 's3fs', 'botocore')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
