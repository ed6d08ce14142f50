"""What can be configured of the state that several replicas share."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, ValidationInfo

from foureyes.config.database_url import POSTGRES, database_url
from foureyes.config.fields import SettingsTable
from foureyes.config.secret import Secret

__all__ = ["SharedStateSettings"]


def _state_url(url: Any, info: ValidationInfo) -> Any:
    return database_url(url, info, POSTGRES)


class SharedStateSettings(SettingsTable):
    """Where replicas keep what they know together of their tenants.

    Attributes:
        url: ``postgresql://…``, which may hold a password.
        timeout_s: most seconds that a request waits for it at a time; then it is refused.
    """

    may_stand_in_file: ClassVar = frozenset({"url"})

    url: Annotated[Secret, BeforeValidator(_state_url)]
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 2.0
