"""The guard: verifies one exchange between its generation and any action on it.

Stages, in this order, each bounded in time:

1. **read**: nothing is judged of which a part cannot be read (an image, arguments that are not JSON). Fails: no verifier is
   asked, and the part is named.
2. **conceal**: personal data are replaced by tokens. Fails: no verifier sees anything.
3. **council**: the verifiers are asked and counted (:mod:`foureyes.guard.council`).
4. **record**: hashes, votes and outcome go into the ledger and are durable. Fails: nothing is safe that cannot be proven.
5. **reveal**: tokens in the verifiers' reasons are put back for the caller.

The rule that holds throughout: a decision is safe only if *every* configured stage succeeded in time and the council said
safe. Whatever goes wrong, foreseen or not, comes out as a :class:`Decision` that is not safe and names the stage. The
ledger may say safe of a decision that a later stage then withheld, never the reverse.

There is no way to have a failure pass as safe. Whoever tries the guard out runs it in ``"observe"`` mode: the same
decisions, marked as not enforced.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias, TypeGuard, TypeVar, get_args

from foureyes.choices import GuardMode
from foureyes.errors import FoureyesError, InputError
from foureyes.guard.council import Council, OnVote
from foureyes.guard.deadline import DeadlineRunner, log_bug, log_failure, wrap_uncancellable
from foureyes.guard.ledger_payload import EVENT, verification_payload
from foureyes.guard.protocols import ConcealedExchange, Concealer, Json, Recorder, RecordReceipt
from foureyes.guard.turnstile import Turnstile
from foureyes.types import Exchange, Verdict, Vote, new_id

__all__ = ["Decision", "Guard", "GuardMode", "Stage", "Timing"]

Stage: TypeAlias = Literal["read", "conceal", "record", "reveal"]

T = TypeVar("T")

_TOLD: Final[Mapping[Stage, str]] = {
    "read": "what was sent cannot be read",
    "conceal": "personal data could not be looked for",
    "record": "the ledger cannot be used",
    "reveal": "personal data could not be put back",
}
"""What a caller is told of a stage that failed."""

_REST: Final = 2.0
"""How long a crowd of one tenant, whose verifiers fell silent at once, rests between two of its decisions, in their time."""

_NAMED: Final = 400
"""Characters that a reason spends on parts that cannot be read; their kinds are the caller's words."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one verification may take, and how long recording it may.

    Args:
        deadline_s: most seconds from the call to its decision.
        record_s: how many of them are kept back for the record and what follows it; concealing and the council share
            the others.

    Raises:
        InputError: not 0 < record_s < deadline_s.
    """

    deadline_s: float = 15.0
    record_s: float = 3.0

    def __post_init__(self) -> None:
        if not 0 < self.record_s < self.deadline_s < math.inf:
            raise InputError(f"wanted 0 < record_s < deadline_s; got {self.record_s} and {self.deadline_s}")


@dataclass(frozen=True, slots=True)
class Decision:
    """What the guard decided of one answer: the verdict, its receipt in the ledger, and what failed.

    Args:
        request_id: names this verification in answer and ledger.
        verdict: the council's, with ``safe`` taken back where a stage failed.
        receipt: where the ledger keeps it; ``None`` where no ledger is configured, or it could not be written.
        failed: the stage that kept an otherwise good answer from being safe, or kept it from being judged.
        enforced: ``False`` in observe mode: the caller is only told.

    Raises:
        InputError: safe although a stage failed.
    """

    request_id: str
    verdict: Verdict
    receipt: RecordReceipt | None = None
    failed: Stage | None = None
    enforced: bool = True

    def __post_init__(self) -> None:
        if self.verdict.safe and self.failed is not None:
            raise InputError(f"a decision whose stage {self.failed} failed cannot be safe")

    @property
    def safe(self) -> bool:
        """Whether the answer was verified as safe to act on, in any mode."""
        return self.verdict.safe

    @property
    def blocked(self) -> bool:
        """Whether the caller must not act: not safe, and enforced."""
        return self.enforced and not self.safe


_UNASKED: Final = Verdict(
    consensus_reached=False,
    safe=False,
    votes=(),
    agreement_ratio=0.0,
    latency_ms=0.0,
    reason="the verifiers were not asked",
)


class Guard:
    """Verifies exchanges before anyone acts on them.

    Args:
        council: who is asked.
        concealer: takes personal data out before verifiers see a text; ``None`` shows it as it is.
        recorder: the ledger; ``None`` keeps no record.
        timing: how long it may take.
        mode: ``"enforce"``, or ``"observe"`` to mark decisions as not enforced. Changes nothing else.
        new_id: gives each verification its name.

    Example:
        >>> from foureyes.guard.council import CouncilMember
        >>> from foureyes.models.scripted import ScriptedJudge
        >>> guard = Guard(Council([CouncilMember(ScriptedJudge("unsafe", name="strict"))]))
        >>> decision = asyncio.run(guard.verify(Exchange("Capital of Australia?", "Sydney")))
        >>> decision.safe, decision.blocked, decision.verdict.reason
        (False, True, '1 of 1 verifier says unsafe')
    """

    def __init__(
        self,
        council: Council,
        *,
        concealer: Concealer | None = None,
        recorder: Recorder | None = None,
        timing: Timing | None = None,
        mode: GuardMode = "enforce",
        new_id: Callable[[], str] = new_id,
    ) -> None:
        if mode not in get_args(GuardMode):
            raise InputError(f"mode must be one of {', '.join(get_args(GuardMode))}; got {mode!r}")
        self._council = council
        self._concealer = concealer
        self._recorder = recorder
        self._timing = timing or Timing()
        self._mode = mode
        self._new_id = new_id
        self._runner = DeadlineRunner()
        self._turnstile = Turnstile(_REST)

    @property
    def mode(self) -> GuardMode:
        """``"enforce"``, or ``"observe"`` where decisions only inform."""
        return self._mode

    @property
    def council(self) -> Council:
        """Who is asked."""
        return self._council

    @property
    def timing(self) -> Timing:
        """How long a verification may take."""
        return self._timing

    async def verify(
        self,
        exchange: Exchange,
        *,
        tenant: str = "default",
        session: str | None = None,
        agent: str | None = None,
        members: Sequence[tuple[str, str]] | None = None,
        on_vote: OnVote | None = None,
    ) -> Decision:
        """Runs the stages.

        Args:
            exchange: the prompt and the answer.
            tenant: whose vault, salt and ledger entries these are.
            session: the conversation in which tokens stay the same.
            agent: who wants to act on the answer, for the record.
            members: (provider, model) of the verifiers to ask; ``None`` for all that are configured.
            on_vote: told each vote as it comes in, with personal data still concealed.

        Returns:
            The decision, at the deadline at the latest.

        Raises:
            InputError: ``members`` names a verifier that is not configured, or fewer than the quorum.
            CancelledError: the caller was cancelled. Nothing was said to be safe.
            Exception: what ``on_vote`` raises. Nothing was said to be safe either.
        """
        council = self._council if members is None else self._council.only(members)
        clock = asyncio.get_running_loop().time
        ends = clock() + self._timing.deadline_s
        request_id = self._new_id()
        outcome = _Outcome(replace(_UNASKED, unasked=tuple(member.key for member in council.configured)))
        concealed = None
        if exchange.unread:
            outcome.withhold("read", f"nobody here can read {', '.join(exchange.unread)}"[:_NAMED])
        else:
            concealed = await self._conceal(outcome, exchange, (tenant, session), ends)
        if outcome.failed is None:
            left = ends - self._timing.record_s - clock()
            shown = exchange if concealed is None else concealed.exchange
            outcome.verdict = await council.ask(shown, deadline_s=left, on_vote=on_vote)
        about: dict[str, Json] = {"request_id": request_id, "tenant": tenant, "agent": agent}
        await self._turnstile.passed(tenant)
        receipt = await self._record(outcome, exchange, about, ends)
        await self._turnstile.passed(tenant)  # many may have been written down together
        await self._reveal(outcome, concealed, ends)
        return Decision(request_id, outcome.verdict, receipt, outcome.failed, self._mode == "enforce")

    async def _conceal(
        self, outcome: _Outcome, exchange: Exchange, owner: tuple[str, str | None], ends: float
    ) -> ConcealedExchange | None:
        if self._concealer is None:
            return None
        work = _conceal_exchange(self._concealer, exchange, owner)
        return await self._stage("conceal", outcome, work, ends - self._timing.record_s)

    async def _record(
        self, outcome: _Outcome, exchange: Exchange, about: Mapping[str, Json], ends: float
    ) -> RecordReceipt | None:
        if self._recorder is None:
            return None
        payload = {**about, "mode": self._mode, "failed_stage": outcome.failed}
        try:
            work = _append(self._recorder, exchange, outcome.verdict, payload)
        except Exception as error:  # noqa: BLE001 - whatever a recorder raises, the answer is withheld
            outcome.fail("record", error)
            return None
        receipt: RecordReceipt | None = await self._stage("record", outcome, work, ends)
        if _is_receipt(receipt):
            return receipt
        if outcome.failed is None:
            outcome.withhold("record", "gave no receipt")
        return None

    async def _reveal(self, outcome: _Outcome, concealed: ConcealedExchange | None, ends: float) -> None:
        if concealed is None:
            return
        revealed = await self._stage("reveal", outcome, _reveal_reasons(concealed, outcome.verdict.votes), ends)
        if revealed is not None:
            outcome.verdict = replace(outcome.verdict, votes=revealed)

    async def _stage(
        self, stage: Stage, outcome: _Outcome, work: Coroutine[Any, Any, T] | asyncio.Future[T], ends: float
    ) -> T | None:
        """What the work of a stage comes to by a loop time; ``None`` where it failed, which the outcome then says."""
        task = await self._runner.wait_for(ends, work, f"the stage {stage}")
        if not task.done():
            outcome.withhold(stage, "was not done in time")
        elif task.cancelled():
            outcome.withhold(stage, "was cancelled")
        elif (error := task.exception()) is None:
            return task.result()
        else:
            outcome.fail(stage, error)
        return None


@dataclass(slots=True)
class _Outcome:
    """What is known of a verification so far. Can only get less safe, but for the council's verdict."""

    verdict: Verdict
    failed: Stage | None = None

    def withhold(self, stage: Stage, why: str) -> None:
        """Takes safety back; the first stage that failed is the one that is named."""
        self.failed = self.failed or stage
        self.verdict = replace(self.verdict, safe=False, reason=f"{self.verdict.reason}; {stage}: {why}")

    def fail(self, stage: Stage, error: BaseException) -> None:
        """Takes safety back because of an exception. Its words may tell of hosts, files and texts: nobody is told."""
        if isinstance(error, FoureyesError):
            log_failure(error, f"the stage {stage}")
            self.withhold(stage, _TOLD[stage])
        else:
            log_bug(error, f"the stage {stage}")
            self.withhold(stage, f"failed unexpectedly: {type(error).__name__}")


async def _conceal_exchange(
    concealer: Concealer, exchange: Exchange, owner: tuple[str, str | None]
) -> ConcealedExchange:
    """What verifiers may see. Of a concealer that breaks its contract, nothing."""
    tenant, session = owner
    found = await concealer.conceal(exchange, tenant=tenant, session=session)
    shown: object = found.exchange
    if not isinstance(shown, Exchange):
        raise TypeError(f"a concealer must return an exchange; got {type(shown).__name__}")
    return found


def _append(
    recorder: Recorder, exchange: Exchange, verdict: Verdict, about: Mapping[str, Json]
) -> asyncio.Future[RecordReceipt]:
    tenant = str(about["tenant"])
    payload = {**about, **verification_payload(exchange, verdict, recorder, tenant)}
    return wrap_uncancellable(recorder.append(EVENT, payload))


def _is_receipt(given: object) -> TypeGuard[RecordReceipt]:
    """Whether a recorder kept its contract: nobody can ask for a proof of an entry that has no place."""
    try:
        return type(given.index) is int and all(  # type: ignore[attr-defined]
            isinstance(text, str)
            for text in (given.entry_hash, given.timestamp, given.log_id)  # type: ignore[attr-defined]
        )
    except Exception:  # noqa: BLE001 - whatever it raises when it is asked, it is none
        return False


async def _reveal_reasons(concealed: ConcealedExchange, votes: Sequence[Vote]) -> tuple[Vote, ...]:
    return tuple([replace(vote, reason=await concealed.reveal(vote.reason)) for vote in votes])
