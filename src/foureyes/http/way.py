"""The way to a server: straight, or through the proxy that the environment names for it."""

from __future__ import annotations

import asyncio
import os
import ssl
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from foureyes.errors import ConfigError
from foureyes.http.connection import HttpConnection
from foureyes.http.dialling import dial
from foureyes.http.failures import RequestFailed

__all__ = ["Way"]


@dataclass(frozen=True, slots=True)
class Way:
    """How connections are made.

    Attributes:
        host, port: of the server.
        trust: whom to believe who the server is; ``None`` without TLS.
        proxy: host and port of what stands in between; ``None`` for nothing.
        header: what the proxy is told of who asks, where it reads the requests themselves.
        prefix: of paths, where it does.
        tunnel: the same header, where a tunnel is asked of it.
    """

    host: str
    port: int
    trust: ssl.SSLContext | None
    proxy: tuple[str, int] | None = None
    header: str = field(default="", repr=False)
    prefix: str = ""
    tunnel: str = field(default="", repr=False)

    @classmethod
    def to(cls, address: SplitResult, *, proxies: bool = True) -> Self:
        """The way to an address.

        Args:
            address: of the server.
            proxies: whether the environment may name a proxy.

        Raises:
            ConfigError: the environment names a proxy for it that is none of plain HTTP.
        """
        host, secure = address.hostname or "", address.scheme == "https"
        port, trust = address.port or (443 if secure else 80), _trust() if secure else None
        spared = not proxies or proxy_bypass(host) or proxy_bypass(f"{host}:{port}")
        named = not spared and (getproxies().get(address.scheme) or getproxies().get("all"))
        if not named:
            return cls(host, port, trust)
        proxy, header = _proxy(named)
        if secure:
            return cls(host, port, trust, proxy, tunnel=header)
        return cls(host, port, None, proxy, header, f"http://{address.netloc}")

    async def connected(self) -> HttpConnection:
        """A new connection.

        Raises:
            OSError, ssl.SSLError: there is none to be had.
            UnicodeError: no host can have the name.
            RequestFailed: the proxy makes none.
        """
        loop = asyncio.get_running_loop()
        if self.proxy is None or self.trust is None:
            host, port = self.proxy or (self.host, self.port)
            name = None if self.trust is None else self.host
            place = await dial(host, port)
            _, connection = await loop.create_connection(
                HttpConnection, sock=place, ssl=self.trust, server_hostname=name
            )
            return connection
        transport, first = await loop.create_connection(HttpConnection, sock=await dial(*self.proxy))
        try:
            await self._ask_tunnel(first)
            connection = HttpConnection()
            inner = await loop.start_tls(transport, connection, self.trust, server_hostname=self.host)
        except BaseException:
            transport.abort()
            raise
        if inner is None:
            raise RequestFailed("the server hung up", "unavailable")
        connection.connection_made(inner)
        return connection

    async def _ask_tunnel(self, first: HttpConnection) -> None:
        first.send(f"CONNECT {self._target} HTTP/1.1\r\nHost: {self._target}\r\n{self.tunnel}\r\n".encode())
        await first.head()
        if first.status != 200:
            raise RequestFailed(f"HTTP {first.status}", "unavailable", status=first.status)

    @property
    def _target(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _proxy(named: str) -> tuple[tuple[str, int], str]:
    """Where a proxy is, and the header by which it knows who asks. Its address may hold a password and is not repeated."""
    try:
        parts = urlsplit(named if "://" in named else f"http://{named}")
        host, port = parts.hostname, 80 if parts.port is None else parts.port
    except ValueError:
        host, port, parts = None, 0, urlsplit("")
    if parts.scheme != "http" or not host or not port:
        raise ConfigError(
            "the environment names a proxy that is not http://host:port; wanted such a one, or the host named in no_proxy"
        )
    if parts.username is None:
        return (host, port), ""
    told = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return (host, port), f"Proxy-Authorization: Basic {b64encode(told).decode()}\r\n"


def _trust() -> ssl.SSLContext:
    """Whom to believe: those whom the environment names, else certifi's list, where it is installed, else the machine's."""
    if os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR"):
        return ssl.create_default_context()
    try:
        import certifi  # noqa: PLC0415 - only for servers far away
    except ImportError:
        return ssl.create_default_context()
    return ssl.create_default_context(cafile=certifi.where())
