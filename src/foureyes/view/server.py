"""The server behind the page: loopback only, for whoever has the token, and for pages of its own only.

It is the standard library's: one user, a handful of requests a second, nothing to install, and started in no time. Every
request is held against four things before anything is read or done: its ``Host`` is ours (a name of somebody else's that leads
here is not), the cookie with the token is there, a request that changes something comes from our own page, and it is not larger
than a decision can be.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Protocol
from urllib.parse import SplitResult, parse_qs, urlsplit

from foureyes.errors import ConfigError, FoureyesError, InputError
from foureyes.report.assets import POLICY, Asset
from foureyes.view.page import assets
from foureyes.view.questions import RowsQuestion, whole
from foureyes.view.viewer import NoSuchRow, Viewer

__all__ = ["LocalServer", "Site", "ViewServer"]

_LARGEST_BODY: Final = 4096
_LONGEST_LENGTH: Final = 12
"""Digits."""

_MOST_PARAMETERS: Final = 40
_TIMEOUT_S: Final = 30
_COOKIE: Final = "foureyes_view"


class _Refused(Exception):
    """A request that is not answered, with its status and why."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


class Site(Protocol):
    """What a page asks for.

    Attributes:
        verb: of the command that serves it.
        page: its files by name; ``index.html`` stands at ``/``.
    """

    verb: str
    page: Mapping[str, Asset]

    def get(self, path: str, parameters: Mapping[str, list[str]]) -> Mapping[str, Any] | Asset | None:
        """What is at an address, ``None`` for nothing."""

    def post(self, path: str, told: object) -> Mapping[str, Any] | None:
        """The answer to what a page told; ``None`` where nobody listens."""


class LocalServer(ThreadingHTTPServer):
    """Serves a site on 127.0.0.1.

    Args:
        site: what answers.
        port: 0 for any free one.

    Raises:
        ConfigError: the port is taken.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, site: Site, port: int) -> None:
        self.site = site
        self.token = secrets.token_urlsafe(24)
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except (OSError, OverflowError) as error:
            raise ConfigError(f"cannot listen on 127.0.0.1 port {port}: {error}") from error

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def address(self) -> str:
        """What to open in a browser; whoever has it may read the files and label them."""
        return f"{self.origin}/?token={self.token}"

    @property
    def origins(self) -> frozenset[str]:
        """What our own page may be called."""
        port = self.server_address[1]
        return frozenset({self.origin, f"http://localhost:{port}"})

    @property
    def cookie(self) -> str:
        """Name of the cookie; cookies do not tell ports apart, so it holds ours."""
        return f"{_COOKIE}_{self.server_address[1]}"


class _ViewSite:
    """What the page of a viewer asks for."""

    verb = "view"

    def __init__(self, viewer: Viewer) -> None:
        self.viewer, self.page = viewer, assets()

    def get(self, path: str, parameters: Mapping[str, list[str]]) -> Mapping[str, Any] | None:
        if path == "/api/file":
            return self.viewer.file()
        if path == "/api/rows":
            return self.viewer.rows(RowsQuestion.of(parameters))
        if path == "/api/row":
            other = whole(parameters, "with_file") if "with_file" in parameters else None
            return self.viewer.row(whole(parameters, "file"), whole(parameters, "row"), other)
        return None

    def post(self, path: str, told: object) -> Mapping[str, Any] | None:
        return self.viewer.label(told) if path == "/api/label" else None


class ViewServer(LocalServer):
    """Serves the page of a viewer; see :class:`LocalServer`."""

    def __init__(self, viewer: Viewer, port: int) -> None:
        self.viewer = viewer
        super().__init__(_ViewSite(viewer), port)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: LocalServer
    protocol_version = "HTTP/1.1"
    server_version = "foureyes"
    sys_version = ""
    timeout = _TIMEOUT_S

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
        """Nothing: addresses hold the token."""

    def _answer(self, work: Callable[[], None]) -> None:
        try:
            self._require_host()
            work()
        except _Refused as refused:
            self._refuse(refused.status, refused.why)
        except NoSuchRow as error:
            self._refuse(HTTPStatus.NOT_FOUND, str(error))
        except InputError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
        except FoureyesError as error:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            self.close_connection = True  # the page went away
        except Exception:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "this is an error of foureyes; the terminal says more")
            raise

    def _get(self) -> None:
        address, parameters = self._asked()
        if address.path == "/" and "token" in parameters:
            self._let_in(parameters["token"][-1])
            return
        self._require_cookie()
        found = self.server.site.get(address.path, parameters)
        if found is None:
            self._send_file("index.html" if address.path == "/" else address.path.removeprefix("/page/"))
        elif isinstance(found, Asset):
            self._send(HTTPStatus.OK, found.body, found.kind)
        else:
            self._send_json(found)

    def _asked(self) -> tuple[SplitResult, Mapping[str, list[str]]]:
        try:
            address = urlsplit(self.path)
            return address, parse_qs(address.query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
        except ValueError as error:
            raise _Refused(HTTPStatus.BAD_REQUEST, f"cannot read the address: {error}") from error

    def _post(self) -> None:
        self._require_cookie()
        if self.headers.get("Origin") not in self.server.origins:
            raise _Refused(HTTPStatus.FORBIDDEN, "decisions are taken from our own page only")
        if self.headers.get_content_type() != "application/json":
            raise _Refused(HTTPStatus.BAD_REQUEST, "wanted application/json")
        found = self.server.site.post(self._asked()[0].path, self._body())
        if found is None:
            raise _Refused(HTTPStatus.NOT_FOUND, "no such address")
        self._send_json(found)

    def _body(self) -> object:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or len(length) > _LONGEST_LENGTH or self.headers.get("Transfer-Encoding"):
            raise _Refused(HTTPStatus.LENGTH_REQUIRED, "say how long the body is")
        if int(length) > _LARGEST_BODY:
            raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a decision has at most {_LARGEST_BODY} bytes")
        try:
            return json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError) as error:
            raise _Refused(HTTPStatus.BAD_REQUEST, "the body is not JSON") from error

    def _require_host(self) -> None:
        """A name of somebody else's may be made to lead to this machine; its pages must not reach us by it."""
        if f"http://{self.headers.get('Host', '')}" not in self.server.origins:
            raise _Refused(
                HTTPStatus.FORBIDDEN, f"this server goes by the address that foureyes {self.server.site.verb} printed"
            )

    def _require_cookie(self) -> None:
        given = dict(_cookies(self.headers.get("Cookie", ""))).get(self.server.cookie, "")
        if not hmac.compare_digest(given.encode(), self.server.token.encode()):
            raise _Refused(
                HTTPStatus.FORBIDDEN,
                f"open the whole address that foureyes {self.server.site.verb} printed, token and all",
            )

    def _let_in(self, token: str) -> None:
        if not hmac.compare_digest(token.encode(), self.server.token.encode()):
            raise _Refused(
                HTTPStatus.FORBIDDEN,
                f"open the whole address that foureyes {self.server.site.verb} printed, token and all",
            )
        cookie = f"{self.server.cookie}={self.server.token}; HttpOnly; SameSite=Lax; Path=/"
        self._send(HTTPStatus.SEE_OTHER, b"", "text/plain", {"Location": "/", "Set-Cookie": cookie})

    def _send_file(self, name: str) -> None:
        found = self.server.site.page.get(name)
        if found is None:
            raise _Refused(HTTPStatus.NOT_FOUND, "no such address")
        self._send(HTTPStatus.OK, found.body, found.kind, {"Content-Security-Policy": POLICY})

    def _send_json(self, told: Mapping[str, Any]) -> None:
        body = json.dumps(told, ensure_ascii=False, allow_nan=False).encode(errors="replace")
        self._send(HTTPStatus.OK, body, "application/json")

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self.close_connection = True  # what may follow in the body was not read
        body = json.dumps({"error": why}).encode()
        self._send(status, body, "application/json", {"Connection": "close"})

    def _send(self, status: HTTPStatus, body: bytes, kind: str, more: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        headers = {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
            **(more or {}),
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _cookies(header: str) -> Iterator[tuple[str, str]]:
    """Names and values; one that another program on this machine set may be anything, and costs no other."""
    for cookie in header.split(";"):
        name, _, value = cookie.strip().partition("=")
        yield name, value
