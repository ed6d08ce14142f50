"""Writes what was learnt of a route: calibrators, policy and promise beside its file, and the keys that name them in it.

Every file is named after what is in it, so nothing that a running route uses is overwritten. They are written first; the route's
own file is replaced last and as a whole, so it never names what is not there.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from foureyes.errors import InputError
from foureyes.route.learning import LearnedRoute
from foureyes.route.route_file import RouteEdit, edited_route
from foureyes.tables import write_text
from foureyes.tables.saving import require_place
from foureyes.toml_text import parsed_toml

__all__ = ["LearnedFiles", "RouteOutline", "learned_files", "outline_of", "write_learned"]


@dataclass(frozen=True, slots=True)
class RouteOutline:
    """What learning has to know of a route's file.

    Attributes:
        name: of the route.
        writers: names, the cheapest first.
        text: the file.
        watches: whether it is in shadow mode.
    """

    name: str
    writers: tuple[str, ...]
    text: str
    watches: bool


@dataclass(frozen=True, slots=True)
class LearnedFiles:
    """The files to write.

    Attributes:
        path: of the route's file.
        text: what will stand in it.
        diff: how that differs from what stands there now.
        beside: name to text of the files beside it.
    """

    path: Path
    text: str
    diff: str
    beside: Mapping[str, str]


def outline_of(path: Path) -> RouteOutline:
    """Reads the name and the writers of a route from its file.

    Raises:
        InputError: it cannot be read, or is no route's file.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        document = parsed_toml(raw)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    route, writers = document.get("route", {}), document.get("writers")
    if (
        not isinstance(writers, list)
        or not isinstance(route, dict)
        or not all(isinstance(one, dict) for one in writers)
    ):
        raise InputError(f"{path} is no route's file: wanted a table [[writers]] for each writer")
    names = tuple(str(one.get("name", one.get("model", "?"))) for one in writers)
    name = str(route.get("name", path.stem))
    return RouteOutline(name, names, raw.decode("utf-8-sig").replace("\r\n", "\n"), bool(route.get("shadow", False)))


def learned_files(learned: LearnedRoute, outline: RouteOutline, out: Path) -> LearnedFiles:
    """What there is to write.

    Args:
        learned: what was learnt.
        outline: of the file that is changed.
        out: where the changed file is to stand; the others stand beside it.

    Raises:
        InputError: a key cannot be changed for sure.
    """
    beside: dict[str, str] = {}

    def name_of(kind: str, text: str) -> str:
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        name = f"{_plain(outline.name)}-{kind}-{digest}.json"
        beside[name] = text
        return name

    edits = [
        RouteEdit("writers", "calibrator", name_of(f"calibrator-{_plain(writer)}", calibrator.to_json()), place)
        for place, (writer, calibrator) in enumerate(learned.calibrators.items())
    ]
    edits += [RouteEdit("writers", "cut", None, place) for place in range(len(learned.writers))]
    edits.append(RouteEdit("reader", "fingerprint", learned.source.model))
    edits.append(RouteEdit("reader", "signal", learned.source.signal))
    edits.append(RouteEdit("route", "policy", name_of("policy", learned.policy.to_json())))
    promise = None if learned.promise is None else name_of("promise", learned.promise.to_json())
    edits.append(RouteEdit("route", "promise", promise))
    text = edited_route(outline.text, edits)
    diff = difflib.unified_diff(outline.text.splitlines(), text.splitlines(), "before", str(out), lineterm="")
    return LearnedFiles(out, text, "\n".join(diff), beside)


def write_learned(files: LearnedFiles) -> None:
    """Writes all of them, the route's file last.

    Raises:
        InputError: one cannot be written; the route's file is then as it was.
    """
    require_place(files.path)
    for name, text in files.beside.items():
        write_text(files.path.with_name(name), text)
    write_text(files.path, files.text)


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-.")[:60] or "route"
