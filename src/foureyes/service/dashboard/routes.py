"""The page and its files, with the headers that keep it closed to everything else.

Files are read once and served from memory. Names are looked up in a table made at start, so no path of a request ever
touches the disk.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from foureyes import __version__

__all__ = ["POLICY", "router"]

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
"""The page loads its own files, talks to its own origin, and can turn no text into markup or script."""

_KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_PAGE: Final = "index.html"


@dataclass(frozen=True, slots=True)
class _Asset:
    """One file, as it is sent."""

    body: bytes
    kind: str
    etag: str

    def answer(self, request: Request) -> Response:
        """The file, or 304 where the browser has it."""
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache", "ETag": self.etag}
        if request.headers.get("if-none-match") == self.etag:
            return Response(status_code=304, headers=headers)
        return Response(self.body, media_type=self.kind, headers=headers)


def router() -> APIRouter:
    """The routes ``/`` and ``/dashboard/{name}``; none of them is in the OpenAPI document, as no program calls them.

    Example:
        >>> [route.path for route in router().routes]
        ['/', '/dashboard/{name:path}']
    """
    assets = _load()
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    async def page(request: Request) -> Response:
        return assets[_PAGE].answer(request)

    @routes.get("/dashboard/{name:path}")
    async def asset(request: Request, name: str) -> Response:
        found = assets.get(name)
        return found.answer(request) if found else Response("no such file", 404, media_type="text/plain")

    return routes


def _load() -> dict[str, _Asset]:
    folder = files("foureyes.service.dashboard") / "static"
    return {
        entry.name: _asset(entry.name, entry.read_bytes())
        for entry in folder.iterdir()
        if entry.is_file() and _suffix(entry.name) in _KINDS
    }


def _asset(name: str, content: bytes) -> _Asset:
    body = content.replace(b"{{version}}", __version__.encode()) if name == _PAGE else content
    return _Asset(body, _KINDS[_suffix(name)], f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def _suffix(name: str) -> str:
    return name[name.rfind(".") :]
