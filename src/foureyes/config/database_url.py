"""The address of a database: without a password it may stand in the file; one with a password is a secret like others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from pydantic import ValidationInfo

from foureyes.config.fields import secret
from foureyes.config.secret import Secret

__all__ = ["POSTGRES", "database_url"]

POSTGRES: Final = ("postgresql://", "postgres://")
"""How the address of a PostgreSQL database begins."""


def database_url(url: Any, info: ValidationInfo, schemes: Sequence[str]) -> Any:
    """An address as a secret; no message shows it.

    Args:
        url: as it stands in the file, or what a secret is named by.
        info: of the check.
        schemes: how it may begin.

    Raises:
        ValueError: it begins otherwise, or holds a password although it stands in the file.
    """
    if not isinstance(url, str):
        return secret(url, info)
    if not url.startswith(tuple(schemes)):
        wanted = [f"{scheme}…" if scheme.endswith("//") else f"{scheme}/path" for scheme in schemes[:-1]]
        raise ValueError(f"wanted {' or '.join(wanted)}; got something else, not shown")
    if _holds_password(url):
        raise ValueError("it holds a password: name it with url_env or url_file")
    return Secret(url)


def _holds_password(url: str) -> bool:
    """Whether a database's address has one, before its host or among its options. What cannot be told apart may hold one."""
    try:
        parts = urlsplit(url)
    except ValueError:  # the words of this error quote the address
        return True
    options = {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    return ":" in parts.netloc.rpartition("@")[0] or any(name.endswith("password") for name in options)
