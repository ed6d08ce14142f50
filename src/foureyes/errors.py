"""Every exception foureyes raises, in one tree.

::

    FoureyesError
    ├── InputError (also ValueError)    the caller handed over something that cannot be used
    ├── ConfigError                     the parts do not fit together, or a part is missing
    ├── ModelError                      a model, or the server that runs it, failed
    │   ├── ModelUnavailable            it cannot be reached, loaded or downloaded; later it may
    │   └── ModelRefused                it answered, and the answer was no
    ├── BudgetSpent                     a run has used what it was allowed to use; what it computed is kept
    ├── NotEnoughData                   the statistics asked for need more rows than were given
    ├── PrivacyError                    personal data could not be found, kept or restored: nothing may go out
    ├── StateError                      what replicas share of a tenant cannot be read or written
    └── LedgerError                     the ledger cannot be read or written
        ├── LedgerTampered              what is stored is not what was written
        ├── LedgerOtherKey              it is signed with another key than those that were given
        └── LedgerConflict              another writer extended the same log first

Callers' mistakes and broken trust raise. What a model fails to do with *one row* is not an exception but a value,
:class:`foureyes.types.Unscored`, so that a batch never aborts because of one row. Messages say what was got and what
was wanted. Foreign exceptions are mapped where they enter, one table per adapter, and chained with ``raise … from``.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "BudgetSpent",
    "ConfigError",
    "FoureyesError",
    "InputError",
    "LedgerConflict",
    "LedgerError",
    "LedgerOtherKey",
    "LedgerTampered",
    "ModelError",
    "ModelRefused",
    "ModelUnavailable",
    "NotEnoughData",
    "PrivacyError",
    "StateError",
]


class FoureyesError(Exception):
    """Base of everything this library raises on purpose."""


class InputError(FoureyesError, ValueError):
    """The caller's data or arguments cannot be used; the message says what was got and what was wanted."""


class ConfigError(FoureyesError):
    """The parts asked for do not fit together, or one is not installed."""


class ModelError(FoureyesError):
    """A model failed as a whole (one row's failure is an :class:`~foureyes.types.Unscored` value instead).

    The message is for whoever runs this and may quote a server; what a tenant is told is ``summary``.

    Attributes:
        model: the name of the model or endpoint.
        retryable: whether the same call may succeed later.
        status: the HTTP status, where a server answered with one.
        summary: why, without any word of a server, without addresses and keys. By default what the class says.
        busy_s: seconds for which a server that is there and has too much to do wants to be left alone, 0 where it does not say;
            ``None`` where it does not say that it has.
    """

    _kind: ClassVar[str] = "the model failed"

    def __init__(
        self,
        message: str,
        *,
        model: str,
        retryable: bool = False,
        status: int | None = None,
        summary: str | None = None,
        busy_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.model = model
        self.retryable = retryable
        self.status = status
        self.summary = self._kind if summary is None else summary
        self.busy_s = busy_s


class ModelUnavailable(ModelError):
    """The model cannot be reached, loaded or downloaded."""

    _kind = "the model cannot be had now"


class ModelRefused(ModelError):
    """The model or its server answered, and the answer was a refusal."""

    _kind = "the model or its server refused"


class NotEnoughData(FoureyesError):
    """The statistics asked for need more rows than were given.

    Attributes:
        needed: how many rows would probably do; ``None`` where that cannot be told, or no number would.
    """

    def __init__(self, message: str, *, needed: int | None = None) -> None:
        super().__init__(message)
        self.needed = needed


class BudgetSpent(FoureyesError):
    """A run has used the time or the tokens it was allowed; what it computed until then is kept."""


class PrivacyError(FoureyesError):
    """Personal data could not be found, kept or restored. The text it was in must not go out; no message quotes it."""


class StateError(FoureyesError):
    """What several replicas share of a tenant cannot be read or written; nothing is allowed or decided without it."""


class LedgerError(FoureyesError):
    """The ledger cannot be read or written."""


class LedgerTampered(LedgerError):
    """What the ledger stores is not what was written to it.

    Attributes:
        index: of the first entry that is not as it was; ``None`` where that cannot be told.
    """

    def __init__(self, message: str, *, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


class LedgerOtherKey(LedgerError):
    """A log, or a part of it, is signed with another key than those that were given.

    Whether the key is wrong, the log was given a newer one, or somebody without the key has signed it anew: only who knows
    the right key can tell. So it is no proof of tampering, and nothing that may be relied on.

    Attributes:
        index: of the first entry that none of the given keys signed for; ``None`` where that cannot be told.
    """

    def __init__(self, message: str, *, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


class LedgerConflict(LedgerError):
    """Another writer extended the same log first."""
