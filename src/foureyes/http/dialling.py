"""A connection to a host that has several addresses: one that does not answer holds up none that would (RFC 8305).

They are tried in the order of the system's resolver, but of each family of addresses one in turn, the next one as soon as one
has failed, or :data:`NEXT_S` later. The first that answers is taken, and the others are closed. So an IPv6 address whose
packets get lost costs a quarter of a second where the host has an IPv4 address too.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import zip_longest
from typing import Any, Final, TypeAlias

__all__ = ["dial", "first_of", "in_turn"]

NEXT_S: Final = 0.25
"""Seconds that an address is waited for by itself, as the RFC recommends."""

_MOST: Final = 16
"""Addresses of one host that are tried."""

Found: TypeAlias = tuple[int, int, int, str, tuple[Any, ...]]
"""An address as resolvers give it: family, type, protocol, canonical name, address."""

Attempt: TypeAlias = Callable[[], Awaitable[socket.socket]]


async def dial(host: str, port: int) -> socket.socket:
    """A socket that is connected to a host, for use with the running loop.

    Raises:
        OSError: the name is not known, or none of its addresses answers.
        UnicodeError: no host can have the name.
    """
    return await first_of([partial(_connected, found) for found in in_turn(await _resolved(host, port))])


def in_turn(found: Sequence[Found]) -> list[Found]:
    """Of each family of addresses one in turn, in the order that they were given; at most sixteen (RFC 8305, section 4).

    Example:
        >>> [one[0] for one in in_turn([(6, 1, 0, "", ()), (6, 1, 0, "", ()), (4, 1, 0, "", ())])]
        [6, 4, 6]
    """
    families: dict[int, list[Found]] = {}
    for one in found:
        families.setdefault(one[0], []).append(one)
    turns = zip_longest(*families.values())
    return [one for turn in turns for one in turn if one is not None][:_MOST]


async def first_of(attempts: Sequence[Attempt], *, next_s: float = NEXT_S) -> socket.socket:
    """What the first attempt comes to that succeeds; whatever else is begun is given up, and closed.

    Args:
        attempts: in the order that they are begun in.
        next_s: seconds after which the next is begun, where none failed before.

    Raises:
        OSError: none succeeds.
    """
    begun: list[asyncio.Future[socket.socket]] = []
    taken: asyncio.Future[socket.socket] | None = None
    try:
        for attempt in attempts:
            begun.append(asyncio.ensure_future(attempt()))
            is_last = len(begun) == len(attempts)
            if (taken := await _succeeded(begun, None if is_last else next_s)) is not None:
                return taken.result()
        raise _failure([one.exception() for one in begun])
    finally:
        for one in begun:
            if one is not taken:
                one.cancel()
                one.add_done_callback(_close)


async def _succeeded(
    begun: Sequence[asyncio.Future[socket.socket]], within_s: float | None
) -> asyncio.Future[socket.socket] | None:
    """The first that succeeds; ``None`` as soon as it is time for the next one, and where there is no next one, when all failed."""
    pending = {one for one in begun if not one.done()}
    while pending:
        done, pending = await asyncio.wait(pending, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            if one.exception() is None:
                return one
        if within_s is not None:
            return None
    return None


def _failure(errors: Sequence[BaseException | None]) -> BaseException:
    """One error for those of all attempts."""
    found = [error for error in errors if error is not None]
    strange = [error for error in found if not isinstance(error, OSError)]
    if strange or len(found) == 1:
        return (strange or found)[0]
    said = dict.fromkeys(map(str, found))
    return OSError(f"none of {len(found)} addresses answers: {'; '.join(said)}" if found else "the host has no address")


def _close(one: asyncio.Future[socket.socket]) -> None:
    if not one.cancelled() and one.exception() is None:
        one.result().close()


async def _resolved(host: str, port: int) -> Sequence[Found]:
    try:  # what is an address already needs no resolver, which is asked in a thread
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        return await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)


async def _connected(found: Found) -> socket.socket:
    family, kind, protocol, _, address = found
    one = socket.socket(family, kind, protocol)
    try:
        one.settimeout(0)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(one, address)
    except BaseException:
        one.close()
        raise
    return one
