"""sha256 of large files, remembered between runs, and the fingerprint of a set of them.

A remembered digest is used only while the file's size, inode, modification and change time are what they were, and
only if it was written down clearly later than the file last changed: a change within the clock's grain of the reading
would otherwise go unseen (git calls such index entries racy).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

__all__ = ["fingerprint", "remembered_sha256", "sha256"]

_GRAIN_NS: Final = 2_000_000_000
"""Coarsest clock of a file system in use, FAT's."""


def sha256(path: Path) -> str:
    """sha256 of a file's content, lower-case hexadecimal, read from the disk."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def remembered_sha256(path: Path, memory: Path) -> str:
    """sha256 of a file's content, from memory when the file has not changed since it was read.

    Args:
        path: the file; links are followed.
        memory: folder of remembered digests; made when missing, and not used when it cannot be written.
    """
    real = path.resolve(strict=True)
    note = memory / f"{hashlib.sha256(os.fsencode(real)).hexdigest()[:32]}.json"
    identity = _identity(real)
    known = _recall(note, identity)
    if known is not None:
        return known
    digest = sha256(real)
    if _identity(real) == identity:
        # Remembering only saves time: a cache folder that cannot be written must not stop a model from loading.
        with contextlib.suppress(OSError):
            _remember(note, identity, digest)
    return digest


def fingerprint(files: Mapping[str, str]) -> str:
    """Identity of a set of files: sha256 over the sorted lines ``<sha256> <name>``, written ``sha256:<hex>``.

    Args:
        files: sha256 of each file by name.

    Example:
        >>> fingerprint({"a": "00", "b": "11"}) == fingerprint({"b": "11", "a": "00"})
        True
    """
    lines = "".join(f"{digest} {name}\n" for name, digest in sorted(files.items()))
    return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"


def _identity(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns]


def _recall(note: Path, identity: list[int]) -> str | None:
    try:
        written = note.stat().st_mtime_ns
        content = json.loads(note.read_bytes())
        remembered, digest = content["identity"], content["sha256"]
    except (OSError, ValueError, KeyError, TypeError):  # absent, or not what we wrote: read the file again
        return None
    settled = written - max(identity[2:]) > _GRAIN_NS
    return str(digest) if remembered == identity and settled else None


def _remember(note: Path, identity: list[int], digest: str) -> None:
    note.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=note.parent, suffix=".tmp", delete=False) as file:
        json.dump({"identity": identity, "sha256": digest}, file)
    Path(file.name).replace(note)
