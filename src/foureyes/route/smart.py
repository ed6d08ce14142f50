"""A route of two models and a reader, in one call."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias, cast

from foureyes.errors import ConfigError, InputError
from foureyes.guard.reader_judge import shipped_calibration
from foureyes.models import catalog
from foureyes.models.roles import Reader, Writer
from foureyes.route.cuts import policy_of_cuts
from foureyes.route.joint import JointCalibrator, RouteCalibrator, answer_calibrator, takes_own
from foureyes.route.opened_writers import writer_of
from foureyes.route.reader import CalibratedReader
from foureyes.route.role_writer import RoleWriter
from foureyes.route.roles import RouteWriter
from foureyes.route.route import Route
from foureyes.route.rules import Prices, RouteMember, RouteRules

__all__ = ["smart_route"]

AnyWriter: TypeAlias = str | Writer | RouteWriter


def smart_route(
    small: AnyWriter,
    large: AnyWriter,
    *,
    reader: str | Reader,
    calibrator: RouteCalibrator | Path | str | None = None,
    signal: str | None = None,
    cut: float | None = None,
    prices: tuple[tuple[float, float], tuple[float, float]] | None = None,
    **rules: Any,
) -> Route:
    """Lets a small model answer, and a large one where a reader does not find that good enough.

    Args:
        small: the cheap model: a reference as for :func:`foureyes.open_writer`, or a model that is open already.
        large: the strong one.
        reader: reads the small one's answers, and is neither: a reference as for :func:`foureyes.open_reader`, or open already.
        calibrator: of what the reader sees, or its JSON file; ``None`` for what is shipped with a reader known by name, which
            shows how this works and is fitted on other questions than yours.
        signal: what is taken of a reading; ``None`` for what the calibrator was fitted on.
        cut: P(correct) from which on the small one's answer is returned; ``None`` for that of the shipped calibration. The
            large one's answer is always returned.
        prices: of a million tokens, (in, out) of the small and of the large one.
        rules: fields of :class:`~foureyes.route.rules.RouteRules`: ``on_failure="strongest"``, ``best_of=3`` …

    Returns:
        A route: ``answer = await route.answer("What is the capital of Australia?")``. Close it with ``await route.aclose()``.

    Raises:
        ConfigError: the calibrator is of another signal or reader, there is none, or no cut.
        InputError: the cut lies outside [0, 1], or a rule is none.
        ModelError: a model cannot be loaded.

    Example:
        >>> import asyncio
        >>> from foureyes.calibration import Platt
        >>> from foureyes.models.scripted import ScriptedReader, ScriptedWriter
        >>> platt = Platt.fit([0.2, 0.9, 1.4, 0.5, 3.1, 2.2], [1, 1, 1, 0, 0, 0])
        >>> small, large = ScriptedWriter(otherwise="Sydney", name="s"), ScriptedWriter(otherwise="Canberra", name="l")
        >>> reader = ScriptedReader({"Sydney": 0.05, "Canberra": 0.8})
        >>> route = smart_route(small, large, reader=reader, calibrator=platt, cut=0.5)
        >>> answer = asyncio.run(route.answer("Capital of Australia?"))
        >>> answer.reply["choices"][0]["message"]["content"], [stage.action for stage in answer.stages]
        ('Canberra', ['escalate', 'answer'])
    """
    fitted, taken, from_on = _fitted(reader, calibrator, signal, cut)
    policy = policy_of_cuts([from_on, None])
    opened = catalog.open_reader(reader) if isinstance(reader, str) else reader
    calibrated = CalibratedReader(opened, taken, fitted)
    own = takes_own(fitted)
    writers = _writer(small, "small", own=own), _writer(large, "large", own=own)
    costs = [None, None] if prices is None else [Prices(*price) for price in prices]
    members = [RouteMember(writer, cost) for writer, cost in zip(writers, costs, strict=True)]
    return Route("smart", members, calibrated, policy, RouteRules(**rules))


def _fitted(
    reader: str | Reader, calibrator: RouteCalibrator | Path | str | None, signal: str | None, cut: float | None
) -> tuple[RouteCalibrator, str, float]:
    """The calibrator, what it takes of a reading, and the cut."""
    if calibrator is None:
        shipped = shipped_calibration(reader if isinstance(reader, str) else reader.name)
        return shipped.calibrator, signal or "worst_claim", shipped.cut.cut if cut is None else cut
    found = _read(Path(calibrator)) if isinstance(calibrator, str | Path) else calibrator
    if cut is None:
        raise ConfigError("wanted a cut: P(correct) from which on the small model's answer is returned; got none")
    source = (found.alone if isinstance(found, JointCalibrator) else found).fitted_on.source
    return found, signal or (source.signal if source is not None else "log_cmp"), cut


def _read(path: Path) -> RouteCalibrator:
    try:
        return answer_calibrator(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}") from error
    except InputError as error:
        raise ConfigError(f"{path}: {error}") from error


def _writer(given: AnyWriter, name: str, *, own: bool) -> RouteWriter:
    """As a writer of a route. Both kinds have ``write``; only a model of :mod:`foureyes.models` has a fingerprint."""
    if isinstance(given, str):
        return writer_of(name, given, own=own)
    return RoleWriter(name, cast("Writer", given)) if hasattr(given, "fingerprint") else given
