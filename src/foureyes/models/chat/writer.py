"""A model that can be talked to as a writer.

A :class:`~foureyes.models.roles.Writer` is synchronous and takes a batch, because most models that write run in this process;
one behind an API waits for a network, and :class:`~foureyes.models.chat.protocol.ChatModel` is asynchronous, because judges are.
So the writer keeps an event loop in a thread of its own and has several requests under way in it
(`docs/adr/026-one-protocol-for-talking.md`).
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

from foureyes.errors import ModelError, ModelRefused, ModelUnavailable
from foureyes.http.blocking import LoopThread
from foureyes.http.breaker import Breaker
from foureyes.http.limits import BATCH_LIMITS
from foureyes.http.retries import pause_s
from foureyes.models.chat.protocol import ChatModel, ChatReply, ChatRequest, messages_of
from foureyes.models.chat.reading import reading_of
from foureyes.models.prompts import unread_prompt
from foureyes.models.roles import Sampling
from foureyes.types import Exchange, Prompt, Unscored, Written

__all__ = ["ChatWriter"]

_FAILURES_IN_A_ROW: Final = 3
_MOST_S: Final = BATCH_LIMITS.timeout_s
"""Seconds for which a busy provider may answer nothing, and for which it may want to be left alone."""

_NO_ACCESS: Final = frozenset({401, 403})
_WITHHELD: Final = {"filtered": "the provider's filter withheld the reply", "declined": "the model declined to reply"}

Row = list[Written | Unscored]


class ChatWriter:
    """Writes answers with a model behind an API; see :class:`~foureyes.models.roles.Writer`.

    Answers come with a reading where the provider shows the log-probabilities of its tokens: surprise is exact, entropies are
    bounds, token ids are unknown (−1). Elsewhere ``reading`` is ``None``. Of the sampling each provider takes what its
    API knows: OpenAI's protocol and Google all of it, Anthropic the most tokens only. What a model thinks counts as tokens.

    It holds connections: close it, or use it in a ``with`` block.

    Args:
        model: that writes.
        concurrency: requests under way at once, ≥ 1.
        top_logprobs: how many of the most likely tokens are asked for; fewer where the provider allows no more.
    """

    def __init__(self, model: ChatModel, *, concurrency: int = 8, top_logprobs: int = 20) -> None:
        self._model = model
        self._concurrency = concurrency
        self._top_logprobs = top_logprobs
        self._loop = LoopThread()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"ChatWriter({self._model.provider!r}, {self.name!r})"

    def close(self) -> None:
        """Closes the connections. Nothing can be written afterwards."""
        self._loop.close(self._model.aclose)

    @property
    def name(self) -> str:
        """What its provider calls the model."""
        return self._model.name

    @property
    def fingerprint(self) -> str:
        """What its words depend on, as far as its provider tells."""
        return self._model.fingerprint

    def write(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Row]:
        """Answers every prompt ``sampling.n`` times, several at a time.

        Raises:
            ModelUnavailable: the provider cannot be reached.
            ModelRefused: it lets nobody in with this key. What fails for one row is returned as ``Unscored``.
        """
        batch = _Batch(self, sampling, asyncio.Semaphore(self._concurrency))
        return self._loop.run(batch.rows(prompts))

    async def say(self, request: ChatRequest) -> Sequence[ChatReply]:
        """Replies with as many log-probabilities as the provider shows; it is asked for fewer when it refuses."""
        while True:
            asked = self._top_logprobs
            try:
                return await self._model.say(replace(request, top_logprobs=asked))
            except ModelRefused as refusal:
                fewer = _fewer(refusal, asked)
                if fewer is None:
                    raise
                self._top_logprobs = min(self._top_logprobs, fewer)

    def written(self, prompt: Prompt, reply: ChatReply) -> Written | Unscored:
        """A reply as the answer to a prompt."""
        if reply.finish in _WITHHELD:
            return Unscored("unavailable", _WITHHELD[reply.finish])
        return Written(
            Exchange(prompt, reply.text),
            reading_of(reply, model=self.name, k=self._top_logprobs),
            "length" if reply.finish == "length" else "stop",
            reply.usage,
        )


class _Batch:
    """One call of :meth:`ChatWriter.write`: how many requests are under way, and whether it is worth to go on."""

    def __init__(self, writer: ChatWriter, sampling: Sampling, gate: asyncio.Semaphore) -> None:
        self._writer = writer
        self._sampling = sampling
        self._gate = gate
        self._breaker: Breaker[ModelError] = Breaker(_FAILURES_IN_A_ROW)
        self._rest = _Rest()

    async def rows(self, prompts: Sequence[Prompt]) -> list[Row]:
        rows = await asyncio.gather(*(self._row(prompt) for prompt in prompts))
        failure = self._gone
        if failure is not None and not any(isinstance(one, Written) for row in rows for one in row):
            raise failure
        return rows

    async def _row(self, prompt: Prompt) -> Row:
        """One request for all answers, and one for each that the provider did not give with it."""
        n, seed = self._sampling.n, self._sampling.seed
        first = await self._asked(prompt, self._sampling)
        if isinstance(first, Unscored):
            return [first] * n
        singles = (replace(self._sampling, n=1, seed=seed + i) for i in range(len(first), n))
        more = await asyncio.gather(*(self._asked(prompt, single) for single in singles))
        return [*first, *(one if isinstance(one, Unscored) else one[0] for one in more)][:n]

    async def _asked(self, prompt: Prompt, sampling: Sampling) -> Row | Unscored:
        if (unread := unread_prompt(prompt)) is not None and unread.reason == "unread_part":
            return unread
        async with self._gate:
            await self._rest.over()
            if (gone := self._gone) is not None:
                return Unscored("unavailable", f"not asked, as the provider stopped answering: {gone}")
            try:
                replies = await self._writer.say(ChatRequest(messages_of(prompt), sampling=sampling))
            except ModelError as error:
                self._note(error)
                return Unscored("unavailable" if _answered_no(error) else "bad_reply", str(error))
        self._breaker.count(None)
        self._rest.answered()
        return [self._writer.written(prompt, reply) for reply in replies]

    @property
    def _gone(self) -> ModelError | None:
        """Why nothing more is asked."""
        return self._breaker.reason or self._rest.gone

    def _note(self, error: ModelError) -> None:
        """Notes a failure. That of a busy provider speaks neither for nor against its being there."""
        if error.busy_s is not None:
            self._rest.turned_away(error, error.busy_s)
            return
        self._breaker.count(error if _of_the_provider(error) else None)


class _Rest:
    """Leaves a provider alone for as long as it is busy, and tells when it is gone, as a pool does with its servers.

    It is gone where it wants to be left alone for longer than a request may take, or answered nothing for that long.
    """

    def __init__(self) -> None:
        self.gone: ModelError | None = None
        self._n_rests = 0
        self._since = self._until = -math.inf

    async def over(self) -> None:
        """Waits until the provider has been left alone; not for one that is gone."""
        while self.gone is None and (left_s := self._until - _now()) > 0:  # noqa: ASYNC110 - waits for a time, not for an event
            await asyncio.sleep(left_s)

    def answered(self) -> None:
        """Notes that the provider answered."""
        self._n_rests = 0

    def turned_away(self, error: ModelError, wanted_s: float) -> None:
        """Notes that it was too busy for a request."""
        now = _now()
        if not self._n_rests:
            self._since = now
        rest_s = max(wanted_s, pause_s(self._n_rests))
        if self._until <= now:  # what it turns away of the requests that were sent together is one time
            self._n_rests += 1
        self._until = max(self._until, now + rest_s)
        if wanted_s > _MOST_S or self._until > self._since + _MOST_S:
            self.gone = error


def _now() -> float:
    return asyncio.get_running_loop().time()


def _of_the_provider(error: ModelError) -> bool:
    return isinstance(error, ModelUnavailable) or error.status in _NO_ACCESS


def _answered_no(error: ModelError) -> bool:
    return isinstance(error, ModelUnavailable | ModelRefused)


def _fewer(refusal: ModelRefused, asked: int) -> int | None:
    """How many log-probabilities to ask for instead; ``None`` where the refusal is not about them."""
    words = str(refusal).lower()
    if not asked or ("logprob" not in words and "log_prob" not in words):
        return None
    allowed = re.search(r"max(?:imum)? allowed: *(\d+)", words)
    return int(allowed[1]) if allowed and 0 < int(allowed[1]) < asked else 0
