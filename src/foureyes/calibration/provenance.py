"""What a fitted value was fitted on: which rows, and which scores.

A calibrator is only right for the scores it has seen: the same signal, taken by the same model. It carries both names
and refuses others when it is told where scores come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from numpy.typing import NDArray

from foureyes.calibration.rows import Rows
from foureyes.errors import ConfigError, InputError
from foureyes.signals.catalog import LargerIs, direction

__all__ = ["FittedOn", "Source"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where scores come from: the signal, and the model whose answers or readings it is taken of.

    Raises:
        InputError: one of the two is empty or not text.

    Example:
        >>> str(Source("log_cmp", "qwen3-0.6b"))
        'log_cmp of qwen3-0.6b'
    """

    signal: str
    model: str

    def __post_init__(self) -> None:
        if not all(isinstance(name, str) and name for name in (self.signal, self.model)):
            raise InputError(f"a source needs a signal and a model; got {self.signal!r} and {self.model!r}")

    def __str__(self) -> str:
        return f"{self.signal} of {self.model}"

    @property
    def larger_is(self) -> LargerIs | None:
        """What a larger value says, by the catalogue of signals; ``None`` of a signal that is not in it.

        A name with dots, as of a field in a file, is known by its last part.
        """
        return direction(self.signal) or direction(self.signal.rpartition(".")[2])


@dataclass(frozen=True, slots=True)
class FittedOn:
    """What a fitted value remembers of its data.

    Attributes:
        rows: enough to recognise them, not the rows themselves.
        source: where the scores came from; ``None`` where ``fit`` was not told.
        accepted_direction: the signal whose direction was accepted although it contradicts the catalogue.
        held_to: the direction that was known beforehand, where the rows alone say the opposite; else ``None``.

    Raises:
        InputError: a direction is accepted of a signal that these scores are not; or held to what is no direction.
    """

    rows: Rows
    source: Source | None = None
    accepted_direction: str | None = None
    held_to: LargerIs | None = None

    def __post_init__(self) -> None:
        if self.held_to not in (None, *get_args(LargerIs)):
            raise InputError(f"held_to must be one of {', '.join(get_args(LargerIs))}; got {self.held_to!r:.60}")
        accepted = self.accepted_direction
        if accepted is None:
            return
        known = set(self.source.signal.split(" + ")) if self.source is not None else set()
        if not isinstance(accepted, str) or not set(accepted.split(" + ")) <= known:
            raise InputError(f"accept_direction names {accepted!r}; got {self.source or 'scores of no stated source'}")

    @classmethod
    def of(
        cls,
        columns: Sequence[NDArray[Any]],
        source: Source | None,
        accept_direction: str | None,
        held_to: LargerIs | None = None,
    ) -> FittedOn:
        """Takes down what is fitted on."""
        return cls(Rows.of(columns), source, accept_direction, held_to)

    def require(self, source: Source | None) -> None:
        """Refuses scores that are said to come from elsewhere; says nothing where nothing is said.

        Raises:
            ConfigError: ``source`` is given and is not the one that was fitted on.
        """
        if source is not None and source != self.source:
            raise ConfigError(f"fitted on {self.source or 'scores of no stated source'}; got scores from {source}")
