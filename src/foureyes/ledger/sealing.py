"""Seals drafts into entries: gives each its index, hash and place in the tree. Pure: no thread, clock or disk.

A :class:`LogTip` is all of a log that is needed to extend it: its size, its last entry's hash and the right edge of its
tree. :func:`seal` gives drafts their places; :func:`tip_of` finds the tip of a log that is kept somewhere, and believes
it only when the signed head says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from foureyes.errors import LedgerTampered
from foureyes.ledger.checkpoint import Checkpoint
from foureyes.ledger.entry import Draft, Receipt, genesis
from foureyes.ledger.store import View
from foureyes.maths.merkle import TILE, Frontier, Node, Subtree, leaf_hash, tiled

__all__ = ["LogTip", "Sealed", "grown_tip", "seal", "subtree_of", "tip_of"]


@dataclass(frozen=True, slots=True)
class LogTip:
    """The end of a log: all that is needed to append to it.

    Attributes:
        checkpoint: what it is as a whole.
        last: hash of its last entry, or what a first entry follows.
        edge: right edge of its tree.
    """

    checkpoint: Checkpoint
    last: bytes
    edge: Frontier

    @classmethod
    def first(cls, origin: str) -> LogTip:
        """Of a log without entries."""
        return cls(Checkpoint(origin, 0, Frontier().root()), genesis(origin), Frontier())


@dataclass(frozen=True, slots=True)
class Sealed:
    """Drafts that have become entries, with the log's new end.

    Attributes:
        tip: of the log once they are in it.
        entries: their bytes.
        nodes: the tiles they complete.
        receipts: one for each.
    """

    tip: LogTip
    entries: Sequence[bytes]
    nodes: Sequence[Node]
    receipts: Sequence[Receipt]

    @property
    def first(self) -> int:
        """Index of the first of them."""
        return self.tip.edge.size - len(self.entries)


def seal(tip: LogTip, drafts: Sequence[Draft], times: Sequence[str]) -> Sealed:
    """Gives drafts their places after the tip.

    Args:
        tip: the end of the log.
        drafts: what to record, in order.
        times: when, one for each draft.
    """
    origin, first, previous = tip.checkpoint.origin, tip.edge.size, tip.last
    entries, hashes = list[bytes](), list[bytes]()
    for index, (draft, time) in enumerate(zip(drafts, times, strict=True), first):
        entries.append(draft.sealed(index, previous, time))
        previous = leaf_hash(entries[-1])
        hashes.append(previous)
    edge, nodes = tip.edge.extended(hashes)
    grown = LogTip(Checkpoint(origin, edge.size, edge.root()), previous, edge)
    places = enumerate(zip(hashes, times, strict=True), first)
    return Sealed(grown, entries, nodes, [Receipt(index, leaf.hex(), time, origin) for index, (leaf, time) in places])


def tip_of(view: View, checkpoint: Checkpoint) -> LogTip:
    """The tip of the log under a view.

    Args:
        view: of the log.
        checkpoint: its head, whose signature was checked.

    Raises:
        LedgerTampered: what is kept does not lead to the signed root: nothing may be added to such a log.
    """
    if checkpoint.size == 0:
        return LogTip.first(checkpoint.origin)
    edge = Frontier.of(checkpoint.size, subtree_of(view))
    if edge.root() != checkpoint.root:
        raise LedgerTampered(f"what is stored of {checkpoint} leads to the root {edge.root().hex()[:16]}…")
    (last,) = view.entries(checkpoint.size - 1, checkpoint.size)  # it is there: the root was computed from it
    return LogTip(checkpoint, leaf_hash(last), edge)


def grown_tip(known: LogTip, view: View, checkpoint: Checkpoint) -> LogTip | None:
    """The tip of a log that somebody else added a little to, from what was added alone: one query instead of two dozen.

    That the known entries and those added lead to the signed root shows that the log still begins with what is known, and that what
    was added is what was signed, as are the hashes of the tiles that it completed. What was kept before is not read again: opening
    the log reads the end of it, and verifying it all.

    Args:
        known: its tip as it was seen last.
        view: of the log.
        checkpoint: its head, whose signature was checked.

    Returns:
        The tip; ``None`` where more was added than a tile holds, or where this does not show it, and then :func:`tip_of` and a proof of
        consistency tell what is wrong.
    """
    before = known.checkpoint
    if checkpoint.origin != before.origin or not 0 < checkpoint.size - before.size <= TILE:
        return None
    hashes = [leaf_hash(entry) for entry in view.entries(before.size, checkpoint.size)]
    edge, nodes = known.edge.extended(hashes)
    if (edge.size, edge.root()) != (checkpoint.size, checkpoint.root):
        return None
    if any(view.nodes(node.level, node.position, node.position + 1) != [node.hash] for node in nodes):
        return None
    return LogTip(checkpoint, hashes[-1], edge)


def subtree_of(view: View) -> Subtree:
    """Hashes of ranges of a log's tree: from its tiles, and from the entries beyond the last full one.

    Raises:
        LedgerTampered: (the function returned) entries or nodes that must be there are missing.
    """

    def hashes(level: int, start: int, stop: int) -> Sequence[bytes]:
        found = view.nodes(level, start, stop) if level else [leaf_hash(e) for e in view.entries(start, stop)]
        if len(found) != stop - start:
            what = f"nodes of level {level}" if level else "entries"
            raise LedgerTampered(f"wanted the {what} from {start} to {stop - 1}; {len(found)} are there")
        return found

    return tiled(hashes)
