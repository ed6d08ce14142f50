"""What ``foureyes calibrate`` promises of a confidence, and what it does with a promise that was made."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.calibration import (
    Calibrator,
    DataShift,
    MadeOn,
    PromiseTable,
    Threshold,
    flag_rate,
    promise,
    promise_cost,
    promise_cost_table,
    promise_false_blocks,
    promise_table,
)
from foureyes.cli.calibrate.table import ScoreTable, confidence_of, correctness_of
from foureyes.cli.files import in_file, read_text
from foureyes.errors import InputError

__all__ = ["Decided", "achievable", "choose_threshold", "decide_rows", "read_threshold"]

Floats = NDArray[np.float64]


def choose_threshold(
    calibrator: Calibrator, scores: ScoreTable, args: argparse.Namespace, *, in_sample: bool
) -> Threshold | None:
    """The cut that keeps what ``--max-error``, ``--max-cost`` or ``--max-false-blocks`` asks for, if one does ask.

    Args:
        calibrator: fitted.
        scores: labelled rows.
        args: with the three limits, ``delta`` and ``worst_cost``.
        in_sample: whether the calibrator was fitted on these rows; the promise is marked then.

    Raises:
        InputError: several answers to one question, costs that cannot be used.
        NotEnoughData: no cut can be promised; says how many labels would do.
    """
    limits = (args.max_error, args.max_cost, args.max_false_blocks)
    if all(limit is None for limit in limits):
        return None
    _require_independent(scores)
    confidence, right = confidence_of(calibrator, scores), correctness_of(calibrator, scores)
    if args.max_error is not None:
        found = promise(confidence, right, max_error=args.max_error, delta=args.delta)
    elif args.max_false_blocks is not None:
        found = promise_false_blocks(confidence, right, max_false_blocks=args.max_false_blocks, delta=args.delta)
    else:
        found = _promised_cost(confidence, scores, args)
    return replace(found, in_sample=in_sample, made_on=MadeOn.of(confidence, calibrator.identity))


def achievable(calibrator: Calibrator, scores: ScoreTable, args: argparse.Namespace) -> PromiseTable | None:
    """What could be promised instead of what ``--max-error`` or ``--max-cost`` asks for; ``None`` where neither does.

    Raises:
        InputError: as for :func:`choose_threshold`.
        NotEnoughData: no rows.
    """
    if (args.max_error is None and args.max_cost is None) or not scores.n:
        return None
    _require_independent(scores)
    confidence = confidence_of(calibrator, scores)
    if args.max_error is not None:
        right = correctness_of(calibrator, scores)
        return promise_table(confidence, right, max_error=args.max_error, delta=args.delta)
    cost, worst = _costs(scores, args)
    return promise_cost_table(confidence, cost, worst_cost=worst, max_cost=args.max_cost, delta=args.delta)


@dataclass(frozen=True, slots=True)
class Decided:
    """What becomes of rows without labels.

    Attributes:
        columns: name → one flag a row.
        statement: what may be said of them.
        shift: whether they are like those of the promise; ``None`` where that cannot be told.
    """

    columns: dict[str, list[bool]]
    statement: str = ""
    shift: DataShift | None = None


def decide_rows(calibrator: Calibrator, confidence: Floats, args: argparse.Namespace) -> Decided:
    """The column that ``--threshold`` or ``--flag-rate`` asks for.

    Raises:
        InputError: the file is no threshold, or one of another calibrator; the rate is not a share.
        NotEnoughData: a flag rate of no rows.
    """
    if args.threshold is not None:
        threshold = read_threshold(args.threshold, calibrator)
        shift = threshold.compare(confidence) if threshold.made_on is not None and len(confidence) else None
        return Decided({"let_through": threshold.lets_through(confidence).tolist()}, threshold.statement, shift)
    if args.flag_rate is not None:
        rate = flag_rate(confidence, rate=args.flag_rate)
        return Decided({"flagged": rate.flags(confidence).tolist()}, rate.statement)
    return Decided({})


def read_threshold(path: Path, calibrator: Calibrator) -> Threshold:
    """What ``--threshold`` wrote, for confidences of this calibrator.

    Raises:
        InputError: the file is no threshold, or one of another calibrator.
    """
    text = read_text(path)
    with in_file(path):
        threshold = Threshold.from_json(text)
        if threshold.made_on is not None:
            threshold.made_on.require(calibrator.identity)
    return threshold


def _promised_cost(confidence: Floats, scores: ScoreTable, args: argparse.Namespace) -> Threshold:
    cost, worst = _costs(scores, args)
    return promise_cost(confidence, cost, max_cost=args.max_cost, worst_cost=worst, delta=args.delta)


def _costs(scores: ScoreTable, args: argparse.Namespace) -> tuple[Floats, float]:
    if scores.cost is None or args.worst_cost is None:
        raise InputError(
            "--max-cost needs --cost FIELD, what letting an answer through costs, and --worst-cost, its most"
        )
    return scores.cost, args.worst_cost


def _require_independent(scores: ScoreTable) -> None:
    if scores.groups is None or not scores.n:
        return
    largest: Any = np.bincount(scores.groups).max()
    if largest > 1:
        raise InputError(
            f"a promise rests on answers that are independent of each other; got {largest} in one group: keep one of each"
        )
