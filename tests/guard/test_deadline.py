"""Whoever waits is never held up by the work."""

import asyncio
import concurrent.futures
import logging

import pytest

from bench.virtual import run
from foureyes.errors import LedgerError, ModelUnavailable
from foureyes.guard.deadline import DeadlineRunner, TaskFailure, wrap_uncancellable


async def after(seconds, result="done"):
    await asyncio.sleep(seconds)
    if isinstance(result, BaseException):
        raise result
    return result


def test_work_that_is_done_in_time_is_there():
    async def scene():
        task = await DeadlineRunner().wait_for(2.0, after(1.0), "work")
        return task.result(), asyncio.get_running_loop().time()

    assert run(scene()) == ("done", 1.0)


def test_work_that_is_not_is_let_go_of_and_forgotten():
    async def scene():
        runner = DeadlineRunner()
        task = await runner.wait_for(2.0, after(1e9), "work")
        assert not task.done()
        before = runner.n_abandoned
        await asyncio.wait({task})
        await asyncio.sleep(0)
        return before, runner.n_abandoned, task.cancelled(), asyncio.get_running_loop().time()

    assert run(scene()) == (1, 0, True, 2.0)


def test_being_cancelled_lets_go_of_the_work():
    async def scene():
        work = asyncio.ensure_future(after(1e9))
        waiting = asyncio.create_task(DeadlineRunner().wait_for(2.0, _wrapped(work), "work"))
        await asyncio.sleep(1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.wait({work})
        return work.cancelled()

    async def _wrapped(work):
        return await work

    assert run(scene())


def test_gathered_work_keeps_its_order_and_says_why_some_is_missing(caplog):
    async def scene():
        works = [
            after(1, "a"),
            after(1e9),
            after(0, ModelUnavailable("gone", model="m")),
            after(0, KeyError("Ana")),
            after(0, asyncio.CancelledError()),
            after(0, "b"),
        ]
        return await DeadlineRunner().gather(2.0, works, "some work"), asyncio.get_running_loop().time()

    found, took = run(scene())
    assert found == [
        "a",
        TaskFailure("was not done in time"),
        TaskFailure("the model cannot be had now"),
        TaskFailure("failed unexpectedly: KeyError"),
        TaskFailure("was cancelled"),
        "b",
    ]
    assert took == 2.0
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "some work raised KeyError" in record.getMessage()
    assert "Ana" not in caplog.text


def test_nothing_to_wait_for_is_there_at_once():
    assert run(DeadlineRunner().gather(5.0, [], "nothing")) == []


def test_following_a_thread_gives_what_it_gives():
    async def scene(work):
        waiter = wrap_uncancellable(work)
        return await waiter

    fine, broken, cancelled = (concurrent.futures.Future() for _ in range(3))
    fine.set_result("done")
    broken.set_exception(LedgerError("full"))
    cancelled.cancel()
    cancelled.set_running_or_notify_cancel()
    assert asyncio.run(scene(fine)) == "done"
    with pytest.raises(LedgerError, match="full"):
        asyncio.run(scene(broken))
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(scene(cancelled))


def test_what_many_threads_do_at_once_all_arrives():
    async def scene():
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return await asyncio.gather(*(wrap_uncancellable(pool.submit(lambda n=n: n)) for n in range(2_000)))

    assert asyncio.run(scene()) == list(range(2_000))
    assert asyncio.run(scene()) == list(range(2_000)), "another loop has a post of its own"


def test_giving_up_following_cancels_nothing_and_what_comes_later_is_nobodys_business(caplog):
    work = concurrent.futures.Future()

    async def scene():
        wrap_uncancellable(work).cancel()
        await asyncio.sleep(0)
        work.set_result("too late")
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(scene())
    assert work.result() == "too late"
    assert not caplog.records, "asyncio logs what goes wrong in a callback"


def test_what_a_thread_says_after_the_loop_is_closed_is_let_be(caplog):
    work = concurrent.futures.Future()

    async def scene():
        wrap_uncancellable(work)

    asyncio.run(scene())
    work.set_result("too late")
    assert not caplog.records


def test_a_foreseen_error_after_the_deadline_is_not_called_a_bug(caplog):
    async def late(error):
        try:
            await asyncio.sleep(1e9)
        except asyncio.CancelledError:
            raise error from None

    async def scene(error):
        await DeadlineRunner().wait_for(1.0, late(error), "work")
        await asyncio.sleep(1)

    run(scene(LedgerError("closed")))
    assert not caplog.records
    run(scene(RuntimeError("closed")))
    assert len(caplog.records) == 1
