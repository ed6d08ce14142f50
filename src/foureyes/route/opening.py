"""From settings to a route: its writers, its reader, its policy and whatever works with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from foureyes.cascade.policy import Policy
from foureyes.config.load import load_route
from foureyes.config.part_cache import PartCache
from foureyes.config.reader_settings import OpenReader, opened_reader, reads
from foureyes.config.route_settings import RouteFile, RouteReaderSettings, RouteSettings
from foureyes.config.verifiers import batcher_of
from foureyes.errors import ConfigError, InputError
from foureyes.models import catalog
from foureyes.route.cuts import policy_of_cuts
from foureyes.route.drift import RouteWatch
from foureyes.route.joint import RouteCalibrator, answer_calibrator, takes_own
from foureyes.route.opened_parts import file_text, parts_of
from foureyes.route.opened_writers import OpenWriter, member_of
from foureyes.route.promised import RoutePromise, common_cut
from foureyes.route.reader import CalibratedReader
from foureyes.route.route import Route
from foureyes.route.rules import RouteRules

__all__ = ["open_route", "route_of"]


def open_route(
    path: Path | str,
    *,
    environ: Mapping[str, str] | None = None,
    open_reader: OpenReader = catalog.open_reader,
    open_writer: OpenWriter = catalog.open_writer,
) -> Route:
    """Opens the route that a TOML file describes; docs/route.md shows one.

    Args:
        path: the file.
        environ: where secrets are that it names; ``None`` for this process's environment.
        open_reader: loads the reader by its reference.
        open_writer: loads writers of this process by their references.

    Returns:
        A route. Use it in one event loop, and close it with ``await route.aclose()``.

    Raises:
        ConfigError: the file has mistakes, or its parts do not fit: a calibrator of another signal or of other weights.
        ModelError: a model cannot be loaded.

    Example:
        >>> route = open_route("route.toml")                                             # doctest: +SKIP
        >>> answer = await route.answer("What is the capital of Australia?")             # doctest: +SKIP
    """
    path = Path(path)
    settings = load_route(path, os.environ if environ is None else environ)
    try:
        return route_of(settings, settings.route.name or path.stem, open_reader=open_reader, open_writer=open_writer)
    except (ConfigError, InputError) as error:
        raise ConfigError(f"{path}: {error}") from error


def route_of(
    settings: RouteFile,
    name: str,
    *,
    cache: PartCache | None = None,
    open_reader: OpenReader = catalog.open_reader,
    open_writer: OpenWriter = catalog.open_writer,
) -> Route:
    """Opens a route of settings.

    Args:
        settings: as :func:`foureyes.config.load.load_route` gives them.
        name: as callers ask for it.
        cache: of a service: what it has opened already is used again, and stays its own.
        open_reader: loads the reader by its reference.
        open_writer: loads writers of this process by their references.

    Raises:
        ConfigError, InputError: parts do not fit.
        ModelError: a model cannot be loaded.
    """
    calibrators = _calibrators(settings)
    promise = _promise(settings.route.promise)
    policy = _policy(settings, promise)
    keeper = None if settings.route.promise is None else RouteWatch.opened(settings.route.promise)
    reader = _reader(settings.reader, calibrators, cache, open_reader)
    if keeper is not None:
        keeper.require_source(reader.signal, reader.fingerprint)
    members = [
        member_of(writer, open_writer, own=takes_own(calibrators.get(writer.name))) for writer in settings.writers
    ]
    parts = parts_of(settings, reader, keeper, cache, open_reader)
    try:
        return Route(name, members, reader, policy, _rules(settings.route, settings.reader), parts)
    except InputError:
        parts.discard()
        raise


def _reader(
    settings: RouteReaderSettings,
    calibrators: Mapping[str, RouteCalibrator],
    cache: PartCache | None,
    open_reader: OpenReader,
) -> CalibratedReader:
    shared = None if cache is None else cache.get_or_make(reads(settings), lambda: batcher_of(settings, open_reader))
    reader = CalibratedReader(shared or opened_reader(settings, open_reader), settings.signal, calibrators)
    if settings.fingerprint is not None and settings.fingerprint != reader.fingerprint:
        raise ConfigError(
            f"[reader] fingerprint: the route was made with {settings.fingerprint}; the reader has {reader.fingerprint}: learn "
            "the route anew"
        )
    return reader


def _calibrators(settings: RouteFile) -> Mapping[str, RouteCalibrator]:
    files = {one.name: one.calibrator or settings.reader.calibrator for one in settings.writers}
    return {name: _calibrator(path) for name, path in files.items() if path is not None}


def _calibrator(path: Path) -> RouteCalibrator:
    try:
        return answer_calibrator(file_text(path))
    except InputError as error:
        raise ConfigError(f"{path}: {error}") from error


def _policy(settings: RouteFile, promise: RoutePromise | None) -> Policy | None:
    """What decides; ``None`` where nothing does."""
    policy = _stated_policy(settings)
    if promise is None:
        only_watches = settings.route.shadow or settings.route.annotate
        return policy or (None if only_watches else policy_of_cuts([None] * len(settings.writers)))
    names = [writer.name for writer in settings.writers]
    if sorted(promise.reference) != sorted(names):
        raise ConfigError(
            f"[route] promise: it was made of the writers {', '.join(promise.reference)}; got {', '.join(names)}: learn the route anew"
        )
    promised = common_cut(promise.cut, len(names))
    if policy is not None and policy != promised:
        raise ConfigError(
            f"[route] promise: it is of answers returned from P(correct) {promise.cut:g} on; got a policy that returns others"
        )
    return promised


def _stated_policy(settings: RouteFile) -> Policy | None:
    if settings.route.policy is not None:
        return Policy.from_json(file_text(settings.route.policy))
    cuts = [writer.cut for writer in settings.writers]
    return policy_of_cuts(cuts) if any(cut is not None for cut in cuts) else None


def _promise(path: Path | None) -> RoutePromise | None:
    return None if path is None else RoutePromise.from_json(file_text(path))


def _rules(route: RouteSettings, reader: RouteReaderSettings) -> RouteRules:
    return RouteRules(
        on_doubt=route.on_doubt,
        on_failure=route.on_failure,
        on_suspension=route.on_suspension,
        best_of=route.best_of,
        shadow=route.shadow,
        annotate=route.annotate,
        ask_all=route.ask_all,
        reading_price=reader.price,
        reading_s=reader.timeout_s,
    )
