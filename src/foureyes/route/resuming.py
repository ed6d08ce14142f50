"""Lets the suspended promise of a route's file hold again, where no process serves the route."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from foureyes.config.load import load_route
from foureyes.errors import InputError
from foureyes.route.background import Background
from foureyes.route.drift import RouteWatch
from foureyes.route.finishing import Finisher
from foureyes.route.kept_promise import KeptPromise
from foureyes.route.opened_parts import Closers, locked_log, recorder_of
from foureyes.route.parts import RouteParts
from foureyes.route.rules import RouteRules

__all__ = ["resume_route"]


async def resume_route(path: Path, environ: Mapping[str, str], *, by: str, note: str = "") -> str:
    """Lets it hold again, on somebody's word, which is recorded first where the route has a ledger.

    Args:
        path: the route's TOML file.
        environ: where secrets are that it names.
        by: whose word it is.
        note: why, in that person's words; the ledger keeps them as they are.

    Returns:
        Why it had been suspended.

    Raises:
        ConfigError: the file has mistakes.
        InputError: the route promises nothing, it is not suspended, a process serves the route, or the disk refuses it.
        LedgerError: it cannot be recorded.
    """
    settings = load_route(path, environ)
    if settings.route.promise is None:
        raise InputError("the route promises nothing, so there is nothing to resume")
    with locked_log(settings.route.log):
        watch = RouteWatch.opened(settings.route.promise)
        promise = KeptPromise(watch)
        promise.require_suspended()
        closers: Closers = []
        why = promise.reason
        try:
            parts = RouteParts(recorder=recorder_of(settings, None, closers))
            name = settings.route.name or path.stem
            finisher = Finisher(name, RouteRules(), parts, promise, Background())
            await finisher.record_resumed(why, by=by, note=note)
        finally:
            RouteParts(closers=tuple(closers)).discard()
        promise.acknowledge()
        if RouteWatch.opened(settings.route.promise).suspended:
            raise InputError(f"the disk refuses what is kept beside {settings.route.promise}: it is suspended still")
    return why
