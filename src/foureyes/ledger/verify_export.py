"""Verifies the export of a foureyes ledger, offline. Needs Python 3.9 and nothing else; nothing of foureyes either.

    python verify_export.py EXPORT --key PUBLICKEY [--seen CHECKPOINT]

PUBLICKEY is a line NAME+ID+KEY, or a file with such lines, from somebody you trust: not from the export. CHECKPOINT is a
file with a checkpoint of this log that you kept. Without one, an export that ends early, at a checkpoint of its own,
cannot be told from one of a log that never went further. Start at ``verify``.

Exit status: 0 the log is what was signed, 1 a file or key cannot be used, 2 usage, 3 tampered, 4 other keys than those given
signed all of it, or its end: the beginning that the given ones signed was verified, and is told.
Source: RFC 9162, section 2.1 (hashes); RFC 8032, section 5.1 (signatures); https://c2sp.org/signed-note and
https://c2sp.org/tlog-checkpoint.
"""
# ruff: noqa: T201 - it talks to a person

from __future__ import annotations

import argparse
import base64
import codecs
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO, Any, NamedTuple

SIGNATURE = re.compile(r"— (\S+) ((?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)")
CHECKPOINT = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*")
FIELDS = {"v": int, "index": int, "previous": str, "time": str, "id": str, "event": str, "payload": dict}

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE_D = -121665 * pow(121666, -1, PRIME) % PRIME
BASE_Y = 4 * pow(5, -1, PRIME) % PRIME


class Tampered(Exception):
    """The log is not what was signed."""


class OtherKey(Exception):
    """The log, or its end, is signed with other keys than those that were given."""


class Signed(NamedTuple):
    """What checkpoints say: a root for every size that has one, the sizes that the given keys signed for, other signers."""

    roots: dict[int, bytes]
    own: set[int]
    others: set[str]


def sha256(*parts: bytes) -> bytes:
    """The hash of the parts, one after the other."""
    return hashlib.sha256(b"".join(parts)).digest()


# --- Ed25519 (RFC 8032): points are (X, Y, Z, T) with x = X/Z, y = Y/Z and x·y = T/Z -----------------------------------


def add(p: tuple[int, ...], q: tuple[int, ...]) -> tuple[int, ...]:
    """The sum of two points, also of one with itself (section 5.1.4)."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % PRIME, (p[1] + p[0]) * (q[1] + q[0]) % PRIME
    c, d = 2 * p[3] * q[3] * CURVE_D % PRIME, 2 * p[2] * q[2] % PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME


def decoded_point(encoded: bytes) -> tuple[int, ...]:
    """The point that 32 bytes stand for (section 5.1.3); a ValueError if they stand for none."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    square = (y * y - 1) * pow(CURVE_D * y * y + 1, -1, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if x * x % PRIME != square:
        x = x * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    if x * x % PRIME != square or y >= PRIME or (x == 0 and sign):
        raise ValueError("not a point of the curve")
    x = x if x & 1 == sign else PRIME - x
    return x, y, 1, x * y % PRIME


def encoded_point(point: tuple[int, ...]) -> bytes:
    """The 32 bytes that stand for a point (section 5.1.2)."""
    inverse = pow(point[2], -1, PRIME)
    x, y = point[0] * inverse % PRIME, point[1] * inverse % PRIME
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = decoded_point(BASE_Y.to_bytes(32, "little"))


def is_signed(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the signature over the message was made with the private half of this key (section 5.1.7).

    R must be s·B - h·A: both products are computed at once, doubling once for each bit that either has.
    """
    if len(signature) != 64:
        return False
    s = int.from_bytes(signature[32:], "little")
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    x, y, z, t = decoded_point(key)
    minus_key = (PRIME - x, y, z, PRIME - t)
    summands = {(1, 0): BASE, (0, 1): minus_key, (1, 1): add(BASE, minus_key)}
    found: tuple[int, ...] = (0, 1, 1, 0)
    for bit in reversed(range(253)):
        found = add(found, found)
        bits = s >> bit & 1, h >> bit & 1
        if bits != (0, 0):
            found = add(found, summands[bits])
    return s < ORDER and encoded_point(found) == signature[:32]


# --- Keys and checkpoints ----------------------------------------------------------------------------------------------


def read_keys(source: str) -> tuple[str, dict[bytes, bytes]]:
    """The name of a log and its public keys by id, from a line or a file of lines NAME+ID+KEY."""
    keys, names = {}, set()
    for line in (Path(source).read_text(encoding="utf-8-sig") if Path(source).is_file() else source).split():
        name, _, rest = line.partition("+")
        key_id, _, encoded = rest.partition("+")
        key = base64.b64decode(encoded)
        if len(key) != 33 or key[:1] != b"\x01" or sha256(name.encode(), b"\n", key)[:4].hex() != key_id:
            raise ValueError("wanted a public key, NAME+ID+KEY, of Ed25519")
        decoded_point(key[1:])
        keys[bytes.fromhex(key_id)] = key[1:]
        names.add(name)
    if len(names) != 1:
        raise ValueError(f"wanted public keys of one log; got those of {len(names)}")
    return names.pop(), keys


def open_checkpoint(note: str, name: str, keys: dict[bytes, bytes]) -> tuple[str, int, bytes, set[str]]:
    """Name, size and root from a checkpoint, and who signed it if it was none of the keys."""
    text, _, lines = note.rpartition("\n\n")
    text += "\n"
    body = CHECKPOINT.fullmatch(text)
    signatures = [SIGNATURE.fullmatch(line) for line in lines.split("\n")[:-1]]
    if body is None or not signatures or None in signatures:
        raise Tampered(f"not a signed checkpoint: {note[:80]!r}")
    made = [(match[1], base64.b64decode(match[2])) for match in signatures if match]
    known = [signature for signer, signature in made if signer == name and signature[:4] in keys]
    if known and body[1] != name:
        raise Tampered(f"a checkpoint is of the log {body[1]}, not of {name}")
    if not all(is_signed(keys[signature[:4]], signature[4:], text.encode()) for signature in known):
        raise Tampered(f"the checkpoint for {body[2]} entries was not signed by {name}: it is forged")
    others = set() if known else {f"{signer}+{signature[:4].hex()}" for signer, signature in made}
    return body[1], int(body[2]), base64.b64decode(body[3]), others


def collect(notes: Iterable[str], name: str, keys: dict[bytes, bytes]) -> Signed:
    """What all checkpoints say together."""
    signed, logs = Signed({}, set(), set()), set()
    for note in notes:
        log, size, root, others = open_checkpoint(note, name, keys)
        logs.add(log)
        signed.others.update(others)
        if not others:
            signed.own.add(size)
        if signed.roots.setdefault(size, root) != root:
            raise Tampered(f"forked: two checkpoints with different roots were signed for {size} entries")
    if not signed.roots:
        raise Tampered("there is no signed checkpoint")
    if not signed.own:
        raise OtherKey(f"the log is signed by {', '.join(sorted(signed.others))}, and not with the key that was given")
    if len(logs) > 1:
        raise Tampered(f"checkpoints of several logs: {', '.join(sorted(logs))}")
    return signed


# --- Entries -----------------------------------------------------------------------------------------------------------


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


def verify(name: str, signed: Signed, entries: Iterable[bytes]) -> tuple[str, str]:
    """Raises Tampered, or returns in a line what was found, and in another what the given keys did not sign for.

    1. Every entry stands in its place and names the hash of the one before it; the first one names the log.
    2. Wherever a checkpoint was signed, the entries up to there have the root that was signed.
    3. No checkpoint was signed for more entries than there are, and no entry lies beyond the last checkpoint.
    """
    size, agreed, jumps, time, roots, last = 0, 0, 0, "", signed.roots, max(signed.roots)
    previous, peaks = sha256(f"foureyes ledger 1\n{name}".encode()), list[tuple[int, bytes]]()
    for raw in chain(entries, [None]):
        if size in roots and root_of(peaks) != roots[size]:
            raise Tampered(f"edited or forked: entries {agreed} to {size - 1} do not have the root that was signed")
        agreed = size if size in roots else agreed
        if raw is not None:
            before, time = time, check_entry(size, previous, raw)
            jumps += time < before
            previous = sha256(b"\x00", raw)
            append(peaks, previous)
            size += 1
    if last > size:
        raise Tampered(f"cut off or rolled back: {size} entries are here; a checkpoint was signed for {last}")
    if last < size:
        raise Tampered(f"put in: no checkpoint was signed for the entries from {agreed} to {size - 1}")
    clock = f"; the clock went back {jumps} times" if jumps else ""
    covered, others = max(signed.own), ", ".join(sorted(signed.others))
    rest = f"the entries from {covered} to {size - 1} are signed by {others}, and not with the key that was given"
    said = f"{name}: entries verified: {covered}, signed checkpoints checked: {len(signed.own)}{clock}"
    return said, rest if covered < size else ""


def read_export(file: IO[bytes]) -> tuple[list[str], Iterator[bytes]]:
    """The checkpoints of an export, and its entries, read one by one; line ends of Windows are no part of them."""
    begin = file.readline()
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ValueError("the export is in UTF-16, as PowerShell writes it for >: export with -o FILE instead")
    if parsed(begin).get("foureyes_ledger") != 1:
        raise ValueError("this is not the export of a foureyes ledger, format 1")
    notes, line = [], file.readline()
    while "checkpoint" in (fields := parsed(line)):
        notes.append(str(fields["checkpoint"]))
        line = file.readline()
    lines = chain([line] if line else [], file)
    return notes, (raw.removesuffix(b"\n").removesuffix(b"\r") for raw in lines)


def parsed(line: bytes) -> dict[str, Any]:
    """The object on a line; an empty one where there is none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def run(export: Path, key: str, seen: Path | None) -> None:
    """Prints what was found; raises if that is not that the given keys signed all of it."""
    name, keys = read_keys(key)
    kept = [seen.read_text(encoding="utf-8-sig")] if seen else []
    with export.open("rb") as file:
        notes, entries = read_export(file)
        said, rest = verify(name, collect([*notes, *kept], name, keys), entries)
    print(said)
    if rest:
        raise OtherKey(rest)


def main() -> int:
    """Verifies what the command line names; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", type=Path)
    parser.add_argument("--key", required=True, help="a public key, NAME+ID+KEY, or a file of them")
    parser.add_argument("--seen", type=Path, help="a checkpoint of this log that you kept")
    try:
        run(**vars(parser.parse_args()))
    except Tampered as error:
        print(f"TAMPERED: {error}", file=sys.stderr)
        return 3
    except OtherKey as error:
        print(f"OTHER KEY: {error}", file=sys.stderr)
        return 4
    except (OSError, ValueError) as error:
        print(f"cannot verify: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
