"""Whether more than the reader's signal pays, and of what: decided on rows not seen, and fitted on all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from foureyes.calibration import Combiner, Source, Trial
from foureyes.calibration.calibrator import ScoreCalibrator
from foureyes.calibration.cross_validation import HeldOut, deal_folds, held_out, reason, simplest, trials
from foureyes.calibration.warned import row_losses
from foureyes.cascade.question_router import QuestionRouter
from foureyes.errors import InputError, NotEnoughData
from foureyes.route.joint import OWN, QUESTION, Flags, Floats, JointCalibrator, Known, columns_of, reader_column

__all__ = ["FitAlone", "JointChoice", "choose_joint", "fit_joint"]

FitAlone: TypeAlias = Callable[[Floats, Flags], ScoreCalibrator]
"""Fits the reader's calibrator on some rows: signal and correctness."""

_FOLDS: Final = 5
_ERRORS: Final = 2
"""Standard errors within which the simpler one is taken, as of calibrators of one score."""

_WORDS: Final[Mapping[str, str]] = {OWN: "own doubt", QUESTION: "question"}


@dataclass(frozen=True, slots=True, eq=False)
class JointChoice:
    """What was chosen, and why.

    Attributes:
        calibrator: fitted on all rows; ``None`` where the reader alone stays.
        reason: in words; empty where nothing else is known of the answers.
        trials: how each candidate did on rows not seen, the simplest first.
    """

    calibrator: JointCalibrator | None
    reason: str
    trials: tuple[Trial, ...] = ()


def choose_joint(known: Known, right: Flags, fit_alone: FitAlone, source: Source, *, least: int = 100) -> JointChoice:
    """Chooses by cross-validation between the reader alone and regressions on more.

    A regression is taken where its log loss on rows not seen is lower by more than two standard errors.

    Args:
        known: of labelled answers of one writer.
        right: (N,) whether each is right.
        fit_alone: the reader's calibrator, of the kind that was chosen for it.
        source: the signal, and the reader's fingerprint.
        least: answers of which all is known, from which on anything is tried.
    """
    there = {OWN: ~np.isnan(known.own), QUESTION: known.asked}
    if not any(rows.any() for rows in there.values()):
        return JointChoice(None, "")
    extras, whole = _enough(there, least)
    if not extras:
        held = ", ".join(f"{int(rows.sum()):,} with {_WORDS[name]}" for name, rows in there.items() if rows.any())
        return JointChoice(None, f"reader alone: of {len(right):,} labelled answers {held}, and {least} are wanted")
    try:
        found = _compared(known.taken(whole), right[whole], fit_alone, extras)
        chosen = simplest(found, {_name(some): i for i, some in enumerate(_subsets(extras))}, errors=_ERRORS)
        taken = next(some for some in _subsets(extras) if _name(some) == chosen.kind)
        joint = fit_joint(known, right, fit_alone, taken, source) if taken else None
    except (NotEnoughData, InputError) as error:
        return JointChoice(
            None, f"reader alone: {' and '.join(_WORDS[one] for one in extras)} cannot be joined: {error}"
        )
    return JointChoice(joint, reason(chosen, found, errors=_ERRORS), found)


def fit_joint(
    known: Known, right: Flags, fit_alone: FitAlone, extras: Sequence[str], source: Source | None
) -> JointCalibrator:
    """Fits on all rows; for answers without the writer's own doubt a regression without it too.

    Args:
        known: of labelled answers of one writer.
        right: (N,) whether each is right.
        fit_alone: the reader's calibrator.
        extras: what is joined with it: ``own.log_cmp``, ``question`` or both.
        source: the signal, and the reader's fingerprint.

    Raises:
        InputError: a column contradicts what is known of it.
        NotEnoughData: too few right or wrong answers.
    """
    alone = fit_alone(known.signal, right)
    reader = reader_column(alone)
    plain = [reader, *(one for one in extras if one != QUESTION)]
    columns, question = dict(columns_of(known, reader, None)), None
    levels = [[*plain, QUESTION]] if QUESTION in extras else [plain]
    if QUESTION in extras:
        columns[QUESTION], question = _excess(columns, known, right, plain)
        levels += [[reader, QUESTION]] if OWN in extras else []
    return JointCalibrator(alone, tuple(_combined(columns, right, level, source) for level in levels), question)


def _enough(there: Mapping[str, Flags], least: int) -> tuple[list[str], Flags]:
    """What is known of enough answers together, and of which ones."""
    extras = [name for name, rows in there.items() if rows.sum() >= least]
    whole = np.all([there[name] for name in extras] or [there[OWN]], axis=0)
    return (extras, whole) if whole.sum() >= least else (extras[:1], there[extras[0]] if extras else whole)


def _subsets(extras: Sequence[str]) -> list[tuple[str, ...]]:
    """What may be joined with the reader, the simplest first."""
    return [(), *((one,) for one in extras), *([tuple(extras)] if len(extras) > 1 else [])]


def _name(extras: Sequence[str]) -> str:
    return " + ".join(["reader", *(_WORDS[one] for one in extras)]) if extras else "reader alone"


def _compared(known: Known, right: Flags, fit_alone: FitAlone, extras: Sequence[str]) -> tuple[Trial, ...]:
    fold = deal_folds(_FOLDS, known.signal)

    def said(some: tuple[str, ...]) -> Floats:
        def fit(rows: Flags) -> Callable[[Flags], Floats]:
            seen, outcome = known.taken(rows), right[rows]
            if not some:
                alone = fit_alone(seen.signal, outcome)
                return lambda unseen: alone.predict_proba(known.signal[unseen])
            joint = fit_joint(seen, outcome, fit_alone, some, None)
            return lambda unseen: joint.predict_proba(known.taken(unseen))

        return held_out(fit, fold)

    confidences = {_name(some): said(some) for some in _subsets(extras)}
    return trials({name: HeldOut(row_losses(c, right), c, right) for name, c in confidences.items()})


def _combined(columns: Mapping[str, Floats], right: Flags, names: Sequence[str], source: Source | None) -> Combiner:
    rows = np.all([~np.isnan(columns[name]) for name in names], axis=0)
    return Combiner.fit({name: columns[name][rows] for name in names}, right[rows], source=source)


def _excess(
    columns: Mapping[str, Floats], known: Known, right: Flags, names: Sequence[str]
) -> tuple[Floats, QuestionRouter]:
    """How much too sure the other columns are of each question, as said by fits that have not seen it; and the fit on all."""
    rows = known.asked & np.all([~np.isnan(columns[name]) for name in names], axis=0)
    features = known.features[rows] if known.features is not None else np.zeros((0, 0))
    seen, outcome = {name: columns[name][rows] for name in names}, right[rows]
    fold = deal_folds(_FOLDS, seen[names[0]])

    def sure(some: Flags) -> Callable[[Flags], Floats]:
        fitted = Combiner.fit({name: values[some] for name, values in seen.items()}, outcome[some])
        return lambda unseen: fitted.predict_proba({name: values[unseen] for name, values in seen.items()})

    stated = held_out(sure, fold)

    def excess(some: Flags) -> Callable[[Flags], Floats]:
        router = QuestionRouter.fit_excess(features[some], stated[some], outcome[some])
        return lambda unseen: router.priority(features[unseen])

    found = np.full(len(right), np.nan)
    found[rows] = held_out(excess, fold)
    return found, QuestionRouter.fit_excess(features, stated, outcome)
