"""The reader: exchanges in, readings out, many requests at a time, at one server or several.

When every server is gone, the rows that were read stay, and the rest of the call is ``Unscored("unavailable")`` at once. The next
call looks whether one is back, and raises :class:`~foureyes.errors.ModelUnavailable` when none is.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, Final, Literal, Self

from foureyes.errors import InputError
from foureyes.http.addresses import keys_by_root, server_roots
from foureyes.http.in_flight import InFlightLimit
from foureyes.http.limits import BATCH_LIMITS, RequestLimits
from foureyes.models.ahead import in_order
from foureyes.models.completions.assembly import Tokens
from foureyes.models.completions.connection import Connection
from foureyes.models.completions.fitting import shortened, too_long
from foureyes.models.completions.probe import Flavour, ServerFacts
from foureyes.models.completions.server import ModelServer, ServerWish
from foureyes.models.completions.server_pool import ServerPool
from foureyes.models.prompts import why_unread
from foureyes.models.server_use import OnServer, ignore_change
from foureyes.models.token_logprobs import RowFault
from foureyes.types import Exchange, Reading, Unscored

__all__ = ["CompletionsReader"]

MOST_AT_ONCE: Final = 256
"""Requests under way at one server, where nobody gives a number: more than a server gains from."""

Truncate = Literal["refuse", "left"]


class CompletionsReader:
    """Reads answers with a model that a server runs.

    Reading fields follow :class:`~foureyes.types.Reading`, with two differences that a server's top k makes: entropies
    are intervals, and beyond the top k ``rank`` is the server's own count (vLLM) or a lower bound (echo, SGLang).

    Values agree with a reader on this machine as far as the arithmetic does: within 5e-5 nats a token in float32,
    0.3 in bfloat16 (vLLM 0.32 on a CPU). There the order and company of requests moved nothing, with the prefix cache
    on; a server whose kernels depend on the shape of the batch may move values between runs.

    Build one with :meth:`open`. It holds connections: close it, or use it in a ``with`` block. Several threads may read with it
    at once.

    Example:
        >>> with CompletionsReader.open("http://localhost:8000/v1#smollm2") as reader:        # doctest: +SKIP
        ...     reader.read([Exchange("Capital of Australia?", "Sydney")])[0].nll
    """

    def __init__(
        self, servers: ServerPool, *, truncate: Truncate, template_args: Mapping[str, Any] | None = None
    ) -> None:
        self._servers = servers
        self._truncate = truncate
        self._template_args = dict(template_args or {})

    @classmethod
    def open(  # noqa: PLR0913 - each by its name
        cls,
        url: str | Sequence[str],
        *,
        model: str | None = None,
        api_key: str | Mapping[str, str] | None = None,
        flavour: Flavour = "auto",
        truncate: Truncate = "refuse",
        limits: RequestLimits | None = None,
        shown: int = 20,
        vocabulary: int | None = None,
        template_args: Mapping[str, Any] | None = None,
        on_server: OnServer = ignore_change,
    ) -> Self:
        """Connects, finds out what each server can do, and proves it on three readings.

        Args:
            url: ``http://host:8000``, with or without ``/v1``, with or without ``#model``; or several such of servers of one
                model. Of several one at least must answer; the others may do so later.
            model: name the servers know the model by; it wins over the one in ``url``. Unneeded where there is one.
            api_key: sent as a bearer token to every server; or a key of its own by the address of a server, and then no other
                is sent. The environment's ``FOUREYES_API_KEY`` where none is given.
            flavour: how the servers show log-probabilities; ``"auto"`` tries.
            truncate: what becomes of a row that does not fit the context: ``"refuse"`` leaves it unscored, ``"left"``
                drops the beginning of its prompt behind what the chat template puts before the first message, and says so in
                ``n_dropped``.
            limits: time, and how many requests are under way at each server. ``None`` for two minutes and as many as it can take:
                see :class:`~foureyes.http.in_flight.InFlightLimit`.
            shown: most likely tokens asked for at each position, ≥ 1. More narrow the entropy's interval and cost
                bandwidth: about 90 bytes a token of prompt and answer each. A server may allow fewer.
            vocabulary: number of tokens in the model's vocabulary, or more. ``None`` asks the server, and where that
                does not tell takes 2^20, above every published vocabulary.
            template_args: what the server's chat template is told besides: ``{"enable_thinking": False}``.
            on_server: told, from any thread, what becomes of one of several servers.

        Raises:
            InputError: an argument is none of those allowed.
            ConfigError: an address or a key cannot be used, addresses name two models or one twice, or the chat template makes
                nothing of its arguments.
            ModelUnavailable: no server answers.
            ModelRefused: one does not serve the model, or does not show what reading needs, or is not the same model as another.
        """
        if truncate not in ("refuse", "left"):
            raise InputError(f"truncate must be 'refuse' or 'left'; got {truncate!r}")
        roots, named = server_roots([url] if isinstance(url, str) else url)
        wish = ServerWish(model or named, flavour, shown, vocabulary, template_args)
        keys = keys_by_root(roots, api_key)
        connections = _connections(keys, limits or replace(BATCH_LIMITS, concurrency=MOST_AT_ONCE))
        clock = time.monotonic
        most = MOST_AT_ONCE if limits is None else limits.concurrency
        at_once = [InFlightLimit(most, fixed=limits is not None, clock=clock) for _ in roots]
        servers = ServerPool(connections, wish, at_once, tell=on_server, clock=clock)
        try:
            servers.open()
        except BaseException:
            servers.close()
            raise
        return cls(servers, truncate=truncate, template_args=template_args)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        where = self.server.url if len(self._servers.addresses) == 1 else self._servers.addresses
        return f"CompletionsReader({where!r}, model={self.name!r}, {self.server.dialect.name})"

    def close(self) -> None:
        """Closes the connections. Nothing can be read afterwards."""
        self._servers.close()

    @property
    def name(self) -> str:
        """Name the servers know the model by."""
        return self.server.model

    @property
    def server(self) -> ServerFacts:
        """What was learned of the server; of several the same but for the address, which is that of the first to answer."""
        return self._servers.facts

    @property
    def rows_at_once(self) -> int:
        """Rows that it gains from having in hand, over all calls: those under way, and as many that are made ready meanwhile."""
        return 2 * self._servers.at_once

    @property
    def outages(self) -> int:
        """How often every server was gone, so that rows are ``Unscored("unavailable")`` that may be read later."""
        return self._servers.outages

    @property
    def fingerprint(self) -> str:
        """Names the model, its weights' place, the server's version and how it is asked, as far as the server tells.

        Addresses are not part of it: the same model may move, and any number of servers may read. Weights exchanged behind the
        same name and path go unnoticed, as no server publishes a hash of them.
        """
        e = self.server
        parts = (e.model, *e.identity, e.dialect.name, e.context, e.vocabulary, e.chat, e.shown, self._truncate)
        if self._template_args:
            parts += (json.dumps(self._template_args, sort_keys=True),)
        return f"http:{hashlib.sha256(repr(parts).encode()).hexdigest()}"

    def read(self, exchanges: Sequence[Exchange], *, top_k: int = 0) -> list[Reading | Unscored]:
        """Reads every exchange, in order, several at a time.

        Args:
            exchanges: any number of them.
            top_k: how many alternatives to keep at each answer token, 0 for none.

        Raises:
            InputError: ``top_k`` is negative.
            ModelRefused: a server shows fewer alternatives than ``top_k``, or none is the model any more that it was.
            ModelUnavailable: the servers stopped answering during the call before, and none is back.
        """
        if top_k < 0:
            raise InputError(f"top_k must be ≥ 0; got {top_k}")
        self._servers.look_again()
        lost: list[RowFault] = []
        read = partial(self._read_one, top_k=top_k, on_loss=lost.append)
        found = [read(exchanges[0])] if len(exchanges) == 1 else self._read_side_by_side(exchanges, read)
        if lost:
            self._servers.doubt()
        return found

    def _read_side_by_side(
        self, exchanges: Sequence[Exchange], read: Callable[[Exchange], Reading | Unscored]
    ) -> list[Reading | Unscored]:
        pool = ThreadPoolExecutor(2 * self._servers.most, thread_name_prefix="foureyes-http")
        try:
            return list(in_order(exchanges, lambda one: pool.submit(read, one), at_once=lambda: self.rows_at_once))
        finally:
            pool.shutdown(wait=False)  # what an interrupted call leaves under way ends when the reader is closed

    def _read_one(self, exchange: Exchange, *, top_k: int, on_loss: Callable[[RowFault], None]) -> Reading | Unscored:
        unread = why_unread(exchange)
        if unread is not None:
            return unread
        try:
            tokens = self._servers.prepare(partial(self._tokens, exchange))
            n_tokens = len(tokens.prompt) + len(tokens.answer)
            return self._servers.read(n_tokens, lambda server: server.read(tokens, top_k))
        except RowFault as fault:
            if fault.server_wide:
                on_loss(fault)
            return fault.unscored

    def _tokens(self, exchange: Exchange, server: ModelServer) -> Tokens:
        """The tokens of a row that fits the context."""
        tokens, limit = server.tokeniser.tokens(exchange), server.facts.context
        n = len(tokens.prompt) + len(tokens.answer)
        if limit is None or n <= limit:
            return tokens
        if self._truncate == "refuse":
            raise too_long(n, limit)
        return shortened(tokens, exchange, server.tokeniser, limit=limit)


def _connections(keys: Mapping[str, str | None], limits: RequestLimits) -> list[Connection]:
    """To every address with its own key. What is made ready takes connections too."""
    shared = replace(limits, concurrency=2 * limits.concurrency)
    opened: list[Connection] = []
    try:
        for root, key in keys.items():
            opened.append(Connection(root, key=key, limits=shared))
    except BaseException:
        for connection in opened:
            connection.close()
        raise
    return opened
