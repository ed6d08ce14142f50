"""The reader: exchanges in, readings out, several requests at a time.

When the server dies, the rows that were read stay, and the rest of the call is ``Unscored("unavailable")`` at once: a
:class:`~foureyes.http.breaker.Breaker` counts failures in a row and stops asking. The next call looks whether the server is back, and raises
:class:`~foureyes.errors.ModelUnavailable` when it is not.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Final, Literal, Self

import numpy as np

from foureyes.errors import ConfigError, InputError, ModelRefused, ModelUnavailable
from foureyes.http.addresses import server_key, server_root
from foureyes.http.breaker import Breaker
from foureyes.http.limits import BATCH_LIMITS, RequestLimits
from foureyes.models.completions import probe
from foureyes.models.completions.assembly import Tokens, assemble
from foureyes.models.completions.connection import Connection
from foureyes.models.completions.dialects import LogprobRequest
from foureyes.models.completions.fitting import shortened, too_long
from foureyes.models.completions.probe import Flavour, ServerFacts
from foureyes.models.completions.tokenising import Tokeniser
from foureyes.models.prompts import why_unread
from foureyes.models.spelling import clip, spans_by_spelling, spans_by_text
from foureyes.models.token_logprobs import RowFault, TokenLogprobs, bad_reply
from foureyes.types import Exchange, Reading, Unscored

__all__ = ["CompletionsReader"]

FAILURES_IN_A_ROW: Final = 3
SAME_ANSWER_NATS: Final = 0.1
"""How far two readings of one text may lie apart in the proof; other company in a batch may move bfloat16 a little."""

Truncate = Literal["refuse", "left"]


class CompletionsReader:
    """Reads answers with a model that a server runs.

    Reading fields follow :class:`~foureyes.types.Reading`, with two differences that a server's top k makes: entropies
    are intervals, and beyond the top k ``rank`` is the server's own count (vLLM) or a lower bound (echo, SGLang).

    Values agree with a reader on this machine as far as the arithmetic does: within 5e-5 nats a token in float32,
    0.3 in bfloat16 (vLLM 0.32 on a CPU). There the order and company of requests moved nothing, with the prefix cache
    on; a server whose kernels depend on the shape of the batch may move values between runs.

    Build one with :meth:`open`. It holds connections: close it, or use it in a ``with`` block.

    Example:
        >>> with CompletionsReader.open("http://localhost:8000/v1#smollm2") as reader:        # doctest: +SKIP
        ...     reader.read([Exchange("Capital of Australia?", "Sydney")])[0].nll
    """

    def __init__(
        self,
        server: ServerFacts,
        connection: Connection,
        limits: RequestLimits,
        *,
        truncate: Truncate,
        template_args: Mapping[str, Any] | None = None,
    ) -> None:
        self._server = server
        self._connection = connection
        self._limits = limits
        self._truncate = truncate
        self._tokeniser = Tokeniser(connection, server.model, chat=server.chat, arguments=template_args)
        self._template_args = dict(template_args or {})
        self._breaker: Breaker[str] = Breaker(FAILURES_IN_A_ROW)

    @classmethod
    def open(  # noqa: PLR0913 - each by its name
        cls,
        url: str,
        *,
        model: str | None = None,
        api_key: str | None = None,
        flavour: Flavour = "auto",
        truncate: Truncate = "refuse",
        limits: RequestLimits = BATCH_LIMITS,
        shown: int = 20,
        vocabulary: int | None = None,
        template_args: Mapping[str, Any] | None = None,
    ) -> Self:
        """Connects, finds out what the endpoint can do, and proves it on three readings.

        Args:
            url: ``http://host:8000``, with or without ``/v1``, with or without ``#model``.
            model: name the server knows the model by; it wins over the one in ``url``. Unneeded where there is one.
            api_key: sent as a bearer token; the environment's ``FOUREYES_API_KEY`` where none is given.
            flavour: how the server shows log-probabilities; ``"auto"`` tries.
            truncate: what becomes of a row that does not fit the context: ``"refuse"`` leaves it unscored, ``"left"``
                drops the beginning of its prompt behind what the chat template puts before the first message, and says so in
                ``n_dropped``.
            limits: time and concurrency.
            shown: most likely tokens asked for at each position, ≥ 1. More narrow the entropy's interval and cost
                bandwidth: about 90 bytes a token of prompt and answer each. A server may allow fewer.
            vocabulary: number of tokens in the model's vocabulary, or more. ``None`` asks the server, and where that
                does not tell takes 2^20, above every published vocabulary.
            template_args: what the server's chat template is told besides: ``{"enable_thinking": False}``.

        Raises:
            InputError: an argument is none of those allowed.
            ConfigError: the URL or the key cannot be used, or the chat template makes nothing of its arguments.
            ModelUnavailable: the server does not answer.
            ModelRefused: it does not serve the model, or does not show what reading needs.
        """
        if truncate not in ("refuse", "left"):
            raise InputError(f"truncate must be 'refuse' or 'left'; got {truncate!r}")
        _require_sizes(shown, vocabulary)
        root, named = server_root(url)
        connection = Connection(root, key=api_key or server_key(), limits=limits)
        try:
            server = probe.probe_server(connection, model or named, flavour, shown=shown, vocabulary=vocabulary)
            reader = cls(server, connection, limits, truncate=truncate, template_args=template_args)
            reader._require_arguments()
            reader._prove()
        except BaseException:
            connection.close()
            raise
        return reader

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"CompletionsReader({self._server.url!r}, model={self.name!r}, {self._server.dialect.name})"

    def close(self) -> None:
        """Closes the connections. Nothing can be read afterwards."""
        self._connection.close()

    @property
    def name(self) -> str:
        """Name the server knows the model by."""
        return self._server.model

    @property
    def server(self) -> ServerFacts:
        """What was learned of the server."""
        return self._server

    @property
    def fingerprint(self) -> str:
        """Names the model, its weights' place, the server's version and how it is asked, as far as the server tells.

        The address is not part of it: the same model may move. Weights exchanged behind the same name and path go
        unnoticed, as no server publishes a hash of them.
        """
        e = self._server
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
            ModelRefused: the server shows fewer alternatives than ``top_k``.
            ModelUnavailable: the server stopped answering during the call before, and still does not.
        """
        if top_k < 0:
            raise InputError(f"top_k must be ≥ 0; got {top_k}")
        self._look_again()
        self._require_shown(top_k)
        with ThreadPoolExecutor(self._limits.concurrency, thread_name_prefix="foureyes-http") as pool:
            rows = _in_order(pool, lambda x: self._read_one(x, top_k), exchanges, 2 * self._limits.concurrency)
            return list(rows)

    def _look_again(self) -> None:
        if self._breaker.reason is None:
            return
        try:
            self._connection.get("/v1/models", attempts=1)
        except RowFault as fault:
            words = f"{self._server.url} stopped answering ({self._breaker.reason}) and is not back: {fault.detail}"
            raise ModelUnavailable(words, model=self.name, retryable=True) from fault
        self._breaker = Breaker(FAILURES_IN_A_ROW)

    def _require_shown(self, top_k: int) -> None:
        e = self._server
        if top_k <= e.shown:
            return
        shown = probe.largest_top_k(self._connection, e.model, e.dialect, top_k)
        if shown < top_k:
            raise ModelRefused(
                f"{e.url} shows at most {shown} alternatives at each token; wanted {top_k}. vLLM shows more when "
                f"started with --max-logprobs {top_k}",
                model=self.name,
            )

    def _read_one(self, exchange: Exchange, top_k: int) -> Reading | Unscored:
        breaker, unread = self._breaker, why_unread(exchange)
        if unread is not None:
            return unread
        if breaker.reason is not None:
            return Unscored("unavailable", f"not asked, as the server stopped answering: {breaker.reason}")
        try:
            reading = self._ask(exchange, top_k)
        except RowFault as fault:
            breaker.count(fault.detail if fault.server_wide else None)
            return fault.unscored
        breaker.count(None)
        return reading

    def _ask(self, exchange: Exchange, top_k: int) -> Reading:
        e = self._server
        tokens = self._fit(self._tokeniser.tokens(exchange), exchange)
        ids = tokens.prompt + tokens.answer
        ask = LogprobRequest(e.model, ids, len(tokens.prompt), max(e.shown, top_k), kept=top_k)
        most = (1 << 16) + 512 * len(ids) * (ask.k + 2)
        seen = e.dialect.understand(self._connection.post(e.dialect.path, e.dialect.body(ask), max_bytes=most), ask)
        if ask.kept and e.dialect.ids_for_texts:
            seen = self._tokeniser.spell(seen, ask.kept)
        spans = _spans(tokens, seen)
        return assemble(tokens, spans, seen, ask=ask, vocabulary=e.vocabulary)

    def _fit(self, tokens: Tokens, exchange: Exchange) -> Tokens:
        limit, n = self._server.context, len(tokens.prompt) + len(tokens.answer)
        if limit is None or n <= limit:
            return tokens
        if self._truncate == "refuse":
            raise too_long(n, limit)
        return shortened(tokens, exchange, self._tokeniser, limit=limit)

    def _require_arguments(self) -> None:
        if self._template_args and not self._tokeniser.reads_arguments(self._template_args):
            names = ", ".join(sorted(self._template_args))
            raise ConfigError(
                f"{self._server.url}: its chat template makes nothing else of any conversation for {names}"
            )

    def _prove(self) -> None:
        """Reads the proof: whole readings, the same twice, and another question makes another reading."""
        wanted = "wanted to read three short answers"
        rows: list[Reading] = []
        for exchange in probe.PROOF:
            try:
                rows.append(self._ask(exchange, 0))
            except RowFault as fault:
                raise probe.endpoint_error(self._connection, fault, wanted) from fault
        first, again, other = (row.nll for row in rows)
        if not np.allclose(first, again, rtol=0, atol=SAME_ANSWER_NATS):
            moved = float(np.abs(first - again).max())
            detail = f"the same text read twice, moved by {moved:.3f} nats; wanted at most {SAME_ANSWER_NATS}"
            raise ModelRefused(f"{self._server.url}: {wanted}; got: {detail}", model=self.name)
        if np.array_equal(first, other):
            detail = "the same numbers for two questions, so the server does not condition on the prompt"
            raise ModelRefused(f"{self._server.url}: {wanted}; got: {detail}", model=self.name)


def _in_order(
    pool: ThreadPoolExecutor,
    read: Callable[[Exchange], Reading | Unscored],
    exchanges: Sequence[Exchange],
    window: int,
) -> Iterator[Reading | Unscored]:
    """Results in the order of the exchanges, with so many of them under way or waiting at most."""
    waiting: deque[Future[Reading | Unscored]] = deque()
    try:
        for exchange in exchanges:
            waiting.append(pool.submit(read, exchange))
            if len(waiting) >= window:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:  # interrupted: what has not begun never will
            future.cancel()


def _spans(tokens: Tokens, seen: Sequence[TokenLogprobs]) -> list[tuple[int, int]]:
    text = tokens.prefix + tokens.turn.text
    spans = spans_by_spelling(tokens.pieces, text) if tokens.pieces is not None else None
    if spans is None:
        spans = spans_by_text([position.text for position in seen], text)
    if spans is None:
        raise bad_reply("the server's tokens do not spell the answer, so their places in it are unknown")
    return clip(spans, len(tokens.prefix.encode()))


def _require_sizes(shown: int, vocabulary: int | None) -> None:
    if shown < 1 or (vocabulary is not None and vocabulary < 2):
        raise InputError(f"wanted shown ≥ 1 and a vocabulary ≥ 2; got shown {shown}, vocabulary {vocabulary}")
