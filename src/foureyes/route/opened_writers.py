"""Writers by reference and by settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from foureyes.config.route_settings import WriterSettings
from foureyes.errors import ConfigError
from foureyes.http import RequestLimits
from foureyes.http.addresses import server_key
from foureyes.models import catalog
from foureyes.models.catalog import KEY_VARIABLES
from foureyes.models.roles import Writer
from foureyes.models.weights.reference import ProviderReference, ServerReference, parse
from foureyes.route.own_doubt import DoubtingWriter
from foureyes.route.role_writer import RoleWriter
from foureyes.route.roles import RouteWriter
from foureyes.route.rules import Prices, RouteMember

__all__ = ["OpenWriter", "member_of", "writer_of"]

OpenWriter: TypeAlias = Callable[..., Writer]
"""As :func:`~foureyes.models.catalog.open_writer`."""

_OPENAI: Final = "https://api.openai.com/v1"

_LIMITS: Final = RequestLimits(timeout_s=120.0)

_THREADS: Final = 16
"""Requests at once to a provider's own API."""

_BUSY_TIMEOUT_S: Final = 5.0
"""Seconds for which a busy provider is waited for at most: another writer may answer meanwhile."""


def writer_of(
    name: str,
    reference: str,
    *,
    key: str | None = None,
    limits: RequestLimits | None = None,
    reports_as: Sequence[str] = (),
    open_writer: OpenWriter = catalog.open_writer,
    own: bool = False,
) -> RouteWriter:
    """A writer by reference: over HTTP where its server speaks OpenAI's protocol, otherwise in a thread.

    Args:
        name: in the route.
        reference: as for :func:`~foureyes.models.catalog.open_writer`.
        key: of its server.
        limits: of its requests.
        reports_as: further names of the model in replies.
        open_writer: loads a model of this process.
        own: whether its log-probabilities are asked for too. A model of this process shows them unasked.

    Raises:
        ConfigError: the reference is none, or a key or an extra is missing.
        ModelError: the model cannot be loaded.
    """
    writer = _writer_of(name, reference, key, limits, reports_as, open_writer)
    return DoubtingWriter(writer) if own and not isinstance(writer, RoleWriter) else writer


def _writer_of(
    name: str,
    reference: str,
    key: str | None,
    limits: RequestLimits | None,
    reports_as: Sequence[str],
    open_writer: OpenWriter,
) -> RouteWriter:
    target = parse(reference)
    match target:
        case ServerReference(url, model):
            target.require_one()
            if model is None:
                raise ConfigError(
                    f"wanted a server with its model, as in http://localhost:8000/v1#qwen3-8b; got {reference!r}"
                )
            return _http_writer(name, model, url, key or server_key(), limits, reports_as)
        case ProviderReference("openai", model):
            return _http_writer(name, model, _OPENAI, key or _key_of(target), limits, reports_as)
        case ProviderReference():
            return _provider_writer(name, target, key or _key_of(target), limits or _LIMITS, reports_as)
    if key is not None or reports_as:
        raise ConfigError(f"{reference} runs in this process and takes neither key nor reports_as; got one")
    return RoleWriter(name, open_writer(reference), timeout_s=(limits or _LIMITS).timeout_s)


def _key_of(target: ProviderReference) -> str:
    variables = KEY_VARIABLES[target.api]
    key = next(filter(None, map(os.environ.get, variables)), None)
    if key is None:
        raise ConfigError(f"{target.api}:{target.model} needs an API key: set {' or '.join(variables)}, or name one")
    return key


def _provider_writer(
    name: str, target: ProviderReference, key: str, limits: RequestLimits, reports_as: Sequence[str]
) -> RouteWriter:
    """A model over its provider's own API. Nobody reads its log-probabilities, so none are asked for."""
    from foureyes.models.chat import Endpoint  # noqa: PLC0415 - needs an extra
    from foureyes.models.chat.writer import ChatWriter  # noqa: PLC0415 - as above
    from foureyes.models.providers import connect  # noqa: PLC0415 - as above

    chat = connect(target.api, Endpoint(target.model, key=key, limits=limits, reports_as=tuple(reports_as)))
    threads = min(_THREADS, limits.concurrency)
    writer = ChatWriter(chat, top_logprobs=0, busy_timeout_s=min(limits.timeout_s, _BUSY_TIMEOUT_S))
    return RoleWriter(name, writer, threads=threads, timeout_s=limits.timeout_s)


def _http_writer(
    name: str, model: str, url: str, key: str | None, limits: RequestLimits | None, reports_as: Sequence[str]
) -> RouteWriter:
    from foureyes.route.http_writer import WRITER_LIMITS, HttpRouteWriter  # noqa: PLC0415 - needs an extra

    return HttpRouteWriter(name, model, url, key=key, limits=limits or WRITER_LIMITS, reports_as=reports_as)


def member_of(settings: WriterSettings, open_writer: OpenWriter, *, own: bool = False) -> RouteMember:
    """A writer with its prices, as configured; raises as :func:`writer_of`.

    Args:
        settings: of the writer.
        open_writer: loads a model of this process.
        own: whether what decides uses the writer's own log-probabilities, so that they are asked for.
    """
    key = None if settings.key is None else settings.key.reveal()
    name, model, also = settings.name, settings.model, settings.reports_as
    own = own or settings.logprobs
    if settings.base_url is None:
        writer = writer_of(
            name, model, key=key, limits=settings.limits, reports_as=also, open_writer=open_writer, own=own
        )
    else:
        writer = _http_writer(name, model, settings.base_url, key, settings.limits, also)
        writer = DoubtingWriter(writer) if own else writer
    price_in, price_out = settings.price_in, settings.price_out
    prices = None if price_in is None or price_out is None else Prices(price_in, price_out)
    return RouteMember(writer, prices, settings.third_party, settings.one_by_one)
