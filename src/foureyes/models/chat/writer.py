"""A model that can be talked to as a writer.

A :class:`~foureyes.models.roles.Writer` is synchronous and takes a batch, because most models that write run in this process;
one behind an API waits for a network, and :class:`~foureyes.models.chat.protocol.ChatModel` is asynchronous, because judges are.
So the writer keeps an event loop in a thread of its own and has several requests under way in it
(`docs/adr/026-one-protocol-for-talking.md`).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

from foureyes.errors import ModelError, ModelRefused, ModelUnavailable
from foureyes.http.blocking import LoopThread
from foureyes.http.breaker import Breaker
from foureyes.http.busy import TURNED_AWAY, BusyRest
from foureyes.http.limits import BATCH_LIMITS
from foureyes.models.chat.protocol import ChatModel, ChatReply, ChatRequest, messages_of
from foureyes.models.chat.reading import reading_of
from foureyes.models.prompts import unread_prompt
from foureyes.models.roles import Sampling
from foureyes.types import Exchange, Prompt, Unscored, Written

__all__ = ["ChatWriter"]

_FAILURES_IN_A_ROW: Final = 3
_NO_ACCESS: Final = frozenset({401, 403, 429})
"""Statuses of refusals that would meet any other request too; a 429 that does not say "later" is one of an account without credit."""

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
        busy_timeout_s: seconds for which a busy provider is waited for, > 0.
    """

    def __init__(
        self,
        model: ChatModel,
        *,
        concurrency: int = 8,
        top_logprobs: int = 20,
        busy_timeout_s: float = BATCH_LIMITS.timeout_s,
    ) -> None:
        self._model = model
        self._concurrency = concurrency
        self._top_logprobs = top_logprobs
        self._busy_timeout_s = busy_timeout_s
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

        What fails for one row is returned as ``Unscored``. A busy provider is left alone for a while, and then asked again.

        Raises:
            ModelUnavailable: nothing was written, as the provider cannot be reached, or is busy for too long.
            ModelRefused: nothing was written, as it lets nobody in with this key, or the account has no credit.
        """
        batch = _Batch(self, sampling, asyncio.Semaphore(self._concurrency), self._busy_timeout_s)
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
    """One call of :meth:`ChatWriter.write`: how many requests are under way, and whether it is worth to go on.

    A busy provider is waited for by the rules of :class:`~foureyes.models.completions.server_pool.ServerPool`, as if it were
    one of its servers.
    """

    def __init__(self, writer: ChatWriter, sampling: Sampling, gate: asyncio.Semaphore, busy_timeout_s: float) -> None:
        self._writer = writer
        self._sampling = sampling
        self._gate = gate
        self._busy_timeout_s = busy_timeout_s
        self._breaker: Breaker[ModelError] = Breaker(_FAILURES_IN_A_ROW)
        self._rest = BusyRest()
        self._gone: ModelError | None = None
        self._is_gone = asyncio.Event()

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
        request = ChatRequest(messages_of(prompt), sampling=sampling, leaves_busy=True)
        async with self._gate:
            replies = await self._replies(request)
        return replies if isinstance(replies, Unscored) else [self._writer.written(prompt, one) for one in replies]

    async def _replies(self, request: ChatRequest) -> Sequence[ChatReply] | Unscored:
        """What the provider replies, asked again for as long as it is worth to wait while it is busy."""
        failure: Unscored | None = None
        turned_away: list[float] = []
        while True:
            await self._rested()
            if self._gone is not None:
                words = f"not asked, as the provider stopped answering: {self._gone}"
                return failure or Unscored("unavailable", words)
            sent = _now()
            try:
                replies = await self._writer.say(request)
            except ModelError as error:
                failure = Unscored("unavailable" if _answered_no(error) else "bad_reply", str(error))
                if not self._may_wait(error, sent, turned_away):
                    return failure
            else:
                self._count(None)
                return replies

    async def _rested(self) -> None:
        """Waits until the provider has rested, or is known to be gone."""
        while not self._is_gone.is_set() and _now() < self._rest.until:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._rest.until):
                    await self._is_gone.wait()

    def _may_wait(self, error: ModelError, sent: float, turned_away: list[float]) -> bool:
        """Notes what became of a request, and says whether it is to be asked again.

        Args:
            error: what it failed with.
            sent: when it was sent.
            turned_away: when it was turned away; this time is added.
        """
        if error.busy_s is None:
            self._count(error if _of_the_provider(error) else None)
            return False
        turned_away.append(_now())
        self._rest.begins(sent, turned_away[-1], error.busy_s)
        if self._rest.is_too_long(turned_away[0], error.busy_s, self._busy_timeout_s):
            self._end(error)
            return False
        return self._rest.until <= turned_away[0] + self._busy_timeout_s or len(turned_away) < TURNED_AWAY

    def _count(self, failure: ModelError | None) -> None:
        """Notes whether the provider answered; a refusal is an answer."""
        self._breaker.count(failure)
        if failure is None:
            self._rest.answers(_now())
        elif self._breaker.reason is not None:
            self._end(self._breaker.reason)

    def _end(self, why: ModelError) -> None:
        """Asks nothing more, and wakes whoever waits."""
        self._gone = self._gone or why
        self._is_gone.set()


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
