"""Checkpoints: a log's name, size and root, signed. Who holds one can tell later whether that log was rewritten.

Source: https://c2sp.org/tlog-checkpoint
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from foureyes.display import plural
from foureyes.errors import LedgerTampered
from foureyes.ledger.keys import Signer, VerifierKey, open_note

__all__ = ["Checkpoint"]

_TEXT: Final = re.compile(
    r"(?P<origin>[^\n]+)\n(?P<size>0|[1-9][0-9]{0,18})\n(?P<root>[A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*"
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The size and the root of a log at one moment, as signed in its checkpoints.

    Attributes:
        origin: name of the log, the same as that of the key that signs.
        size: entries in it.
        root: of the tree over them, 32 bytes.

    Example:
        >>> signer = Signer.generate("example.com/guard")
        >>> note = Checkpoint("example.com/guard", 0, bytes(32)).signed(signer)
        >>> Checkpoint.opened(note, [signer.key]).size
        0
    """

    origin: str
    size: int
    root: bytes

    @classmethod
    def opened(cls, note: str, keys: Sequence[VerifierKey]) -> Checkpoint:
        """Reads a checkpoint that one of the keys signed.

        Raises:
            LedgerTampered: it is not a checkpoint, or of another log.
            LedgerOtherKey: it is not signed by any of the keys.
        """
        checkpoint = cls.parse(open_note(note, keys))
        names = {key.name for key in keys}
        if checkpoint.origin not in names:
            raise LedgerTampered(f"a checkpoint is of the log {checkpoint.origin}; wanted {' or '.join(sorted(names))}")
        return checkpoint

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Reads the text of a checkpoint; extension lines are left out of account.

        Raises:
            LedgerTampered: it is not one.
        """
        match = _TEXT.fullmatch(text)
        if match is None:
            raise LedgerTampered(f"not a checkpoint: wanted lines with a name, a size and a root; got {text[:120]!r}")
        return cls(match["origin"], int(match["size"]), base64.b64decode(match["root"]))

    @property
    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def signed(self, signer: Signer) -> str:
        """As a signed note."""
        return signer.sign(self.text)

    def __str__(self) -> str:
        return f"{self.origin} with {plural(self.size, 'entry', 'entries')} and root {self.root.hex()[:16]}…"
