"""How servers that read are used: which key each is sent, how many requests at once, and who is told what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from foureyes.errors import InputError

__all__ = ["OnServer", "ServerChange", "ServerState", "ServerUse", "ignore_change"]

ServerState: TypeAlias = Literal["aside", "joined", "refused"]


@dataclass(frozen=True, slots=True)
class ServerChange:
    """What became of a server of several.

    Attributes:
        address: of the server.
        state: ``"aside"`` when it is asked nothing for a while, ``"joined"`` when it reads (again), ``"refused"`` when it is
            another model and is asked no more.
        why: in a sentence; empty for one that joined.
    """

    address: str
    state: ServerState
    why: str = ""


OnServer: TypeAlias = Callable[[ServerChange], None]


def ignore_change(_: ServerChange) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class ServerUse:
    """How servers that read are used.

    Args:
        keys: by the address of a server, the key that it alone is sent; then no other key is sent to any. ``None`` for the
            environment's ``FOUREYES_API_KEY``.
        at_once: requests under way at each server, ≥ 1; ``None`` for as many as it can take.
        on_server: told, from any thread, what becomes of one of several servers.

    Raises:
        InputError: ``at_once`` is below 1.
    """

    keys: Mapping[str, str] | None = field(default=None, repr=False)
    at_once: int | None = None
    on_server: OnServer = ignore_change

    def __post_init__(self) -> None:
        if self.at_once is not None and self.at_once < 1:
            raise InputError(f"wanted at least one request at once; got {self.at_once}")
