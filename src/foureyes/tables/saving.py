"""Files written whole or not at all: readers of a path see the old file or the new one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foureyes.errors import InputError

__all__ = ["replacing", "require_place", "write_text"]


def require_place(path: Path) -> None:
    """Checks, before any slow work, that a file could be put there.

    Raises:
        InputError: the folder is missing, or something other than a regular file is in the way.
    """
    if not path.parent.is_dir():
        raise InputError(f"cannot write {path}: wanted a folder, {path.parent} is not one")
    if path.exists() and not path.is_file():
        raise InputError(f"cannot write {path}: it is there and not a regular file")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a path beside the wanted one; what the block wrote there takes its place when the block ends well.

    Raises:
        InputError: it cannot be written; what was there before is untouched.
    """
    require_place(path)
    target = path.resolve()
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        try:
            yield part
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 text and a final line end, whole or not at all.

    Raises:
        InputError: it cannot be written; what was there before is untouched.
    """
    with replacing(path) as part:
        part.write_text(text.rstrip("\n") + "\n", encoding="utf-8", newline="\n")
