"""Weights on this machine: known names, GGUF files, the Hugging Face hub, folders.

The rule: weights that are used are whole and are what their reference says. Files are checked against a pinned sha256
before use, built beside their place and renamed into it, so that neither a broken download nor a killed process leaves
something that loads.

Start at :func:`~foureyes.models.weights.acquire.ensure`; what may be written as a reference is in
:mod:`~foureyes.models.weights.reference`. Importing this package loads nothing heavy.
"""

from __future__ import annotations

from foureyes.models.weights.acquire import ensure, locate, pull, verify
from foureyes.models.weights.known import KNOWN, SMALL_PAIR, STANDARD_PAIR, KnownModel, ModelPair
from foureyes.models.weights.values import OnStep, Step, Weights

__all__ = [
    "KNOWN",
    "SMALL_PAIR",
    "STANDARD_PAIR",
    "KnownModel",
    "ModelPair",
    "OnStep",
    "Step",
    "Weights",
    "ensure",
    "locate",
    "pull",
    "verify",
]
