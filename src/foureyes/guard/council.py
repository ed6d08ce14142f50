"""A council of verifiers, asked in parallel under one deadline.

The counting is pure and stands in :mod:`foureyes.guard.counting`; this driver only asks, waits and stamps. What it
guarantees: a verdict comes at the deadline at the latest, with one vote per verifier; a verifier that hangs, drips, raises,
answers something else or comes late is an ``"error"``; nothing that arrives after the deadline counts.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from foureyes.display import plural
from foureyes.errors import InputError, ModelError
from foureyes.guard.counting import QuorumRule, count_votes
from foureyes.guard.deadline import DeadlineRunner, log_bug, wait_until
from foureyes.models.roles import Judge
from foureyes.types import Exchange, Verdict, Vote

__all__ = ["Council", "CouncilMember", "OnVote"]

_SHOWN: Final = 60
"""Characters of a requested name that a message repeats."""

OnVote: TypeAlias = Callable[[Vote], None]


@dataclass(frozen=True, slots=True)
class CouncilMember:
    """One verifier of a council and the weight of its vote.

    Args:
        judge: who votes.
        weight: in [0, 10⁶]; :func:`~foureyes.guard.counting.skill_weight` gives one for a measured skill.
    """

    judge: Judge
    weight: float = 1.0

    @property
    def key(self) -> tuple[str, str]:
        """Provider and model, which together name a verifier."""
        return self.judge.provider, self.judge.name


class Council:
    """Several verifiers that are asked in parallel under one deadline and decide by vote.

    Args:
        verifiers: those that are asked, at least one, each with its own provider and model; some weight among them.
        rule: what is needed besides a majority.
        deadline_s: most seconds from a question to its verdict, > 0.
        unasked: further configured verifiers. They are not asked and count as configured, so nobody makes a verdict milder
            by leaving some out.

    Raises:
        InputError: no verifiers, fewer than the quorum, two of one name, no weight at all, or a deadline that is none.

    Example:
        >>> from foureyes.models.scripted import ScriptedJudge
        >>> council = Council([CouncilMember(ScriptedJudge("safe", name=name)) for name in ("a", "b", "c")])
        >>> asyncio.run(council.ask(Exchange("Capital of Australia?", "Canberra"))).safe
        True
    """

    def __init__(
        self,
        verifiers: Sequence[CouncilMember],
        rule: QuorumRule | None = None,
        *,
        deadline_s: float = 10.0,
        unasked: Sequence[CouncilMember] = (),
    ) -> None:
        self._members, self._unasked = tuple(verifiers), tuple(unasked)
        self._keys = [member.key for member in self.configured]
        self._weights = [member.weight for member in self.configured]
        self._rule = rule or QuorumRule()
        self._deadline_s = deadline_s
        self._runner = DeadlineRunner()
        if len(set(self._keys)) != len(self._keys):
            raise InputError(f"every verifier needs its own provider and model; got {self._keys}")
        if not math.fsum([member.weight for member in self._members]) > 0:
            raise InputError("a council needs a verifier with some weight; got none")
        if len(self._members) < self.quorum:
            n, there = len(self._members), len(self._keys)
            raise InputError(f"{n} of {plural(there, 'configured verifier')} asked; the quorum is {self.quorum}")
        if not 0 < deadline_s < math.inf:
            raise InputError(f"deadline_s must be a time above 0; got {deadline_s}")
        self._count([Vote(*member.key, "error") for member in self._members])  # refuses bad weights now

    @property
    def members(self) -> tuple[CouncilMember, ...]:
        """The verifiers that are asked, in order."""
        return self._members

    @property
    def configured(self) -> tuple[CouncilMember, ...]:
        """All verifiers: those that are asked, and then the others."""
        return (*self._members, *self._unasked)

    @property
    def quorum(self) -> int:
        """How many verifiers must say safe or unsafe."""
        return self._rule.least(len(self._keys))

    @property
    def deadline_s(self) -> float:
        """Most seconds from a question to its verdict."""
        return self._deadline_s

    def only(self, wanted: Sequence[tuple[str, str]]) -> Council:
        """The council of some of these verifiers, under the same rule and deadline.

        A caller may choose among the configured verifiers and bring in nothing else. The others still count as configured,
        for the quorum and for the majority: choosing a lenient one makes nothing safe that the others could not have.

        Args:
            wanted: (provider, model) of each.

        Raises:
            InputError: fewer than the quorum, more than there are, one that is not configured, or one twice. The message
                shows what was asked for escaped and shortened, as it may come from a request.
        """
        known = dict(zip(self._keys, self.configured, strict=True))
        if len(wanted) > len(known):
            raise InputError(f"{len(wanted)} verifiers were asked for; there are {len(known)}")
        if unknown := [key for key in wanted if key not in known]:
            asked, there = " ".join(map(_escaped, unknown[0])), ", ".join(map(" ".join, known))
            raise InputError(f"no such verifier is configured: {asked}; there are {there}")
        asked_for = [known[key] for key in wanted]
        chosen = {member.key for member in asked_for}
        others = [member for member in self.configured if member.key not in chosen]
        return Council(asked_for, self._rule, deadline_s=self._deadline_s, unasked=others)

    async def ask(
        self, exchange: Exchange, *, deadline_s: float | None = None, on_vote: OnVote | None = None
    ) -> Verdict:
        """Asks every verifier at once and counts.

        Args:
            exchange: the prompt and the answer, and nothing else a verifier could be poisoned with.
            deadline_s: a shorter deadline than the council's; a longer one has no effect.
            on_vote: told each vote as it comes in, errors at the deadline included; must not block.

        Returns:
            The verdict, at the deadline at the latest. A verifier that blocks the event loop itself holds up
            everything; reading verifiers therefore work in a thread.

        Raises:
            CancelledError: the caller was cancelled; so are the verifiers.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        ends = started + min(self._deadline_s, self._deadline_s if deadline_s is None else max(0.0, deadline_s))
        tasks = [loop.create_task(_ask_one(member.judge, exchange, loop)) for member in self._members]
        votes: dict[int, Vote] = {}
        waiting = list(range(len(tasks)))
        return_when = asyncio.ALL_COMPLETED if on_vote is None else asyncio.FIRST_COMPLETED
        try:
            while waiting:
                await wait_until([tasks[i] for i in waiting], ends, return_when=return_when)
                now = loop.time()
                done = [i for i in waiting if tasks[i].done() or now >= ends]
                waiting = [i for i in waiting if i not in done]
                for i in done:
                    votes[i] = self._stamp(i, tasks[i], started, ends, now)
                    if on_vote is not None:
                        on_vote(votes[i])
        finally:
            for task in tasks:
                self._runner.abandon(task, "a verifier, after its deadline,")
        latency_ms = _ms(loop.time() - started)
        return self._count([votes[i] for i in range(len(tasks))], latency_ms)

    def _count(self, votes: Sequence[Vote], latency_ms: float = 0.0) -> Verdict:
        unasked = [member.key for member in self._unasked]
        return count_votes(votes, self._rule, weights=self._weights, unasked=unasked, latency_ms=latency_ms)

    def _stamp(self, i: int, task: asyncio.Task[tuple[Vote, float]], started: float, ends: float, now: float) -> Vote:
        """The vote of one verifier under its configured name, or the error that stands for it."""
        provider, model = self._keys[i]
        if not task.done():
            return Vote(provider, model, "error", None, "no vote before the deadline", _ms(ends - started))
        taken = _ms(now - started)
        if task.cancelled():
            return Vote(provider, model, "error", None, "the verifier was cancelled", taken)
        if (error := task.exception()) is not None:
            return Vote(provider, model, "error", None, _reason(error), taken)
        vote, at = task.result()
        if at > ends:
            return Vote(provider, model, "error", None, "voted after the deadline", _ms(at - started))
        latency_ms = _ms(at - started)
        return Vote(provider, model, vote.verdict, vote.confidence, vote.reason, latency_ms, vote.log_cmp)


def _escaped(name: str) -> str:
    return ascii(name[:_SHOWN])


def _ms(seconds: float) -> float:
    """Milliseconds to the microsecond. What is beyond that is noise of the clock and of a subtraction, kept for ever."""
    return round(seconds * 1000, 3)


async def _ask_one(judge: Judge, exchange: Exchange, loop: asyncio.AbstractEventLoop) -> tuple[Vote, float]:
    """A vote, and the loop's time when it came."""
    vote: object = await judge.vote(exchange)
    if not isinstance(vote, Vote):
        raise TypeError(f"a judge must return a Vote; got {type(vote).__name__}")
    return vote, loop.time()


def _reason(error: BaseException) -> str:
    """What is said of a failed verifier: nothing of its server's words. Anything but a ModelError is its bug, and logged."""
    if isinstance(error, ModelError):
        return error.summary
    log_bug(error, "a verifier")
    return f"the verifier failed unexpectedly: {type(error).__name__}"
