"""What may be written to name a model."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from foureyes.errors import ConfigError, InputError
from foureyes.models.weights.known import KNOWN, NOT_STATED, Part
from foureyes.models.weights.reference import Folder, Gguf, Hub, ServerReference, parse


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("gemma3-270m", KNOWN["gemma3-270m"]),
        ("hf:Qwen/Qwen3-0.6B", Hub("Qwen/Qwen3-0.6B")),
        ("hf:Qwen/Qwen3-0.6B@refs/pr/1", Hub("Qwen/Qwen3-0.6B", "refs/pr/1")),
        ("hf:gpt2", Hub("gpt2")),
        ("http://localhost:8000/v1", ServerReference("http://localhost:8000/v1")),
        ("https://host/v1#a/b", ServerReference("https://host/v1", "a/b")),
        ("http://host/v1#", ServerReference("http://host/v1")),
    ],
)
def test_forms(written, meant):
    assert parse(written) == meant


def test_files_and_folders(tmp_path, monkeypatch):
    (tmp_path / "m.gguf").touch()
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").touch()
    assert parse(f"gguf:{tmp_path}/m.gguf") == Gguf(tmp_path / "m.gguf")
    assert parse(f"{tmp_path}/model") == Folder(tmp_path / "model")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert parse("gguf:~/m.gguf") == Gguf(tmp_path / "m.gguf")
    assert parse("~/model") == Folder(tmp_path / "model")


def test_a_known_name_wins_over_a_folder_called_the_same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = Path("gemma3-270m")
    folder.mkdir()
    (folder / "config.json").touch()
    assert parse("gemma3-270m") == KNOWN["gemma3-270m"]
    assert parse("./gemma3-270m") == Folder(folder)


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("gema3-270m", "did you mean gemma3-270m?"),
        ("smollm2", "did you mean smollm2-135m?"),
        ("Qwen/Qwen3-0.6B", "did you mean hf:Qwen/Qwen3-0.6B?"),
        ("models/m.gguf", "no GGUF file at models/m.gguf"),
        ("xyz", "unknown model 'xyz'. Known by name: smollm2-135m, gemma3-270m"),
        ("", "unknown model ''. Known by name"),
        (
            "ftp://host/model",
            "hf:OWNER/NAME[@REVISION], /path/to/model.gguf, gguf:/path/to/model.gguf to have it converted, a folder",
        ),
    ],
)
def test_unknown_ones_are_told_what_is_known(written, hint):
    with pytest.raises(ConfigError) as failure:
        parse(written)
    assert hint in str(failure.value)


@pytest.mark.parametrize("written", ["hf:", "hf:a b", "hf:a/b/c", "hf:a/b@", "hf:ä/b"])
def test_malformed_repositories(written):
    with pytest.raises(ConfigError, match="a Hugging Face reference is"):
        parse(written)


def test_missing_file_and_folder_without_configuration(tmp_path):
    with pytest.raises(ConfigError, match=f"no GGUF file at {tmp_path}/none.gguf"):
        parse(f"gguf:{tmp_path}/none.gguf")
    with pytest.raises(ConfigError, match=r"is not a model folder: it has no config\.json"):
        parse(str(tmp_path))


@given(st.text() | st.builds("{}{}".format, st.sampled_from(["hf:", "gguf:", "~", "/", "http:"]), st.text()))
@example("~nobody/model")
@example("x" * 5000)
@example("gguf:\0")
@example("~\0")
@example("\ud800")
def test_any_text_is_a_reference_or_a_named_mistake(text):
    try:
        parsed = parse(text)
    except ConfigError:
        return
    assert isinstance(parsed, Hub | ServerReference | Folder | Gguf) or text in KNOWN


def test_the_table_is_pinned_and_honest():
    for name, known in KNOWN.items():
        assert known.name == name
        assert len(known.sha256) == 64
        assert int(known.sha256, 16)
        assert known.licence != NOT_STATED, "weights without a licence are no default"
        assert known.source is None or parse(f"hf:{known.source}") == Hub(*known.source.split("@"))
        members = [part.member for part in known.parts if part.member]
        assert len(set(members)) == len(members)
    with pytest.raises(InputError, match="pinned"):
        Part("some-package", None)
