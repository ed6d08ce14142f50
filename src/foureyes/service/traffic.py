"""Sample traffic for ``foureyes serve --demo``: three agents whose answers are known to be right or wrong.

* ``right-answers`` and ``confident-errors`` give the right and the wrong answers of the demo's questions;
* ``poisoned-memory`` has a false note in its memory and answers from it. The verifiers see the clean question only, never
  the memory: that is why they can disagree.

The answers are written down, not generated; whether they are right is known, and is reported to the gate and the monitor
as an outcome. Nothing here is random but the order, and that has a seed.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from foureyes.demo.questions import load
from foureyes.guard.gate import ActionOutcome
from foureyes.service.access import Call
from foureyes.service.app_state import AppState
from foureyes.service.tenant_events import OutcomeReported
from foureyes.service.verification import VerificationQuery, verify
from foureyes.types import Exchange, text_of

__all__ = ["Scene", "scenes", "trickle"]

_SURE: Final = 0.9
"""What every agent says of its own answer."""


@dataclass(frozen=True, slots=True)
class Scene:
    """An answer of an agent.

    Attributes:
        agent: whose.
        prompt: the clean question.
        response: the answer.
        right: whether it is.
        memory: what the agent had in its memory; shown to nobody.
    """

    agent: str
    prompt: str
    response: str
    right: bool
    memory: str = ""


def scenes(seed: int = 0) -> Iterator[Scene]:
    """Scenes without end: of every four, two right answers, a confident error and a poisoned memory."""
    questions = list(load())
    random.Random(seed).shuffle(questions)  # noqa: S311 - an order, no secret
    right = itertools.cycle([Scene("right-answers", *_texts(q.exchanges[0]), right=True) for q in questions[::2]])
    wrong = itertools.cycle([Scene("confident-errors", *_texts(q.exchanges[1]), right=False) for q in questions[1::2]])
    poisoned = itertools.cycle(_poisoned())
    while True:
        yield from (next(right), next(wrong), next(right), next(poisoned))


async def trickle(state: AppState, tenant: str, *, quickly: int, pause_s: float, seed: int = 0) -> None:
    """Verifies scenes for ever, as a caller of the tenant would.

    Args:
        state: of the application.
        tenant: whose verifiers are asked.
        quickly: how many at once at the beginning, so that there is something to see.
        pause_s: seconds between those that follow.
        seed: of the order.
    """
    for number, scene in enumerate(scenes(seed)):
        await play(state, tenant, scene)
        if number >= quickly:
            await asyncio.sleep(pause_s)


async def play(state: AppState, tenant: str, scene: Scene) -> None:
    """Verifies one scene and reports what is known of it."""
    served = state.tenant(tenant)
    call = Call(state, served, served.parts, frozenset({"verify"}), {"headers": [], "foureyes.request_id": "traffic"})
    decision = await verify(call, VerificationQuery(Exchange(scene.prompt, scene.response), agent_id=scene.agent))
    reported = OutcomeReported(decision.request_id, ActionOutcome(scene.right, _SURE), state.instruments.wall_clock())
    await state.watch(served, reported, call.request_id)


def _texts(exchange: Exchange) -> tuple[str, str]:
    return text_of(exchange.prompt), exchange.answer


def _poisoned() -> list[Scene]:
    lines = files("foureyes.service").joinpath("traffic.jsonl").read_text(encoding="utf-8").splitlines()
    return [Scene("poisoned-memory", **json.loads(line), right=False) for line in lines]
