"""Chores: in order, between requests, bounded, and nobody's failure but their own."""

from __future__ import annotations

import asyncio

from foureyes.service.chores import Chores


def numbered(n: int) -> tuple[Chores, list[int], list[Exception]]:
    done: list[int] = []
    errors: list[Exception] = []
    chores = Chores(on_error=errors.append)
    for i in range(n):
        chores.add(lambda i=i: done.append(i))  # type: ignore[misc] - bound now
    return chores, done, errors


def test_without_a_loop_they_wait_for_whoever_reads() -> None:
    chores, done, _ = numbered(3)
    assert done == []
    chores.finish()
    assert done == [0, 1, 2]


def test_a_few_are_done_in_every_turn_of_the_loop() -> None:
    async def run() -> list[int]:
        _, done, _ = numbered(40)
        lengths = []
        for _ in range(4):
            await asyncio.sleep(0)
            lengths.append(len(done))
        return lengths

    assert asyncio.run(run()) == [16, 32, 40, 40]


def test_they_go_on_in_another_loop() -> None:
    chores = asyncio.run(made_in_a_loop_that_ends())
    chores.finish()

    async def run() -> list[str]:
        done: list[str] = []
        chores.add(lambda: done.append("again"))
        await asyncio.sleep(0)
        return done

    assert asyncio.run(run()) == ["again"]


async def made_in_a_loop_that_ends() -> Chores:
    chores = Chores(on_error=lambda _: None)
    for _ in range(100):
        chores.add(lambda: None)
    return chores


def test_one_that_fails_is_told_of_and_the_next_is_done() -> None:
    chores, done, errors = numbered(1)
    chores.add(lambda: 1 / 0)
    chores.add(lambda: done.append(7))
    chores.finish()
    assert done == [0, 7]
    assert [type(error) for error in errors] == [ZeroDivisionError]


def test_their_number_is_bounded() -> None:
    chores, done, _ = numbered(5000)
    assert len(done) == 5000 - 4096
    chores.finish()
    assert done == list(range(5000))
