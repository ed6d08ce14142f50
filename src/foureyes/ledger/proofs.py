"""Inclusion and consistency proofs, checked by somebody who has neither the log nor a reason to trust its keeper.

A proof leads from an entry, or from an earlier root, to a root. It says nothing until that root is one that was signed:
``check`` wants the checkpoints. Start at :class:`InclusionProof`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from foureyes.display import plural
from foureyes.errors import InputError, LedgerTampered
from foureyes.json_text import parsed_json
from foureyes.ledger.checkpoint import Checkpoint
from foureyes.maths.merkle import verify_consistency, verify_inclusion

__all__ = ["ConsistencyProof", "InclusionProof", "parse_proof"]

_HASH: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """A proof that an entry stands in a log of some size.

    Attributes:
        index: of the entry.
        size: of the log.
        entry_hash: of the entry, in hex.
        path: the siblings on the way to the root, in hex, the lowest first.
        root: of the log of that size, in hex.

    Raises:
        InputError: a number is none, or a hash is not 64 hexadecimal digits.
    """

    index: int
    size: int
    entry_hash: str
    path: tuple[str, ...]
    root: str

    def __post_init__(self) -> None:
        _require((self.index, self.size), (self.entry_hash, self.root, *self.path))

    def holds(self) -> bool:
        """Whether the path leads from the entry's hash to the root; :meth:`check` also asks whether that was signed."""
        leaf, root = bytes.fromhex(self.entry_hash), bytes.fromhex(self.root)
        return verify_inclusion(leaf, self.index, self.size, _bytes(self.path), root=root)

    def check(self, checkpoints: Sequence[Checkpoint]) -> None:
        """Makes sure that it holds and that its root was signed.

        Args:
            checkpoints: their signatures were checked; one of them is of the proof's size.

        Raises:
            LedgerTampered: it proves nothing.
            InputError: no checkpoint of this size was given.
        """
        _require_signed(self.size, self.root, checkpoints)
        if not self.holds():
            raise LedgerTampered(
                f"the proof does not lead from entry {self.index} to the signed root", index=self.index
            )

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {**asdict(self), "path": list(self.path)}

    def __str__(self) -> str:
        return f"{self.entry_hash} is entry {self.index} of the {self.size} that were signed"


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """A proof that a log only grew from one size to another.

    Attributes:
        old: size then.
        new: size later.
        old_root: root then, in hex.
        new_root: root later, in hex.
        hashes: of the proof, in hex.

    Raises:
        InputError: a number is none, or a hash is not 64 hexadecimal digits.
    """

    old: int
    new: int
    old_root: str
    new_root: str
    hashes: tuple[str, ...]

    def __post_init__(self) -> None:
        _require((self.old, self.new), (self.old_root, self.new_root, *self.hashes))

    def holds(self) -> bool:
        """Whether the later root extends the earlier one; :meth:`check` also asks whether both were signed."""
        old_root, new_root = bytes.fromhex(self.old_root), bytes.fromhex(self.new_root)
        return verify_consistency(self.old, self.new, _bytes(self.hashes), old_root=old_root, new_root=new_root)

    def check(self, checkpoints: Sequence[Checkpoint]) -> None:
        """Makes sure that it holds and that both roots were signed.

        Args:
            checkpoints: their signatures were checked; there is one for each of the two sizes.

        Raises:
            LedgerTampered: it proves nothing.
            InputError: no checkpoint of one of the sizes was given.
        """
        _require_signed(self.old, self.old_root, checkpoints)
        _require_signed(self.new, self.new_root, checkpoints)
        if not self.holds():
            raise LedgerTampered(
                f"the log of {plural(self.new, 'entry', 'entries')} does not begin with the {self.old} that were signed"
            )

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {**asdict(self), "hashes": list(self.hashes)}

    def __str__(self) -> str:
        return f"the {self.new} entries that were signed begin with the {self.old} that were signed earlier"


def parse_proof(text: str) -> tuple[InclusionProof | ConsistencyProof, str]:
    """A proof and the note of a checkpoint, from the JSON that ``foureyes ledger prove`` prints.

    Raises:
        InputError: it is something else.
    """
    try:
        fields = parsed_json(text)
        note = str(fields["checkpoint"])
        if "inclusion" in fields:
            inclusion = fields["inclusion"]
            return InclusionProof(**{**inclusion, "path": tuple(inclusion["path"])}), note
        consistency = fields["consistency"]
        return ConsistencyProof(**{**consistency, "hashes": tuple(consistency["hashes"])}), note
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise InputError("not a proof: wanted the JSON that foureyes ledger prove prints") from error


def _require(numbers: Iterable[object], hashes: Iterable[object]) -> None:
    if not all(type(number) is int for number in numbers):
        raise InputError("not a proof: places and sizes are whole numbers")
    if not all(isinstance(digest, str) and _HASH.fullmatch(digest) for digest in hashes):
        raise InputError("not a proof: hashes have 64 hexadecimal digits")


def _require_signed(size: int, root: str, checkpoints: Sequence[Checkpoint]) -> None:
    signed = {checkpoint.root.hex() for checkpoint in checkpoints if checkpoint.size == size}
    entries = plural(size, "entry", "entries")
    if not signed:
        raise InputError(f"the proof is about the log of {entries}: give the checkpoint of {entries} that you kept")
    if signed != {root}:
        raise LedgerTampered(f"the proof is about another root of {entries} than the one that was signed")


def _bytes(hashes: Iterable[str]) -> list[bytes]:
    return [bytes.fromhex(digest) for digest in hashes]
