"""A reader behind several servers: named in the configuration, each with its key, and one more at a reload."""

import asyncio

import pytest

from foureyes.calibration import Platt
from foureyes.config.wiring import build
from foureyes.errors import ConfigError
from foureyes.types import Exchange
from tests.servers.simulator import Simulator

TENANT = '[tenants.acme]\nverifiers = ["local"]\n'


@pytest.fixture
def servers():
    with Simulator() as one, Simulator() as other:
        yield [one, other]


@pytest.fixture
def load(folder):
    platt = Platt.fit([0.2, 0.9, 1.4, 0.5, 3.1, 12.2], [1, 1, 1, 0, 0, 0])
    (folder.path / "platt.json").write_text(platt.to_json())

    def load(reader, more="", top=""):
        text = (
            f'[verifiers.local]\nkind = "reader"\nreader = "{reader}"\nmodel = "toy"\ncalibrator = "platt.json"\n'
            f"cut = 0.5\n{top}\n{more}\n{TENANT}"
        )
        return folder.load(text, {"KEY_OF_A": "sk-a", "BROKEN": "two words"})

    return load


async def ask(parts, n=8):
    guard = parts.tenants["acme"].guard
    return await asyncio.gather(*(guard.verify(Exchange("Capital?", f"answer {i}"), tenant="acme") for i in range(n)))


def key_of(server, more=""):
    return f'[[verifiers.local.keys]]\nurl = "{server.url}/v1"\n{more or "key_env = " + chr(34) + "KEY_OF_A" + chr(34)}'


def test_a_longer_list_is_in_force_after_a_reload(load, servers):
    one, other = servers

    async def scene():
        before = build(load(f"{one.url}/v1"))
        await ask(before)
        after = build(load(f"{one.url}/v1,{other.url}/v1#toy"), before=before)
        await before.close(but=after)
        asked = one.completed, other.completed
        await ask(after)
        assert one.completed > asked[0]
        assert other.completed > asked[1]
        asked = one.completed, other.completed
        again = build(load(f"{one.url}/v1,{other.url}/v1#toy"), before=after)
        assert asked == (one.completed, other.completed)
        await again.close()

    asyncio.run(scene())


def test_each_is_sent_its_own_key(load, servers, monkeypatch):
    monkeypatch.setenv("FOUREYES_API_KEY", "sk-for-all")
    settings = load(f"{servers[0].url}/v1,{servers[1].url}/v1", key_of(servers[0]))
    assert "sk-a" not in repr(settings)

    async def scene():
        parts = build(settings)
        await ask(parts)
        await parts.close()

    asyncio.run(scene())
    assert servers[0].headers["Authorization"] == "Bearer sk-a"
    assert "Authorization" not in servers[1].headers


def test_a_number_of_requests_at_once_is_part_of_what_it_is_made_of(load, servers):
    async def scene():
        before = build(load(f"{servers[0].url}/v1"))
        asked = servers[0].completed
        after = build(load(f"{servers[0].url}/v1", top="at_once = 2"), before=before)
        assert servers[0].completed > asked
        await before.close(but=after)
        await after.close()

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("reader", "more", "says"),
    [
        ("http://localhost/v1,http://h.example/v1#m", "", r"\[verifiers.local\] reader: plain http"),
        ("http://localhost/v1,ftp://h.example/v1", "", r"reader: wanted http:// or https://; got the scheme"),
        ("gemma3-270m", "at_once = 2", r"at_once: is for a reader behind servers"),
        ("http://localhost/v1", "at_once = 0", r"at_once: wanted at least 1; got 0"),
        (
            "http://localhost/v1",
            "[[verifiers.local.keys]]\nurl = 'http://elsewhere/v1'\nkey_env = 'KEY_OF_A'",
            r"\[verifiers.local\] keys: each is of one server of the reader",
        ),
        (
            "http://localhost/v1",
            "[[verifiers.local.keys]]\nurl = 'http://localhost/v1'\nkey_env = 'BROKEN'",
            r"\[verifiers.local.keys 1\] key: wanted printable ASCII without spaces",
        ),
        (
            "http://localhost/v1",
            "[[verifiers.local.keys]]\nurl = 'http://localhost/v1'\nkey = 'sk-123'",
            r"key: secrets do not stand in the configuration",
        ),
        (
            "http://localhost/v1",
            "[[verifiers.local.keys]]\nurl = 'http://localhost/v1'\nkey_evn = 'KEY_OF_A'",
            r"\[verifiers.local.keys 1\] key_evn: unknown; did you mean key_env",
        ),
    ],
)
def test_what_cannot_be_meant_is_said(load, reader, more, says):
    with pytest.raises(ConfigError, match=says) as caught:
        load(reader, more)
    assert not any(secret in str(caught.value) for secret in ("sk-a", "two words", "sk-123", "elsewhere"))
