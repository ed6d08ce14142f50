"""Fits calibrators, applies them to tables, and judges them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from foureyes.calibration import Calibrator, ClassCalibrator, Threshold, calibration_report
from foureyes.cli.calibrate.configured import configured, require_configurable
from foureyes.cli.calibrate.decided import decided
from foureyes.cli.calibrate.fitters import fit_calibrator, split_rows
from foureyes.cli.calibrate.promises import achievable, choose_threshold, decide_rows
from foureyes.cli.calibrate.shift import judge_files
from foureyes.cli.calibrate.table import ScoreTable, confidence_of, read_scores, uncalibrated
from foureyes.cli.calibrate.words import print_table, shift_words
from foureyes.cli.copies import opened_for_copy
from foureyes.cli.files import (
    in_file,
    read_text,
    require_absent,
    require_new_fields,
    require_places,
    spread,
)
from foureyes.cli.output import CommandOutput
from foureyes.display import plural
from foureyes.errors import InputError, NotEnoughData
from foureyes.report.calibration import CalibrationFindings, calibration_page, measures
from foureyes.report.promises import achievable_table
from foureyes.tables import Table, open_table, write_text

__all__ = ["run"]

_HINT = "--overwrite-field replaces it, --field names another or --distribution, for the list of probabilities"


def run(args: argparse.Namespace, output: CommandOutput) -> None:
    """Does one of the four."""
    {"fit": _fit, "apply": _apply, "report": _report, "shift": _shift}[args.action](args, output)


def _fit(args: argparse.Namespace, output: CommandOutput) -> None:
    if not 0 <= args.hold_out < 1:
        raise InputError(f"--hold-out must be a share in [0, 1); got {args.hold_out:g}")
    if (args.html or _asked(args)) and not args.hold_out:
        raise InputError(
            "a report or a promise needs rows that were not fitted on: give --hold-out 0.5, or use calibrate report with "
            "other rows"
        )
    _require_promise(args)
    require_places(args.html, args.out, args.threshold)
    require_absent(args.out, args.threshold, force=args.force)
    require_configurable(args, args.out)
    scores = read_scores(open_table(args.source), args, outcome=True, decisions=decided(args, output))
    learned, kept = split_rows(scores, args.hold_out, args.seed)
    calibrator, words = fit_calibrator(
        learned, args.kind, args.larger_is, " + ".join(args.accept_direction or ()) or None
    )
    judged = _judge(calibrator, kept) if kept.n else None
    said = (calibrator.direction_note, *words["warnings"], *(judged.after.warnings if judged else ()))
    for words_of in dict.fromkeys(filter(None, said)):
        output.warn(words_of)
    write_text(args.out, calibrator.to_json())
    output.say(
        f"{words['reason']}\nfitted on {plural(calibrator.fitted_on.rows.n, 'row')} → {args.out}{_left_out(scores)}"
    )
    told = {
        **words,
        "fitted": json.loads(calibrator.to_json()),
        "n_left_out": scores.n_left_out,
        "output": str(args.out),
    }
    if judged is None:
        output.give(lambda: {**told, "report": None})
        return
    _promise_and_present(calibrator, kept, judged, args, output, lambda found: {**told, "report": found})


def _apply(args: argparse.Namespace, output: CommandOutput) -> None:
    calibrator = _open_calibrator(args.calibrator)
    with opened_for_copy(args) as table:
        _apply_to(table, calibrator, args, output)


def _apply_to(table: Table, calibrator: Calibrator, args: argparse.Namespace, output: CommandOutput) -> None:
    scores = read_scores(table, args, outcome=False, calibrator=calibrator)
    if calibrator.direction_note:
        output.warn(calibrator.direction_note)
    confidence = confidence_of(calibrator, scores)
    decision = decide_rows(calibrator, confidence, args)
    columns = {args.field: confidence.tolist(), **_distributions(calibrator, scores, args), **decision.columns}
    if not args.overwrite_field:
        require_new_fields(table, columns, _HINT if args.distribution in columns else _HINT.partition(" or")[0])
    table.save(args.out, {name: spread(values, scores.kept.tolist(), len(table)) for name, values in columns.items()})
    output.say(f"{plural(scores.n, 'row')} with {' and '.join(map(repr, columns))} → {args.out}{_left_out(scores)}")
    if decision.statement:
        output.say(decision.statement)
    if decision.shift is not None and decision.shift.differs:
        output.warn(decision.shift.statement)
    done = {"rows": len(table), "n_left_out": scores.n_left_out, "field": args.field, "output": str(args.out)}
    shares = {name: sum(values) / scores.n if scores.n else None for name, values in decision.columns.items()}
    said = {"statement": decision.statement} if decision.statement else {}
    output.give(lambda: {**done, **shares, **said, **shift_words(decision.shift)})


def _distributions(
    calibrator: Calibrator, scores: ScoreTable, args: argparse.Namespace
) -> dict[str, list[list[float]]]:
    """The whole distribution of every row, where class scores went in."""
    if not isinstance(calibrator, ClassCalibrator):
        return {}
    if args.distribution == args.field:
        raise InputError(f"--field and --distribution both name {args.field!r}")
    return {args.distribution: calibrator.predict_proba(scores.x, source=scores.source).tolist()}


def _report(args: argparse.Namespace, output: CommandOutput) -> None:
    _require_promise(args)
    calibrator = _open_calibrator(args.calibrator)
    require_places(args.html, args.threshold)
    require_absent(args.threshold, force=args.force)
    require_configurable(args, args.calibrator, may_be_fitted_rows=args.allow_fitted_rows)
    scores = read_scores(
        open_table(args.source), args, outcome=True, calibrator=calibrator, decisions=decided(args, output)
    )
    judged = _judge(calibrator, scores, allow_fitted_rows=args.allow_fitted_rows)
    for words in judged.after.warnings:
        output.warn(words)
    _promise_and_present(calibrator, scores, judged, args, output, lambda found: found)


def _promise_and_present(
    calibrator: Calibrator,
    scores: ScoreTable,
    judged: CalibrationFindings,
    args: argparse.Namespace,
    output: CommandOutput,
    record: Callable[[dict[str, Any]], Any],
) -> None:
    """Makes the promise that was asked for on rows that were not fitted on, keeps it where it was wanted, and shows all."""
    try:
        judged = replace(judged, threshold=choose_threshold(calibrator, scores, args, in_sample=judged.after.in_sample))
    except NotEnoughData:
        judged = replace(judged, achievable=achievable(calibrator, scores, args))
        _present(judged, args, output, record)  # what was measured is of use without the promise that cannot be made
        raise
    if args.threshold and judged.threshold:
        write_text(args.threshold, judged.threshold.to_json())
        output.say(f"threshold: {args.threshold}")
    change = _configure(calibrator, judged.threshold, args, output)
    _present(judged, args, output, lambda found: record({**found, **change}))


def _configure(
    calibrator: Calibrator, threshold: Threshold | None, args: argparse.Namespace, output: CommandOutput
) -> dict[str, Any]:
    """Changes the configuration that ``--configure`` names; for a JSON object, what changed."""
    if args.configure is None or threshold is None:
        return {}
    change = configured(args, args.out if args.action == "fit" else args.calibrator, (calibrator, threshold))
    output.say(change.diff or f"{change.path}: it says so already")
    if change.diff:
        change.write()
    return {"configured": {"file": str(change.path), "diff": change.diff}}


def _shift(args: argparse.Namespace, output: CommandOutput) -> None:
    judge_files(_open_calibrator(args.calibrator), args, output)


def _present(
    judged: CalibrationFindings,
    args: argparse.Namespace,
    output: CommandOutput,
    record: Callable[[dict[str, Any]], Any],
) -> None:
    _write_page(judged, args, output)
    output.give(lambda: record(judged.to_dict()), lambda: _show(judged))


def _judge(calibrator: Calibrator, scores: ScoreTable, *, allow_fitted_rows: bool = False) -> CalibrationFindings:
    after = calibrator.report(
        scores.x, scores.outcome, source=scores.source, groups=scores.groups, allow_fitted_rows=allow_fitted_rows
    )
    before = uncalibrated(calibrator, scores)
    return CalibrationFindings(
        kind=calibrator.kind,
        scores=scores.words,
        n_fitted=calibrator.fitted_on.rows.n,
        n_left_out=scores.n_left_out,
        direction_note=calibrator.direction_note,
        after=after,
        before=before and calibration_report(*before, groups=scores.groups, in_sample=after.in_sample),
    )


def _require_promise(args: argparse.Namespace) -> None:
    if args.threshold and not _asked(args):
        raise InputError("--threshold writes a promise: give --max-error, --max-cost or --max-false-blocks")
    if (args.cost or args.worst_cost is not None) and args.max_cost is None:
        raise InputError("--cost and --worst-cost belong to --max-cost")


def _asked(args: argparse.Namespace) -> bool:
    return any(limit is not None for limit in (args.max_error, args.max_cost, args.max_false_blocks))


def _write_page(judged: CalibrationFindings, args: argparse.Namespace, output: CommandOutput) -> None:
    """The page in its file, before anything is printed: whoever reads our stdout may go away."""
    if judged.after.in_sample:
        output.warn("judged on rows that were fitted on: the figures say nothing about new rows")
    if args.html:
        write_text(args.html, calibration_page(judged))
        output.say(f"page: {args.html}")


def _show(judged: CalibrationFindings) -> None:
    if judged.direction_note:
        print(judged.direction_note)
    before = judged.before is not None
    print(f"{'':<16}{'before':<24}after" if before else f"{'':<16}after")
    for line in measures(judged):
        print(f"{line.name:<16}{f'{line.before:<24}' if before else ''}{line.after}")
    if judged.threshold:
        print(f"\n{judged.threshold.statement} It lets {judged.threshold.coverage:.0%} of the answers through.")
        print(judged.threshold.assumes)
    if judged.achievable:
        print(f"\n{judged.achievable.statement}")
        print_table(achievable_table(judged.achievable))


def _open_calibrator(path: Path) -> Calibrator:
    text = read_text(path)
    with in_file(path):
        return Calibrator.from_json(text)


def _left_out(scores: ScoreTable) -> str:
    return f"; left out, as they lack a score or a label: {scores.n_left_out:,}" if scores.n_left_out else ""
