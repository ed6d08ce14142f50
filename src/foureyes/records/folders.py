"""Which files of a folder are a data set's."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePath

from foureyes.errors import InputError
from foureyes.records.forms import form_of_name

__all__ = ["data_files", "files_below"]


def data_files(folder: str, paths: Sequence[PurePath]) -> list[PurePath]:
    """Those of a folder's files that hold its records, in the order of their names.

    What is hidden (its name, or that of a folder on the way, begins with ``.`` or ``_``) and what has no suffix of a known format is passed
    over. Where there is Parquet, only that counts: what lies beside it describes it.

    Args:
        folder: its name, for messages.
        paths: of its files, relative to it.

    Raises:
        InputError: there is none, or they are of several formats.

    Example:
        >>> found = data_files("d", [PurePath("b.parquet"), PurePath("a.parquet"), PurePath("info.json"), PurePath("_x/c.parquet")])
        >>> [path.name for path in found]
        ['a.parquet', 'b.parquet']
    """
    shown = sorted(path for path in paths if not any(part.startswith((".", "_")) for part in path.parts))
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
        InputError: there is none, they are of several formats, or a folder on the way may not be entered.
    """
    paths = []
    for place, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith((".", "_"))]
        paths += [path.relative_to(folder) for path in (Path(place, name) for name in names) if path.is_file()]
    return [folder / path for path in data_files(str(folder), paths)]


def _refuse(error: OSError) -> None:
    raise InputError(f"cannot read {error.filename}: {error.strerror or error}") from error
