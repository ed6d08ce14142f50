"""A place in the cache is filled with a whole model or not at all, and damage is noticed and named."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from foureyes.errors import ConfigError, ModelUnavailable
from foureyes.models.weights.digests import fingerprint, remembered_sha256, sha256
from foureyes.models.weights.folders import check_weights, folder_fingerprint
from foureyes.models.weights.store import CacheEntry, Manifest, cache_folder, entries
from foureyes.models.weights.values import Step, ignore_step


@pytest.fixture
def entry(tmp_path: Path) -> CacheEntry:
    return CacheEntry(tmp_path / "models" / "tiny-0123456789ab", "tiny", "tiny")


def fill(entry: CacheEntry, weights: bytes = b"12345678") -> Manifest:
    with entry.locked(ignore_step), entry.scratch() as scratch:
        built = scratch / "built"
        (built / "licences").mkdir(parents=True)
        (built / "config.json").write_text("{}")
        (built / "model.safetensors").write_bytes(weights)
        (built / "licences" / "NOTICE.txt").write_text("yours")
        return entry.fill(built, licence="CC0-1.0", source_sha256="ab" * 32, versions={"torch": "2"})


def test_filled_place_is_whole_and_leaves_nothing_beside(entry):
    assert entry.check_sizes() is None
    manifest = fill(entry)
    assert entry.check_sizes() == entry.check_bytes() == manifest
    assert sorted(manifest.files) == ["config.json", "licences/NOTICE.txt", "model.safetensors"]
    assert manifest.n_bytes == 2 + 5 + 8
    assert sorted(path.name for path in entry.folder.parent.iterdir()) == [
        entry.folder.name,
        f"{entry.folder.name}.lock",
    ]
    assert entries(entry.folder.parent.parent) == [CacheEntry(entry.folder, entry.folder.name, str(entry.folder))]


def test_manifest_survives_json(entry):
    manifest = fill(entry)
    assert Manifest.from_json(manifest.to_json()) == manifest


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 2}', '{"format": 1}', '{"format": 1, "files": {"a": {}}}']
)
def test_other_json_is_no_manifest(text, entry):
    with pytest.raises(ValueError, match=r"manifest|Expecting"):
        Manifest.from_json(text)
    entry.folder.mkdir(parents=True)
    (entry.folder / "manifest.json").write_text(text)
    with pytest.raises(ModelUnavailable, match="unreadable"):
        entry.check_sizes()


def test_truncated_file_is_named_with_what_is_there_what_should_be_and_what_mends_it(entry):
    fill(entry)
    os.truncate(entry.folder / "model.safetensors", 3)
    with pytest.raises(ModelUnavailable) as failure:
        entry.check_sizes()
    assert str(failure.value) == (
        f"{entry.folder}/model.safetensors has 3 bytes; wanted 8 bytes; "
        "mend it with: foureyes models pull --verify tiny"
    )
    assert failure.value.model == "tiny"


def test_missing_file_is_named(entry):
    fill(entry)
    (entry.folder / "config.json").unlink()
    with pytest.raises(ModelUnavailable, match=r"config\.json is missing; wanted 2 bytes"):
        entry.check_sizes()


def test_a_changed_byte_is_found_by_reading_all_of_them(entry):
    fill(entry)
    (entry.folder / "model.safetensors").write_bytes(b"12345679")
    assert entry.check_sizes() is not None
    with pytest.raises(ModelUnavailable, match=r"model\.safetensors has sha256 .*; wanted ef797c8118f0"):
        entry.check_bytes()


def test_filling_again_replaces_all_that_was_there(entry):
    before = fill(entry)
    (entry.folder / "stray.json").write_text("{}")
    after = fill(entry, b"87654321")
    assert (entry.folder / "model.safetensors").read_bytes() == b"87654321"
    assert not (entry.folder / "stray.json").exists()
    assert after.fingerprint != before.fingerprint


def test_an_error_while_building_leaves_nothing(entry):
    def break_off() -> None:
        with entry.locked(ignore_step), entry.scratch() as scratch:
            (scratch / "half").touch()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    assert entry.check_sizes() is None
    assert [path.name for path in entry.folder.parent.iterdir()] == [f"{entry.folder.name}.lock"]


def test_what_a_killed_process_left_is_swept_up(entry):
    left = entry.folder.parent / f".{entry.folder.name}.killed"
    other = entry.folder.parent / ".another-model-0123.killed"
    for folder in (left, other):
        (folder / "built").mkdir(parents=True)
    fill(entry)
    assert not left.exists()
    assert other.exists()


def test_who_finds_the_lock_taken_is_told_and_waits(entry, tmp_path):
    steps: list[Step] = []
    with entry.locked(ignore_step):
        child = os.fork()
        if not child:
            with entry.locked(lambda step: (tmp_path / "told").write_text(step.doing)):
                (tmp_path / "entered").touch()
            os._exit(0)
        while not (tmp_path / "told").exists():
            os.sched_yield()
        assert not (tmp_path / "entered").exists()
    assert os.waitpid(child, 0)[1] == 0
    assert (tmp_path / "entered").exists()
    with entry.locked(steps.append):
        assert steps == []


def test_a_cache_that_cannot_be_made_is_a_matter_of_configuration(tmp_path):
    (tmp_path / "models").touch()
    with (
        pytest.raises(ConfigError, match=r"cannot be written .*; name another in FOUREYES_CACHE"),
        CacheEntry(tmp_path / "models" / "tiny", "tiny", "tiny").locked(ignore_step),
    ):
        pass


def test_cache_folder_follows_environment_and_platform(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert cache_folder({"FOUREYES_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, "linux") == Path("/a")
    assert cache_folder({"XDG_CACHE_HOME": "/b"}, "linux") == Path("/b/foureyes")
    assert cache_folder({"XDG_CACHE_HOME": "relative"}, "linux") == Path("/home/me/.cache/foureyes")
    assert cache_folder({}, "darwin") == Path("/home/me/Library/Caches/foureyes")
    assert cache_folder({"LOCALAPPDATA": "/local"}, "win32") == Path("/local/foureyes/Cache")


class TestDigests:
    """Remembering must never change the answer."""

    def test_content_that_changed_behind_size_and_time_is_read_again(self, tmp_path):
        path, memory = tmp_path / "file", tmp_path / "memory"
        path.write_bytes(b"one")
        os.utime(path, (1, 1))
        first = remembered_sha256(path, memory)
        self.settle(memory)
        path.write_bytes(b"two")
        os.utime(path, (1, 1))
        assert remembered_sha256(path, memory) == sha256(path) != first

    def test_settled_digest_is_remembered(self, tmp_path):
        path, memory = tmp_path / "file", tmp_path / "memory"
        path.write_bytes(b"one")
        remembered_sha256(path, memory)
        note = self.settle(memory, {"sha256": "what was noted"})
        assert remembered_sha256(path, memory) == "what was noted"
        note.write_text("not a note")
        assert remembered_sha256(path, memory) == sha256(path)

    def test_digest_noted_while_the_file_was_fresh_is_not_trusted(self, tmp_path):
        path, memory = tmp_path / "file", tmp_path / "memory"
        path.write_bytes(b"one")
        remembered_sha256(path, memory)
        note = self.settle(memory, {"sha256": "what was noted"})
        os.utime(note, ns=(path.stat().st_mtime_ns, path.stat().st_mtime_ns))
        assert remembered_sha256(path, memory) == sha256(path)

    def test_links_are_followed(self, tmp_path):
        path, link = tmp_path / "file", tmp_path / "link"
        path.write_bytes(b"one")
        link.symlink_to(path)
        assert remembered_sha256(link, tmp_path / "memory") == sha256(path)

    def test_a_cache_that_cannot_be_written_costs_only_time(self, tmp_path):
        path, memory = tmp_path / "file", tmp_path / "memory"
        path.write_bytes(b"one")
        memory.touch()
        assert remembered_sha256(path, memory) == sha256(path)

    @staticmethod
    def settle(memory: Path, changes: dict[str, str] | None = None) -> Path:
        """Lets a minute pass since the digest was noted."""
        (note,) = memory.iterdir()
        note.write_text(json.dumps({**json.loads(note.read_text()), **(changes or {})}))
        later = note.stat().st_mtime_ns + 60_000_000_000
        os.utime(note, ns=(later, later))
        return note


class TestFolders:
    """A folder of others: only its own files can tell whether it is whole."""

    def test_whole_folder_passes(self, tiny_model):
        check_weights(tiny_model, "tiny", mend="copy it")

    @pytest.mark.parametrize("n", [-1, -1000, 100, 4, 0])
    def test_truncated_weights_are_told_by_their_own_header(self, tiny_model, tmp_path, n):
        folder = shutil.copytree(tiny_model, tmp_path / "cut")
        weights = folder / "model.safetensors"
        whole = weights.stat().st_size
        os.truncate(weights, whole + n if n < 0 else n)
        with pytest.raises(ModelUnavailable) as failure:
            check_weights(folder, "cut", mend="copy it anew")
        assert str(failure.value).startswith(f"{weights} has {whole + n if n < 0 else n} bytes")
        assert str(failure.value).endswith("; copy it anew")
        assert n >= 0 or f"wanted {whole};" in str(failure.value)

    def test_missing_shard_is_named(self, tiny_model, tmp_path):
        folder = shutil.copytree(tiny_model, tmp_path / "shards")
        index = {"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
        with pytest.raises(ModelUnavailable, match=r"model-00002-of-00002\.safetensors is missing; copy"):
            check_weights(folder, "shards", mend="copy it anew")
        (folder / "model.safetensors.index.json").write_text("{}")
        with pytest.raises(ModelUnavailable, match="is not an index"):
            check_weights(folder, "shards", mend="copy it anew")

    def test_folder_without_weights_is_told_so(self, tmp_path):
        (tmp_path / "config.json").touch()
        with pytest.raises(ModelUnavailable, match=r"holds no weights: wanted \*\.safetensors"):
            check_weights(tmp_path, "none", mend="copy it anew")

    def test_fingerprint_follows_what_decides_values_and_nothing_else(self, tiny_model, tmp_path):
        folder = shutil.copytree(tiny_model, tmp_path / "model")
        before = folder_fingerprint(folder, tmp_path / "memory")
        (folder / "README.md").write_text("new")
        (folder / "licences").mkdir()
        (folder / "manifest.json").write_text("{}")
        assert folder_fingerprint(folder, tmp_path / "memory") == before
        seen = {before}
        for name in ("config.json", "tokenizer.json", "chat_template.jinja", "model.safetensors"):
            with (folder / name).open("ab") as file:
                file.write(b" ")
            seen.add(folder_fingerprint(folder, tmp_path / "memory"))
        assert len(seen) == 5

    def test_fingerprint_is_that_of_the_manifest(self, entry, tmp_path):
        manifest = fill(entry)
        assert folder_fingerprint(entry.folder, tmp_path / "memory") == manifest.fingerprint
        assert manifest.fingerprint == fingerprint(
            {name: manifest.files[name].sha256 for name in ("config.json", "model.safetensors")}
        )


def test_files_of_a_place_can_be_read_by_others_if_the_umask_lets_them(entry):
    fill(entry)
    assert stat.S_IMODE(entry.folder.stat().st_mode) == stat.S_IMODE(entry.folder.parent.stat().st_mode)
