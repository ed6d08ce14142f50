"""Words with a fixed choice that configuration, guard, models, service and command line share: each set stands here once.

They are in no package, so that a command line can name them without loading numpy.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = [
    "CalibratorKind",
    "ClassCalibratorKind",
    "GuardMode",
    "KeyScope",
    "PiiPolicy",
    "ProviderApi",
    "ReasonPolicy",
    "SegmentPolicy",
    "VerdictForm",
]

CalibratorKind: TypeAlias = Literal["log-odds-platt", "platt", "beta", "histogram", "isotonic"]
"""The calibrators of one score that :func:`foureyes.calibration.fit_best` can try, the simplest first."""

ClassCalibratorKind: TypeAlias = Literal["temperature", "vector"]
"""The calibrators of one score a class that :func:`foureyes.calibration.fit_best_classes` can try, the simplest first."""

GuardMode: TypeAlias = Literal["enforce", "observe"]
"""Whether a decision is meant to be acted on. ``observe`` marks it as not enforced and changes nothing else."""

KeyScope: TypeAlias = Literal["verify", "route", "report", "audit", "resume", "admin"]
"""What an API key may do: ask the guard, ask a route's writers, report what came of actions and answers, read the record and
what was decided, let a suspended promise hold again, or everything."""

PiiPolicy: TypeAlias = Literal["off", "patterns", "names"]
"""How personal data is looked for: not at all, by its shape, or by its shape and with a model for names and places."""

ProviderApi: TypeAlias = Literal["openai", "anthropic", "google"]
"""How a model is spoken to; ``openai`` is whatever speaks OpenAI's chat protocol."""

ReasonPolicy: TypeAlias = Literal["hashed", "clear"]
"""What the ledger keeps of a verifier's reason: its salted hash, or its words too."""

SegmentPolicy: TypeAlias = Literal["compared", "words"]
"""How the segments of a response are checked against independent answers: by a model that compares them, or by the words that
those answers lack, which takes no further request and gives a rank without a verdict."""

VerdictForm: TypeAlias = Literal["words", "schema", "exact"]
"""How far a model is held to the form of a verdict: asked in words, by a JSON schema, or by a schema held to exactly."""
