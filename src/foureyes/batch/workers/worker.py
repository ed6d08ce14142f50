"""What reads, wherever it is: a worker that opens the verifiers once and reads pieces of rows.

Failures come back as values: an exception would have to survive pickling, and a class that only a worker knows. Start at
:class:`ReadingWorker`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from foureyes import __version__
from foureyes.batch.engine import numbered, read_whole
from foureyes.batch.window import Result
from foureyes.errors import ConfigError, FoureyesError, ModelError, ModelRefused
from foureyes.models.roles import Reader
from foureyes.types import Exchange, Unscored

__all__ = ["OpenReaders", "ReadingWorker", "WorkerFailure", "WorkerIdentity"]

OpenReaders: TypeAlias = Callable[[], Sequence[Reader]]


@dataclass(frozen=True, slots=True)
class WorkerIdentity:
    """What a worker's numbers depend on.

    Attributes:
        version: of foureyes.
        fingerprints: of the verifiers, by their names in the results.
    """

    version: str
    fingerprints: dict[str, str]


@dataclass(frozen=True, slots=True)
class WorkerFailure:
    """Why a worker could not do what it was asked.

    Attributes:
        kind: ``"config"`` and ``"refused"`` will not get better; of ``"unavailable"`` another worker may know better;
            ``"crash"`` is anything that nobody foresaw.
        message: what it said.
        model: which verifier, where that is known.
    """

    kind: Literal["config", "refused", "unavailable", "crash"]
    message: str
    model: str = ""


class ReadingWorker:
    """Holds the verifiers of one node, or of one device.

    Args:
        open_readers: opens them.
    """

    def __init__(self, open_readers: OpenReaders) -> None:
        self._open_readers = open_readers
        self._readers: dict[str, Reader] = {}

    def ready(self) -> bool:
        """Returns as soon as the worker runs."""
        return True

    def open(self) -> WorkerIdentity | WorkerFailure:
        """Opens the verifiers."""
        try:
            self._readers = numbered(self._open_readers())
            return WorkerIdentity(__version__, {name: one.fingerprint for name, one in self._readers.items()})
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever started the run has to hear of it
            return _failure(error)

    def read(
        self, rows: Sequence[Exchange | Unscored], signals: Sequence[str], *, tokens: bool
    ) -> list[Result] | WorkerFailure:
        """Reads some rows in one call: one result per row."""
        try:
            return read_whole(rows, self._readers, signals=signals, tokens=tokens)
        except Exception as error:  # noqa: BLE001 - as above, and no worse than the end of the process
            return _failure(error)


def _failure(error: Exception) -> WorkerFailure:
    if isinstance(error, ModelError):
        return WorkerFailure("refused" if isinstance(error, ModelRefused) else "unavailable", str(error), error.model)
    if isinstance(error, FoureyesError):
        return WorkerFailure("config" if isinstance(error, ConfigError) else "crash", str(error))
    return WorkerFailure("crash", f"{type(error).__name__}: {error}")
