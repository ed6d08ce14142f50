"""Which files of a folder are a data set's."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Final

from foureyes.errors import InputError
from foureyes.records.forms import form_of_name

__all__ = ["UNFINISHED", "data_files", "files_below"]

UNFINISHED: Final = PurePath(".foureyes", "unfinished")
"""Lies in a folder of shards as long as some may be missing: the run that makes them has not ended, or was killed."""


def data_files(folder: str, paths: Sequence[PurePath]) -> list[PurePath]:
    """Those of a folder's files that hold its records, in the order of their names.

    What is hidden (its name, or that of a folder on the way, begins with ``.`` or ``_``) and what has no suffix of a known format is passed
    over. Where there is Parquet, only that counts: what lies beside it describes it.

    Args:
        folder: its name, for messages.
        paths: of its files, relative to it.

    Raises:
        InputError: there is none, they are of several formats, or a run has not finished them.

    Example:
        >>> found = data_files("d", [PurePath("b.parquet"), PurePath("a.parquet"), PurePath("info.json"), PurePath("_x/c.parquet")])
        >>> [path.name for path in found]
        ['a.parquet', 'b.parquet']
    """
    _require_finished(folder, paths)
    shown = sorted(path for path in paths if not _is_hidden(path))
    forms = {path: form_of_name(path) for path in shown}
    kinds = {form for form in forms.values() if form is not None}
    if not kinds:
        raise InputError(f"{folder} is a folder, and none of its files has the suffix of a format that is read")
    if len(kinds) > 1 and "parquet" not in kinds:
        raise InputError(
            f"{folder} is a folder with files of several formats, {' and '.join(sorted(kinds))}; say which: {folder.rstrip('/')}/*.…"
        )
    wanted = "parquet" if "parquet" in kinds else next(iter(kinds))
    return [path for path in shown if forms[path] == wanted]


def files_below(folder: Path) -> list[Path]:
    """The files of a data set in a folder of this machine.

    Raises:
        InputError: there is none, they are of several formats, a run has not finished them, or a folder on the way, or what a run keeps in
            it, may not be looked into.
    """
    paths = _marks([folder])
    for place, folders, names in os.walk(folder, onerror=_refuse):
        shown = [Path(place, name) for name in folders if not name.startswith((".", "_"))]
        below = [path for path in shown if not path.is_symlink()]  # which os.walk does not follow
        folders[:] = [path.name for path in below]
        # of this folder after it was listed, of those below before they are: a run may begin, or end, in between
        paths += _marks([Path(place), *below])
        paths += [path for path in (Path(place, name) for name in names) if path.is_file()]
    return [folder / path for path in data_files(str(folder), [path.relative_to(folder) for path in paths])]


def _marks(folders: Sequence[Path]) -> list[Path]:
    """The marks of those folders that a run has not finished; one that nobody may look at could be there, so its folder is refused."""
    found = []
    for folder in folders:
        mark = folder / UNFINISHED
        try:
            if stat.S_ISREG(mark.stat().st_mode):
                found.append(mark)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise InputError(
                f"cannot look into {mark.parent}, which says whether a run has finished {folder}/: {error.strerror or error}; a pattern, "
                f"{folder}/*.…, reads what is there"
            ) from error
    return found


def _is_hidden(path: PurePath) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)


def _require_finished(folder: str, paths: Sequence[PurePath]) -> None:
    """Refuses a part of a data set that would be taken for the whole."""
    for path in paths:
        place = path.parent.parent
        if path.parts[-2:] == UNFINISHED.parts and not _is_hidden(place):
            named = f"{folder.rstrip('/')}/{'' if place == PurePath() else f'{place}/'}"
            raise InputError(
                f"{named} is what a run has not finished, so shards may be missing: --resume of that run goes on with it; a "
                f"pattern, {named}*.…, reads those that are there"
            )


def _refuse(error: OSError) -> None:
    raise InputError(f"cannot read {error.filename}: {error.strerror or error}") from error
