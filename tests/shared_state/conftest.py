"""A store at a real PostgreSQL, and a wire to it that can be cut."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from foureyes.shared_state.store import SharedStore
from tests.ledger.proxy import Proxy
from tests.postgres import postgres_url, server

__all__ = ["postgres_url"]


@pytest.fixture
def store(postgres_url: str) -> Iterator[SharedStore]:
    store = SharedStore(postgres_url)
    yield store
    store.close()


@pytest.fixture
def wire(postgres_url: str) -> Iterator[tuple[Proxy, SharedStore]]:
    """A store whose connections can be cut."""
    folder = server().get_uri().partition("host=")[2].partition("&")[0]
    [socket] = Path(folder).glob(".s.PGSQL.*[0-9]")
    with tempfile.TemporaryDirectory() as place:
        proxy = Proxy(Path(place), socket)
        cut = SharedStore(postgres_url.replace(folder, place))
        yield proxy, cut
        proxy.served = True
        cut.close()
        proxy.close()
