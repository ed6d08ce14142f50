"""What ``foureyes calibrate`` promises of a confidence, and what it does with a promise that was made."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.calibration import Calibrator, Threshold, flag_rate, promise, promise_cost, promise_false_blocks
from foureyes.cli.calibrate.table import ScoreTable, confidence_of, correctness_of
from foureyes.cli.files import in_file, read_text
from foureyes.errors import InputError

__all__ = ["choose_threshold", "decide_rows"]

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
    return replace(found, in_sample=in_sample)


def decide_rows(confidence: Floats, args: argparse.Namespace) -> tuple[dict[str, list[bool]], str]:
    """The column that ``--threshold`` or ``--flag-rate`` asks for, by name, and what may be said of it.

    Raises:
        InputError: the file is no threshold, or the rate is not a share.
        NotEnoughData: a flag rate of no rows.
    """
    if args.threshold is not None:
        text = read_text(args.threshold)
        with in_file(args.threshold):
            threshold = Threshold.from_json(text)
        return {"let_through": threshold.lets_through(confidence).tolist()}, threshold.statement
    if args.flag_rate is not None:
        rate = flag_rate(confidence, rate=args.flag_rate)
        return {"flagged": rate.flags(confidence).tolist()}, rate.statement
    return {}, ""


def _promised_cost(confidence: Floats, scores: ScoreTable, args: argparse.Namespace) -> Threshold:
    if scores.cost is None or args.worst_cost is None:
        raise InputError(
            "--max-cost needs --cost FIELD, what letting an answer through costs, and --worst-cost, its most"
        )
    return promise_cost(confidence, scores.cost, max_cost=args.max_cost, worst_cost=args.worst_cost, delta=args.delta)


def _require_independent(scores: ScoreTable) -> None:
    if scores.groups is None or not scores.n:
        return
    largest: Any = np.bincount(scores.groups).max()
    if largest > 1:
        raise InputError(
            f"a promise rests on answers that are independent of each other; got {largest} in one group: keep one of each"
        )
