"""Threads of a tenant: how much is handed to them, and who waits."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest

from foureyes.guard.threads import BoundedThreads, DaemonThreads, ThreadsClosed, all_idle


def test_no_more_is_begun_than_there_are_threads() -> None:
    begun: list[int] = []
    both, go_on = threading.Barrier(3), threading.Event()

    def work(number: int) -> int:
        begun.append(number)
        if not go_on.is_set():
            both.wait(timeout=60)
            go_on.wait(timeout=60)
        return number

    async def run() -> list[int]:
        threads = BoundedThreads(2, name="test")
        waiting = [asyncio.create_task(threads.do(partial(work, i))) for i in range(6)]
        await asyncio.to_thread(both.wait, 60)
        assert sorted(begun) == [0, 1]
        go_on.set()
        return list(await asyncio.gather(*waiting))

    assert asyncio.run(run()) == list(range(6))


def test_a_caller_who_gives_up_leaves_the_queue_and_the_thread_goes_on() -> None:
    hangs, begun = threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        hangs.wait(timeout=60)

    async def run() -> list[str]:
        threads, done = BoundedThreads(1, name="test"), []
        gone = asyncio.create_task(threads.do(hang))
        await asyncio.to_thread(begun.wait, 60)
        gone.cancel()
        queued = asyncio.create_task(threads.do(lambda: done.append("given up")))
        kept = asyncio.create_task(threads.do(lambda: done.append("kept")))
        await asyncio.sleep(0)
        queued.cancel()
        await asyncio.sleep(0)
        assert done == []
        hangs.set()
        await kept
        return done

    assert asyncio.run(run()) == ["kept"]


def test_one_tenants_hung_threads_are_not_anothers() -> None:
    hangs = threading.Event()

    async def run() -> str:
        hung, other = (BoundedThreads(1, name=name) for name in ("hung", "other"))
        tasks = [asyncio.create_task(hung.do(lambda: hangs.wait(timeout=60))) for _ in range(50)]
        answer = await other.do(lambda: "answered")
        hangs.set()
        await asyncio.gather(*tasks)
        return answer

    assert asyncio.run(run()) == "answered"


def test_closed_threads_begin_nothing() -> None:
    async def run() -> None:
        threads = BoundedThreads(1, name="test")
        threads.close()
        await threads.do(lambda: None)

    with pytest.raises(ThreadsClosed):
        asyncio.run(run())


def test_a_process_that_ends_is_told_whether_a_thread_is_at_work() -> None:
    began, go = threading.Event(), threading.Event()
    threads = DaemonThreads(1, name="busy")
    future = threads.submit(lambda: (began.set(), go.wait(30)))
    assert began.wait(30)
    assert not all_idle(0.05)
    go.set()
    future.result(30)
    assert all_idle(30)
    threads.close()


def _no_thread(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_where_no_thread_can_be_started_nothing_is_handed_over_and_later_work_is_done() -> None:
    threads, done = DaemonThreads(1, name="test"), list[str]()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(threading.Thread, "start", _no_thread)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            threads.submit(lambda: done.append("refused"))
    threads.submit(lambda: done.append("done")).result(30)
    assert done == ["done"]
    threads.close()


def test_where_no_further_thread_can_be_started_those_there_are_do_the_work() -> None:
    threads = DaemonThreads(2, name="test")
    threads.submit(lambda: None).result(30)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(threading.Thread, "start", _no_thread)
        assert threads.submit(lambda: "done").result(30) == "done"
    threads.close()


def test_whoever_found_no_thread_takes_nobodys_place() -> None:
    async def run() -> str:
        threads = BoundedThreads(1, name="test")
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(threading.Thread, "start", _no_thread)
            with pytest.raises(RuntimeError, match="can't start new thread"):
                await threads.do(lambda: "refused")
        async with asyncio.timeout(30):
            return await threads.do(lambda: "done")

    assert asyncio.run(run()) == "done"
