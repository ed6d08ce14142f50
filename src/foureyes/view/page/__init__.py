"""The page of ``foureyes view``: its files, and the same page in one file that needs no server.

:func:`assets` is what a server sends: ``index.html`` at ``/``, all others under ``/page/``, each with :data:`POLICY`. What the page
asks for then is told by the server's contract. :func:`exported` puts files and data together.

The rule that holds throughout: text from outside enters the page by ``textContent`` only. A heat map comes as data
(:func:`foureyes.report.heat.heat_of`), never as markup.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

from foureyes.report.assets import POLICY, SHARED, Asset, assets_of, bundled, digest

__all__ = ["POLICY", "assets", "exported"]

_HERE: Final = files("foureyes.view.page")
_STYLES: Final = ("tokens.css", "frame.css", "heat.css", "view.css")
_HEAD: Final = "<!-- files -->"
_DATA: Final = "<!-- data -->"


def assets() -> Mapping[str, Asset]:
    """Every file of the page by its name.

    Example:
        >>> assets()["index.html"].kind
        'text/html; charset=utf-8'
    """
    return assets_of(_HERE)


def exported(data: Mapping[str, Any]) -> str:
    """The page with its data in one HTML file that loads nothing.

    Args:
        data: ``{"file": what /api/file answers, "rows": what /api/rows answers, "details": {row: what /api/row answers}}``.
    """
    page = assets()["index.html"].body.decode()
    style = "\n".join(_style(name) for name in _STYLES)
    script = bundled("theme.js", [_HERE]) + bundled("view.js", [_HERE])
    policy = (
        f"default-src 'none'; img-src data:; style-src '{digest(style)}'; script-src '{digest(script)}'; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )
    before, _, after = page.split(_HEAD)
    head = f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n<style>{style}</style>'
    told = json.dumps(data, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    held = told.encode(errors="replace").decode()  # half a character, as JSON may hold it, is none in a file
    inside = f'<script type="application/json" id="data">{held}</script>\n<script>{script}</script>'
    return (before + head + after).replace(_DATA, inside)


def _style(name: str) -> str:
    place = SHARED if (SHARED / name).is_file() else _HERE
    return (place / name).read_text(encoding="utf-8")
