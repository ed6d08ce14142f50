"""A PostgreSQL database by its URL: how to connect to it, and what to call it where a password must not stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from foureyes.errors import ConfigError, InputError

try:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict, make_conninfo
except ModuleNotFoundError as missing:
    raise ConfigError("PostgreSQL needs psycopg: pip install 'foureyes[postgres]'") from missing

__all__ = ["PostgresPlace"]

_DEFAULTS: Final[Mapping[str, Any]] = {
    "connect_timeout": 5,  # seconds
    "tcp_user_timeout": 10_000,  # milliseconds until a peer that does not take what is sent counts as gone
    "keepalives_idle": 5,  # seconds; one that took it and is gone is noticed by nothing else, and by default after two hours
    "keepalives_interval": 2,
    "keepalives_count": 3,
}


@dataclass(frozen=True, slots=True)
class PostgresPlace:
    """Where a database is.

    Attributes:
        conninfo: what psycopg connects by; may hold a password.
        name: host and database, for messages.

    Example:
        >>> str(PostgresPlace.of("postgresql://eyes:secret@db/records", application_name="foureyes"))
        'postgresql://db/records'
    """

    conninfo: str = field(repr=False)
    name: str

    @classmethod
    def of(cls, url: str, **defaults: Any) -> Self:
        """The place that a URL names.

        Args:
            url: such as ``postgresql://user@host/database``.
            defaults: parameters that the URL may overrule.

        Raises:
            InputError: it is no such URL.
        """
        try:
            given = conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            raise InputError("not a PostgreSQL URL: wanted postgresql://user@host/database") from None
        name = f"postgresql://{given.get('host', 'localhost')}/{given.get('dbname', '')}"
        return cls(make_conninfo(**{**_DEFAULTS, **defaults, **given}), name)

    def __str__(self) -> str:
        return self.name
