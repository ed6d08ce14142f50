"""Judges, vaults and ledgers that do what a test tells them to: whole implementations of the ports, on virtual time."""

# ruff: noqa: ARG002 - the signatures are the ports'

import asyncio
import concurrent.futures
import hashlib
import itertools
from dataclasses import dataclass, field, replace

from foureyes.types import Exchange, Vote

EXCHANGE = Exchange("Capital of Australia?", "Canberra")


class Acting:
    """A judge that waits, then returns or raises what it was given; a callable is called."""

    def __init__(self, act, *, after=0.0, name="acting", provider="test"):
        self.act, self.after, self.name, self.provider = act, after, name, provider
        self.seen, self.ended = [], 0

    async def vote(self, exchange):
        self.seen.append(exchange)
        try:
            await asyncio.sleep(self.after)
            act = self.act() if callable(self.act) else self.act
            if isinstance(act, BaseException):
                raise act
            return Vote("liar", "liar", act) if isinstance(act, str) else act
        finally:
            self.ended += 1


class Stubborn:
    """Swallows being cancelled and goes on for a while, as a bad library might."""

    provider = "test"

    def __init__(self, name="stubborn", seconds=100.0):
        self.name, self.seconds = name, seconds

    async def vote(self, exchange):
        ends = asyncio.get_running_loop().time() + self.seconds
        while (left := ends - asyncio.get_running_loop().time()) > 0:
            try:
                await asyncio.sleep(left)
            except asyncio.CancelledError:
                continue
        return Vote(self.provider, self.name, "safe")


@dataclass(frozen=True)
class Receipt:
    index: int
    entry_hash: str = "00" * 32
    timestamp: str = "2026-01-01T00:00:00Z"
    log_id: str = "test"


@dataclass
class Ledger:
    """Keeps entries in a list; ``fails`` is raised by append, or held by its future, or leaves it pending for ever."""

    raises: BaseException | None = None
    holds: BaseException | None = None
    hangs: bool = False
    entries: list = field(default_factory=list)
    index: itertools.count = field(default_factory=itertools.count)
    clear_reasons: bool = False

    def text_hash(self, tenant, text):
        return hashlib.sha256(f"{tenant}\0{text}".encode()).hexdigest()

    def append(self, event, payload):
        if self.raises is not None:
            raise self.raises
        future = concurrent.futures.Future()
        if self.holds is not None:
            future.set_exception(self.holds)
        elif not self.hangs:
            self.entries.append((event, dict(payload)))
            future.set_result(Receipt(next(self.index)))
        self.last = future
        return future


class Vault:
    """Conceals the word Ana; ``conceals`` and ``reveals`` are raised, a number is waited."""

    def __init__(self, *, conceals=None, reveals=None):
        self.conceals, self.reveals, self.asked = conceals, reveals, []

    async def conceal(self, exchange, *, tenant, session):
        self.asked.append((tenant, session))
        await self.do(self.conceals)
        hidden = replace(exchange, prompt=exchange.prompt.replace("Ana", "[NAME_1]"))
        return Hidden(self, replace(hidden, answer=exchange.answer.replace("Ana", "[NAME_1]")))

    async def do(self, what):
        if isinstance(what, BaseException):
            raise what
        await asyncio.sleep(what or 0)


@dataclass(frozen=True)
class Hidden:
    vault: Vault
    exchange: Exchange

    async def reveal(self, text):
        await self.vault.do(self.vault.reveals)
        return text.replace("[NAME_1]", "Ana")


class Saying:
    """An answerer with a script: a text, an exception, a function of the prompt, or a number of seconds to be late."""

    def __init__(self, said, *, name="saying", provider="test"):
        self.said, self.name, self.provider, self.asked = said, name, provider, []

    async def answer(self, prompt):
        self.asked.append(prompt)
        said = self.said(prompt) if callable(self.said) else self.said
        if isinstance(said, BaseException):
            raise said
        if isinstance(said, float):
            await asyncio.sleep(said)
            return "late"
        return said
