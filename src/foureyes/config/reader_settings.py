"""What every table that names a reader can say of it: which model it is, and how its servers are used."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Annotated, Any

from pydantic import Field

from foureyes.config.fields import Known, Options, SecretValue, SettingsTable, Text
from foureyes.http.addresses import fits_a_header, objection, server_root
from foureyes.models.roles import Reader
from foureyes.models.server_use import ServerUse
from foureyes.models.weights.reference import addresses_in

__all__ = ["OpenReader", "ReaderSettings", "ServerKey", "opened_reader", "reads"]

OpenReader = Callable[..., Reader]
"""As :func:`~foureyes.models.catalog.open_reader`."""


class ServerKey(SettingsTable):
    """The key of one server of a reader.

    Attributes:
        url: the server's address, as ``reader`` names it.
        key: sent to it alone, and shown to nobody.
    """

    url: Text
    key: SecretValue

    @classmethod
    def objections(cls, key: str, value: Any, known: Known) -> Iterator[str]:  # noqa: ARG003 - nothing beside it
        """What a key must be."""
        if key == "key" and not fits_a_header(value.reveal()):
            yield "wanted printable ASCII without spaces; got something else, not shown"


class ReaderSettings(SettingsTable):
    """A model that reads.

    Attributes:
        allow_http: let texts go to another machine over plain http.
        reader: reference of the model, as for ``foureyes check --verifier``; of several servers of one model, their addresses with
            commas between.
        template_args: what its chat template is told besides the conversation: ``enable_thinking = false``.
        at_once: requests under way at each server; ``None`` for as many as it can take.
        keys: of servers that have one of their own; then no other key is sent to any.
    """

    allow_http: bool = False
    reader: Text
    template_args: Options | None = None
    at_once: Annotated[int, Field(ge=1, le=4096)] | None = None
    keys: Annotated[tuple[ServerKey, ...], Field(strict=False)] = ()

    @classmethod
    def objections(cls, key: str, value: Any, known: Known) -> Iterator[str]:
        """Where the model is, and that a server is used as one."""
        match key:
            case "reader":
                allowed = known.get("allow_http", False)
                wrong = (objection(url, allow_http=allowed) for url in addresses_in(value))
                yield from filter(None, wrong)
            case "at_once" if value is not None and not addresses_in(known.get("reader", "")):
                yield "is for a reader behind servers"
            case "keys" if _strange(value, known.get("reader", "")):
                yield "each is of one server of the reader, by its address; got the address of another, or one twice"


def _strange(keys: tuple[ServerKey, ...], reference: str) -> bool:
    """Whether a key is of none of the reader's servers, or a second one."""
    roots = [one.url.partition("#")[0].rstrip("/").removesuffix("/v1") for one in keys]
    own = {server_root(url)[0] for url in addresses_in(reference)}
    return len(set(roots)) != len(roots) or not own.issuperset(roots)


def reads(settings: ReaderSettings) -> Hashable:
    """Names a model as it is read with: readers of the same are one part of a service."""
    return "reader", settings.reader, settings.template_args, settings.at_once, settings.keys


def opened_reader(settings: ReaderSettings, open_reader: OpenReader) -> Reader:
    """Opens the model."""
    told: dict[str, Any] = {}
    if settings.template_args is not None:
        told["template_args"] = dict(settings.template_args)
    if settings.at_once is not None or settings.keys:
        keys = {one.url: one.key.reveal() for one in settings.keys}
        told["servers"] = ServerUse(keys or None, settings.at_once)
    return open_reader(settings.reader, **told)
