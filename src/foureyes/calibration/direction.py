"""Which way a fitted value turns its score, held against which way the catalogue of signals says that it points.

On logged answers anything may go along with being right: where the right answers were the short ones, the most
surprising ones come out as the surest. Such a fit is refused, unless whoever fits it accepts it by the signal's name; the
artefact keeps that name, and :func:`direction_note` says it wherever the fitted value is shown. On few rows chance does the
same: then the fit is held to the direction that is known, and says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from foureyes.calibration.provenance import FittedOn, Source
from foureyes.display import plural
from foureyes.errors import InputError
from foureyes.maths.columns import Outcomes
from foureyes.signals.catalog import LargerIs

__all__ = [
    "direction_note",
    "direction_of",
    "direction_of_rise",
    "held_direction",
    "known_direction",
    "require_direction",
    "require_directions",
    "require_stated",
]

_ROUNDING = 1e-12
_STANDARD_ERRORS = 3.0


def direction_of(source: Source | None, stated: LargerIs | None, accepted: str | None) -> LargerIs:
    """The direction to fit in: as stated, else as the catalogue has it (turned round where that was accepted).

    Raises:
        InputError: what is stated contradicts the catalogue, and was not accepted.
    """
    known = source.larger_is if source is not None else None
    turned: LargerIs = "better" if known == "worse" and accepted is not None else "worse"
    return known_direction(source, stated, accepted) or turned


def known_direction(source: Source | None, stated: LargerIs | None, accepted: str | None) -> LargerIs | None:
    """The direction that a fit is held to: as stated, else as the catalogue has it; ``None`` leaves it to the rows.

    Raises:
        InputError: no direction; or what is stated contradicts the catalogue, and was not accepted.
    """
    if stated not in (None, *get_args(LargerIs)):
        raise InputError(f"larger_is must be one of {', '.join(get_args(LargerIs))}; got {stated!r}")
    known = source.larger_is if source is not None else None
    if known is None or accepted is not None:
        return stated
    if source is not None and stated not in (None, known):
        raise InputError(f"of {source.signal}, larger is {known} by the catalogue; got larger is {stated}")
    return known


def held_direction(
    values: NDArray[np.float64], right: Outcomes, known: LargerIs, source: Source | None, *, may_contradict: bool
) -> LargerIs | None:
    """The known direction where these rows alone say the opposite; ``None`` where they do not.

    Args:
        values: (N,) finite scores.
        right: (N,) what came of each.
        known: the direction that the fit is held to.
        source: of the scores.
        may_contradict: take rows that chance does not explain, too.

    Raises:
        InputError: the rows contradict it by more than three standard errors.
    """
    lean = _lean(values, right)
    if abs(lean) < _ROUNDING or (lean > 0) == (known == "better"):
        return None
    if abs(lean) > _STANDARD_ERRORS and not may_contradict:
        found: LargerIs = "better" if lean > 0 else "worse"
        if source is not None and source.larger_is == known:
            raise InputError(_refusal(source.signal, known, found))
        require_stated(known, found)
    return known


def _lean(values: NDArray[np.float64], right: Outcomes) -> float:
    """How many standard errors the correlation of a score with being right lies from 0."""
    largest = float(max(values.max(), -values.min())) or 1.0
    away, share = values / largest, right - right.mean()
    away -= away.mean()
    spread = math.sqrt(float(away @ away) * float(share @ share))
    return float(away @ share) / spread * math.sqrt(len(right)) if spread > _ROUNDING * len(right) else 0.0


def direction_of_rise(rise: float) -> LargerIs | None:
    """That of a curve which rises so much; ``None`` within rounding."""
    return None if abs(rise) < _ROUNDING else "better" if rise > 0 else "worse"


def require_direction(fitted_on: FittedOn, found: LargerIs | None, signal: str | None = None) -> None:
    """Refuses a fit by which a known signal points the other way.

    Args:
        fitted_on: with the source of the scores and what was accepted.
        found: the direction of the fit; ``None`` where it says nothing either way.
        signal: what the scores are where the source does not say.

    Raises:
        InputError: the fit contradicts the catalogue, and that was not accepted by the signal's name.
    """
    source = fitted_on.source or (Source(signal, "a reader") if signal else None)
    if source is None or source.larger_is is None or found in (None, source.larger_is):
        return
    if fitted_on.accepted_direction != source.signal:
        raise InputError(_refusal(source.signal, source.larger_is, found))


def require_stated(stated: LargerIs | None, found: LargerIs | None) -> None:
    """Refuses a fit that contradicts the direction which its caller said.

    Raises:
        InputError: it does.
    """
    if stated is not None and found not in (None, stated):
        raise InputError(f"larger was said to be {stated}; in this fit it is {found}")


def require_directions(fitted_on: FittedOn, signals: Mapping[str, NDArray[np.float64]], right: Outcomes) -> None:
    """The same of several signals that are combined: each by itself, where chance alone does not explain it.

    In a combination the sign of one weight says little, since the others share what it knows; so each signal is held
    against the outcome alone, and a contradiction counts from three standard errors.

    Raises:
        InputError: a signal contradicts the catalogue, and that was not accepted by its name.
    """
    if fitted_on.source is None:
        return
    accepted = (fitted_on.accepted_direction or "").split(" + ")
    for name, values in signals.items():
        signal = Source(name.rpartition(".")[2] or name, fitted_on.source.model)
        if signal.larger_is is None or signal.signal in accepted or values.std() == 0:
            continue
        lean = _lean(values, right)
        if abs(lean) > _STANDARD_ERRORS and (lean > 0) != (signal.larger_is == "better"):
            raise InputError(_refusal(signal.signal, signal.larger_is, "better" if lean > 0 else "worse"))


def direction_note(fitted_on: FittedOn, found: LargerIs | None) -> str:
    """What has to be said of a fit that was accepted against the catalogue, or held to it; empty of any other.

    Args:
        fitted_on: with what was accepted, or held to.
        found: the direction of the fit; ``None`` where it has no single one.
    """
    source = fitted_on.source
    if fitted_on.held_to is not None:
        return (
            f"held to larger is {fitted_on.held_to}, as is known of these scores: the {plural(fitted_on.rows.n, 'row')} of the "
            "fit alone say the opposite, so the confidence hardly moves with the score. Label more rows"
        )
    if source is None or fitted_on.accepted_direction is None or found == source.larger_is is not None:
        return ""
    turned = f": larger is {found} here" if found is not None else ""
    return f"direction of {fitted_on.accepted_direction} accepted against the catalogue of signals{turned}"


def _refusal(signal: str, known: LargerIs, found: str) -> str:
    return (
        f"of {signal}, larger is {known} by the catalogue, and in this fit larger is {found}: look at what else the right "
        f"answers have in common (their length?). To use it all the same, accept it by name: accept_direction={signal!r} "
        f"when it is fitted, --accept-direction {signal} on the command line"
    )
