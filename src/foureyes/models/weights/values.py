"""What comes out of fetching a model: where it is, and, while that goes on, what is going on. Values, not words.

The words for a person are made of them in ``foureyes.cli``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

__all__ = ["OnStep", "Step", "Weights", "ignore_step"]


@dataclass(frozen=True, slots=True)
class Weights:
    """A model, ready to be loaded.

    Attributes:
        folder: with ``config.json``, safetensors and a tokenizer; a GGUF file itself where it is read as it is.
        name: what a person calls the model.
        fingerprint: identity of weights, configuration and tokenizer, ``sha256:<hex>``: the same for the same files,
            whatever reference led to them.
        licence: of the weights, as far as it is known here.
    """

    folder: Path
    name: str
    fingerprint: str
    licence: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of making a model ready, told when it begins.

    Attributes:
        model: name of the model.
        doing: ``"wait"`` for another process that is fetching the same model, ``"download"``, ``"convert"``, or
            ``"check"`` every byte.
        part: number of the piece being downloaded, from 1; 1 where there is one piece.
        parts: how many pieces there are.
        n_bytes: size of all pieces together, where it is known beforehand.
    """

    model: str
    doing: Literal["wait", "download", "convert", "check"]
    part: int = 1
    parts: int = 1
    n_bytes: int | None = None


OnStep: TypeAlias = Callable[[Step], None]


def ignore_step(_step: Step) -> None:
    """The listener of callers that do not listen."""
