"""What can be configured of a record: where it is kept, and who remembers how far it went."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import BeforeValidator, ValidationInfo

from foureyes.config.fields import ConfigSource, FilePath, SettingsTable, secret
from foureyes.config.secret import Secret

__all__ = ["TENANT_PLACE", "LedgerSettings"]

TENANT_PLACE: Final = "{tenant}"
"""Stands for a tenant's name in the pattern of all."""


def _ledger_url(url: Any, info: ValidationInfo) -> Any:
    """An address without a password may stand in the file; one with a password is a secret like others."""
    if not isinstance(url, str):
        return secret(url, info)
    if not url.startswith(("sqlite:", "postgresql://", "postgres://")):
        raise ValueError("wanted sqlite:/path or postgresql://…; got something else, not shown")
    if _holds_password(url):
        raise ValueError("it holds a password: name it with url_env or url_file")
    scheme, _, path = url.partition(":")
    folder = info.context.folder if isinstance(info.context, ConfigSource) else Path()
    return Secret(f"{scheme}:{folder / path}" if scheme == "sqlite" else url)


def _holds_password(url: str) -> bool:
    """Whether a database's address has one, before its host or among its options. What cannot be told apart may hold one."""
    try:
        parts = urlsplit(url)
    except ValueError:  # the words of this error quote the address
        return True
    options = {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    return ":" in parts.netloc.rpartition("@")[0] or any(name.endswith("password") for name in options)


class LedgerSettings(SettingsTable):
    """Where a tenant's record is kept.

    Attributes:
        url: ``sqlite:/path`` or ``postgresql://…``, which may hold a password.
        key_file: private key its checkpoints are signed with.
        witness: file that remembers the newest checkpoint, out of reach of whoever can change the record; ``None`` for
            no such memory.
    """

    may_stand_in_file: ClassVar = frozenset({"url"})

    url: Annotated[Secret, BeforeValidator(_ledger_url)]
    key_file: FilePath
    witness: FilePath | None = None

    @property
    def is_unwitnessed(self) -> bool:
        """Whether nothing remembers how far the log went: it is in PostgreSQL, beside which no file stands, and has no witness."""
        return self.witness is None and self.url.reveal().startswith(("postgresql:", "postgres:"))

    def of(self, tenant: str) -> Self:
        """This pattern for one tenant, its name in place of ``{tenant}``."""
        named = {
            "url": Secret(self.url.reveal().replace(TENANT_PLACE, tenant)),
            "key_file": Path(str(self.key_file).replace(TENANT_PLACE, tenant)),
            "witness": None if self.witness is None else Path(str(self.witness).replace(TENANT_PLACE, tenant)),
        }
        return self.model_copy(update=named)
