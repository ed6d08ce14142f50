"""From paths to a viewer."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from foureyes.errors import InputError
from foureyes.layouts.reading import RESULT_FIELD
from foureyes.models.weights.known import STANDARD_PAIR
from foureyes.models.weights.store import cache_folder
from foureyes.records import Record
from foureyes.view.file_index import FileIndex
from foureyes.view.labels import Labels, sidecar_of
from foureyes.view.row_source import ScoredRows
from foureyes.view.scored_rows import RowReader, numbers_of
from foureyes.view.sources import open_source
from foureyes.view.viewed_file import ViewedFile
from foureyes.view.viewer import Viewer

__all__ = ["DEFAULT_SORT", "open_viewer"]

DEFAULT_SORT: Final = ("nats_per_root_token", "log_cmp")
"""What rows are sorted by unless the user says otherwise: the first of these that the first file has."""

_LOOKED_AT: Final = 50
"""Rows at the beginning of a file one of which must have been scored."""


def open_viewer(
    paths: Sequence[Path],
    reader: RowReader,
    *,
    labels: Path | None = None,
    index: Path | None = None,
    sort: str | None = None,
) -> Viewer:
    """Opens files to be looked at; their indexes are not begun.

    Args:
        paths: of scored files, at least one.
        reader: makes rows of their records.
        labels: where decisions are kept; beside the first file by default.
        index: folder for indexes; in the cache by default.
        sort: what rows are sorted by at first.

    Raises:
        InputError: a file cannot be read, or was not scored, or not by this signal.
        ConfigError: Parquet, and pyarrow is not installed.
    """
    folder = index or cache_folder() / "view"
    sources = [open_source(path) for path in paths]
    known = [_known_signals(source, sort) for source in sources]
    kept = Labels(labels or sidecar_of(paths[0]))
    files = [ViewedFile(FileIndex(source, reader, folder), kept) for source in sources]
    return Viewer(files, kept, sort or next((name for name in DEFAULT_SORT if name in known[0]), DEFAULT_SORT[0]))


def _known_signals(source: ScoredRows, sort: str | None) -> list[str]:
    """The signals in the first rows of a scored file."""
    first = [_signals(found.record) for found in islice(source.scan(0), _LOOKED_AT)]
    scored = [names for names in first if not isinstance(names, str)]
    if not scored:
        raise _not_scored(source.path, [problem for problem in first if isinstance(problem, str)])
    known = dict.fromkeys(name for names in scored for name in names)
    if sort is not None and sort not in known:
        raise InputError(f"no signal {sort!r:.60} in the first rows of {source.path}; there are {', '.join(known)}")
    return list(known)


def _signals(record: Record) -> list[str] | str:
    """Signals of a scored row; of another, why it is no record, empty where it is one."""
    if record.fields is None:
        return record.problem
    results = record.fields.get(RESULT_FIELD)
    if results is None:
        return ""
    said = results.values() if isinstance(results, dict) else ()
    return [name for result in said if isinstance(result, dict) for name in numbers_of(result)]


def _not_scored(path: Path, problems: Sequence[str]) -> InputError:
    told = f"{path} was not scored: no {RESULT_FIELD!r} in its first rows" if problems else f"{path} has no rows yet"
    if problems and all(problems):
        told = f"{path} is neither JSON lines nor Parquet: {problems[0]}"
    scored = path.with_suffix(f".scored{path.suffix}")
    words = ["foureyes", "score", str(path), "--verifier", STANDARD_PAIR.reader, "--tokens", "-o", str(scored)]
    return InputError(f"{told}; score it first: {shlex.join(words)}")
