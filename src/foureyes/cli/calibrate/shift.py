"""Judges one calibrator on several files."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from foureyes.calibration import Calibrator, Threshold
from foureyes.cli.calibrate.promises import read_threshold
from foureyes.cli.calibrate.table import confidence_of, correctness_of, read_scores
from foureyes.cli.calibrate.words import print_table
from foureyes.cli.files import in_file
from foureyes.cli.output import CommandOutput
from foureyes.errors import InputError
from foureyes.latex import latex_table
from foureyes.report.shift import LetThrough, PromiseTried, ShiftRow, severity_table
from foureyes.report.study import TextTable
from foureyes.tables import open_table, write_text
from foureyes.tables.saving import require_place

__all__ = ["judge_files"]


def judge_files(calibrator: Calibrator, args: argparse.Namespace, output: CommandOutput) -> None:
    """Prints a line a file.

    Raises:
        InputError: a file, a field or the threshold cannot be used.
    """
    if args.latex:
        require_place(args.latex)
    if args.cost and args.threshold is None:
        raise InputError("--cost belongs to --threshold: what is counted is the cost that was promised")
    threshold = None if args.threshold is None else read_threshold(args.threshold, calibrator)
    rows = [_judged(calibrator, source, args, threshold) for source in args.sources]
    table = severity_table(rows, threshold)
    if args.latex:
        write_text(args.latex, latex_table(table.columns, table.rows, caption=table.caption, note=table.note))
        output.say(f"latex: {args.latex}")
    statement = threshold.statement if threshold else None
    for row in rows:
        if row.promise is not None and row.promise.shift is not None and row.promise.shift.differs:
            output.warn(f"{row.file}: {row.promise.shift.statement}")
    broken = [row.file for row in rows if row.promise is not None and row.promise.state == "broken"]
    output.give(
        lambda: {"files": [row.to_dict() for row in rows], "promise": statement, "broken": broken},
        lambda: _show(table, statement),
    )


def _judged(calibrator: Calibrator, source: str, args: argparse.Namespace, threshold: Threshold | None) -> ShiftRow:
    scores = read_scores(open_table(source), args, outcome=True, calibrator=calibrator)
    report = calibrator.report(
        scores.x, scores.outcome, source=scores.source, groups=scores.groups, allow_fitted_rows=args.allow_fitted_rows
    )
    if threshold is None:
        return ShiftRow(source, scores.n_left_out, report)
    alone = scores if scores.groups is None else scores.rows(np.unique(scores.groups, return_index=True)[1])
    confidence, right = confidence_of(calibrator, alone), correctness_of(calibrator, alone)
    with in_file(Path(source)):
        tried = PromiseTried.of(threshold, confidence, right, alone.cost)
    return ShiftRow(source, scores.n_left_out, report, LetThrough.of(threshold, confidence, right), tried)


def _show(table: TextTable, statement: str | None) -> None:
    print_table(table)
    if statement:
        print(f"What was promised: {statement}")
