"""The rules that are compared: what other routers look at, and what foureyes does."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from foureyes.calibration import Combiner, Platt, Source
from foureyes.route.joint import JointCalibrator, Known, confidences_of
from foureyes.route.learning import writer_calibrator
from studies.route.setting import Flags, Floats, Rule

__all__ = [
    "GAIN",
    "LEARNED",
    "LOGPROB",
    "OWN",
    "PROMPT",
    "RANDOM",
    "READER",
    "READER_RAW",
    "TOGETHER",
    "VERIFY",
    "gain_rule",
    "learned_rule",
    "prompt_rule",
    "rules_of",
]

RANDOM = "random"
PROMPT = "prompt only, learned"
LOGPROB = "semantic-router: mean log-prob"
VERIFY = "semantic-router: self-verification"
READER_RAW = "reader, uncalibrated"
READER = "reader, calibrated"
OWN = "own doubt, calibrated"
TOGETHER = "reader and own doubt, calibrated"
LEARNED = "what a route learns"
GAIN = "gain learned of reader, own doubt and question"


def rules_of(
    right: Flags,
    fit: Flags,
    *,
    own: Floats | None = None,
    verified: tuple[Floats, float] | None = None,
    reader: tuple[Floats, float] | None = None,
    prompt: Rule | None = None,
) -> dict[str, Rule]:
    """Every rule that these data allow.

    Args:
        right: (N,) of the small writer.
        fit: (N,) the half to fit on.
        own: (N,) its own mean log-prob.
        verified: (N,) what it states of itself, and what that costs.
        reader: (N,) the reader's mean surprise, and what reading costs.
        prompt: a rule that looks at questions only.
    """
    rules = {RANDOM: Rule(np.zeros(len(right)), early=True)}
    if prompt is not None:
        rules[PROMPT] = prompt
    if own is not None:
        rules[LOGPROB] = Rule(np.clip((own + 3) / 3, 0, 1))  # as its code maps it, a hand's threshold on top
        rules[OWN] = Rule(_calibrated(-own, right, fit))
    if verified is not None:
        rules[VERIFY] = Rule(*verified)
    if reader is not None:
        surprise, cost = reader
        rules[READER_RAW] = Rule(np.exp(-surprise), cost)
        rules[READER] = Rule(_calibrated(surprise, right, fit), cost)
    if own is not None and reader is not None:
        rules[TOGETHER] = Rule(_together({"reader": reader[0], "own": -own}, right, fit), reader[1])
    return rules


def _calibrated(doubt: Floats, right: Flags, fit: Flags) -> Floats:
    against = _odds_against(doubt)
    return Platt.fit(against[fit], right[fit]).predict_proba(against)


def _odds_against(doubt: Floats) -> Floats:
    """Log-odds against exp(−doubt): a line in these can be as sure as the signal is, a line in nats cannot."""
    p = np.exp(-doubt).clip(1e-6, 1 - 1e-6)
    found: Floats = np.log1p(-p) - np.log(p)
    return found


def _together(signals: Mapping[str, Floats], right: Flags, fit: Flags) -> Floats:
    against = {name: _odds_against(doubt) for name, doubt in signals.items()}
    fitted = Combiner.fit({name: values[fit] for name, values in against.items()}, right[fit])
    return fitted.predict_proba(against)


def learned_rule(
    reader: tuple[Floats, float],
    own: Floats | None,
    features: Floats | None,
    right: Flags,
    fit: Flags,
    *,
    signal: str = "log_cmp",
) -> tuple[Rule, str]:
    """What ``foureyes route learn`` makes of the fitted half, and what it joined with the reader.

    Args:
        reader: (N,) what it saw, and what reading costs.
        own: (N,) the writer's own mean log-prob; ``None`` where it is not known.
        features: (N, D) of the questions; ``None`` where they are not looked at.
        right: (N,) of the small writer.
        fit: (N,) the half to fit on.
        signal: what the reader's number is.
    """
    silent = np.full(len(right), np.nan)
    known = Known(reader[0].clip(0, 30), silent if own is None else (-own).clip(0, 30), features)
    source = Source(signal, "the reader of this study")
    fitted, _ = writer_calibrator("small", known.taken(fit), right[fit], source)
    joined = fitted.together[0].signals[1:] if isinstance(fitted, JointCalibrator) else ()
    words = {"own.log_cmp": "own doubt"}
    named = " + ".join(["reader", *(words.get(one, one) for one in joined)]) if joined else "reader alone"
    return Rule(confidences_of(fitted, known), reader[1]), named


def prompt_rule(features: NDArray[np.float64], right: tuple[Flags, Flags], fit: Flags, *, ridge: float = 100.0) -> Rule:
    """Ridge regression of the large writer's advantage on features of the question, decided before anybody is asked."""
    centred = features - features[fit].mean(axis=0)
    gain = right[1].astype(float) - right[0]
    x, y = centred[fit], gain[fit] - gain[fit].mean()
    weights = np.linalg.solve(x.T @ x + ridge * np.eye(x.shape[1]), x.T @ y)
    return Rule(-(centred @ weights), early=True)


def gain_rule(
    reader: tuple[Floats, float], own: Floats, features: NDArray[np.float64], right: tuple[Flags, Flags], fit: Flags
) -> Rule:
    """The large writer's advantage by ridge regression on all that is known: what more labels of both writers would buy."""
    sure, known = np.exp(-reader[0]), np.exp(own)
    columns = np.column_stack([reader[0].clip(0, 12), own.clip(-12), sure, known, sure * known, features])
    scaled = (columns - columns[fit].mean(axis=0)) / (columns[fit].std(axis=0) + 1e-9)
    return Rule(prompt_rule(scaled, right, fit).score, reader[1])
