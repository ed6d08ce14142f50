"""foureyes: a second model reads every answer, and what it saw becomes something one can act on.

>>> import foureyes as fe
>>> reader = fe.open_reader("gemma3-270m")                                        # doctest: +SKIP
>>> rows = fe.score([fe.Exchange("Capital of Australia?", "Sydney")], reader)     # doctest: +SKIP
>>> round(rows[0].log_cmp, 2)                                                     # doctest: +SKIP
5.18

Importing this package loads nothing heavy: every public name below is fetched from its module at first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from foureyes.calibration import (
        Beta,
        CalibrationReport,
        Calibrator,
        Combiner,
        HistogramBinning,
        Isotonic,
        Platt,
        Source,
        Temperature,
        Threshold,
        calibration_report,
        fit_best,
        flag_rate,
        held_out_gain,
        promise,
        promise_cost,
        promise_false_blocks,
    )
    from foureyes.calibration.label_curve import LabelCurve, label_curve
    from foureyes.cascade.chain import fit_chain
    from foureyes.cascade.curves import Costs, Curve, cascade_curve
    from foureyes.cascade.lead import Lead, router_lead
    from foureyes.cascade.routers import AdvantageRouter
    from foureyes.cleaning.labels import Issue, Issues, find_label_issues
    from foureyes.errors import (
        ConfigError,
        FoureyesError,
        InputError,
        ModelError,
        ModelRefused,
        ModelUnavailable,
        NotEnoughData,
    )
    from foureyes.guard import Council, Guard, Member
    from foureyes.maths.difference import Difference, paired_difference
    from foureyes.maths.ranking import Auroc, auroc
    from foureyes.maths.reliability import Ece, Reliability, ece, mce, reliability
    from foureyes.maths.risk_coverage import Aurc, aurc, risk_coverage
    from foureyes.maths.scoring import Brier, brier, dcs, nll
    from foureyes.maths.selection import Candidate, VerifierChoice, choose_verifier
    from foureyes.maths.within import within_question
    from foureyes.models.catalog import open_reader, open_writer
    from foureyes.models.roles import Reader, Sampling, Writer
    from foureyes.signals.agree import v_agree
    from foureyes.signals.choice import MultipleChoice, OptionDistribution, option_distributions
    from foureyes.signals.cross import p_true, score, score_panel
    from foureyes.signals.history import Case, CorrectnessModel, cross_fitted
    from foureyes.signals.knowing import answerless, p_ik
    from foureyes.signals.meaning import Meanings, meanings
    from foureyes.signals.relative import relative_confidence
    from foureyes.signals.samples import self_consistency
    from foureyes.signals.similarity import Similarities, similarities
    from foureyes.signals.verbal import verbalised
    from foureyes.signals.within import OwnSignals, own_signals
    from foureyes.types import Exchange, Message, Reading, Scored, Token, Unscored, Verdict, Vote, Written

_HOME = {
    "foureyes.calibration": (
        "Beta",
        "CalibrationReport",
        "Calibrator",
        "Combiner",
        "Guard",
        "HistogramBinning",
        "Isotonic",
        "Platt",
        "Source",
        "Temperature",
        "Threshold",
        "calibration_report",
        "fit_best",
        "flag_rate",
        "held_out_gain",
        "promise",
        "promise_cost",
        "promise_false_blocks",
    ),
    "foureyes.calibration.label_curve": ("LabelCurve", "label_curve"),
    "foureyes.cascade.chain": ("fit_chain",),
    "foureyes.cascade.curves": ("Costs", "Curve", "cascade_curve"),
    "foureyes.cascade.lead": ("Lead", "router_lead"),
    "foureyes.cascade.routers": ("AdvantageRouter",),
    "foureyes.cleaning.labels": ("Issue", "Issues", "find_label_issues"),
    "foureyes.errors": (
        "ConfigError",
        "FoureyesError",
        "InputError",
        "ModelError",
        "ModelRefused",
        "ModelUnavailable",
        "NotEnoughData",
    ),
    "foureyes.maths.difference": ("Difference", "paired_difference"),
    "foureyes.guard": ("Council", "Guard", "Member"),
    "foureyes.maths.ranking": ("Auroc", "auroc"),
    "foureyes.maths.reliability": ("Ece", "Reliability", "ece", "mce", "reliability"),
    "foureyes.maths.risk_coverage": ("Aurc", "aurc", "risk_coverage"),
    "foureyes.maths.scoring": ("Brier", "brier", "dcs", "nll"),
    "foureyes.maths.selection": ("Candidate", "VerifierChoice", "choose_verifier"),
    "foureyes.maths.within": ("within_question",),
    "foureyes.models.catalog": ("open_reader", "open_writer"),
    "foureyes.models.roles": ("Reader", "Sampling", "Writer"),
    "foureyes.signals.agree": ("v_agree",),
    "foureyes.signals.choice": ("MultipleChoice", "OptionDistribution", "option_distributions"),
    "foureyes.signals.cross": ("p_true", "score", "score_panel"),
    "foureyes.signals.history": ("Case", "CorrectnessModel", "cross_fitted"),
    "foureyes.signals.knowing": ("answerless", "p_ik"),
    "foureyes.signals.meaning": ("Meanings", "meanings"),
    "foureyes.signals.relative": ("relative_confidence",),
    "foureyes.signals.samples": ("self_consistency",),
    "foureyes.signals.similarity": ("Similarities", "similarities"),
    "foureyes.signals.verbal": ("verbalised",),
    "foureyes.signals.within": ("OwnSignals", "own_signals"),
    "foureyes.types": ("Exchange", "Message", "Reading", "Scored", "Token", "Unscored", "Verdict", "Vote", "Written"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "AdvantageRouter",
    "Aurc",
    "Auroc",
    "Beta",
    "Brier",
    "CalibrationReport",
    "Calibrator",
    "Candidate",
    "Case",
    "Combiner",
    "ConfigError",
    "CorrectnessModel",
    "Costs",
    "Council",
    "Curve",
    "Difference",
    "Ece",
    "Exchange",
    "FoureyesError",
    "Guard",
    "HistogramBinning",
    "InputError",
    "Isotonic",
    "Issue",
    "Issues",
    "LabelCurve",
    "Lead",
    "Meanings",
    "Member",
    "Message",
    "ModelError",
    "ModelRefused",
    "ModelUnavailable",
    "MultipleChoice",
    "NotEnoughData",
    "OptionDistribution",
    "OwnSignals",
    "Platt",
    "Reader",
    "Reading",
    "Reliability",
    "Sampling",
    "Scored",
    "Similarities",
    "Source",
    "Temperature",
    "Threshold",
    "Token",
    "Unscored",
    "Verdict",
    "VerifierChoice",
    "Vote",
    "Writer",
    "Written",
    "__version__",
    "answerless",
    "aurc",
    "auroc",
    "brier",
    "calibration_report",
    "cascade_curve",
    "choose_verifier",
    "cross_fitted",
    "dcs",
    "ece",
    "find_label_issues",
    "fit_best",
    "fit_chain",
    "flag_rate",
    "held_out_gain",
    "label_curve",
    "mce",
    "meanings",
    "nll",
    "open_reader",
    "open_writer",
    "option_distributions",
    "own_signals",
    "p_ik",
    "p_true",
    "paired_difference",
    "promise",
    "promise_cost",
    "promise_false_blocks",
    "relative_confidence",
    "reliability",
    "risk_coverage",
    "router_lead",
    "score",
    "score_panel",
    "self_consistency",
    "similarities",
    "v_agree",
    "verbalised",
    "within_question",
]


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'foureyes' has no attribute {name!r}")
    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
