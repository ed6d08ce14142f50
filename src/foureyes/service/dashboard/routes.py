"""The page and its files, with the headers that keep it closed to everything else.

Files are read once and served from memory. Names are looked up in a table made at start, so no path of a request ever
touches the disk.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from foureyes.report.assets import POLICY, Asset, assets_of

__all__ = ["router"]

_PAGE: Final = "index.html"


def router() -> APIRouter:
    """The routes ``/`` and ``/dashboard/{name}``; none of them is in the OpenAPI document, as no program calls them.

    Example:
        >>> [route.path for route in router().routes]
        ['/', '/dashboard/{name:path}']
    """
    assets = assets_of(files("foureyes.service.dashboard") / "static")
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    async def page(request: Request) -> Response:
        return _answer(assets[_PAGE], request)

    @routes.get("/dashboard/{name:path}")
    async def asset(request: Request, name: str) -> Response:
        found = assets.get(name)
        return _answer(found, request) if found else Response("no such file", 404, media_type="text/plain")

    return routes


def _answer(asset: Asset, request: Request) -> Response:
    """The file, or 304 where the browser has it."""
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache", "ETag": asset.etag}
    if request.headers.get("if-none-match") == asset.etag:
        return Response(status_code=304, headers=headers)
    return Response(asset.body, media_type=asset.kind, headers=headers)
