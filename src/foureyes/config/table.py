"""One table of a configuration file, read key by key, with every mistake written down.

A reader asks for each key it knows, says what kind of value it wants, and gets that or a default. A wrong value is noted and
replaced by the default, so that reading goes on and all mistakes come out together; whoever began with :class:`Problems`
ends with :meth:`Problems.check`, and nothing read from a wrong file is ever used. Keys that nobody asked for are mistakes
too, as a misspelt limit would be no limit. Values are shown in messages unless their key says that they may be secret.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from foureyes.config.secret import Secret
from foureyes.errors import ConfigError

__all__ = ["FLAG", "MOMENT", "TEXT", "TEXTS", "Kind", "Problems", "Table", "number", "one_of", "several_of", "whole"]

T = TypeVar("T")

_SECRETIVE: Final = re.compile(r"key|secret|salt|token|password|auth|url", re.IGNORECASE)
_VARIABLE: Final = re.compile(r"[A-Z_][A-Z0-9_]{0,127}", re.ASCII)
_LARGEST_SECRET: Final = 65_536


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """A kind of value.

    Args:
        wanted: in words.
        read: gives the value, or ``None`` for anything else.
        stand_in: what a reader goes on with when a value it needs is missing or wrong.
    """

    wanted: str
    read: Callable[[object], T | None]
    stand_in: T


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value and value.isprintable() else None


def _texts(value: object) -> tuple[str, ...] | None:
    whole = isinstance(value, list) and value and all(_text(entry) for entry in value)
    return tuple(value) if whole and isinstance(value, list) and len(set(value)) == len(value) else None


TEXT: Final = Kind("text", _text, "?")
TEXTS: Final[Kind[tuple[str, ...]]] = Kind("a list of different texts, at least one", _texts, ())
FLAG: Final[Kind[bool]] = Kind(
    "true or false", lambda value: value if isinstance(value, bool) else None, stand_in=False
)
MOMENT: Final[Kind[float]] = Kind(
    "a date and time with its offset, such as 2027-01-31T00:00:00Z",
    lambda value: value.timestamp() if isinstance(value, datetime) and value.tzinfo else None,
    0.0,
)


def whole(low: int, high: int) -> Kind[int]:
    """Whole numbers from ``low`` to ``high``."""
    return Kind(
        f"a whole number from {low} to {high}",
        lambda value: (
            value if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high else None
        ),
        low,
    )


def number(low: float, high: float, *, above: bool = False) -> Kind[float]:
    """Numbers from ``low`` to ``high``; ``above`` leaves out ``low`` itself."""

    def read(value: object) -> float | None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return None
        return float(value) if (low < value if above else low <= value) and value <= high else None

    return Kind(f"a number {'above' if above else 'from'} {low:g} {'up ' if above else ''}to {high:g}", read, high)


def one_of(*words: T) -> Kind[T]:
    """One of some words."""
    wanted = f"one of {', '.join(map(str, words))}"
    return Kind(wanted, lambda value: next((word for word in words if word == value), None), words[0])


def several_of(*words: T) -> Kind[frozenset[T]]:
    """A list of some of these words, at least one."""

    def read(value: object) -> frozenset[T] | None:
        return frozenset(value) if isinstance(value, list) and value and all(v in words for v in value) else None

    return Kind(f"a list with some of {', '.join(map(str, words))}", read, frozenset(words))


@dataclass(slots=True)
class Problems:
    """The mistakes of one file.

    Args:
        file: as errors call it.
        folder: what relative paths in it are relative to.
        environ: the environment secrets may be named in.
    """

    file: str
    folder: Path
    environ: Mapping[str, str]
    found: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)

    def note(self, where: str, problem: str) -> None:
        """Writes one down."""
        self.found.append(f"{where}: {problem}")

    def check(self) -> None:
        """Raises ConfigError if any was written down: all of them, a line each."""
        if self.found:
            n = len(self.found)
            lines = "".join(f"\n  {problem}" for problem in self.found)
            raise ConfigError(f"{self.file} has {n} {'mistake' if n == 1 else 'mistakes'}:{lines}")


class Table:
    """One table.

    Args:
        values: as TOML gave them; anything else than a table is a mistake.
        name: as it stands in the file, ``"tenants.acme"``; empty for the file itself.
        problems: where mistakes go.
    """

    def __init__(self, values: object, name: str, problems: Problems) -> None:
        self._values: Mapping[str, Any] = values if isinstance(values, dict) else {}
        self.name = name
        self.problems = problems
        self._asked: set[str] = set()
        if not isinstance(values, dict):
            problems.note(f"[{name}]", f"wanted a table; got {_kind_of(values)}")

    def has(self, key: str) -> bool:
        """Whether there is such a key."""
        self._asked.add(key)
        return key in self._values

    def take(self, key: str, kind: Kind[T], default: T) -> T:
        """The value of a key, or the default where the key is missing or its value is wrong."""
        if not self.has(key):
            return default
        found = kind.read(self._values[key])
        if found is None:
            self.wrong(key, f"wanted {kind.wanted}; got {_shown(key, self._values[key])}")
            return default
        return found

    def maybe(self, key: str, kind: Kind[T]) -> T | None:
        """The same for a key that may be missing."""
        return self.take(key, kind, kind.stand_in) if self.has(key) else None

    def need(self, key: str, kind: Kind[T]) -> T:
        """The same for a key that must be there."""
        if not self.has(key):
            self.wrong(key, f"missing; wanted {kind.wanted}")
        return self.take(key, kind, kind.stand_in)

    def path(self, key: str) -> Path | None:
        """A path, relative to the file's folder."""
        text = self.maybe(key, TEXT)
        return None if text is None else self.problems.folder / text

    def secret(self, what: str) -> Secret | None:
        """A secret named by ``WHAT_env`` or ``WHAT_file``: it never stands in the file itself.

        Messages repeat neither value nor name: people do write the secret where its name belongs.
        """
        if self.has(what):
            self.wrong(what, f"secrets do not stand in the configuration: name one with {what}_env or {what}_file")
        variable, file = self.has(f"{what}_env"), self.has(f"{what}_file")
        if variable and file:
            self.wrong(f"{what}_env", f"give {what}_env or {what}_file, not both")
        if variable:
            return self._from_environment(f"{what}_env")
        return self._from_file(f"{what}_file") if file else None

    def tables(self, key: str) -> Iterator[tuple[str, Table]]:
        """The tables in a table, with their names."""
        if self.has(key):
            inner = self._inner(key)
            for name, values in self._values[key].items() if isinstance(self._values[key], dict) else ():
                yield name, Table(values, f"{inner}.{name}", self.problems)
            if not isinstance(self._values[key], dict):
                self.wrong(key, f"wanted tables [{inner}.NAME]; got {_kind_of(self._values[key])}")

    def rows(self, key: str) -> Iterator[Table]:
        """The tables in a list of tables."""
        if self.has(key):
            listed = self._values[key] if isinstance(self._values[key], list) else []
            if not isinstance(self._values[key], list):
                self.wrong(key, f"wanted tables [[{self._inner(key)}]]; got {_kind_of(self._values[key])}")
            for i, values in enumerate(listed, 1):
                yield Table(values, f"{self._inner(key)} {i}", self.problems)

    def table(self, key: str) -> Table:
        """The table of a key; an empty one where it is missing."""
        return Table(self._values[key] if self.has(key) else {}, self._inner(key), self.problems)

    def scalars(self, key: str) -> tuple[tuple[str, str | int | float | bool], ...] | None:
        """A table of texts, numbers and flags whose keys are not ours to know, in order."""
        if not self.has(key):
            return None
        values = self._values[key] if isinstance(self._values[key], dict) else {"": None}
        if not all(isinstance(value, str | int | float) for value in values.values()):
            self.wrong(key, "wanted a table of texts, numbers and flags")
        return tuple(values.items())

    def wrong(self, key: str, problem: str) -> None:
        """Writes a mistake at a key down."""
        self.problems.note(f"[{self.name}] {key}" if self.name else f"[{key}]", problem)

    def done(self) -> None:
        """Every key that nobody asked for is a mistake."""
        for key in sorted(self._values.keys() - self._asked):
            near = difflib.get_close_matches(key, self._asked, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(self._asked))}"
            self.wrong(_name_shown(key), f"unknown{hint}")

    def _inner(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key

    def _from_environment(self, key: str) -> Secret | None:
        name = self._values[key]
        if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
            self.wrong(key, "wanted the name of an environment variable, in capitals; got something else, not shown")
            return None
        value = self.problems.environ.get(name, "").strip()
        if not value:
            self.wrong(key, "the environment variable of this name is not set, or empty")
            return None
        return Secret(value, source=f"the environment variable of [{self.name}] {key}")

    def _from_file(self, key: str) -> Secret | None:
        path = self.path(key)
        if path is None:
            return None
        self.problems.files.append(path)
        try:
            with path.open(encoding="utf-8") as file:
                value = file.read(_LARGEST_SECRET).strip()
        except (OSError, UnicodeDecodeError, ValueError) as error:
            self.wrong(key, f"the file cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8 text'}")
            return None
        if not value:
            self.wrong(key, "the file is empty")
            return None
        return Secret(value, source=f"the file of [{self.name}] {key}")


def _shown(key: str, value: object) -> str:
    if isinstance(value, bool | int | float) or not _SECRETIVE.search(key):
        shown = repr(value)
        return shown if len(shown) <= 60 else f"{shown[:60]}…"
    return f"{_kind_of(value)}, not shown"


def _name_shown(key: str) -> str:
    return key if re.fullmatch(r"[\w.-]{1,60}", key, re.ASCII) else f"{key[:60]!r}"


def _kind_of(value: object) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "a table"}
    return names.get(type(value), "a date or time")
