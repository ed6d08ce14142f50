"""Verifiers that are opened with what is known of servers. Start at :func:`open_with_servers`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from foureyes.cli.words import tell_server
from foureyes.errors import ConfigError
from foureyes.models.catalog import open_reader
from foureyes.models.roles import Reader
from foureyes.models.server_use import ServerUse
from foureyes.models.weights.reference import addresses_in

__all__ = ["open_with_servers"]


def open_with_servers(variables: Mapping[str, str], at_once: int | None, reference: str, **told: Any) -> Reader:
    """Opens a verifier; a server's key is looked up where that happens, so that none travels to other machines.

    Args:
        variables: of the environment, with the key of one server each, by its address.
        at_once: requests under way at each server; not of a verifier that is none.
        reference: of the verifier.
        **told: the other arguments of :func:`~foureyes.models.catalog.open_reader`.

    Raises:
        ConfigError: a variable is not set, or as there.
        ModelError: as there.
    """
    addresses = addresses_in(reference)
    own = {url: variables[url] for url in addresses if url in variables}
    if missing := [name for name in own.values() if not os.environ.get(name)]:
        raise ConfigError(f"the environment variable {missing[0]} is not set; it is to hold a server's key")
    keys = (
        {url: os.environ[name] for url, name in own.items()} if variables else None
    )  # beside one's own key no other is sent
    return open_reader(reference, servers=ServerUse(keys, at_once, tell_server) if addresses else None, **told)
