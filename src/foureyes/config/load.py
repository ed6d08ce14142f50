"""From a file and the environment to :class:`~foureyes.config.settings.Settings`, or to every mistake at once.

The file says everything but secrets; those it names, by the environment variable or the file they are in. No settings come out
of a file with a mistake. Each mistake is a line: its table, its key, what was got and what was wanted. A key that is none is a
mistake too, as a misspelt limit would be no limit. Values are shown unless their key says that they may be secret.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from foureyes.config.council_settings import CouncilSettings, RiskSettings
from foureyes.config.fields import ConfigSource, SettingsTable, inline_fields, keys_of
from foureyes.config.gate_settings import ActionSettings, GateSettings
from foureyes.config.keys import ApiKey
from foureyes.config.ledger_settings import LedgerSettings
from foureyes.config.reader_settings import ServerKey
from foureyes.config.route_settings import (
    RouteFile,
    RouteReaderSettings,
    RouteSettings,
    ServiceRoute,
    WriterSettings,
)
from foureyes.config.service_settings import MonitoringSettings, PrivacySettings, ServerSettings, TelemetrySettings
from foureyes.config.settings import Settings, TenantSettings
from foureyes.config.shared_state_settings import SharedStateSettings
from foureyes.config.verifier_settings import JudgeVerifier, ReaderVerifier
from foureyes.errors import ConfigError, InputError
from foureyes.toml_text import LARGEST_TOML, parsed_toml

__all__ = ["TABLES", "VARIABLE", "load", "load_route", "load_with_files"]

VARIABLE: Final = "FOUREYES_CONFIG"
"""Environment variable that names the file where no path is given."""

TABLES: Final[Mapping[str, type]] = {
    "": Settings,
    "server": ServerSettings,
    "privacy": PrivacySettings,
    "monitoring": MonitoringSettings,
    "telemetry": TelemetrySettings,
    "shared_state": SharedStateSettings,
    "verifiers.*.judge": JudgeVerifier,
    "verifiers.*.reader": ReaderVerifier,
    "verifiers.*.reader.keys.*": ServerKey,
    "ledger": LedgerSettings,
    "gate": GateSettings,
    "gate.actions.*": ActionSettings,
    "tenants.*": TenantSettings,
    "tenants.*.ledger": LedgerSettings,
    "tenants.*.gate": GateSettings,
    "tenants.*.gate.actions.*": ActionSettings,
    "tenants.*.keys.*": ApiKey,
    "routes.*": ServiceRoute,
    "routes.*.route": RouteSettings,
    "routes.*.writers.*": WriterSettings,
    "routes.*.reader": RouteReaderSettings,
    "routes.*.reader.keys.*": ServerKey,
    "routes.*.ledger": LedgerSettings,
    "routes.*.council": CouncilSettings,
    "routes.*.council.when.*": RiskSettings,
    "routes.*.verifiers.*.judge": JudgeVerifier,
    "routes.*.verifiers.*.reader": ReaderVerifier,
    "routes.*.verifiers.*.reader.keys.*": ServerKey,
}
"""Every table of the file, by its place; ``*`` for a name or a number that is the operator's."""

_SECRETIVE: Final = re.compile(r"key|secret|salt|token|password|auth|url", re.IGNORECASE)
_SHOWN: Final = 60
_WANTED: Final = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "literal_error": "{expected}",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than_equal": "at most {le:g}",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "dataclass_type": "a table",
    "mapping_type": "tables with names",
    "tuple_type": "a list",
    "frozen_set_type": "a list",
}
"""What was wanted, by pydantic's names of mistakes."""

Loc: TypeAlias = tuple[int | str, ...]

T = TypeVar("T", bound=SettingsTable)

_OF_A_FILE: Final = ("routes", "")
"""Stands before the places of a route that has a file of its own."""


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Reads the configuration.

    Args:
        path: the TOML file; ``None`` for the one that :data:`VARIABLE` names, or for defaults where it names none.
        environ: the environment, in which secrets may be.

    Raises:
        ConfigError: the file cannot be read, is not TOML, or has mistakes: each with its table, its key, what was got
            and what was wanted. Secrets are in no message.

    Example:
        >>> load(None, {}).server.host
        '127.0.0.1'
    """
    return load_with_files(path, environ)[0]


def load_with_files(path: Path | None, environ: Mapping[str, str]) -> tuple[Settings, tuple[Path, ...]]:
    """The same, and every file that was read, the configuration first: what a reloader watches."""
    if path is None and not environ.get(VARIABLE):
        return Settings(), ()
    path = Path(environ[VARIABLE]) if path is None else path
    document = _document(path)
    source = _source(path, environ, document)
    document = _with_route_files(document, source)
    return _validated(Settings, document, path, source, ()), (path, *source.files)


def load_route(path: Path, environ: Mapping[str, str]) -> RouteFile:
    """Reads the file of one route.

    Args:
        path: the TOML file.
        environ: the environment, in which secrets may be.

    Raises:
        ConfigError: as :func:`load`.
    """
    return _route_with_files(path, environ)[0]


def _route_with_files(path: Path, environ: Mapping[str, str]) -> tuple[RouteFile, tuple[Path, ...]]:
    document = _document(path)
    source = _source(path, environ, document)
    return _validated(RouteFile, document, path, source, _OF_A_FILE), (path, *source.files)


def _source(path: Path, environ: Mapping[str, str], document: Mapping[str, Any]) -> ConfigSource:
    named = [name for table in _tables_of(document) if isinstance(table, dict) for name in table]
    return ConfigSource(path.parent, environ, tuple(dict.fromkeys(named)), "routes" in document)


def _tables_of(document: Mapping[str, Any]) -> list[Any]:
    """Where verifiers stand: in the file as a whole, and in the tables of routes."""
    routes = document.get("routes")
    inline = (
        [table.get("verifiers") for table in routes.values() if isinstance(table, dict)]
        if isinstance(routes, dict)
        else []
    )
    return [document.get("verifiers"), *inline]


def _with_route_files(document: Mapping[str, Any], source: ConfigSource) -> dict[str, Any]:
    """The document with what stands in the files of routes in the place of their names."""
    routes = document.get("routes")
    if not isinstance(routes, dict):
        return dict(document)
    return {**document, "routes": {name: _from_its_file(name, table, source) for name, table in routes.items()}}


def _from_its_file(name: str, table: Any, source: ConfigSource) -> Any:
    if not isinstance(table, dict) or not isinstance(table.get("file"), str):
        return table
    path = source.folder / table["file"]
    if beside := sorted(table.keys() - {"file", "tenants"}):
        raise ConfigError(f"[routes.{name}]: the route stands in {path.name}; got {', '.join(beside)} beside it")
    route, files = _route_with_files(path, source.environ)
    source.files.extend(files)
    return {**table, "file": path, **{key: getattr(route, key) for key in RouteFile.model_fields}}


def _validated(kind: type[T], document: Mapping[str, Any], path: Path, source: ConfigSource, below: Loc) -> T:
    """The document as settings, or every mistake in it; ``below`` is where its tables stand among all tables."""
    try:
        return kind.model_validate(document, context=source)
    except ValidationError as error:
        found = error.errors(include_url=False)
        lines = [
            line for details in found if (line := _line({**details, "loc": (*below, *details["loc"])})) is not None
        ]
    many = "mistake" if len(lines) == 1 else "mistakes"
    raise ConfigError(f"{path} has {len(lines)} {many}:" + "".join(f"\n  {line}" for line in lines))


def _document(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_TOML + 1)
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    try:
        return parsed_toml(raw)
    except InputError as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error


def _line(error: ErrorDetails) -> str | None:
    """One mistake; ``None`` for one that only follows from another."""
    loc, kind, context = error["loc"], error["type"], error.get("ctx", {})
    match kind:
        case "default_factory_not_called":
            return None
        case "extra_forbidden" | "unexpected_keyword_argument":
            return f"{_place(loc)}: unknown{_hint(loc)}"
        case "missing":
            return f"{_place(loc)}: missing"
        case "union_tag_not_found" | "union_tag_invalid":
            got = f"got {context['tag'][:_SHOWN]!r}" if "tag" in context else "it is missing"
            return f"{_place((*loc, 'judge', 'kind'))}: wanted judge or reader; {got}"
        case "value_error":
            return f"{_place(loc)}: {context['error']}"
    wanted = f"wanted {_WANTED[kind].format(**context)}" if kind in _WANTED else error["msg"]
    return f"{_place(loc)}: {wanted}; got {_shown(loc, error['input'])}"


def _place(loc: Loc) -> str:
    """Table and key as they stand in the file."""
    table, rest = _split(loc)
    place = _without_kind(table)
    place = place[2:] if place[:2] == _OF_A_FILE else place
    return f"[{_joined(place)}] {_joined(rest)}".rstrip() if place else f"[{_joined(rest)}]"


def _without_kind(table: Loc) -> Loc:
    """The place of a table without what tells a judge from a reader, which is a key in it."""
    for n in range(len(table), 0, -1):
        if _pattern(table[:n]).endswith(("verifiers.*.judge", "verifiers.*.reader")):
            return (*table[: n - 1], *table[n:])
    return table


def _split(loc: Loc) -> tuple[Loc, Loc]:
    """The table, and the key in it with what is wrong there; no key for a mistake of the table as a whole."""
    n = max(n for n in range(len(loc) + 1) if _pattern(loc[:n]) in TABLES)
    table = TABLES[_pattern(loc[:n])]
    inline = issubclass(table, SettingsTable) and loc[n : n + 1] and loc[n] in inline_fields(table)
    return loc[:n], loc[n + 1 :] if inline else loc[n:]


def _pattern(loc: Loc) -> str:
    named = {1} if loc[:1] in (("verifiers",), ("tenants",), ("routes",)) else set()
    if loc[:1] == ("routes",) and loc[2:3] == ("verifiers",):
        named.add(3)
    return ".".join("*" if isinstance(part, int) or i in named else part for i, part in enumerate(loc))


def _joined(parts: Loc) -> str:
    return "".join(f" {part + 1}" if isinstance(part, int) else f".{_name(part)}" for part in parts).lstrip(".")


def _name(key: str) -> str:
    return key if re.fullmatch(r"[\w. -]{1,60}", key, re.ASCII) else f"{key[:_SHOWN]!r}"


def _hint(loc: Loc) -> str:
    table, rest = _split(loc)
    keys = sorted(keys_of(TABLES[_pattern(table)]))
    near = difflib.get_close_matches(str(rest[-1]), keys, n=1)
    return f"; did you mean {near[0]}?" if near else f"; known are {', '.join(keys)}"


def _shown(loc: Loc, value: object) -> str:
    secretive = any(isinstance(part, str) and _SECRETIVE.search(part) for part in _split(loc)[1])
    if isinstance(value, bool | int | float) or (isinstance(value, str) and not secretive):
        shown = repr(value)
        return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
    kinds: dict[type, str] = {str: "text, not shown", list: "a list", tuple: "a list", dict: "a table"}
    return kinds.get(type(value), "a date or time")
