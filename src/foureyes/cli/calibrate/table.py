"""What ``foureyes calibrate`` reads of a table: scores, outcomes, and whose scores they are."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.calibration import Calibrator, ClassCalibrator, Combiner, ScoreCalibrator, Source
from foureyes.cli.calibrate.decided import decided_flags
from foureyes.cli.files import class_indices
from foureyes.errors import InputError
from foureyes.layouts.reading import TRUTH_FIELD
from foureyes.tables import Column, Table
from foureyes.view.labelled_rows import LabelledRows

__all__ = ["ScoreTable", "confidence_of", "correctness_of", "read_scores", "uncalibrated"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTable:
    """The rows that have everything.

    Attributes:
        x: (n,) scores, (n, K) class scores, or name → (n,) signals.
        outcome: (n,) whether right, or with class scores the index of the right class.
        kept: (n,) their places in the file.
        n_left_out: rows of the file that lack something.
        source: whose scores they are, if that is known.
        words: the same for people.
        groups: (n,) numbers of the groups that rows belong to; ``None`` where none were asked for.
        cost: (n,) what letting each answer through costs; ``None`` where it was not asked for.
        scale: of class scores, ``"logits"`` or ``"probabilities"``; empty for others.
    """

    x: Any
    outcome: NDArray[Any]
    kept: NDArray[np.intp]
    n_left_out: int
    source: Source | None
    words: str
    groups: NDArray[np.intp] | None
    cost: Floats | None
    scale: str

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.kept)

    def rows(self, places: NDArray[np.intp]) -> ScoreTable:
        """Some of the rows."""
        return replace(
            self,
            x=_take(self.x, places),
            outcome=self.outcome[places],
            kept=self.kept[places],
            groups=None if self.groups is None else self.groups[places],
            cost=None if self.cost is None else self.cost[places],
        )


def read_scores(
    table: Table,
    args: argparse.Namespace,
    *,
    outcome: bool,
    calibrator: Calibrator | None = None,
    decisions: LabelledRows | None = None,
) -> ScoreTable:
    """Reads what the options name.

    Args:
        table: the file.
        args: with ``score``, ``logits``, ``probs``, ``model``; ``correct`` and ``label`` where there is an outcome.
        outcome: whether to read one.
        calibrator: what the scores are for, if it is there already; a combiner knows its signals.
        decisions: what people said of the rows; it goes before what the file states.

    Raises:
        InputError: options that do not go together or with the calibrator, fields that cannot be used.
    """
    signals = list(args.score) or (list(calibrator.signals) if isinstance(calibrator, Combiner) else [])
    scale = "logits" if args.logits else "probabilities" if args.probs else ""
    _require_scores(signals, scale, calibrator)
    columns = [table.matrix(args.logits or args.probs)] if scale else [table.numbers(name) for name in signals]
    everywhere = np.zeros(len(table)), np.ones(len(table), np.bool_)
    said, present = _outcome(table, args, scale, decisions) if outcome else everywhere
    groups, cost = _group_ids(table, args), _cost(table, args)
    extra = [column.present for column in (groups, cost) if column is not None]
    kept = np.flatnonzero(np.logical_and.reduce([present, *(column.present for column in columns), *extra]))
    many = isinstance(calibrator, Combiner) or len(signals) > 1
    x: Any = {name: column.values for name, column in zip(signals, columns, strict=True)} if many else columns[0].values
    named = signals or [args.logits or args.probs]
    source = _source(named, args.model)
    if calibrator is not None and calibrator.fitted_on.source is not None and source is None:
        raise InputError(
            f"this calibrator was fitted on {calibrator.fitted_on.source}; say whose scores these are with --model"
        )
    words = str(source or " and ".join(named))
    return ScoreTable(
        x=_take(x, kept),
        outcome=said[kept],
        kept=kept,
        n_left_out=len(table) - len(kept),
        source=source,
        words=words,
        groups=None if groups is None else groups.values[kept],
        cost=None if cost is None else cost.values[kept],
        scale=scale,
    )


def confidence_of(calibrator: Calibrator, scores: ScoreTable) -> Floats:
    """(n,) P(correct)."""
    if isinstance(calibrator, ClassCalibrator):
        return calibrator.confidence(scores.x, source=scores.source)
    if isinstance(calibrator, Combiner | ScoreCalibrator):
        return calibrator.predict_proba(scores.x, source=scores.source)
    raise InputError(f"cannot apply a calibrator of kind {calibrator.kind!r} to rows")


def correctness_of(calibrator: Calibrator, scores: ScoreTable) -> Bools:
    """(n,) whether each answer is right; where people voted, whether at least half of them say so."""
    right = calibrator.correct(scores.x, scores.outcome) if isinstance(calibrator, ClassCalibrator) else scores.outcome
    return np.asarray(right >= 0.5 if right.dtype != np.bool_ else right, np.bool_)


def uncalibrated(calibrator: Calibrator, scores: ScoreTable) -> tuple[Floats, NDArray[Any]] | None:
    """Confidence and correctness of the rows without the calibrator; ``None`` where scores state no probability."""
    stated = calibrator.as_given(scores.x) if scores.n else None
    if stated is None:
        return None
    if isinstance(calibrator, ClassCalibrator):
        return stated, calibrator.correct_as_given(scores.x, scores.outcome)
    return stated, scores.outcome


def _require_scores(signals: list[str], scale: str, calibrator: Calibrator | None) -> None:
    if bool(signals) == bool(scale):
        raise InputError("say what to read: --score FIELD, or one of --logits and --probs")
    if len(set(signals)) < len(signals):
        raise InputError("a --score is given twice")
    if calibrator is None:
        return
    wanted = calibrator.scale if isinstance(calibrator, ClassCalibrator) else ""
    if wanted != scale:
        options = {"": "--score", "logits": "--logits", "probabilities": "--probs"}
        raise InputError(f"a {calibrator.kind} calibrator of this file takes {options[wanted]}; got {options[scale]}")
    if len(signals) > 1 and not isinstance(calibrator, Combiner):
        raise InputError(f"a {calibrator.kind} calibrator takes one --score; got {len(signals)}")


def _outcome(
    table: Table, args: argparse.Namespace, scale: str, decisions: LabelledRows | None
) -> tuple[NDArray[Any], Bools]:
    if scale:
        if not args.label or args.correct or decisions is not None:
            raise InputError("class scores go with --label, the index of the right class, not with --correct")
        return _labels(table, args.label)
    correct = args.correct or (TRUTH_FIELD if TRUTH_FIELD in table.names else None)
    if args.label or not (correct or decisions):
        raise InputError("scores go with --correct or --labels, whether the answer was right, not with --label")
    stated: Column[np.bool_] | None = table.flags(correct) if correct else None
    flags = decided_flags(table, stated, decisions)
    return flags.values, flags.present


def _labels(table: Table, field: str) -> tuple[NDArray[Any], Bools]:
    """Indices of the right classes; or, where the field holds lists, how many people chose each class."""
    found = table.values(field) if field in table.names else ()
    listed = getattr(found, "ndim", 1) == 2 or any(isinstance(value, list | tuple) for value in found)
    if listed or "," in field:
        votes = table.matrix(field)
        return votes.values, votes.present
    column = table.numbers(field)
    return class_indices(table, field, column), column.present


def _group_ids(table: Table, args: argparse.Namespace) -> Column[np.intp] | None:
    """Numbers of the groups that ``--group`` names by any value, text or number."""
    if not getattr(args, "group", None):
        return None
    named = [None if value is None else str(value) for value in table.values(args.group)]
    ids = np.unique(["" if name is None else name for name in named], return_inverse=True)[1]
    return Column(ids.astype(np.intp), np.array([bool(name) for name in named], np.bool_))


def _cost(table: Table, args: argparse.Namespace) -> Column[np.float64] | None:
    return table.numbers(args.cost) if getattr(args, "cost", None) else None


def _source(names: list[str], model: str | None) -> Source | None:
    """What foureyes score wrote says it itself: foureyes.VERIFIER.SIGNAL; a model that is named stands for the verifier."""
    if model is not None:
        own = [name.rpartition(".")[2] if name.startswith("foureyes.") else name for name in names]
        return Source(" + ".join(own), model)
    parts = [name.removeprefix("foureyes.").rpartition(".") for name in names if name.startswith("foureyes.")]
    if len(parts) < len(names) or not all(verifier for verifier, _, _ in parts):
        return None
    return Source(" + ".join(part[2] for part in parts), " + ".join(dict.fromkeys(part[0] for part in parts)))


def _take(x: Any, places: NDArray[np.intp]) -> Any:
    return {name: column[places] for name, column in x.items()} if isinstance(x, dict) else x[places]
