"""What can be configured of a record: where it is kept, and who remembers how far it went."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import BeforeValidator, ValidationInfo

from foureyes.config.database_url import POSTGRES, database_url
from foureyes.config.fields import ConfigSource, FilePath, SettingsTable
from foureyes.config.secret import Secret

__all__ = ["TENANT_PLACE", "LedgerSettings"]

TENANT_PLACE: Final = "{tenant}"
"""Stands for a tenant's name in the pattern of all."""


def _ledger_url(url: Any, info: ValidationInfo) -> Any:
    """Where a record is: a file of SQLite or a database."""
    found = database_url(url, info, ("sqlite:", *POSTGRES))
    if not isinstance(url, str) or not url.startswith("sqlite:"):
        return found
    folder = info.context.folder if isinstance(info.context, ConfigSource) else Path()
    return Secret(f"sqlite:{folder / url.removeprefix('sqlite:')}")


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
        return self.witness is None and self.url.reveal().startswith(POSTGRES)

    def of(self, tenant: str) -> Self:
        """This pattern for one tenant, its name in place of ``{tenant}``."""
        named = {
            "url": Secret(self.url.reveal().replace(TENANT_PLACE, tenant)),
            "key_file": Path(str(self.key_file).replace(TENANT_PLACE, tenant)),
            "witness": None if self.witness is None else Path(str(self.witness).replace(TENANT_PLACE, tenant)),
        }
        return self.model_copy(update=named)
