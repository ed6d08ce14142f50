"""Carries a route out: writers in turn, each answer read before it is returned."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any, Final

from foureyes.cascade.policy import Policy
from foureyes.errors import FoureyesError, InputError
from foureyes.guard.deadline import log_failure
from foureyes.privacy.conversation import EphemeralConversation
from foureyes.route.annotating import annotated_answer
from foureyes.route.answering import Left
from foureyes.route.background import Background
from foureyes.route.finishing import Finisher
from foureyes.route.kept_promise import KeptPromise
from foureyes.route.outcome import RoutedAnswer, RouteRequest, RouteStage
from foureyes.route.parts import RouteParts
from foureyes.route.resting import ReaderRest
from foureyes.route.roles import OutcomeUnkept, RouteReader
from foureyes.route.rules import RouteMember, RouteRules
from foureyes.route.savings import strongest_cost
from foureyes.route.schema_check import SchemaCheck, schema_of
from foureyes.route.shadowing import Shadow
from foureyes.route.walking import Walk, WalkEnd
from foureyes.turns import openai_chat
from foureyes.types import Exchange, Message, Reading, Unscored, new_id

__all__ = ["Asked", "Route"]

_MOST_ASKED: Final = 256
"""Requests of which every writer is asked at once; what comes beyond is not drawn."""

_CLOSING_S: Final = 5.0
"""Seconds that whoever ends a service waits for what nobody else waits for."""

Asked = RouteRequest | str | Sequence[Mapping[str, Any]] | Sequence[Message]
"""What may be asked: a request, a prompt, or messages, in OpenAI's words or as :class:`~foureyes.types.Message`."""


class Route:
    """Answers requests with the cheapest writer whose answer a reader finds good enough.

    Args:
        name: as callers ask for it.
        members: the writers, the cheapest first; the last one is the strongest.
        reader: none of the writers; reads every answer.
        policy: one gate a writer. In shadow mode a route may have none: then every writer is asked and nothing is decided.
        rules: what becomes of doubt and of failures.
        parts: what else works with it: a log, a ledger, a council, a vault, a person's queue.

    Raises:
        InputError: not one gate a writer, two writers of one name, or a part is missing that the rules need.

    Example:
        >>> import asyncio
        >>> from foureyes.cascade.policy import ALWAYS, ConfidenceGate
        >>> from foureyes.route.scripted import ScriptedRouteReader, ScriptedRouteWriter
        >>> writers = ScriptedRouteWriter("small", "Sydney"), ScriptedRouteWriter("large", "Canberra")
        >>> members = [RouteMember(writer) for writer in writers]
        >>> policy = Policy((ConfidenceGate((0.8,), ("escalate", "answer")), ALWAYS))
        >>> route = Route("capitals", members, ScriptedRouteReader({"Sydney": 0.1, "Canberra": 0.9}), policy)
        >>> answer = asyncio.run(route.answer("Capital of Australia?"))
        >>> answer.action, answer.reply["choices"][0]["message"]["content"], answer.confidence
        ('answer', 'Canberra', 0.9)
    """

    def __init__(
        self,
        name: str,
        members: Sequence[RouteMember],
        reader: RouteReader,
        policy: Policy | None,
        rules: RouteRules | None = None,
        parts: RouteParts | None = None,
    ) -> None:
        self._name, self._members, self._reader = name, tuple(members), reader
        self._rules, self._parts = rules or RouteRules(), parts or RouteParts()
        _require_fit(self._members, policy, self._rules, self._parts)
        self._policy = policy
        self._background, self._rest, self._resuming = Background(), ReaderRest(), asyncio.Lock()
        self._promise, self._schemas = KeptPromise(self._parts.keeper), SchemaCheck()
        self._finisher = Finisher(name, self._rules, self._parts, self._promise, self._background)

    @property
    def name(self) -> str:
        """As callers ask for it: ``foureyes/<name>``."""
        return self._name

    @property
    def annotates(self) -> bool:
        """Whether streams are sent as they come and end with the verdict."""
        return self._rules.annotate

    @property
    def promise(self) -> str:
        """What it promises, in words; empty where it promises nothing."""
        return self._promise.statement

    @property
    def members(self) -> tuple[RouteMember, ...]:
        """The writers, the cheapest first."""
        return self._members

    @property
    def reader(self) -> RouteReader:
        """Who reads."""
        return self._reader

    @property
    def policy(self) -> Policy | None:
        """What decides; ``None`` of a route that only watches."""
        return self._policy

    @property
    def rules(self) -> RouteRules:
        """What becomes of doubt and of failures."""
        return self._rules

    @property
    def parts(self) -> RouteParts:
        """What works with it."""
        return self._parts

    async def answer(self, request: Asked, *, request_id: str | None = None, left: Left | None = None) -> RoutedAnswer:
        """Answers one request. Cancelling it cancels the writer that is writing.

        Args:
            request: a prompt, messages in OpenAI's words, or a whole request.
            request_id: names it in logs and in the ledger; ``None`` for a new one.
            left: told what had been asked and paid, where it is cancelled.

        Raises:
            InputError: the request is not one that writers can be asked.
        """
        walk, named, began = await self._walk(_request_of(request)), request_id or new_id(), time.time()
        try:
            if self._rules.shadow:
                return await Shadow(walk, self._finisher, self._background).answer(named, began)
            end = await (self._watched(walk, began) if self._rules.annotate else self._end(walk, began))
            return await self._finished(walk, end, named, began)
        except asyncio.CancelledError:
            self._finisher.left(walk, named, began, left)
            raise

    async def annotated(
        self, request: Asked, *, request_id: str | None = None, left: Left | None = None
    ) -> AsyncGenerator[Mapping[str, Any] | RoutedAnswer]:
        """Chunks of the first writer as they come, and last what the reader said of it.

        Raises:
            InputError: the request is not one that writers can be asked.
        """
        walk, named, began = await self._walk(_request_of(request)), request_id or new_id(), time.time()
        answer: RoutedAnswer | None = None
        try:
            async with aclosing(annotated_answer(walk)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Mapping):
                        yield piece
                    else:
                        self._finisher.observe(piece.stages, began)
                        answer = await self._finisher.finished(walk.request, piece, named, began)
        except (asyncio.CancelledError, GeneratorExit):
            self._finisher.left(walk, named, began, left)
            raise
        if answer is not None:
            yield answer

    def strongest_cost(self, answer: RoutedAnswer) -> float | None:
        """What one of its answers would have cost had only the strongest writer been asked; ``None`` if that is unknown."""
        return strongest_cost(answer, self._members)

    def outcome(self, request_id: str, *, correct: bool, writer: str | None = None) -> bool:
        """Keeps whether an answer turned out right, and says so; false where the route keeps no log.

        Raises:
            OutcomeKnown: its outcome is known.
            OutcomeUnkept: the disk refuses it; what is promised is suspended, since its watch is not told.
            InputError: the log holds no such answer.
        """
        if self._parts.log is None:
            return False
        try:
            stated = self._parts.log.outcome(request_id, correct=correct, writer=writer)
        except OutcomeUnkept:
            self._promise.suspend("an outcome of its answers could not be kept", time.time())
            raise
        if stated is not None:
            self._promise.outcome(stated, time.time(), right=correct)
        return True

    @property
    def suspended(self) -> str:
        """Why its promise is suspended, in words; empty while it holds, or where nothing is promised."""
        return self._promise.reason if self._promise.suspended else ""

    async def resume(self, *, by: str, note: str = "") -> str:
        """Lets a suspended promise hold again, on somebody's word: confidences from now on are the new normal.

        With a ledger that is recorded first; what cannot be recorded is not done.

        Args:
            by: whose word it is, such as the id of a key.
            note: why, in that person's words; the ledger keeps them as they are.

        Returns:
            Why it had been suspended.

        Raises:
            InputError: it is not suspended, was suspended for something else meanwhile, or the route promises nothing.
            LedgerError: it cannot be recorded.
        """
        async with self._resuming:
            self._promise.require_suspended()
            why = self._promise.reason
            await self._finisher.record_resumed(why, by=by, note=note)
            if self._promise.reason != why:
                raise InputError("it was suspended for something else meanwhile; look at that first")
            return self._promise.acknowledge()

    async def reread(self, exchange: Exchange) -> tuple[Reading | Unscored, bool]:
        """What the reader sees in an answer, token by token, for whoever opens it; it is read once more for that.

        Where the route conceals personal data, what is read here has none: a name is another text than its token, so surprise at it
        and after it may differ from what decided.

        Args:
            exchange: what was asked, and the answer.

        Returns:
            The reading, or why there is none; and whether personal data was concealed.
        """
        concealer, shows = self._parts.concealer, getattr(self._reader, "reading", None)
        if shows is None:
            return Unscored("unavailable", "this reader shows no tokens"), False
        try:
            async with asyncio.timeout(self._rules.reading_s):
                if concealer is not None:
                    exchange = await concealer.conceal_exchange(exchange, EphemeralConversation())
                found: Reading | Unscored = await shows(exchange)
        except TimeoutError:
            late = f"the reader was not done within {self._rules.reading_s:g} s"
            return Unscored("unavailable", late), concealer is not None
        except FoureyesError as error:
            log_failure(error, "the reader, of an answer that was opened")
            return Unscored("unavailable", "the answer could not be read again"), concealer is not None
        return found, concealer is not None

    async def settled(self) -> None:
        """Waits until all that nobody waits for is done: what is watched only, and what the log is told."""
        await self._background.settled()

    async def aclose(self) -> None:
        """Closes every connection, and lets go of the reader; who is still asked though nobody waits is asked no longer."""
        await self._background.end(_CLOSING_S)
        for member in self._members:
            await member.writer.aclose()
        await self._reader.aclose()
        self._schemas.close()
        await self._parts.aclose()

    async def _finished(self, walk: Walk, end: WalkEnd, request_id: str, at: float) -> RoutedAnswer:
        everyone = end.action != "failed" and self._asks_all(request_id)
        answer = await self._finisher.finished(walk.request, end, request_id, at, log=not everyone)
        if everyone:
            self._background.start(self._ask_others(walk, answer), "asking every writer")
        return answer

    def _asks_all(self, request_id: str) -> bool:
        """Whether this request is one of the share: drawn by its name, whatever it asks."""
        if not self._rules.ask_all or self._rules.annotate or len(self._background) >= _MOST_ASKED:
            return False
        lot = int.from_bytes(hashlib.sha256(request_id.encode()).digest()[:8], "big") / 2**64
        return lot < self._rules.ask_all

    async def _ask_others(self, walk: Walk, answer: RoutedAnswer) -> None:
        extra: tuple[RouteStage, ...] = ()
        try:
            extra = await walk.others()
        finally:  # the request itself is logged whatever happens
            self._finisher.log(walk.request, replace(answer, everyone=True, extra=extra))

    async def _end(self, walk: Walk, at: float) -> WalkEnd:
        """Under the promise if it holds when the request comes and still does when its answer was read."""
        if not self._does_suspend():
            end = await walk.ended()
            self._finisher.observe(end.stages, at)
            if end.action != "answer" or not self._does_suspend():
                return end
            return await walk.suspended(self._promise.reason)
        end = await walk.suspended(self._promise.reason)
        self._finisher.observe(end.stages, at)
        return end

    async def _watched(self, walk: Walk, at: float) -> WalkEnd:
        end = await walk.first()
        self._finisher.observe(end.stages, at)
        return end

    def _does_suspend(self) -> bool:
        """Whether the rule for a suspended promise is to be followed."""
        return self._rules.on_suspension != "go_on" and self._promise.suspended

    async def _walk(self, asked: RouteRequest) -> Walk:
        schema = schema_of(asked)
        if schema is not None:
            await self._schemas.require(schema)
        fit = None if schema is None else partial(self._schemas.fault, schema)
        return Walk(asked, self._members, self._reader, self._policy, self._rules, self._parts, self._rest, fit)


def _request_of(request: Asked) -> RouteRequest:
    if isinstance(request, RouteRequest):
        return request
    if isinstance(request, str):
        return RouteRequest({"messages": [{"role": "user", "content": request}]}, (Message("user", request),))
    if isinstance(request, Sequence):
        given = list(request)
        turns = [one for one in given if isinstance(one, Message)]
        return RouteRequest.of({"messages": openai_chat.written(turns) if len(turns) == len(given) else given})
    raise InputError(f"wanted a prompt, a list of messages or a RouteRequest; got {type(request).__name__}")


def _require_fit(members: tuple[RouteMember, ...], policy: Policy | None, rules: RouteRules, parts: RouteParts) -> None:
    names = [member.writer.name for member in members]
    n_gates = None if policy is None else len(policy.gates)
    if not names or len(set(names)) != len(names):
        raise InputError(f"a route needs one writer or more, each with a name of its own; got {names}")
    if policy is None and not (rules.shadow or rules.annotate):
        raise InputError("a route without a policy can only watch (shadow or annotate); got neither")
    if n_gates is not None and n_gates != len(names):
        raise InputError(f"a route of {len(names)} writers needs a policy of as many gates; got {n_gates}")
    if rules.on_doubt == "person" and parts.queue is None:
        raise InputError("a route that hands doubt to a person needs a queue; got none")
    if rules.annotate and parts.concealer is not None and members[0].third_party:
        raise InputError(
            "personal data cannot be restored in a stream: a route that annotates streams must conceal none"
        )
