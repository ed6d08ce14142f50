"""What replicas of several versions say of one another's rows."""

from __future__ import annotations

from foureyes.errors import InputError

__all__ = ["NewerFormat", "require_known"]


class NewerFormat(InputError):
    """A newer version wrote this, and this one does not know what it means."""


def require_known(what: str, found: int, known: int) -> None:
    """Makes sure that this version knows a format.

    Args:
        what: has it, in words before the number.
        found: its format.
        known: the latest that this version reads.

    Raises:
        NewerFormat: it does not.

    Example:
        >>> require_known("a table of format", 2, 1)
        Traceback (most recent call last):
        ...
        foureyes.service.formats.NewerFormat: a table of format 2, by a newer version of foureyes; this one reads 1
    """
    if found > known:
        raise NewerFormat(f"{what} {found}, by a newer version of foureyes; this one reads {known}")
