"""From a reference to an object that reads or writes."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import numpy as np
import pytest
import torch

import foureyes as fe
from foureyes.errors import ConfigError, ModelRefused, ModelUnavailable
from foureyes.models.catalog import KEY_VARIABLES, _extra, graphics_devices, open_chat, open_reader, open_writer
from foureyes.models.chat import ChatModel
from foureyes.models.roles import Reader, Sampling, Writer
from foureyes.models.server_use import ServerUse
from foureyes.types import Exchange, Reading
from tests.servers.chat_simulator import ChatSimulator


@pytest.fixture(autouse=True)
def no_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FOUREYES_CACHE", str(tmp_path / "cache"))


def test_a_folder_opens_as_a_reader_that_knows_its_weights(tiny_model):
    reader = open_reader(str(tiny_model), dtype="float32", device="cpu")
    assert isinstance(reader, Reader)
    assert reader.name == tiny_model.name
    assert reader.fingerprint.startswith("sha256:")
    reading = reader.read([Exchange("Capital of Australia?", "Sydney")])[0]
    assert isinstance(reading, Reading)
    assert np.all(reading.nll > 0)


def test_what_changes_numbers_changes_the_fingerprint(tiny_model, tiny_base_model):
    prints = {
        open_reader(str(folder), dtype=dtype).fingerprint
        for folder in (tiny_model, tiny_base_model)
        for dtype in ("float32", "bfloat16")
    }
    assert len(prints) == 4
    assert open_reader(str(tiny_model), dtype="float32").fingerprint in prints


def test_graphics_processors_are_named_as_torch_names_them():
    assert graphics_devices() == [f"cuda:{i}" for i in range(torch.cuda.device_count())]


def test_truncation_reaches_the_reader(tiny_model):
    long = Exchange("word " * 600, "yes")
    refused = open_reader(str(tiny_model), dtype="float32").read([long])[0]
    cut = open_reader(str(tiny_model), dtype="float32", truncate="left").read([long])[0]
    assert not isinstance(refused, Reading)
    assert isinstance(cut, Reading)
    assert cut.n_dropped > 0


def test_a_folder_opens_as_a_writer(tiny_model):
    writer = open_writer(str(tiny_model), dtype="float32")
    assert isinstance(writer, Writer)
    assert writer.name == tiny_model.name
    assert len(writer.write(["Capital of Australia?"], Sampling(max_tokens=2))) == 1


def test_the_package_offers_both():
    assert (fe.open_reader, fe.open_writer) == (open_reader, open_writer)


@pytest.mark.parametrize("open_it", [open_reader, open_writer])
def test_unknown_names_are_told_what_is_known(open_it):
    with pytest.raises(ConfigError, match=r"unknown model 'gema3-270m'; did you mean gemma3-270m\?"):
        open_it("gema3-270m")


def test_a_server_decides_for_itself_and_keeps_its_password():
    with pytest.raises(ConfigError, match="runs elsewhere and decides for itself: leave out dtype, device") as failure:
        open_reader("http://me:secret@localhost:9/v1", dtype="float32", device="cpu")
    assert "secret" not in str(failure.value)


def test_a_server_that_is_not_there():
    with pytest.raises(ModelUnavailable):
        open_reader("http://127.0.0.1:9/v1#tiny")


@pytest.mark.parametrize("suffix", ["", "/v1", "/v1#toy"])
def test_a_server_writes(suffix, monkeypatch):
    monkeypatch.setenv("FOUREYES_API_KEY", "sk-server-1")
    with ChatSimulator(lambda _, user: f"echo {user}") as server, open_writer(f"{server.url}{suffix}") as writer:
        assert isinstance(writer, Writer)
        assert writer.name == "toy"
        ((written,),) = writer.write(["Hi"], Sampling())
        assert written.exchange.answer == "echo Hi"
        assert server.headers["Authorization"] == "Bearer sk-server-1"


def test_a_server_of_several_models_wants_a_name_and_one_that_is_gone_is_unavailable():
    with ChatSimulator() as server:
        server.names = ["one", "two"]
        with pytest.raises(ModelRefused, match="it serves one, two"):
            open_writer(server.url)
        assert open_chat(f"{server.url}#two").name == "two"
        server.stop()
        with pytest.raises(ModelUnavailable):
            open_writer(f"{server.url}#two")


@pytest.mark.parametrize("api", ["openai", "anthropic", "google"])
def test_a_provider_writes_and_judges_with_the_key_of_the_environment(api, monkeypatch):
    variables = KEY_VARIABLES[api]
    for name in variables:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match=f"needs an API key: set {variables[0]}"):
        open_writer(f"{api}:some-model")
    monkeypatch.setenv(variables[-1], "sk-very-secret")
    model = open_chat(f"{api}:some-model")
    assert (model.provider, model.name) == (api, "some-model")
    assert isinstance(model, ChatModel)
    assert "sk-very-secret" not in repr(model)
    asyncio.run(model.aclose())
    with open_writer(f"{api}:some-model") as writer:
        assert isinstance(writer, Writer)
    with pytest.raises(ConfigError, match="can write and judge but not read"):
        open_reader(f"{api}:some-model")
    monkeypatch.setenv(variables[-1], "sk two words")
    with pytest.raises(ConfigError, match="no header can carry") as failure:
        open_writer(f"{api}:some-model")
    assert "two words" not in str(failure.value)


def test_what_runs_here_cannot_be_talked_to():
    with pytest.raises(ConfigError, match="cannot be talked to"):
        open_chat("gemma3-270m")


def test_a_missing_extra_is_named():
    with pytest.raises(ConfigError, match=r"needs torch: pip install 'foureyes\[local\]'"), _extra("local"):
        raise ModuleNotFoundError(name="torch._C")
    with pytest.raises(ModuleNotFoundError), _extra("local"):
        raise ModuleNotFoundError(name="foureyes.models.mistake")


def test_importing_the_catalogue_loads_nothing_heavy():
    heavy = "torch transformers huggingface_hub httptools gguf"
    script = f"import sys, foureyes.models.catalog; print([m for m in {heavy.split()!r} if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("use", "named"),
    [
        (ServerUse(at_once=3), "at_once"),
        (ServerUse({"http://a/v1": "sk-a"}), "keys"),
        (ServerUse({"http://a/v1": "sk-a"}, 3), "keys and at_once"),
    ],
)
def test_what_is_of_servers_is_refused_of_a_model_in_this_process(tiny_model, use, named):
    with pytest.raises(ConfigError, match=f"is sent no requests: leave out {named} of servers") as failure:
        open_reader(str(tiny_model), servers=use)
    assert "sk-a" not in str(failure.value)


def test_who_listens_to_servers_may_be_told_of_any_model(tiny_model):
    assert open_reader(str(tiny_model), servers=ServerUse(on_server=print)).name == tiny_model.name
