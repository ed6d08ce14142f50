"""Commits a batch of drafts: the one procedure that writes to a log. Start at :class:`Committer`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, takewhile
from typing import Final

from foureyes.errors import LedgerError, LedgerOtherKey, LedgerTampered
from foureyes.ledger.audit import follows, require_no_loss
from foureyes.ledger.checkpoint import Checkpoint
from foureyes.ledger.entry import Draft, Receipt, stamp
from foureyes.ledger.keys import Signer, VerifierKey, split_note
from foureyes.ledger.log import signed_head
from foureyes.ledger.sealing import LogTip, Sealed, grown_tip, seal, subtree_of, tip_of
from foureyes.ledger.store import Extension, Store, Transaction
from foureyes.maths.merkle import proof

__all__ = ["Committer"]

_ATTEMPTS: Final = 3
_KEEP_EVERY: Final = 1024


@dataclass(frozen=True, slots=True)
class _Pending:
    """Written in a transaction, perhaps committed."""

    sealed: Sealed
    note: str


class Committer:
    """Extends one log. One thread uses it.

    Args:
        store: where the log is kept.
        signer: signs for it.
        keys: public keys that may have signed its checkpoints, the signer's among them.
        clock: says when.
    """

    def __init__(
        self, store: Store, *, signer: Signer, keys: Sequence[VerifierKey], clock: Callable[[], datetime]
    ) -> None:
        self._store, self._signer, self._keys, self._clock = store, signer, keys, clock
        self._tip = LogTip.first(signer.key.name)
        self._head: str | None = None

    def open(self) -> None:
        """Finds the end of the log, or begins one where there is none.

        A last checkpoint that a former key signed is kept: whoever has only that key can go on verifying its part.

        Raises:
            LedgerTampered: the end of the log does not lead to the signed root.
            LedgerOtherKey: it is signed by none of the keys.
            LedgerError: the store cannot be read or written.
        """
        with self._store.transaction() as transaction:
            if (note := transaction.head()) is None:
                self._require_no_loss(transaction)
                self._head = self._begin(transaction)
            else:
                self._head, checkpoint = note, Checkpoint.opened(note, self._keys)
                self._tip = tip_of(transaction, checkpoint)
                self._require_no_loss(transaction)
                if not _bears(self._head, self._signer.key):
                    transaction.keep(self._head, checkpoint.size)
        self._store.write_witness(self._head)

    def __call__(self, drafts: Sequence[Draft], /) -> Sequence[Receipt]:
        """Makes drafts durable, all of them or none.

        1. Begin a transaction; from here on nobody else extends the log.
        2. If an earlier attempt got no answer to its commit, look whether its entries are there. If so, that was it.
        3. Find the end of the log; another replica may have moved it, and then it must continue what we last saw.
        4. Seal the drafts, sign a checkpoint over all there is then, write both.
        5. Read both back: what the store does not show now, it would not show later either.
        6. Commit. When that returns, they are on the disk. Note the checkpoint in the witness beside the log.
        7. If something failed, try again: another writer may have been in the way, or the database restarted.

        Raises:
            LedgerTampered: the log was rolled back or changed: nothing more is added to it.
            LedgerOtherKey: somebody else signed its end.
            LedgerError: it did not work; the message says so if, against all odds, the entries may be there.
        """
        unanswered: _Pending | None = None
        failures: list[LedgerError] = []
        while len(failures) <= _ATTEMPTS:
            try:
                with self._store.transaction() as transaction:
                    unanswered = _found(unanswered, transaction)
                    if unanswered is None and len(failures) < _ATTEMPTS:  # the last turn only looks
                        unanswered = self._extend(transaction, drafts)
            except (LedgerTampered, LedgerOtherKey):
                raise
            except LedgerError as error:
                failures.append(error)
            else:
                if unanswered is None:
                    break
                return self._done(unanswered)
        raise _failed(failures[-1], unanswered)

    def _begin(self, transaction: Transaction) -> str:
        head = self._tip.checkpoint.signed(self._signer)
        _extended(transaction, Extension(0, (), (), head, keep=False))
        return head

    def _require_no_loss(self, transaction: Transaction) -> None:
        """The log still has all that the witness beside it saw, and begins with it."""
        if (note := self._store.read_witness()) is not None and note != self._head:
            witnessed, head = Checkpoint.opened(note, self._keys), self._tip.checkpoint
            require_no_loss(witnessed, head)
            follows(witnessed, head, proof(witnessed.size, head.size, subtree_of(transaction)))

    def _extend(self, transaction: Transaction, drafts: Sequence[Draft]) -> _Pending:
        tip = self._current(transaction)
        sealed = seal(tip, drafts, [stamp(self._clock())] * len(drafts))  # one commit is one moment
        note = sealed.tip.checkpoint.signed(self._signer)
        keep = sealed.tip.edge.size // _KEEP_EVERY > tip.edge.size // _KEEP_EVERY
        _extended(transaction, Extension(tip.edge.size, sealed.entries, sealed.nodes, note, keep))
        return _Pending(sealed, note)

    def _current(self, transaction: Transaction) -> LogTip:
        """The end of the log: the one we know, or what another replica made of it since."""
        if transaction.head() == self._head:
            return self._tip
        _, checkpoint = signed_head(transaction, self._keys)
        if (grown := grown_tip(self._tip, transaction, checkpoint)) is not None:
            return grown
        known = self._tip.checkpoint
        hashes = proof(known.size, checkpoint.size, subtree_of(transaction)) if known.size <= checkpoint.size else []
        follows(known, checkpoint, hashes)
        return tip_of(transaction, checkpoint)

    def _done(self, pending: _Pending) -> Sequence[Receipt]:
        self._tip, self._head = pending.sealed.tip, pending.note
        self._store.write_witness(pending.note)
        return pending.sealed.receipts


def _extended(transaction: Transaction, extension: Extension) -> None:
    """Writes an extension, and reads back what the store now holds of it.

    Raises:
        LedgerTampered: it holds something else. Whatever was written is taken back with the transaction.
    """
    transaction.extend(extension)
    first, wanted = extension.first, len(extension.entries)
    stored = list(islice(transaction.entries(first), wanted + 1))
    if stored != list(extension.entries):
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(stored, extension.entries, strict=False)))
        raise LedgerTampered(
            f"the store did not keep what was written: entry {first + same} is not there as it was given, "
            f"and nothing was recorded",
            index=first + same,
        )
    if transaction.head() != extension.head:
        raise LedgerTampered("the store did not keep the signed checkpoint that was written; nothing was recorded")
    for node in extension.nodes:
        if transaction.nodes(node.level, node.position, node.position + 1) != [node.hash]:
            raise LedgerTampered("the store did not keep a hash of the tree that was written; nothing was recorded")


def _bears(note: str, key: VerifierKey) -> bool:
    """Whether a note, whose signatures were checked, has one of this key."""
    return any(name == key.name and signature[:4] == key.id for name, signature in split_note(note)[1])


def _found(unanswered: _Pending | None, transaction: Transaction) -> _Pending | None:
    """What was written and not answered, if it was committed. An entry's id makes its bytes like no other's."""
    if unanswered is None:
        return None
    first = unanswered.sealed.first
    there = list(transaction.entries(first, first + 1)) == [unanswered.sealed.entries[0]]
    return unanswered if there else None


def _failed(error: LedgerError, unanswered: _Pending | None) -> LedgerError:
    if unanswered is None:
        return error
    return LedgerError(f"{error}; nobody answered whether the entries were recorded, and nobody may rely on them")
