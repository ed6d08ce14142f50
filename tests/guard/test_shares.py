"""Shares of tenants: what each may always use, who waits, and in which order."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.virtual import run
from foureyes.guard.shared_judge import SharedJudge
from foureyes.guard.shares import TenantShares
from foureyes.models.scripted import ScriptedJudge
from foureyes.types import Exchange

TENANTS = "abcd"


@given(
    st.integers(1, 40),
    st.lists(st.tuples(st.sampled_from(TENANTS), st.booleans()), max_size=200),
    st.integers(1, 4),
)
def test_a_tenant_within_its_part_is_never_refused(limit: int, steps: list[tuple[str, bool]], n: int) -> None:
    shares, used, part = TenantShares(lambda: limit, lambda: n), Counter[str](), limit // (2 * n)
    for tenant, enters in steps:
        if tenant not in TENANTS[:n]:
            continue
        if not enters and used[tenant]:
            shares.leave(tenant)
            used[tenant] -= 1
        elif enters:
            entered = shares.enter(tenant)
            assert entered or used[tenant] >= part
            used[tenant] += entered
    assert shares.used == used.total() <= limit


def test_a_tenant_alone_uses_all_of_it() -> None:
    shares = TenantShares(lambda: 5, lambda: 1)
    assert [shares.enter("a") for _ in range(6)] == [True] * 5 + [False]


def test_whoever_waits_is_served_in_turns() -> None:
    async def scene() -> list[str]:
        shares, served = TenantShares(lambda: 2, lambda: 2), list[str]()

        async def one(tenant: str) -> None:
            async with shares.turn(tenant):
                served.append(tenant)
                await asyncio.sleep(1)

        await asyncio.gather(*(one(tenant) for tenant in "aaaaaabb"))
        assert shares.used == 0
        return served

    assert sorted(run(scene())[:4]) == ["a", "a", "b", "b"]


def test_of_one_tenant_whoever_came_last_has_most_of_its_time_left_and_goes_first() -> None:
    async def scene() -> list[int]:
        shares, served = TenantShares(lambda: 1, lambda: 1), list[int]()

        async def one(number: int) -> None:
            async with shares.turn("a"):
                served.append(number)
                await asyncio.sleep(1)

        await asyncio.gather(*(one(number) for number in range(4)))
        return served

    assert run(scene()) == [0, 3, 2, 1]


def test_whoever_gives_up_takes_nobodys_turn() -> None:
    async def scene() -> None:
        shares = TenantShares(lambda: 1, lambda: 1)

        async def one(seconds: float) -> None:
            async with shares.turn("a"):
                await asyncio.sleep(seconds)

        first = asyncio.create_task(one(10))
        await asyncio.sleep(0)
        waiting = [asyncio.create_task(one(1)) for _ in range(3)]
        await asyncio.sleep(1)
        waiting[0].cancel()
        await first
        waiting[2].cancel()  # at the moment in which it was given its turn
        await asyncio.wait_for(waiting[1], 10)
        assert shares.used == 0

    run(scene())


def test_a_hung_tenant_leaves_a_shared_verifier_to_the_others() -> None:
    class Hanging(ScriptedJudge):
        async def vote(self, exchange: Exchange):  # type: ignore[no-untyped-def]
            if exchange.answer == "hangs":
                await asyncio.sleep(3600)
            return await super().vote(exchange)

    async def scene() -> str:
        judge, shares = Hanging("safe"), TenantShares(lambda: 4, lambda: 2)
        flood, calm = (SharedJudge(judge, shares, tenant) for tenant in ("flood", "calm"))
        hung = [asyncio.create_task(flood.vote(Exchange("?", "hangs"))) for _ in range(50)]
        await asyncio.sleep(0)
        async with asyncio.timeout(1):
            vote = await calm.vote(Exchange("?", "answers"))
        for task in hung:
            task.cancel()
        await asyncio.gather(*hung, return_exceptions=True)
        assert shares.used == 0
        return vote.verdict

    assert run(scene()) == "safe"


@pytest.mark.parametrize("n", [1, 600])
def test_requests_without_number_of_one_tenant_refuse_no_other(n: int) -> None:
    shares = TenantShares(lambda: 512, lambda: 2)
    for _ in range(n):
        shares.enter("flood")
    assert all(shares.enter("calm") for _ in range(128))
