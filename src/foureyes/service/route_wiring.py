"""Puts the routes that are configured into the parts of a service.

A route whose settings and files did not change is taken over from the parts before, with its connections and its promise's
watch; one that did is opened anew, while the old one serves the requests that came to it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import NoReturn, TypeVar

from foureyes.config.part_cache import PartCache
from foureyes.config.parts import Parts
from foureyes.config.reader_settings import OpenReader
from foureyes.config.route_settings import ServiceRoute
from foureyes.config.settings import Settings
from foureyes.errors import ConfigError, FoureyesError, InputError
from foureyes.models import catalog
from foureyes.route.opened_parts import file_text
from foureyes.route.opening import route_of
from foureyes.route.route import Route

__all__ = ["with_routes"]

T = TypeVar("T")


def with_routes(
    parts: Parts, settings: Settings, *, before: Parts | None = None, open_reader: OpenReader = catalog.open_reader
) -> Parts:
    """The parts with the routes of each tenant.

    Args:
        parts: what :func:`foureyes.config.wiring.build` made.
        settings: what it made them of.
        before: parts in force, to take over what did not change.
        open_reader: loads readers.

    Raises:
        ConfigError: a route cannot be made of its settings. What was made for these parts is closed again.
        ModelError: a model cannot be loaded.
    """
    if not settings.routes:
        return parts
    earlier = before.cached if before is not None else {}
    cache = PartCache({**earlier, **parts.cached})
    cache.parts.update(parts.cached)
    try:
        routes = {name: _opened(name, route, cache, open_reader) for name, route in settings.routes.items()}
    except FoureyesError:
        _close_made(cache.parts, earlier)
        raise
    tenants = {
        name: replace(tenant, routes=_of_tenant(name, routes, settings.routes))
        for name, tenant in parts.tenants.items()
    }
    return replace(parts, tenants=tenants, cached=cache.parts)


class _Noting(PartCache):
    """A cache that notes what is taken from it.

    Args:
        cache: where the parts are.
    """

    def __init__(self, cache: PartCache) -> None:
        super().__init__({})
        self._cache = cache
        self.taken: list[Hashable] = []

    def get_or_make(self, what: Hashable, make: Callable[[], T]) -> T:
        """The part of the cache."""
        self.taken.append(what)
        return self._cache.get_or_make(what, make)


@dataclass(frozen=True, slots=True)
class _OpenRoute:
    """A route with the names of the parts that it shares, which live as long as it does."""

    route: Route
    shares: tuple[Hashable, ...]

    async def aclose(self) -> None:
        await self.route.aclose()


def _opened(name: str, route: ServiceRoute, cache: PartCache, open_reader: OpenReader) -> Route:
    what = ("route", name, route.route, route.writers, route.reader, route.ledger, route.council, _texts(route))

    def opened() -> _OpenRoute:
        noting = _Noting(cache)
        return _OpenRoute(route_of(route, name, cache=noting, open_reader=open_reader), tuple(noting.taken))

    try:
        found = cache.get_or_make(what, opened)
    except (ConfigError, InputError) as error:
        raise ConfigError(f"[routes.{name}]: {error}") from error
    for shared in found.shares:
        cache.get_or_make(shared, _there_is_none)
    cache.parts[what] = cache.parts.pop(what)  # the last made is closed first, and a route before what it works with
    return found.route


def _there_is_none() -> NoReturn:
    raise AssertionError("a part of a route that is open is in the cache")


def _texts(route: ServiceRoute) -> Hashable:
    """What its files hold: learning writes new ones under the old names."""
    files = [route.route.policy, route.route.promise, route.reader.calibrator]
    files += [writer.calibrator for writer in route.writers]
    return tuple(None if file is None else file_text(file) for file in files)


def _of_tenant(tenant: str, routes: Mapping[str, Route], settings: Mapping[str, ServiceRoute]) -> dict[str, Route]:
    return {name: route for name, route in routes.items() if tenant in (settings[name].tenants or (tenant,))}


def _close_made(parts: Mapping[Hashable, object], earlier: Mapping[Hashable, object]) -> None:
    """Closes what was made for nothing. Routes and judges hold nothing before their first question, and close in a loop only."""
    for what, part in parts.items():
        if what not in earlier and not hasattr(part, "aclose") and (close := getattr(part, "close", None)) is not None:
            close()
