"""The hub's real client against a hub on loopback, and the table of its exceptions."""

from __future__ import annotations

import os
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import constants, errors

from foureyes.errors import ConfigError, FoureyesError, ModelRefused, ModelUnavailable
from foureyes.models.weights import Step, ensure, hub, pull, verify
from foureyes.models.weights.reference import Hub as Reference
from foureyes.models.weights.values import ignore_step
from tests.models.hub_simulator import COMMIT, Hub, serving

TINY = Reference("me/tiny")


@pytest.fixture(autouse=True)
def clients_cache(tmp_path, monkeypatch):
    """A cache of the client's for this test alone; the client reads its settings when it is imported."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_XET_CACHE", str(tmp_path / "xet"))
    monkeypatch.setenv("FOUREYES_CACHE", str(tmp_path / "cache"))
    huggingface_hub.utils.disable_progress_bars()
    return tmp_path


def point_at(url: str, patch: pytest.MonkeyPatch) -> None:
    """What HF_ENDPOINT would have set."""
    patch.setattr(constants, "ENDPOINT", url)
    patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}")


@pytest.fixture
def online(tiny_model, monkeypatch):
    """A hub that holds the tiny model, and what nobody should fetch."""
    files = {path.name: path.read_bytes() for path in tiny_model.iterdir()}
    with serving(
        Hub({**files, "pytorch_model.bin": b"pickle", "modeling_tiny.py": b"code", "README.md": b"words"})
    ) as it:
        point_at(it.url, monkeypatch)
        yield it


def test_downloads_weights_configuration_and_tokenizer_and_no_code(online, tiny_model):
    folder = hub.download(TINY)
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in tiny_model.iterdir())
    for path in folder.iterdir():
        assert path.read_bytes() == (tiny_model / path.name).read_bytes()


def test_what_is_here_is_used_without_asking(online, tiny_model, tmp_path):
    assert hub.on_this_machine(TINY) is None
    hub.download(TINY)
    online.asked.clear()
    steps: list[Step] = []
    weights = ensure("hf:me/tiny", on_step=steps.append)
    assert (online.asked, steps) == ([], [])
    assert weights.folder.name == COMMIT
    assert weights.name == "me/tiny"
    assert weights.fingerprint == ensure(str(tiny_model)).fingerprint
    assert verify("hf:me/tiny") == weights


def test_what_is_not_here_is_fetched_on_first_use(online):
    steps: list[Step] = []
    source = hub.Repository(TINY, Path(os.environ["FOUREYES_CACHE"]))
    assert source.locate() is None
    weights = source.fetch(steps.append)
    assert steps == [Step("me/tiny", "download")]
    assert source.locate() == weights


def test_truncated_weights_are_fetched_anew_by_pull(online):
    hub.download(TINY)
    weights = ensure("hf:me/tiny")
    blob = (weights.folder / "model.safetensors").resolve()
    os.truncate(blob, blob.stat().st_size - 1)
    with pytest.raises(ModelUnavailable, match="mend it with: foureyes models pull --verify hf:me/tiny"):
        ensure("hf:me/tiny")
    assert pull("hf:me/tiny") == weights == ensure("hf:me/tiny")


def test_a_changed_byte_is_found_by_the_name_of_the_blob(online):
    hub.download(TINY)
    blob = (ensure("hf:me/tiny").folder / "model.safetensors").resolve()
    content = bytearray(blob.read_bytes())
    content[-1] ^= 1
    blob.write_bytes(content)
    with pytest.raises(ModelUnavailable, match=r"model\.safetensors has another sha256 than the hub's; mend it"):
        verify("hf:me/tiny")
    pull("hf:me/tiny", every_byte=True)
    assert verify("hf:me/tiny") is not None


def test_repository_without_safetensors(tiny_model, tmp_path):
    with (
        serving(Hub({"config.json": b"{}", "pytorch_model.bin": b"pickle"})) as it,
        pytest.MonkeyPatch.context() as patch,
    ):
        point_at(it.url, patch)
        with pytest.raises(ModelUnavailable, match=r"holds no weights: wanted \*\.safetensors"):
            hub.Repository(TINY, tmp_path).fetch(ignore_step)


@pytest.mark.parametrize(
    ("refusal", "ours", "words"),
    [
        ((403, "GatedRepo"), ModelRefused, "its terms must be accepted on the hub"),
        ((404, "RepoNotFound"), ConfigError, "the hub knows no such repository"),
        ((404, "RevisionNotFound"), ConfigError, "no such revision"),
        ((401, ""), ModelRefused, "the hub does not accept the token in HF_TOKEN"),
        ((400, ""), ModelUnavailable, "it is not on this machine and the hub cannot be reached"),
        ((503, ""), ModelUnavailable, "it is not on this machine and the hub cannot be reached"),
    ],
)
def test_refusals(refusal, ours, words, monkeypatch):
    with serving(Hub({}, refusal)) as it:
        point_at(it.url, monkeypatch)
        with pytest.raises(ours) as failure:
            hub.download(TINY)
    assert str(failure.value).startswith("hf:me/tiny: ")
    assert words in str(failure.value)
    assert failure.value.__cause__ is not None


def test_a_hub_that_is_not_there(monkeypatch):
    point_at("http://127.0.0.1:9", monkeypatch)
    with pytest.raises(ModelUnavailable, match="it is not on this machine and the hub cannot be reached") as failure:
        hub.download(TINY)
    assert failure.value.retryable
    assert failure.value.model == "me/tiny"


@pytest.mark.parametrize("name", ["-/-", "a--b", "x" * 200])
def test_a_name_no_repository_can_have(name):
    with pytest.raises(ConfigError, match="not a name a repository can have"):
        hub.on_this_machine(Reference(name))


def exception_classes() -> list[type[Exception]]:
    return sorted(hub.FOREIGN, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", exception_classes())
def test_no_exception_of_the_client_is_unmapped(kind):
    """The nearest base in the table decides; only what has nothing to do with downloading falls to the last row."""
    error = kind.__new__(kind)
    ours = hub.translated(error, TINY)
    assert isinstance(ours, ConfigError | ModelUnavailable | ModelRefused)
    nearest = next(base.__name__ for base in kind.__mro__ if base.__name__ in hub.ERRORS)
    about_downloads = issubclass(kind, errors.HfHubHTTPError | OSError | ValueError | errors.EntryNotFoundError)
    assert not about_downloads or nearest != "Exception"


def test_the_client_still_has_the_exceptions_of_the_table():
    built_in = {"HTTP 401", "HTTP 403", "HTTPError", "OSError", "ValueError", "Exception"}
    assert set(hub.ERRORS) - built_in <= {kind.__name__ for kind in exception_classes()}


def test_tokens_are_not_repeated():
    ours: FoureyesError = hub.translated(OSError("with hf_abcdefghijklmn denied"), TINY)
    assert "hf_abc" not in str(ours)
