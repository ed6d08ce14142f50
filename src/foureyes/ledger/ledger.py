"""A log to write to. Start at :class:`Ledger`, or at :func:`foureyes.ledger.open_ledger`, which wires one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from foureyes.errors import FoureyesError, LedgerOtherKey, LedgerTampered
from foureyes.ledger.commit import Committer
from foureyes.ledger.entry import Draft, Json, Receipt, utc_now
from foureyes.ledger.keys import Signer, VerifierKey
from foureyes.ledger.log import Log, signed_head
from foureyes.ledger.store import Store
from foureyes.ledger.witness import Witness
from foureyes.ledger.writer import CommitThread
from foureyes.types import new_id

__all__ = ["Ledger", "LedgerOptions"]

_QUEUE: Final = 10_000


@dataclass(frozen=True, slots=True)
class LedgerOptions:
    """How a ledger is written: clock, ids, queue, former keys and witness.

    Attributes:
        clock: says when; what it says is recorded as it is, also if that is earlier than before.
        new_id: an id for every append, never the same twice.
        queue: the most appends that may wait for the disk.
        former: public keys that signed this log's checkpoints earlier.
        witness: remembers the newest checkpoint outside the store, so that a store that was put back to an earlier
            state is noticed when the ledger opens it. Told when the ledger opens, hands out a checkpoint, closes, and by
            :meth:`Ledger.remember`.
    """

    clock: Callable[[], datetime] = utc_now
    new_id: Callable[[], str] = new_id
    queue: int = _QUEUE
    former: Sequence[VerifierKey] = ()
    witness: Witness | None = None


class Ledger(Log):
    """An append-only log, signed at every commit. Any thread may use it.

    Args:
        store: where it is kept; closed with the ledger, and when it cannot be opened.
        signer: signs for the log, which is named as its key is.
        options: how it is written.

    Example:
        >>> import pathlib, tempfile
        >>> from foureyes.ledger.sqlite import SqliteStore
        >>> folder = tempfile.TemporaryDirectory()
        >>> store = SqliteStore(pathlib.Path(folder.name) / "ledger.db")
        >>> with Ledger.open(store, signer=Signer.generate("example.com/guard")) as ledger:
        ...     receipt = ledger.append("verified", {"safe": True}).result()
        ...     receipt.index, ledger.verify().size
        (0, 1)
        >>> folder.cleanup()
    """

    def __init__(self, store: Store, signer: Signer, options: LedgerOptions) -> None:
        super().__init__(store, (signer.key, *options.former))
        self._written, self._name, self._options = store, signer.key.name, options
        self._tampered: LedgerTampered | LedgerOtherKey | None = None
        commit = Committer(store, signer=signer, keys=self.keys, clock=options.clock)
        try:
            commit.open()
            self.remember()
            self._writer = CommitThread(commit, queue=options.queue)
        except FoureyesError:
            store.close()
            raise

    @classmethod
    def open(cls, store: Store, *, signer: Signer, options: LedgerOptions | None = None) -> Self:
        """Opens a log, or begins one where there is none.

        Args:
            store: where it is kept.
            signer: signs for the log, which is named as its key is.
            options: how it is written.

        Raises:
            LedgerTampered: the log's end does not lead to the signed root, or it does not continue what the witness saw.
                All of it is only checked by :meth:`verify`.
            LedgerOtherKey: the log is signed by somebody else.
            LedgerError: the store cannot be read or written.
        """
        return cls(store, signer, options or LedgerOptions())

    @property
    def log_id(self) -> str:
        """Name of the log."""
        return self._name

    def append(self, event: str, payload: Mapping[str, Json]) -> Future[Receipt]:
        """Records that something happened.

        Args:
            event: what, such as ``cross_model_verification``.
            payload: JSON; hashes of texts (:func:`~foureyes.ledger.text_hash`), never texts.

        Returns:
            A future that resolves once the entry is on the disk. If it fails, nobody may rely on the entry: it is not
            there, unless the error says that the database did not answer.

        Raises:
            InputError: this cannot be recorded.
            LedgerTampered: the witness saw another history; nothing more is recorded on top of this one.
            LedgerError: the ledger is closed, or cannot keep up.
        """
        if self._tampered is not None:
            raise LedgerTampered(str(self._tampered)) from self._tampered
        return self._writer.submit(Draft.of(event, payload, id=self._options.new_id()))

    def checkpoint(self) -> str:
        """The newest checkpoint, a signed note. The log keeps it: what was handed out can always be compared."""
        with self._written.transaction() as transaction:
            note, checkpoint = signed_head(transaction, self.keys)
            transaction.keep(note, checkpoint.size)
        self.remember()
        return note

    def remember(self) -> None:
        """Shows the witness the newest checkpoint; does nothing without a witness.

        Raises:
            LedgerTampered: the log does not continue what the witness saw.
            LedgerError: the log or the witness cannot be read or written.
        """
        if self._options.witness is None:
            return
        try:
            self._options.witness.see(self)
        except (LedgerTampered, LedgerOtherKey) as error:  # another key under an open log: somebody has replaced it
            self._tampered = error
            raise

    @property
    def tampered(self) -> bool:
        """Whether the witness has seen another history than this log's."""
        return self._tampered is not None

    def close(self) -> None:
        """Commits what is waiting, and closes the store."""
        self._writer.close()
        try:
            self.remember()
        finally:
            super().close()
