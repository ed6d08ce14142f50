"""Audits a log: every check of entries, hashes and checkpoints, in a class that touches no file, network or clock.

The :class:`Auditor` is told checkpoints, then entries, and raises :class:`~foureyes.errors.LedgerTampered` at the first
thing that does not fit, with its place:

1. :meth:`Auditor.expect` every checkpoint there is: the log's head, those it kept, and above all those that somebody
   else kept, which nobody who can write to the log can take back. No two may differ for one size. Those that another key
   signed must agree with the entries like all others, but only one's own say that the log is what it should be.
2. :meth:`Auditor.feed` the entries in order, in batches of any size. Each must stand in its place (reordered, replayed,
   removed) and follow the one before it (edited). Whenever as many are there as a checkpoint was signed for, the root
   over them must be the one that was signed (rewritten, forked).
3. :meth:`Auditor.finish`: no checkpoint may be left that was signed for more entries (cut off, rolled back), and no
   entry that none was signed for (put in behind the writer's back).
   It tells how far one's own keys signed; without any such checkpoint, none of it means anything.

A clock that went back is no tampering: it is counted and shown. A time that was changed later is: it is part of the entry.
Payloads are not read, only hashed; whoever reads them finds out whether they are JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import chain, count
from typing import Any, Final, Self

from foureyes.display import plural
from foureyes.errors import InputError, LedgerOtherKey, LedgerTampered
from foureyes.ledger.checkpoint import Checkpoint
from foureyes.ledger.entry import TIME_LENGTH, Entry, genesis, prefix
from foureyes.ledger.keys import VerifierKey, split_note
from foureyes.maths.merkle import Frontier, Node, leaf_hash, verify_consistency

__all__ = ["Audit", "Auditor", "ClockJump", "follows", "require_no_loss"]

_SHOWN_JUMPS: Final = 100


@dataclass(frozen=True, slots=True)
class ClockJump:
    """Two neighbouring entries of a log of which the later one has the earlier time.

    Attributes:
        index: of the entry whose time is earlier than that of the entry before it.
        before: time of the entry before it.
        after: its own.
    """

    index: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found, when it found nothing wrong.

    Attributes:
        origin: name of the log.
        size: entries, every one of them in its place.
        root: of the tree over them, in hex; it was signed.
        checkpoints: how many checkpoints that the given keys signed the entries agree with.
        covered: how many entries, from the first on, the given keys signed for; the others, up to ``size``, are in order
            and signed with other keys only.
        other_keys: whose signatures on checkpoints could not be checked, as ``NAME+ID``.
        clock_jumps: how often the clock went back.
        jumps: the first hundred of these.
    """

    origin: str
    size: int
    root: str
    checkpoints: int
    covered: int
    other_keys: tuple[str, ...]
    clock_jumps: int
    jumps: tuple[ClockJump, ...]

    def require_whole(self) -> Self:
        """Itself, where the given keys signed for all of the log.

        Raises:
            LedgerOtherKey: other keys signed for its end.
        """
        if self.covered < self.size:
            raise LedgerOtherKey(
                f"another key: the given ones signed for the first {plural(self.covered, 'entry', 'entries')} of "
                f"{self.size}, the rest is signed by {', '.join(self.other_keys)}: give that key too if you know it to "
                f"be the log's, or else take the rest for forged",
                index=self.covered,
            )
        return self

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


class Auditor:
    """Checks one log from its first entry to its last.

    Args:
        keys: public keys that may have signed its checkpoints.

    Example:
        >>> from foureyes.ledger.keys import Signer
        >>> signer = Signer.generate("example.com/guard")
        >>> auditor = Auditor([signer.key])
        >>> auditor.expect(Checkpoint("example.com/guard", 0, Frontier().root()).signed(signer))
        >>> auditor.finish().size
        0
    """

    def __init__(self, keys: Sequence[VerifierKey]) -> None:
        self._keys = tuple(keys)
        self._signed: dict[int, Checkpoint] = {}
        self._own: set[int] = set()
        self._others: dict[str, None] = {}
        self._due: list[Checkpoint] | None = None  # the largest first; None before entries come
        self._edge = Frontier()
        self._last = b""
        self._time = b""
        self._jumps: list[ClockJump] = []
        self._n_jumps = 0
        self._agreed = -1

    def expect(self, note: str) -> None:
        """A checkpoint that the entries must agree with. All of them come before the first entry.

        Raises:
            LedgerTampered: it is no checkpoint, of another log, or another one was signed for the same size.
            InputError: entries came already.
        """
        if self._due is not None:
            raise InputError("checkpoints come before entries; got one after")
        checkpoint = self._opened(note)
        known = self._signed.setdefault(checkpoint.size, checkpoint)
        origin = next(iter(self._signed.values())).origin
        if checkpoint.origin != origin:
            raise LedgerTampered(f"checkpoints of two logs: {origin} and {checkpoint.origin}")
        if checkpoint.root != known.root:
            raise LedgerTampered(
                f"forked: two checkpoints were signed for {plural(known.size, 'entry', 'entries')}, with roots "
                f"{_short(known.root)} and "
                f"{_short(checkpoint.root)}",
                index=known.size - 1,
            )

    def feed(self, entries: Sequence[bytes]) -> list[Node]:
        """The next entries.

        Returns:
            The roots of the tiles they complete, to compare with those a store keeps.

        Raises:
            LedgerTampered: they are not what was written.
        """
        due, nodes, at = self._begun(), list[Node](), 0
        while at < len(entries):
            room = due[-1].size - self._edge.size if due else len(entries) - at
            piece = entries[at : at + room]
            nodes += self._take(piece)
            at += len(piece)
            self._compare(due)
        return nodes

    def finish(self) -> Audit:
        """There are no more entries.

        Raises:
            LedgerTampered: entries are missing at the end, or some are there that no checkpoint covers.
            LedgerOtherKey: none of the checkpoints is signed by one of the keys.
        """
        due, size = self._begun(), self._edge.size
        if due:
            raise LedgerTampered(
                f"cut off or rolled back: the log ends after {plural(size, 'entry', 'entries')}, and a "
                f"checkpoint was signed for "
                f"{due[-1].size}",
                index=size,
            )
        if self._agreed != size:
            raise LedgerTampered(
                f"put in: no checkpoint was signed for the entries from {max(self._agreed, 0)} to {size - 1}",
                index=max(self._agreed, 0),
            )
        origin = next(iter(self._signed.values())).origin
        root, covered = self._edge.root().hex(), max(self._own)
        others = tuple(self._others)
        return Audit(origin, size, root, len(self._own), covered, others, self._n_jumps, tuple(self._jumps))

    def _opened(self, note: str) -> Checkpoint:
        """A checkpoint, whoever signed it; whether that was one of the keys is remembered."""
        try:
            checkpoint = Checkpoint.opened(note, self._keys)
        except LedgerOtherKey:
            text, signatures = split_note(note)
            self._others |= dict.fromkeys(f"{name}+{signature[:4].hex()}" for name, signature in signatures)
            return Checkpoint.parse(text)
        self._own.add(checkpoint.size)
        return checkpoint

    def _begun(self) -> list[Checkpoint]:
        if self._due is None:
            if not self._signed:
                raise LedgerTampered("the log has no signed checkpoint")
            if not self._own:
                given = ", ".join(f"{key.name}+{key.id.hex()}" for key in self._keys)
                raise LedgerOtherKey(f"another key: the log is signed by {', '.join(self._others)}; got {given}")
            self._due = [self._signed[size] for size in sorted(self._signed, reverse=True)]
            self._last = genesis(self._due[0].origin)
            self._compare(self._due)
        return self._due

    def _take(self, entries: Sequence[bytes]) -> list[Node]:
        hashes = list(map(leaf_hash, entries))
        first, time = self._edge.size, self._time
        for index, entry, previous in zip(count(first), entries, chain((self._last,), hashes)):
            wanted = prefix(index, previous)
            if not entry.startswith(wanted):
                raise _misplaced(index, previous, entry)
            at = len(wanted)
            before, time = time, entry[at : at + TIME_LENGTH]
            if time < before:
                self._note_jump(index, before, time)
        self._last, self._time = hashes[-1], time
        self._edge, nodes = self._edge.extended(hashes)
        return nodes

    def _compare(self, due: list[Checkpoint]) -> None:
        """Compares with the checkpoint for this size, if there is one."""
        if not due or due[-1].size != self._edge.size:
            return
        signed = due.pop()
        if signed.root != self._edge.root():
            first = max(self._agreed, 0)
            raise LedgerTampered(
                f"edited or forked: entries {first} to {signed.size - 1} are not those that were signed: their root is "
                f"{_short(self._edge.root())}, the checkpoint for {plural(signed.size, 'entry', 'entries')} says "
                f"{_short(signed.root)}",
                index=first,
            )
        self._agreed = signed.size

    def _note_jump(self, index: int, before: bytes, after: bytes) -> None:
        self._n_jumps += 1
        if len(self._jumps) < _SHOWN_JUMPS:
            self._jumps.append(ClockJump(index, before.decode(errors="replace"), after.decode(errors="replace")))


def follows(old: Checkpoint, new: Checkpoint, proof: Sequence[bytes]) -> None:
    """Checks that a log only grew between two of its checkpoints.

    Args:
        old: seen earlier, signature checked.
        new: seen now, signature checked.
        proof: of consistency between their sizes.

    Raises:
        LedgerTampered: the log was rolled back, forked or rewritten in between.
    """
    if old.origin != new.origin:
        raise LedgerTampered(f"another log: seen before was {old.origin}, now it is {new.origin}")
    if new.size < old.size:
        raise LedgerTampered(
            f"rolled back: {old.origin} had {plural(old.size, 'entry', 'entries')} when it was seen last, now it "
            f"has {new.size}",
            index=new.size,
        )
    if not verify_consistency(old.size, new.size, proof, old_root=old.root, new_root=new.root):
        raise LedgerTampered(
            f"forked or rewritten: {new} does not begin with the {plural(old.size, 'entry', 'entries')} of root "
            f"{_short(old.root)} seen "
            f"before"
        )


def require_no_loss(witnessed: Checkpoint, head: Checkpoint) -> None:
    """Checks that a log still has all that the witness beside it saw.

    Raises:
        LedgerTampered: it ends earlier.
    """
    if witnessed.size > head.size:
        raise LedgerTampered(
            f"lost or put back: the log ends after {plural(head.size, 'entry', 'entries')}, and the witness beside it saw "
            f"{witnessed.size}; where the log was meant to begin anew or from a backup, remove the witness",
            index=head.size,
        )


def _misplaced(index: int, previous: bytes, entry: bytes) -> LedgerTampered:
    """Says what is wrong with an entry that does not belong where it stands."""
    try:
        found = Entry.parse(entry)
    except LedgerTampered as error:
        return LedgerTampered(f"entry {index}: {error}", index=index)
    if found.index != index:
        how = "replayed" if found.index < index else "removed"
        return LedgerTampered(
            f"reordered or {how}: entry {found.index} stands where entry {index} belongs", index=index
        )
    if index == 0:
        return LedgerTampered("entry 0 was written for another log", index=0)
    return LedgerTampered(
        f"edited: entry {index} says that it follows {found.previous[:16]}…, but entry {index - 1} is "
        f"{_short(previous)}: one of the two was changed",
        index=index - 1,
    )


def _short(digest: bytes) -> str:
    return f"{digest.hex()[:16]}…"
