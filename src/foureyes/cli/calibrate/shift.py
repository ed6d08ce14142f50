"""Judges one calibrator on several files."""

from __future__ import annotations

import argparse

from foureyes.calibration import Calibrator, Threshold
from foureyes.cli.calibrate.table import confidence_of, correctness_of, read_scores
from foureyes.cli.files import in_file, read_text
from foureyes.cli.output import CommandOutput
from foureyes.latex import latex_table
from foureyes.report.shift import LetThrough, ShiftRow, severity_table
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
    threshold = _threshold(args)
    rows = [_judged(calibrator, source, args, threshold) for source in args.sources]
    table = severity_table(rows)
    if args.latex:
        write_text(args.latex, latex_table(table.columns, table.rows, caption=table.caption, note=table.note))
        output.say(f"latex: {args.latex}")
    statement = threshold.statement if threshold else None
    output.give(
        lambda: {"files": [row.to_dict() for row in rows], "promise": statement}, lambda: _show(table, statement)
    )


def _judged(calibrator: Calibrator, source: str, args: argparse.Namespace, threshold: Threshold | None) -> ShiftRow:
    scores = read_scores(open_table(source), args, outcome=True, calibrator=calibrator)
    report = calibrator.report(
        scores.x, scores.outcome, source=scores.source, groups=scores.groups, allow_fitted_rows=args.allow_fitted_rows
    )
    passed = None
    if threshold is not None:
        passed = LetThrough.of(threshold, confidence_of(calibrator, scores), correctness_of(calibrator, scores))
    return ShiftRow(source, scores.n_left_out, report, passed)


def _threshold(args: argparse.Namespace) -> Threshold | None:
    if args.threshold is None:
        return None
    text = read_text(args.threshold)
    with in_file(args.threshold):
        return Threshold.from_json(text)


def _show(table: TextTable, statement: str | None) -> None:
    lines = [table.columns, *table.rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())
    print(f"\n{table.note}")
    if statement:
        print(f"What was promised: {statement}")
