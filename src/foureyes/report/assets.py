"""The files that pages share, and how pages come to them: served one by one, or put together into one script.

``shared/`` is the one home of the colours, of the look of a heat map and of what moves in it. Reports take it into their one
file; pages with a server send it beside their own files under one address.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from foureyes import __version__

__all__ = ["POLICY", "SHARED", "Asset", "assets_of", "bundled", "digest"]

SHARED: Final[Traversable] = files("foureyes.report") / "shared"
"""Colours, heat maps and small helpers of every page."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
"""A page with a server loads its own files, talks to its own origin, and can turn no text into markup or script."""

_KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_IMPORT: Final = re.compile(r'^import \{ ([^}]+) \} from "\./([\w.-]+)";\n', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export ((?:async )?(?:function\*?|class|const|let) (\w+))", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, as it is sent.

    Attributes:
        body: its bytes.
        kind: its media type.
        etag: changes with its bytes, quotes included.
    """

    body: bytes
    kind: str
    etag: str


def assets_of(*folders: Traversable) -> Mapping[str, Asset]:
    """The files of a page by name, those of :data:`SHARED` among them; ``{{version}}`` in a page is filled in.

    Args:
        folders: with the files of this page alone; their names differ.

    Example:
        >>> assets_of()["tokens.css"].kind
        'text/css; charset=utf-8'
    """
    entries = [entry for folder in (SHARED, *folders) for entry in folder.iterdir()]
    return {entry.name: _asset(entry) for entry in entries if entry.is_file() and _suffix(entry.name) in _KINDS}


def bundled(name: str, folders: Iterable[Traversable]) -> str:
    """A module and all it imports as one script that needs no server, each in a scope of its own.

    Args:
        name: of the module to run.
        folders: where it and what it imports from ``./`` are looked for, after :data:`SHARED`.

    Raises:
        FileNotFoundError: a module imports one that is in none of the folders.
    """
    places = (SHARED, *folders)
    order: dict[str, str] = {}
    _visit(name, places, order)
    script = "".join(order.values())
    if "</script" in script.lower():
        raise ValueError(f"{name} would end the element that it stands in; it must not contain </script")
    return f'"use strict";\n{script}'


def digest(text: str) -> str:
    """What a content security policy calls a script or style with this text.

    Example:
        >>> digest("")
        'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
    """
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _visit(name: str, places: tuple[Traversable, ...], order: dict[str, str]) -> None:
    if name in order:
        return
    source = _read(name, places)
    for found in _IMPORT.finditer(source):
        _visit(found[2], places, order)
    body = _IMPORT.sub(lambda found: f"const {{ {found[1].replace(' as ', ': ')} }} = {_scope(found[2])};\n", source)
    exported = [found[2] for found in _EXPORT.finditer(body)]
    body = _EXPORT.sub(r"\1", body)
    order[name] = f"const {_scope(name)} = (() => {{\n{body}return {{ {', '.join(exported)} }};\n}})();\n"


def _scope(name: str) -> str:
    return "module_" + re.sub(r"\W", "_", name)


def _read(name: str, places: tuple[Traversable, ...]) -> str:
    for place in places:
        if (place / name).is_file():
            return (place / name).read_text(encoding="utf-8")
    raise FileNotFoundError(f"no module {name} in {', '.join(str(place) for place in places)}")


def _asset(entry: Traversable) -> Asset:
    content = entry.read_bytes()
    body = content.replace(b"{{version}}", __version__.encode()) if entry.name.endswith(".html") else content
    return Asset(body, _KINDS[_suffix(entry.name)], f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def _suffix(name: str) -> str:
    return name[name.rfind(".") :]
