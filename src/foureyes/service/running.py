"""Runs an application on uvicorn: binds the socket, reloads the configuration, and ends within a bound.

:func:`listen` binds first, so that an address that is taken is an error before anything is loaded. :func:`run` serves
until SIGINT or SIGTERM: new requests are then refused, those under way get :data:`DRAIN_S` seconds, and what still runs is
cut off without an answer. On SIGHUP, and every few seconds, whatever was given as ``reload`` is called.
"""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

import uvicorn
from fastapi import FastAPI

from foureyes.errors import ConfigError

__all__ = ["DRAIN_S", "address_of", "is_open_to_others", "listen", "run"]

DRAIN_S: Final = 20
"""Seconds that requests under way get when the service ends."""

_BACKLOG: Final = 2048
_RELOAD_S: Final = 5.0
_GARBAGE: Final = (20_000, 50, 100)
"""How often Python looks for cycles. A service keeps many thousands of records that hold none, and its requests leave none;
looking through all of them again and again takes a tenth of a second at once where models are loaded."""


def listen(host: str, port: int) -> socket.socket:
    """Binds a socket.

    Args:
        host: an address of this machine.
        port: 0 for any free one.

    Raises:
        ConfigError: the address cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listening.close()
        raise ConfigError(f"cannot listen on {host} port {port}: {error}") from error
    return listening


def address_of(listening: socket.socket) -> str:
    """The address to open in a browser."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_open_to_others(listening: socket.socket) -> bool:
    """Whether other machines can reach it."""
    return not ipaddress.ip_address(listening.getsockname()[0]).is_loopback


def run(
    app: FastAPI,
    listening: socket.socket,
    *,
    reload: Callable[[], Awaitable[None]] | None = None,
    background: Sequence[Callable[[], Awaitable[None]]] = (),
) -> None:
    """Serves until a signal.

    Args:
        app: what to serve; its lifespan is run.
        listening: a bound socket; closed at the end.
        reload: called on SIGHUP and every few seconds.
        background: work to do meanwhile, ended with the service.
    """
    config = uvicorn.Config(
        app,
        http="httptools",
        lifespan="on",
        access_log=False,
        proxy_headers=False,  # nothing here depends on where a request came from
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_S,
        timeout_keep_alive=75,
    )
    server = _Server(config)
    gc.freeze()  # what was imported and loaded stays
    gc.set_threshold(*_GARBAGE)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(server, listening, reload, background))


class _Server(uvicorn.Server):
    """Ends on a signal as uvicorn does, but does not raise it again afterwards: ending when told to is no failure."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        ending = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in ending}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


async def _serve(
    server: uvicorn.Server,
    listening: socket.socket,
    reload: Callable[[], Awaitable[None]] | None,
    background: Sequence[Callable[[], Awaitable[None]]],
) -> None:
    works = [asyncio.ensure_future(work()) for work in background]
    if reload is not None:
        works.append(asyncio.ensure_future(_reload_often(reload, _hangups())))
    try:
        await server.serve(sockets=[listening])
    finally:
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)


async def _reload_often(reload: Callable[[], Awaitable[None]], hangup: asyncio.Event) -> None:
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(hangup.wait(), _RELOAD_S)
        hangup.clear()
        await reload()


def _hangups() -> asyncio.Event:
    """Set by every SIGHUP, where there is such a thing."""
    hangup = asyncio.Event()
    if (number := getattr(signal, "SIGHUP", None)) is not None:
        asyncio.get_running_loop().add_signal_handler(number, hangup.set)
    return hangup


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - not on Windows
    except ImportError:
        return None
    return uvloop.new_event_loop
