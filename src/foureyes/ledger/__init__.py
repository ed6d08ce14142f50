"""A log that only grows, and that an auditor can check without trusting who keeps it.

Every entry names the hash of the one before it and is a leaf of an RFC 9162 Merkle tree. Every commit is signed: a log
ends at a checkpoint, a C2SP signed note over its name, size and root. What is acknowledged is on the disk.

>>> from foureyes.ledger import open_ledger, text_hash
>>> ledger = open_ledger("sqlite:ledger.db", key_file="ledger.key")                           # doctest: +SKIP
>>> receipt = ledger.append("verified", {"prompt": text_hash("…", salt)}).result()            # doctest: +SKIP
>>> ledger.verify()                                                                           # doctest: +SKIP

The rule throughout: bytes are hashed, stored and exported as they were written, never encoded again, and no text of a
user is ever among them. A newcomer starts at :mod:`foureyes.ledger.entry`, then :mod:`foureyes.ledger.audit`, which says
what tampering is, then :mod:`foureyes.ledger.commit`, which writes.
"""

from __future__ import annotations

from foureyes.ledger.audit import Audit, Auditor, ClockJump
from foureyes.ledger.checkpoint import Checkpoint
from foureyes.ledger.entry import Entry, Json, Receipt, text_hash
from foureyes.ledger.keys import Signer, VerifierKey, read_keys
from foureyes.ledger.ledger import Ledger, LedgerOptions
from foureyes.ledger.log import Log
from foureyes.ledger.opening import open_ledger, open_log
from foureyes.ledger.proofs import ConsistencyProof, InclusionProof
from foureyes.ledger.store import Extension, Store, Transaction
from foureyes.ledger.witness import Witness

__all__ = [
    "Audit",
    "Auditor",
    "Checkpoint",
    "ClockJump",
    "ConsistencyProof",
    "Entry",
    "Extension",
    "InclusionProof",
    "Json",
    "Ledger",
    "LedgerOptions",
    "Log",
    "Receipt",
    "Signer",
    "Store",
    "Transaction",
    "VerifierKey",
    "Witness",
    "open_ledger",
    "open_log",
    "read_keys",
    "text_hash",
]
