"""Verifies the export of a foureyes ledger, offline. Needs Python 3.9 and the package cryptography; nothing of foureyes.

    python verify_export.py EXPORT --key PUBLICKEY [--seen CHECKPOINT]

PUBLICKEY is a line NAME+ID+KEY, or a file with such lines, from somebody you trust: not from the export. CHECKPOINT is a
file with a checkpoint of this log that you kept. Without one, an export that ends early, at a checkpoint of its own,
cannot be told from one of a log that never went further. Start at ``verify``.

Exit status: 0 the log is what was signed, 1 a file or key cannot be used, 2 usage, 3 tampered.
Source: RFC 9162, section 2.1 (hashes); https://c2sp.org/signed-note and https://c2sp.org/tlog-checkpoint.
"""
# ruff: noqa: T201 - it talks to a person

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SIGNATURE = re.compile(r"— (\S+) ((?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)")
CHECKPOINT = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*")
FIELDS = {"v": int, "index": int, "previous": str, "time": str, "id": str, "event": str, "payload": dict}


class Tampered(Exception):
    """The log is not what was signed."""


def sha256(*parts: bytes) -> bytes:
    """The hash of the parts, one after the other."""
    return hashlib.sha256(b"".join(parts)).digest()


def read_keys(source: str) -> tuple[str, dict[bytes, Ed25519PublicKey]]:
    """The name of a log and its public keys by id, from a line or a file of lines NAME+ID+KEY."""
    keys, names = {}, set()
    for line in (Path(source).read_text(encoding="utf-8") if Path(source).is_file() else source).split():
        name, _, rest = line.partition("+")
        key_id, _, encoded = rest.partition("+")
        key = base64.b64decode(encoded)
        if len(key) != 33 or key[:1] != b"\x01" or sha256(name.encode(), b"\n", key)[:4].hex() != key_id:
            raise ValueError("wanted a public key, NAME+ID+KEY, of Ed25519")
        keys[bytes.fromhex(key_id)] = Ed25519PublicKey.from_public_bytes(key[1:])
        names.add(name)
    if len(names) != 1:
        raise ValueError(f"wanted public keys of one log; got those of {len(names)}")
    return names.pop(), keys


def open_checkpoint(note: str, name: str, keys: dict[bytes, Ed25519PublicKey]) -> tuple[int, bytes]:
    """Size and root from a checkpoint of the log with this name, signed by one of its keys."""
    text, _, lines = note.rpartition("\n\n")
    text += "\n"
    body = CHECKPOINT.fullmatch(text)
    signatures = [SIGNATURE.fullmatch(line) for line in lines.split("\n")[:-1]]
    if body is None or not signatures or None in signatures:
        raise Tampered(f"not a signed checkpoint: {note[:80]!r}")
    if body[1] != name:
        raise Tampered(f"a checkpoint is of the log {body[1]}, not of {name}")
    made = [base64.b64decode(match[2]) for match in signatures if match and match[1] == name]
    known = [signature for signature in made if signature[:4] in keys]
    if not known:
        raise Tampered(f"the checkpoint for {body[2]} entries is not signed with the key that was given")
    for signature in known:
        try:
            keys[signature[:4]].verify(signature[4:], text.encode())
        except InvalidSignature:
            raise Tampered(f"the checkpoint for {body[2]} entries was not signed by {name}: it is forged") from None
    return int(body[2]), base64.b64decode(body[3])


def collect(notes: Iterable[str], name: str, keys: dict[bytes, Ed25519PublicKey]) -> dict[int, bytes]:
    """The signed root for every size that has one."""
    signed: dict[int, bytes] = {}
    for note in notes:
        size, root = open_checkpoint(note, name, keys)
        if signed.setdefault(size, root) != root:
            raise Tampered(f"forked: two checkpoints with different roots were signed for {size} entries")
    if not signed:
        raise Tampered("there is no signed checkpoint")
    return signed


def check_entry(index: int, previous: bytes, raw: bytes) -> str:
    """An entry stands in its place and follows the one before it; returns its time."""
    try:
        entry = json.loads(raw)
        whole = {field: type(value) for field, value in entry.items()} == FIELDS and entry["v"] == 1
    except (ValueError, AttributeError, RecursionError):
        whole = False
    if not whole:
        raise Tampered(f"entry {index} is not an entry: {raw[:80]!r}")
    if entry["index"] != index:
        how = "replayed" if entry["index"] < index else "removed"
        raise Tampered(f"reordered or {how}: entry {entry['index']} stands where entry {index} belongs")
    if entry["previous"] != previous.hex():
        edited = f"edited: entry {index} does not follow entry {index - 1} as it is: one of the two was changed"
        raise Tampered(edited if index else "entry 0 was written for another log")
    return str(entry["time"])


def append(peaks: list[tuple[int, bytes]], leaf: bytes) -> None:
    """Adds a leaf to a Merkle tree, kept as the sizes and roots of its full subtrees from left to right."""
    size, root = 1, leaf
    while peaks and peaks[-1][0] == size:
        root = sha256(b"\x01", peaks.pop()[1], root)
        size *= 2
    peaks.append((size, root))


def root_of(peaks: list[tuple[int, bytes]]) -> bytes:
    """The root over all full subtrees."""
    root = peaks[-1][1] if peaks else sha256()
    for _, peak in reversed(peaks[:-1]):
        root = sha256(b"\x01", peak, root)
    return root


def verify(name: str, signed: dict[int, bytes], entries: Iterable[bytes]) -> str:
    """Raises Tampered, or returns in a line what was found.

    1. Every entry stands in its place and names the hash of the one before it; the first one names the log.
    2. Wherever a checkpoint was signed, the entries up to there have the root that was signed.
    3. No checkpoint was signed for more entries than there are, and no entry lies beyond the last checkpoint.
    """
    size, agreed, jumps, time = 0, 0, 0, ""
    previous, peaks = sha256(f"foureyes ledger 1\n{name}".encode()), list[tuple[int, bytes]]()
    for raw in chain(entries, [None]):
        if size in signed and root_of(peaks) != signed[size]:
            raise Tampered(f"edited or forked: entries {agreed} to {size - 1} do not have the root that was signed")
        agreed = size if size in signed else agreed
        if raw is not None:
            before, time = time, check_entry(size, previous, raw)
            jumps += time < before
            previous = sha256(b"\x00", raw)
            append(peaks, previous)
            size += 1
    if max(signed) > size:
        raise Tampered(f"cut off or rolled back: {size} entries are here; a checkpoint was signed for {max(signed)}")
    if max(signed) < size:
        raise Tampered(f"put in: no checkpoint was signed for the entries from {agreed} to {size - 1}")
    clock = f"; the clock went back {jumps} times" if jumps else ""
    return f"{name}: entries verified: {size}, signed checkpoints checked: {len(signed)}{clock}"


def read_export(file: IO[bytes]) -> tuple[list[str], Iterator[bytes]]:
    """The checkpoints of an export, and its entries, read one by one."""
    header = parsed(file.readline())
    if header.get("foureyes_ledger") != 1:
        raise ValueError("this is not the export of a foureyes ledger, format 1")
    notes, line = [], file.readline()
    while "checkpoint" in (fields := parsed(line)):
        notes.append(str(fields["checkpoint"]))
        line = file.readline()
    return notes, (raw[:-1] if raw.endswith(b"\n") else raw for raw in chain([line] if line else [], file))


def parsed(line: bytes) -> dict[str, Any]:
    """The object on a line; an empty one where there is none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def main() -> int:
    """Verifies what the command line names; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", type=Path)
    parser.add_argument("--key", required=True, help="a public key, NAME+ID+KEY, or a file of them")
    parser.add_argument("--seen", type=Path, help="a checkpoint of this log that you kept")
    args = parser.parse_args()
    try:
        name, keys = read_keys(args.key)
        seen = [args.seen.read_text(encoding="utf-8")] if args.seen else []
        with args.export.open("rb") as file:
            notes, entries = read_export(file)
            print(verify(name, collect([*notes, *seen], name, keys), entries))
    except Tampered as error:
        print(f"TAMPERED: {error}", file=sys.stderr)
        return 3
    except (OSError, ValueError) as error:
        print(f"cannot verify: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
