"""Fitted values as JSON objects: written to be read by any later release, read with suspicion.

::

    {"format": "foureyes.calibrator", "version": 1, "kind": "platt",
     "parameters": {"slope": -1.3, …},
     "fitted_on": {"rows": {"n": 500, "digest": "…", "sketch": […]}, "source": {"signal": "log_cmp", "model": "…"}}}

Numbers survive the trip exactly. Nothing is ever pickled: an artefact from a stranger can be wrong, but it cannot run.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from foureyes.calibration.provenance import FittedOn, Source
from foureyes.calibration.rows import Rows
from foureyes.errors import InputError
from foureyes.json_text import parsed_json

__all__ = ["Artefact", "require_confidences", "require_numbers", "require_rows_of_numbers", "require_span"]

_FORMAT = "foureyes.calibrator"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Artefact:
    """The parts of a fitted value, as they stand in JSON.

    Attributes:
        kind: which calibrator.
        parameters: its fields but ``fitted_on``; lists are tuples.
        fitted_on: its rows and source.
    """

    kind: str
    parameters: Mapping[str, Any]
    fitted_on: FittedOn

    def to_json(self) -> str:
        """One line of JSON."""
        document = {
            "format": _FORMAT,
            "version": _VERSION,
            "kind": self.kind,
            "parameters": dict(self.parameters),
            "fitted_on": asdict(self.fitted_on),
        }
        return json.dumps(document, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Artefact:
        """Reads it back.

        Raises:
            InputError: not JSON, another format or version, or parts missing or misshapen.
        """
        try:
            document = parsed_json(text)
        except json.JSONDecodeError as error:
            raise InputError(f"not a calibrator: not JSON at character {error.pos}") from error
        found = _object(document, "the document", "format", "version", "kind", "parameters", "fitted_on")
        if found["format"] != _FORMAT or found["version"] != _VERSION:
            raise InputError(
                f"wanted {_FORMAT} version {_VERSION}; got {found['format']!r} version {found['version']!r}"
            )
        parameters = _object(found["parameters"], "parameters")
        return cls(str(found["kind"]), {k: _frozen(v) for k, v in parameters.items()}, _fitted_on(found["fitted_on"]))


def require_numbers(kind: str, **values: Any) -> None:
    """Refuses parameters that are no finite numbers."""
    for name, value in values.items():
        if not _is_finite(value):
            raise InputError(f"{kind}: {name} must be a finite number; got {value!r:.60}")


def require_span(kind: str, low: float, high: float) -> None:
    """Refuses a span of scores that is none: infinities would be taken for the wrong end of it."""
    require_numbers(kind, low=low, high=high)
    if low > high:
        raise InputError(f"{kind}: scores lie between low and high; got {low!r} and {high!r}")


def require_confidences(kind: str, values: tuple[float, ...]) -> None:
    """Refuses confidences that are no probabilities."""
    require_rows_of_numbers(kind, confidences=values)
    if not all(0 <= value <= 1 for value in values):
        raise InputError(f"{kind}: confidences lie in [0, 1]; got {min(values):g} to {max(values):g}")


def require_rows_of_numbers(kind: str, **values: Any) -> None:
    """Refuses parameters that are no tuples of finite numbers."""
    for name, value in values.items():
        if not isinstance(value, tuple):
            raise InputError(f"{kind}: {name} must be a row of numbers; got {value!r}")
        for number in value:
            require_numbers(kind, **{name: number})


def _is_finite(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond every float
        return False


def _object(value: Any, what: str, *names: str) -> dict[str, Any]:
    if not isinstance(value, dict) or (missing := [name for name in names if name not in value]):
        lacks = f" without {', '.join(missing)}" if isinstance(value, dict) else f", a {type(value).__name__}"
        raise InputError(
            f"not a calibrator: {what} must be an object{' with ' * bool(names)}{', '.join(names)}; got one{lacks}"
        )
    return value


def _fitted_on(document: Any) -> FittedOn:
    found = _object(document, "fitted_on", "rows", "source")
    rows = _object(found["rows"], "fitted_on.rows", "n", "digest", "sketch")
    sketch = _frozen(rows["sketch"])
    require_rows_of_numbers("fitted_on.rows", sketch=sketch)
    source = found["source"] and _object(found["source"], "fitted_on.source", "signal", "model")
    return FittedOn(
        Rows(rows["n"], rows["digest"], sketch),
        Source(source["signal"], source["model"]) if source else None,
        found.get("accepted_direction"),
        found.get("held_to"),
    )


def _frozen(value: Any) -> Any:
    return tuple(_frozen(entry) for entry in value) if isinstance(value, list) else value
