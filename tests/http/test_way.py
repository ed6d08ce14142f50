"""Which way requests go."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from foureyes.errors import ConfigError
from foureyes.http.way import Way


@pytest.mark.parametrize(
    ("spared", "address", "proxied"),
    [
        ("api.example:8000", "http://api.example:8000/v1", False),
        ("api.example:80", "http://api.example/v1", False),
        ("api.example:8000", "http://api.example:8001/v1", True),
        ("api.example", "http://api.example:8000/v1", False),
        ("other.example:8000", "http://api.example:8000/v1", True),
    ],
)
def test_a_server_that_no_proxy_names_with_its_port_is_asked_straight(
    monkeypatch: pytest.MonkeyPatch, spared: str, address: str, *, proxied: bool
) -> None:
    monkeypatch.setenv("http_proxy", "http://between.example:3128")
    monkeypatch.setenv("no_proxy", spared)
    assert (Way.to(urlsplit(address)).proxy is not None) == proxied


def test_a_proxy_at_port_0_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://between.example:0")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(ConfigError, match="wanted such a one"):
        Way.to(urlsplit("http://api.example"))
