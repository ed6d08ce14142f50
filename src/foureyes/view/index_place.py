"""Where an index is kept: a folder for the file, and another one for every page that is open on the same file."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from foureyes.errors import InputError
from foureyes.view.columns import STATE

__all__ = ["IndexPlace"]

_MOST: Final = 16


class IndexPlace:
    """A folder that nobody else writes to while this is held.

    Args:
        cache: folder of all indexes.
        name: of this one; where others hold it, theirs is copied as far as it is saved.

    Attributes:
        folder: the folder.

    Raises:
        InputError: too many hold it.
    """

    def __init__(self, cache: Path, name: str) -> None:
        cache.mkdir(parents=True, exist_ok=True)
        for number in range(_MOST):
            self.folder = cache / f"{name}.{number}"
            self._lock = FileLock(cache / f"{name}.{number}.lock")
            with suppress(Timeout):
                self._lock.acquire(timeout=0)
                if number:
                    _copy(cache / f"{name}.0", self.folder)
                return
        raise InputError(f"{_MOST} pages are open on this file already; close one of them")

    def release(self) -> None:
        """Lets others have it."""
        self._lock.release()


def _copy(source: Path, target: Path) -> None:
    """The state first: columns that have grown since are cut to it, and what is missing is noticed when they are opened."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    names = [path.name for path in source.glob("*.column")]
    with suppress(FileNotFoundError):  # the other began anew at this moment
        for name in (STATE, *names):
            shutil.copyfile(source / name, target / name)
