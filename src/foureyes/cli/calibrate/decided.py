"""Whether answers were right, as people decided in ``foureyes view``."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foureyes.cli.output import CommandOutput
from foureyes.errors import InputError
from foureyes.tables import Column, Table
from foureyes.view.labelled_rows import LabelledRows, labelled_rows

__all__ = ["decided", "decided_flags"]


def decided(args: argparse.Namespace, output: CommandOutput) -> LabelledRows | None:
    """Reads the sidecar that ``--labels`` names and says what of it does not count; ``None`` where none is named.

    Raises:
        InputError: the file is no JSON lines or Parquet, the sidecar cannot be read or is another file's.
    """
    if args.labels is None:
        return None
    path = Path(args.source)
    if path.suffix.lower() not in (".jsonl", ".ndjson", ".parquet"):
        raise InputError(f"--labels goes with what foureyes view shows, JSON lines or Parquet; got {path}")
    found = labelled_rows(path, args.labels)
    for words in found.said():
        output.warn(words)
    return found


def decided_flags(table: Table, stated: Column[np.bool_] | None, found: LabelledRows | None) -> Column[np.bool_]:
    """(n,) whether each answer is right: as decided, else as the file states; nothing where somebody was unsure."""
    values = np.zeros(len(table), np.bool_) if stated is None else stated.values.copy()
    present = np.zeros(len(table), np.bool_) if stated is None else stated.present.copy()
    if found is None:
        return Column(values, present)
    rows: NDArray[np.intp] = np.fromiter(found.correct, np.intp, len(found.correct))
    values[rows] = np.fromiter(found.correct.values(), np.bool_, len(found.correct))
    present[rows] = True
    present[list(found.unsure)] = False
    return Column(values, present)
