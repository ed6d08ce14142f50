"""What replicas of several versions say of one another's rows."""

from __future__ import annotations

from foureyes.errors import InputError

__all__ = ["NewerFormat"]


class NewerFormat(InputError):
    """A newer version wrote this, and this one does not know what it means."""
