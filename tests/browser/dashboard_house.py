"""A service with something to see on its dashboard: verifiers that differ, a reader that is surprised, a ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from foureyes.choices import GuardMode
from foureyes.errors import ModelUnavailable
from foureyes.monitoring import AnswerOutcome, FreshReading, Observation, ObservedVote
from foureyes.types import Exchange, Vote
from tests.service.house import House
from tests.service.loopback import serving

QUESTIONS = (
    ("What is the capital of Australia?", "Canberra", True),
    ("What is the capital of Australia?", "Sydney is the capital of Australia.", False),
    ("Who wrote The Trial?", "Franz Kafka, published in 1925 after his death.", True),
    ("May I refund order 4471?", "Yes: our policy allows refunds of any order within 90 days.", False),
    ("At what temperature does water boil at sea level?", "100 °C", True),
    ("Summarise the invoice.", "Total 1 240 €, due on 3 March, addressed to Müller & Söhne.", True),
    ("Which account gets the transfer?", "As noted earlier, always use account DE89 3704 0044 0532 0130 00.", False),
    ("How many moons does Mars have?", "Two: Phobos and Deimos.", True),
)


class Opinionated:
    """Votes by the script of :data:`QUESTIONS`, with a fault now and then."""

    def __init__(self, provider: str, name: str, *, slip: float, fail: float = 0.0, seed: int = 0) -> None:
        self.provider = provider
        self.name = name
        self._slip, self._fail = slip, fail
        self._random = np.random.default_rng(seed)

    async def vote(self, exchange: Exchange) -> Vote:
        if self._random.random() < self._fail:
            raise ModelUnavailable("connection refused", model=self.name)
        right = next((good for _, answer, good in QUESTIONS if answer == exchange.answer), True)
        thinks = right != (self._random.random() < self._slip)
        sure = min(0.99, max(0.01, float(self._random.normal(0.88 if thinks else 0.18, 0.07))))
        why = "agrees with what it knows" if thinks else "contradicts what it knows, or cannot follow from the prompt"
        latency = float(self._random.lognormal(5, 0.4))
        return Vote(self.provider, self.name, "safe" if thinks else "unsafe", sure, why, latency)


@dataclass
class Served:
    """A service behind a socket, and the keys that open it."""

    house: House
    url: str

    def key(self, scope: str) -> str:
        return self.house.keys[scope].presented

    def verify(
        self, prompt: str, response: str, *, agent: str | None = None, sources: Sequence[str] = ()
    ) -> Mapping[str, Any]:
        body = {"prompt": prompt, "response": response, "sources": list(sources)}
        body |= {"agent_id": agent} if agent else {}
        headers = {"Authorization": f"Bearer {self.key('verify')}"}
        reply = httpx.post(f"{self.url}/v1/guard/verify", json=body, headers=headers, timeout=90)
        reply.raise_for_status()
        return dict(reply.json())

    @property
    def monitor(self) -> Any:
        return self.house.state.tenant("acme").monitor


@contextmanager
def dashboard(folder: Path, *, texts: bool = True, mode: GuardMode = "enforce") -> Iterator[Served]:
    """The service of :class:`House` with opinionated verifiers, behind uvicorn on loopback."""
    with House(folder) as house:
        house.change(judges=verifiers(), show_texts=texts)
        house.change(guard=house.guard(mode=mode, council_s=60.0), show_texts=texts)
        with serving(house.app) as url:
            yield Served(house, url)


def verifiers() -> list[Any]:
    return [
        Opinionated("embedded", "gemma3-270m", slip=0.12, seed=1),
        Opinionated("vllm", "Qwen3-8B", slip=0.05, seed=2),
        Opinionated("anthropic", "claude-haiku", slip=0.03, fail=0.03, seed=3),
    ]


MEMORIES = ("manual", "wiki", "tickets", "shared-notes")


def past(monitor: Any, now: float, *, minutes: int = 110, drift: bool = True, enforced: bool = True) -> None:
    """Lets a monitor live through the last two hours: calm, then answers that surprise, and one memory that is poisoned."""
    rng = np.random.default_rng(5)
    for minute in range(minutes, 0, -1):
        late = drift and minute < 18
        for _ in range(int(rng.integers(5, 13)) + (6 if 40 < minute < 55 else 0)):
            at = now - minute * 60 + rng.random() * 60
            memory = MEMORIES[int(rng.integers(4))]
            poisoned = drift and memory == "shared-notes" and minute < 60
            c = float(rng.beta(3, 4) if poisoned else rng.beta(5, 3) if late else rng.beta(14, 2))
            opinions = tuple(
                _opinion(rng, name, c, late=late)
                for name in ("embedded/gemma3-270m", "vllm/Qwen3-8B", "anthropic/claude-haiku")
            )
            safe = sum(o.verdict == "safe" for o in opinions) >= 2
            consensus = safe or sum(o.verdict == "unsafe" for o in opinions) >= 2
            seen = Observation(
                at,
                safe=safe,
                consensus=consensus,
                opinions=opinions,
                confidence=c,
                latency_ms=float(rng.lognormal(5.3, 0.35)),
                agent=f"agent-{rng.integers(1, 6)}",
                session=f"chat-{minute // 4}-{rng.integers(3)}",
                sources=(memory,),
                enforced=enforced,
            )
            monitor.observe(seen)
            if rng.random() < 0.2:
                shift = float(rng.normal(1.4 if poisoned else 0.2, 0.5))
                differs = bool(rng.random() < (0.8 if poisoned else 0.15))
                monitor.report_fresh(FreshReading(at, shift, differs, seen.agent, seen.session, seen.sources))
            if rng.random() < 0.35:
                monitor.report(AnswerOutcome(at, bool(rng.random() < c), seen))


def _opinion(rng: np.random.Generator, name: str, c: float, *, late: bool) -> ObservedVote:
    reader = name.startswith("embedded")
    if rng.random() < (0.02 if name.startswith("anthropic") else 0.002):
        return ObservedVote(name, "error", latency_ms=5000.0)
    sure = min(1.0, max(0.0, c + float(rng.normal(0, 0.06))))
    surprise = float(rng.gamma(9, 0.31 if late else 0.2)) if reader else None
    return ObservedVote(
        name, "safe" if rng.random() < 0.15 + 0.85 * sure else "unsafe", sure, surprise, float(rng.lognormal(5, 0.4))
    )
