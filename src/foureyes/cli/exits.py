"""What the process exits with: the only place in the package that knows the numbers.

The script that verifies an export without the package (:mod:`foureyes.ledger.verify_export`) ends with the same ones.
"""

from __future__ import annotations

from enum import IntEnum

from foureyes.errors import LedgerOtherKey, LedgerTampered

__all__ = ["Exit", "exit_of"]


class Exit(IntEnum):
    """Exit statuses of ``foureyes``."""

    FINE = 0
    FAILED = 1
    """One of our errors, told in one line."""
    USAGE = 2
    """The command line could not be understood."""
    TAMPERED = 3
    """A ledger is not what was written to it."""
    OTHER_KEY = 4
    """A ledger, or a part of it, is signed with another key than those that were given."""
    INTERRUPTED = 130
    """Ctrl-C, as shells count it: 128 and the number of the signal."""


def exit_of(error: BaseException) -> Exit:
    """The status that an error ends a command with."""
    if isinstance(error, LedgerTampered):
        return Exit.TAMPERED
    if isinstance(error, LedgerOtherKey):
        return Exit.OTHER_KEY
    return Exit.INTERRUPTED if isinstance(error, KeyboardInterrupt) else Exit.FAILED
