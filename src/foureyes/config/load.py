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
from typing import Any, Final, TypeAlias

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from foureyes.config.fields import ConfigSource, SettingsTable, inline_fields, keys_of
from foureyes.config.gate_settings import ActionSettings, GateSettings
from foureyes.config.keys import ApiKey
from foureyes.config.service_settings import MonitoringSettings, PrivacySettings, ServerSettings, TelemetrySettings
from foureyes.config.settings import LedgerSettings, Settings, TenantSettings
from foureyes.config.verifier_settings import JudgeVerifier, ReaderVerifier
from foureyes.errors import ConfigError, InputError
from foureyes.toml_text import LARGEST_TOML, parsed_toml

__all__ = ["TABLES", "VARIABLE", "load", "load_with_files"]

VARIABLE: Final = "FOUREYES_CONFIG"
"""Environment variable that names the file where no path is given."""

TABLES: Final[Mapping[str, type]] = {
    "": Settings,
    "server": ServerSettings,
    "privacy": PrivacySettings,
    "monitoring": MonitoringSettings,
    "telemetry": TelemetrySettings,
    "verifiers.*.judge": JudgeVerifier,
    "verifiers.*.reader": ReaderVerifier,
    "ledger": LedgerSettings,
    "gate": GateSettings,
    "gate.actions.*": ActionSettings,
    "tenants.*": TenantSettings,
    "tenants.*.ledger": LedgerSettings,
    "tenants.*.gate": GateSettings,
    "tenants.*.gate.actions.*": ActionSettings,
    "tenants.*.keys.*": ApiKey,
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
    named = document.get("verifiers")
    source = ConfigSource(path.parent, environ, tuple(named) if isinstance(named, dict) else ())
    try:
        settings = Settings.model_validate(document, context=source)
    except ValidationError as error:
        lines = [line for details in error.errors(include_url=False) if (line := _line(details)) is not None]
    else:
        return settings, (path, *source.files)
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
    place = table[:2] if table[:1] == ("verifiers",) else table
    return f"[{_joined(place)}] {_joined(rest)}".rstrip() if place else f"[{_joined(rest)}]"


def _split(loc: Loc) -> tuple[Loc, Loc]:
    """The table, and the key in it with what is wrong there; no key for a mistake of the table as a whole."""
    n = max(n for n in range(len(loc) + 1) if _pattern(loc[:n]) in TABLES)
    table = TABLES[_pattern(loc[:n])]
    inline = issubclass(table, SettingsTable) and loc[n : n + 1] and loc[n] in inline_fields(table)
    return loc[:n], loc[n + 1 :] if inline else loc[n:]


def _pattern(loc: Loc) -> str:
    named = loc[:1] in (("verifiers",), ("tenants",))
    return ".".join("*" if isinstance(part, int) or (named and i == 1) else part for i, part in enumerate(loc))


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
