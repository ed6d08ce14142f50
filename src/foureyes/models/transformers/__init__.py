"""Hugging Face causal language models in this process.

Importing this package loads torch and transformers; nothing above it imports it before a model is opened.
"""

from __future__ import annotations

from foureyes.models.transformers.reader import TransformersReader
from foureyes.models.transformers.writer import TransformersWriter

__all__ = ["TransformersReader", "TransformersWriter"]
