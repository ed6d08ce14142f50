"""A log to read: its entries, its checkpoints, proofs, and the audit of all of it.

Nothing read here is believed before it was checked: the head against the public keys, a proof against the head, the
whole log by :class:`~foureyes.ledger.audit.Auditor`. Start at :class:`Log`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import Final, Self

from foureyes.display import plural
from foureyes.errors import InputError, LedgerTampered
from foureyes.ledger.audit import Audit, Auditor, require_no_loss
from foureyes.ledger.checkpoint import Checkpoint
from foureyes.ledger.entry import Entry
from foureyes.ledger.keys import VerifierKey, split_note
from foureyes.ledger.proofs import ConsistencyProof, InclusionProof
from foureyes.ledger.sealing import subtree_of
from foureyes.ledger.store import ReadableStore, View
from foureyes.maths.merkle import TILE, Node, path, proof, verify_consistency

__all__ = ["Log", "signed_head"]

_BATCH: Final = 4096


class Log:
    """A log that somebody else may be writing to.

    Args:
        store: where it is kept.
        keys: public keys that may have signed its checkpoints.
    """

    def __init__(self, store: ReadableStore, keys: Sequence[VerifierKey]) -> None:
        self._store = store
        self.keys = tuple(keys)

    def head(self) -> str:
        """The newest checkpoint, a signed note; its signature was checked."""
        with self._store.snapshot() as view:
            return signed_head(view, self.keys)[0]

    @property
    def size(self) -> int:
        """How many entries there are."""
        with self._store.snapshot() as view:
            return signed_head(view, self.keys)[1].size

    def checkpoints(self) -> list[str]:
        """The checkpoints that were kept, the smallest first, and the newest."""
        with self._store.snapshot() as view:
            kept, head = list(view.checkpoints()), signed_head(view, self.keys)[0]
        return kept if kept[-1:] == [head] else [*kept, head]

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
        """Entries start..stop-1, or up to the newest, read as they are stored: :meth:`verify` says what they are worth.

        Args:
            start: of the range; a negative one counts from the end, -10 for the last ten.
            stop: of the range.

        Raises:
            LedgerTampered: what is stored is no entry.
        """
        return map(Entry.parse, self.raw(start, stop))

    def raw(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The same as bytes, without reading them."""
        with self._store.snapshot() as view:
            size = signed_head(view, self.keys)[1].size
            first = max(0, size + start) if start < 0 else start
            yield from view.entries(first, size if stop is None else min(stop, size))

    def prove_inclusion(self, index: int, size: int | None = None) -> InclusionProof:
        """That an entry stands in the log.

        Args:
            index: of the entry.
            size: of the log for which somebody holds a checkpoint; ``None`` for the newest.

        Raises:
            InputError: there is no such entry, or the log never had that size.
            LedgerTampered: what is stored does not lead to the signed root.
        """
        with self._store.snapshot() as view:
            head = signed_head(view, self.keys)[1]
            size = head.size if size is None else size
            root = _proved(view, head, size, head.size).old_root
            subtree = subtree_of(view)
            if not 0 <= index < size:
                raise InputError(
                    f"there is no entry {index} in a log of {plural(size, 'entry', 'entries')}; the first is 0"
                )
            siblings = path(index, size, subtree)
            found = InclusionProof(index, size, subtree(index, index + 1).hex(), _hex(siblings), root)
        if not found.holds():
            raise LedgerTampered(f"entry {index} as stored does not lead to the signed root", index=index)
        return found

    def prove_consistency(self, old: int, new: int | None = None) -> ConsistencyProof:
        """That the log only grew.

        Args:
            old: size of the log for which somebody holds a checkpoint.
            new: a later size; ``None`` for the newest.

        Raises:
            InputError: the log never had these sizes, or they are out of order.
            LedgerTampered: what is stored does not lead to the signed root.
        """
        with self._store.snapshot() as view:
            head = signed_head(view, self.keys)[1]
            return _proved(view, head, old, head.size if new is None else new)

    def verify(self, seen: Iterable[str] = ()) -> Audit:
        """Audits the whole log.

        Args:
            seen: checkpoints kept somewhere else. Without them, a log that was rolled back to a checkpoint of its own
                looks like one that never went further.

        Raises:
            LedgerTampered: the log is not what was written to it; with the place.
            LedgerOtherKey: the log, or its end, is signed with keys that are none of these.
        """
        return self.audit(seen).require_whole()

    def audit(self, seen: Iterable[str] = ()) -> Audit:
        """The same where the keys may have signed for a part of the log only, such as one that was changed for a newer.

        Args:
            seen: checkpoints kept somewhere else.

        Raises:
            LedgerTampered: the log is not what was written to it; with the place.
            LedgerOtherKey: none of the keys signed for any of it.
        """
        auditor, witness = Auditor(self.keys), self._store.read_witness()  # before the log, which may grow meanwhile
        with self._store.snapshot() as view:
            head = view.head()
            if head is None:
                raise LedgerTampered("the log has no signed checkpoint")
            for note in (*view.checkpoints(), head, *seen):
                auditor.expect(note)
            if witness is not None and witness != head:
                auditor.expect(witness)
                require_no_loss(Checkpoint.parse(split_note(witness)[0]), Checkpoint.parse(split_note(head)[0]))
            entries = view.entries(0)
            while batch := list(islice(entries, _BATCH)):
                _same_nodes(view, auditor.feed(batch))
            return auditor.finish()

    def close(self) -> None:
        """Lets go of the store."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def signed_head(view: View, keys: Sequence[VerifierKey]) -> tuple[str, Checkpoint]:
    """The newest checkpoint under a view, as a note and read.

    Raises:
        LedgerTampered: there is none, or what is there is not one.
        LedgerOtherKey: none of the keys signed it.
    """
    note = view.head()
    if note is None:
        raise LedgerTampered("the log has no signed checkpoint")
    return note, Checkpoint.opened(note, keys)


def _proved(view: View, head: Checkpoint, old: int, new: int) -> ConsistencyProof:
    if not 0 <= old <= new <= head.size:
        raise InputError(f"wanted 0 ≤ old ≤ new ≤ {head.size}, the size of the log; got {old} and {new}")
    old_root, new_root = (_root(view, head, size).hex() for size in (old, new))
    return ConsistencyProof(old, new, old_root, new_root, _hex(proof(old, new, subtree_of(view))))


def _root(view: View, head: Checkpoint, size: int) -> bytes:
    """Root of the log when it had this size, believed only because the signed head extends it."""
    subtree = subtree_of(view)
    root = subtree(0, size)
    hashes = proof(size, head.size, subtree)
    if not verify_consistency(size, head.size, hashes, old_root=root, new_root=head.root):
        raise LedgerTampered(f"the {size} entries as stored are not those that {head} begins with")
    return root


def _same_nodes(view: View, nodes: Sequence[Node]) -> None:
    """The nodes a store keeps are those that the entries make; proofs are built of them."""
    for level, group in groupby(sorted(nodes, key=lambda node: (node.level, node.position)), lambda node: node.level):
        made = list(group)
        first, last = made[0].position, made[-1].position
        if view.nodes(level, first, last + 1) != [node.hash for node in made]:
            raise LedgerTampered(
                f"a stored hash over entries {first * TILE**level} to {(last + 1) * TILE**level - 1} is not what they "
                f"hash to",
                index=first * TILE**level,
            )


def _hex(hashes: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(digest.hex() for digest in hashes)
