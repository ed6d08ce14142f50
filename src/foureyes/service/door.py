"""Who may hold a connection: how many there may be, from one address too, and who gives way when there are more.

A connection is *half-open* until the head of a request has arrived, *busy* while a request is served, *idle* between two.
When there are too many, the one that has waited longest without a request gives way; a newcomer is turned away only when
none can. So whoever holds connections open without asking for anything keeps nobody out.

Start at :class:`Door`. One event loop uses it. How bytes are counted: :mod:`foureyes.service.door_protocol`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import Final, Protocol

from foureyes.config import ServerSettings

__all__ = ["BODY_ARRIVED", "Door", "DoorConnection", "peer_of"]

BODY_ARRIVED: Final = "foureyes.body_arrived"
"""Where a request's scope says that all of its body has arrived, whether anybody has read it or not."""

_GRACE_S: Final = 1.0
"""Seconds in which a connection need not give way to others of its kind: of a burst, all get to send their heads."""


class DoorConnection(Protocol):
    """What the door needs of a connection."""

    def give_way(self) -> None:
        """Ends it without a word."""


@dataclass(slots=True)
class _Peer:
    """The connections of one address.

    Attributes:
        n: how many there are.
        waiting: those without a request, and since when; the longest first.
    """

    n: int = 0
    waiting: dict[DoorConnection, float] = field(default_factory=dict)


class Door:
    """Says which connections may stay, and closes the one that has waited longest where there are too many.

    Args:
        limits: those in force now; asked again at every connection.
        refused: told in a word why something was refused.
        clock: seconds since some moment, never set back.
    """

    def __init__(
        self,
        limits: Callable[[], ServerSettings] = ServerSettings,
        refused: Callable[[str], None] = lambda _: None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits: Final = limits
        self._clock: Final = clock
        self.refused: Final = refused
        self._n = 0
        self._peers: dict[str, _Peer] = {}
        self._waiting: dict[DoorConnection, float] = {}
        self._half_open: dict[DoorConnection, float] = {}

    @property
    def limits(self) -> ServerSettings:
        """Those in force now."""
        return self._limits()

    @property
    def n(self) -> int:
        """How many connections there are."""
        return self._n

    @property
    def half_open(self) -> int:
        """How many have not sent the head of a request."""
        return len(self._half_open)

    def enter(self, connection: DoorConnection, peer: str) -> bool:
        """Counts a new connection, if there is room for it or another gives way.

        Args:
            connection: half-open from now on.
            peer: as :func:`peer_of` calls whoever it is from.

        Returns:
            Whether it may stay; if not, it is not counted.
        """
        limits, own = self.limits, self._peers.get(peer)
        if own is not None and own.n >= limits.max_connections_per_address:
            self.refused("address")
            if not self._has_made_room(own.waiting, _GRACE_S):
                return False
        if self._n >= limits.max_connections:
            self.refused("connections")
            if not self._has_made_room(self._waiting):
                return False
        self._n += 1
        self._peers.setdefault(peer, _Peer()).n += 1
        self.wait(connection, peer, half_open=True)
        return True

    def leave(self, connection: DoorConnection, peer: str) -> None:
        """Forgets a connection that was counted."""
        self.serve(connection, peer)
        self._n -= 1
        own = self._peers[peer]
        own.n -= 1
        if not own.n:
            del self._peers[peer]

    def wait(self, connection: DoorConnection, peer: str, *, half_open: bool) -> None:
        """A counted connection waits from now on: for a request, or for the rest of a head."""
        self.serve(connection, peer)
        if half_open and len(self._half_open) >= self.limits.max_half_open:
            self.refused("half-open")
            self._has_made_room(self._half_open, _GRACE_S)
        self._waiting[connection] = self._peers[peer].waiting[connection] = now = self._clock()
        if half_open:
            self._half_open[connection] = now

    def serve(self, connection: DoorConnection, peer: str) -> None:
        """A counted connection has a request from now on."""
        self._waiting.pop(connection, None)
        self._half_open.pop(connection, None)
        self._peers[peer].waiting.pop(connection, None)

    def _has_made_room(self, waiting: dict[DoorConnection, float], grace_s: float = 0.0) -> bool:
        """Whether the one that has waited longest was sent away; not if that is no longer than the grace."""
        connection, since = next(iter(waiting.items()), (None, 0.0))
        if connection is None or self._clock() - since < grace_s:
            return False
        connection.give_way()
        return True


def peer_of(address: str) -> str:
    """Who an address belongs to: itself, or the first half of an IPv6 address, whose second half its owner chooses freely.

    Example:
        >>> peer_of("192.0.2.7"), peer_of("2001:db8:0:1::7"), peer_of("::ffff:192.0.2.7")
        ('192.0.2.7', '2001:db8:0:1::', '192.0.2.7')
    """
    if ":" not in address:
        return address
    found = IPv6Address(address.partition("%")[0])
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Address(int(found) >> 64 << 64))
