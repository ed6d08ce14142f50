"""Measures one router on several files."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foureyes.cascade.curves import cascade_curve
from foureyes.cascade.lead import router_lead
from foureyes.cascade.routers import AdvantageRouter, InSample, Router, ThresholdRouter
from foureyes.cli.cascade.policies import kind_of
from foureyes.cli.cascade.table import read_models
from foureyes.cli.files import in_file, read_text
from foureyes.cli.output import CommandOutput
from foureyes.display import plural
from foureyes.errors import InputError
from foureyes.latex import latex_table
from foureyes.report.cascade_shift import CascadeShiftRow, cascade_severity_table
from foureyes.report.study import TextTable
from foureyes.tables import open_table, write_text
from foureyes.tables.saving import require_place

__all__ = ["measure_files"]


def measure_files(args: argparse.Namespace, output: CommandOutput) -> None:
    """Prints a line a file.

    Raises:
        InputError: a file or a field cannot be used, or the router was fitted on a file's rows.
    """
    if args.latex:
        require_place(args.latex)
    text = read_text(args.router)
    if (kind := kind_of(text, args.router)) != "advantage_router":
        raise InputError(f"{args.router} holds a {kind.replace('_', ' ')}; shift measures a router of two models")
    with in_file(args.router):
        router = AdvantageRouter.from_json(text)
    rows = [_measured(router, source, args) for source in args.sources]
    table = cascade_severity_table(rows)
    if args.latex:
        write_text(args.latex, latex_table(table.columns, table.rows, caption=table.caption, note=table.note))
        output.say(f"latex: {args.latex}")
    output.give(lambda: {"files": [row.to_dict() for row in rows]}, lambda: _show(table))


def _measured(router: AdvantageRouter, source: str, args: argparse.Namespace) -> CascadeShiftRow:
    models = read_models(open_table(source), args)
    if len(models.confidences) != 1 or len(models.correct) != 2:
        raise InputError(
            f"a router between two models reads --conf of the small one and --correct of both; got "
            f"{len(models.confidences)} and {len(models.correct)}"
        )
    confidence, (small, large) = models.confidences[0], models.correct
    with in_file(Path(source)):
        judged: Router = InSample(router) if _seen(router, confidence, source, args) else router
        curve = cascade_curve(confidence, small, large, judged)
        lead = router_lead((judged, confidence), (ThresholdRouter(), confidence), small, large)
    return CascadeShiftRow(source, models.n_left_out, curve, lead)


def _seen(router: AdvantageRouter, confidence: NDArray[np.float64], source: str, args: argparse.Namespace) -> bool:
    if not router.fitted_on(confidence):
        return False
    if not args.allow_fitted_rows:
        raise InputError(
            f"the router was fitted on {plural(router.rows.n, 'row')}, and those of {source} are among them; wanted others "
            "(--allow-fitted-rows takes them and marks the result)"
        )
    return True


def _show(table: TextTable) -> None:
    lines = [table.columns, *table.rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())
    print(f"\n{table.note}")
