"""Runs an application on uvicorn: binds the socket, reloads the configuration, and ends within a bound.

:func:`listen` binds first, so that an address that is taken is an error before anything is loaded. :func:`run` serves
until SIGINT or SIGTERM, and then ends in this order: ``/readyz`` says so and every answer closes its connection, while a
balancer has ``notice_s`` to send its requests elsewhere (after SIGTERM); the service listens no more and closes idle
connections; requests under way get :data:`DRAIN_S` seconds, and what still runs is cut off without an answer. A second signal
ends the notice. On SIGHUP, and every few seconds, whatever was given as ``reload`` is called.

Connections come in by :mod:`foureyes.service.door`, and speak HTTP as :mod:`foureyes.service.door_protocol` bounds it.
"""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Final

import uvicorn
from fastapi import FastAPI

from foureyes.errors import ConfigError
from foureyes.service.app_state import AppState
from foureyes.service.door import Door
from foureyes.service.door_protocol import DoorProtocol

__all__ = ["DRAIN_S", "address_of", "is_open_to_others", "listen", "run", "server_of"]

DRAIN_S: Final = 20
"""Seconds that requests under way get when the service ends."""

_BACKLOG: Final = 2048
_RELOAD_S: Final = 5.0
_TICK_S: Final = 0.1
_FILES: Final = 65_536
_GARBAGE: Final = (500, 10, 20_000)
"""How often Python looks for cycles: often among what is new, so that each look is short; seldom among all. A service keeps
many thousands of records that hold no cycle, and looking through all of them takes a tenth of a second at once where models
are loaded; requests that are given up leave some."""

_SWITCH_S: Final = 0.0001
"""How long a thread that looks for personal data may keep Python from the event loop, which asks for it back after every
wait, some twenty times in a request; and a busy event loop from a thread that commits to a ledger or reads it, which asks after
every statement of SQLite: with half a millisecond, five to fifteen of a commit that takes two passed so."""


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
    state: AppState | None = None,
    reload: Callable[[], Awaitable[None]] | None = None,
    background: Sequence[Callable[[], Awaitable[None]]] = (),
) -> None:
    """Serves until a signal.

    Args:
        app: what to serve; its lifespan is run.
        listening: a bound socket; closed at the end.
        state: of the application, whose limits are kept and which is told of the end; ``None`` for the usual limits.
        reload: called on SIGHUP and every few seconds.
        background: work to do meanwhile, ended with the service.
    """
    server = server_of(app, state)
    _open_more_files()
    gc.freeze()  # what was imported and loaded stays
    gc.set_threshold(*_GARBAGE)
    sys.setswitchinterval(_SWITCH_S)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(server, listening, reload, background))


def server_of(app: FastAPI, state: AppState | None = None) -> uvicorn.Server:
    """The server of an application, behind its door."""
    door = Door() if state is None else Door(lambda: state.parts.server, state.refused)
    if state is not None:
        state.metrics.watch_connections(lambda: door.n)
    config = uvicorn.Config(
        app,
        http=partial(DoorProtocol, door),  # type: ignore[arg-type] # uvicorn calls it with names only
        ws="none",
        lifespan="on",
        access_log=False,
        proxy_headers=False,  # nothing here depends on where a request came from
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_S,
        timeout_keep_alive=75,
    )
    return _Server(config, state)


class _Server(uvicorn.Server):
    """Ends on a signal as uvicorn does, with a notice before.

    It does not raise the signal again afterwards: ending when told to is no failure.
    """

    def __init__(self, config: uvicorn.Config, state: AppState | None) -> None:
        super().__init__(config)
        self._state = state

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._state is not None:
            self._state.ending = True
            if signal.SIGTERM in self._captured_signals:
                await self._give_notice(self._state.parts.server.notice_s)
            self._state.end_feeds()
        await super().shutdown(sockets)

    async def _give_notice(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        # a signal's handler sets no more than a flag, so it is looked at again and again
        while (left := ends - loop.time()) > 0 and len(self._captured_signals) < 2:  # noqa: ASYNC110
            await asyncio.sleep(min(left, _TICK_S))

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():  # nobody else gets signals
            yield
            return
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


def _open_more_files() -> None:
    """Lets the process open as many files as it may: every connection is one."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - not on Windows
    except ImportError:
        return None
    return uvloop.new_event_loop
