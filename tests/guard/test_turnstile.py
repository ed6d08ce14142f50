"""A turnstile: how many pass in a round of the loop, and that everybody does in the end."""

from __future__ import annotations

import asyncio

from foureyes.guard.turnstile import Turnstile


def test_a_crowd_leaves_every_other_work_its_rounds() -> None:
    async def scene() -> tuple[int, int]:
        crowd, passed = Turnstile(), []

        async def one() -> None:
            await crowd.passed("crowd")
            passed.append(1)

        tasks = [asyncio.create_task(one()) for _ in range(100)]
        for _ in range(10):
            await asyncio.sleep(0)
        meanwhile = len(passed)
        await asyncio.gather(*tasks)
        return meanwhile, len(passed)

    meanwhile, in_the_end = asyncio.run(scene())
    assert meanwhile <= 12
    assert in_the_end == 100


def test_others_pass_at_once_beside_a_crowd() -> None:
    async def scene() -> int:
        turnstile, passed = Turnstile(), []

        async def one() -> None:
            await turnstile.passed("crowd")
            passed.append(1)

        tasks = [asyncio.create_task(one()) for _ in range(100)]
        await asyncio.sleep(0)
        await turnstile.passed("calm")
        meanwhile = len(passed)
        await asyncio.gather(*tasks)
        return meanwhile

    assert asyncio.run(scene()) <= 2


def test_nothing_is_held_of_a_key_that_nobody_waits_with() -> None:
    async def scene() -> dict[str, object]:
        turnstile = Turnstile()
        await asyncio.gather(*(turnstile.passed(f"tenant {i % 50}") for i in range(200)))
        for _ in range(1000):
            if not turnstile._waiting:
                break
            await asyncio.sleep(0.001)
        return dict(turnstile._waiting)

    assert asyncio.run(scene()) == {}


def test_whoever_gives_up_holds_up_nobody() -> None:
    async def scene() -> None:
        turnstile = Turnstile()
        tasks = [asyncio.create_task(turnstile.passed("a")) for _ in range(10)]
        await asyncio.sleep(0)
        for task in tasks[1:9]:
            task.cancel()
        await asyncio.wait_for(tasks[9], 60)
        await asyncio.gather(*tasks, return_exceptions=True)
        await turnstile.passed("a")

    asyncio.run(scene())


def test_a_loop_that_ended_half_way_leaves_nothing_behind() -> None:
    turnstile = Turnstile()
    for _ in range(3):
        asyncio.run(turnstile.passed("a"))


def test_a_crowd_rests_while_somebody_else_comes_and_not_alone() -> None:
    async def passed_in(rounds: int, *, beside: bool) -> int:
        turnstile, passed = Turnstile(rest=1e9), []

        async def one() -> None:
            await turnstile.passed("crowd")
            passed.append(1)

        if beside:
            await turnstile.passed("calm")
        tasks = [asyncio.create_task(one()) for _ in range(20)]
        for _ in range(rounds):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return len(passed)

    assert asyncio.run(passed_in(1000, beside=True)) <= 2
    assert asyncio.run(passed_in(1000, beside=False)) == 20


def test_beside_others_the_next_passes_when_the_work_of_the_one_before_is_done() -> None:
    """However many rounds of the loop it takes; the clock stands still but for work."""

    async def scene() -> list[str]:
        loop, clock, done = asyncio.get_running_loop(), [0.0], list[str]()
        loop.time = lambda: clock[0]  # type: ignore[method-assign]
        turnstile = Turnstile()

        async def one(name: str) -> None:
            await turnstile.passed("crowd")
            for part in "abc":
                clock[0] += 0.001
                done.append(name + part)
                await asyncio.sleep(0)

        await turnstile.passed("calm")
        for _ in range(5):
            await asyncio.sleep(0)  # its turn is over
        await asyncio.gather(*(one(name) for name in "123"))
        return done

    assert asyncio.run(scene()) == ["1a", "1b", "1c", "2a", "2b", "2c", "3a", "3b", "3c"]
