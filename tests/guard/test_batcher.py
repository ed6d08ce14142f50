"""Single requests become batches; the queue is bounded; everybody gets an answer."""

# ruff: noqa: ARG002 - the signatures are the role's

import asyncio
import gc
import threading

import pytest

from foureyes.errors import InputError, ModelError, ModelUnavailable
from foureyes.guard.batcher import ReaderBatcher
from foureyes.models.scripted import ScriptedReader
from foureyes.types import Exchange, Unscored
from tests.route.upstreams import until


class Held(ScriptedReader):
    """Reads when it is let, and remembers its batches."""

    def __init__(self, **options):
        super().__init__(**options)
        self.batches, self.started, self.go = [], threading.Event(), threading.Event()

    def read(self, exchanges, *, top_k=0):
        self.batches.append([exchange.answer for exchange in exchanges])
        self.started.set()
        assert self.go.wait(30)
        return super().read(exchanges, top_k=top_k)


class Failing(ScriptedReader):
    def __init__(self, error, **options):
        super().__init__(**options)
        self.error = error

    def read(self, exchanges, *, top_k=0):
        if isinstance(self.error, Exception):
            raise self.error
        return super().read(exchanges)[: self.error]


def exchange(i):
    return Exchange("How many?", f"answer {i}")


async def started(reader):
    await asyncio.get_running_loop().run_in_executor(None, reader.started.wait, 30)


def scene(work):
    """Runs a scene and closes the batchers it opened."""
    return asyncio.run(work)


def test_what_waits_while_a_batch_is_read_is_the_next_batch():
    reader = Held()

    async def busy():
        batcher = ReaderBatcher(reader)
        first = asyncio.create_task(batcher.read(exchange(0)))
        await started(reader)
        others = [asyncio.create_task(batcher.read(exchange(i))) for i in range(1, 10)]
        await asyncio.sleep(0)
        assert batcher.waiting == 9
        reader.go.set()
        rows = await asyncio.gather(first, *others)
        batcher.close()
        return rows

    rows = scene(busy())
    assert reader.batches == [["answer 0"], [f"answer {i}" for i in range(1, 10)]]
    assert [row.answer for row in rows] == [f"answer {i}" for i in range(10)]


def test_requests_that_come_together_are_read_together_and_no_batch_is_too_large():
    reader = Held()
    reader.go.set()

    async def crowd():
        batcher = ReaderBatcher(reader, max_batch=4)
        rows = await asyncio.gather(*(batcher.read(exchange(i)) for i in range(10)))
        batcher.close()
        return rows

    rows = scene(crowd())
    assert [len(batch) for batch in reader.batches] == [4, 4, 2]
    assert [row.answer for row in rows] == [f"answer {i}" for i in range(10)]


def test_a_full_queue_turns_away_and_goes_on():
    reader = Held()

    async def full():
        batcher = ReaderBatcher(reader, max_batch=1, max_queue=2)
        first = asyncio.create_task(batcher.read(exchange(0)))
        await started(reader)
        waiting = [asyncio.create_task(batcher.read(exchange(i))) for i in (1, 2)]
        await asyncio.sleep(0)
        with pytest.raises(ModelUnavailable, match="2 exchanges wait already") as caught:
            await batcher.read(exchange(3))
        assert caught.value.retryable
        reader.go.set()
        rows = await asyncio.gather(first, *waiting)
        rows.append(await batcher.read(exchange(4)))
        batcher.close()
        return rows

    assert [row.answer for row in scene(full())] == [f"answer {i}" for i in (0, 1, 2, 4)]


def test_who_gives_up_leaves_the_queue_at_once_and_is_not_read():
    reader = Held()

    async def leaving():
        batcher = ReaderBatcher(reader)
        first = asyncio.create_task(batcher.read(exchange(0)))
        await started(reader)
        others = [asyncio.create_task(batcher.read(exchange(i))) for i in range(1, 6)]
        await asyncio.sleep(0)
        for task in (first, *others[:4]):
            task.cancel()
        await asyncio.wait({first, *others[:4]})
        assert batcher.waiting == 1
        reader.go.set()
        row = await others[4]
        batcher.close()
        return row, [task.cancelled() for task in (first, *others[:4])]

    row, cancelled = scene(leaving())
    assert row.answer == "answer 5"
    assert all(cancelled)
    assert reader.batches == [["answer 0"], ["answer 5"]]


def test_nothing_is_kept_of_those_who_gave_up():
    reader = Held()

    async def many():
        batcher = ReaderBatcher(reader, max_queue=10)
        first = asyncio.create_task(batcher.read(exchange(0)))
        await started(reader)
        for i in range(500):
            task = asyncio.create_task(batcher.read(exchange(i)))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait({task})
        reader.go.set()
        await first
        waiting, tasks = batcher.waiting, len(asyncio.all_tasks())
        batcher.close()
        return waiting, tasks

    waiting, tasks = scene(many())
    assert waiting == 0
    assert tasks <= 2


@pytest.mark.parametrize("error", [ModelUnavailable("gone", model="m"), KeyError("a bug")], ids=repr)
def test_a_reader_that_raises_fails_everybody_in_the_batch_and_not_the_batcher(error):
    reader = Failing(error)

    async def failing():
        batcher = ReaderBatcher(reader)
        failed = await asyncio.gather(*(batcher.read(exchange(i)) for i in range(3)), return_exceptions=True)
        reader.error = 1
        row = await batcher.read(exchange(3))
        batcher.close()
        return failed, row

    failed, row = scene(failing())
    assert failed == [error] * 3
    assert row.answer == "answer 3"
    gc.collect()  # an exception nobody fetched would be warned of, and a warning is an error here


def test_where_no_thread_can_be_started_everybody_who_was_taken_is_told(monkeypatch):
    def no_thread(_):
        raise RuntimeError("can't start new thread")

    async def crowd():
        batcher = ReaderBatcher(ScriptedReader())
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", no_thread)
            async with asyncio.timeout(30):
                told = await asyncio.gather(*(batcher.read(exchange(i)) for i in range(3)), return_exceptions=True)
        async with asyncio.timeout(30):
            row = await batcher.read(exchange(3))
        batcher.close()
        return told, row

    told, row = scene(crowd())
    assert [type(error) for error in told] == [ModelUnavailable] * 3
    assert all(error.retryable and "no thread could be started" in str(error) for error in told)
    assert row.answer == "answer 3"


def test_a_reader_that_returns_too_few_rows_fails_everybody():
    async def short():
        batcher = ReaderBatcher(Failing(1))
        failed = await asyncio.gather(*(batcher.read(exchange(i)) for i in range(3)), return_exceptions=True)
        batcher.close()
        return failed

    for error in scene(short()):
        assert isinstance(error, ModelError)
        assert "wanted 3 readings; got 1" in str(error)


def test_closing_turns_away_those_who_wait_and_those_who_come():
    reader = Held()

    async def closing():
        batcher = ReaderBatcher(reader)
        first = asyncio.create_task(batcher.read(exchange(0)))
        await started(reader)
        second = asyncio.create_task(batcher.read(exchange(1)))
        await asyncio.sleep(0)
        batcher.close()
        with pytest.raises(ModelUnavailable, match="closed"):
            await second
        with pytest.raises(ModelUnavailable, match="closed"):
            await batcher.read(exchange(2))
        reader.go.set()
        return await first

    assert scene(closing()).answer == "answer 0"


def test_a_batcher_serves_one_loop_after_another():
    reader = Held()
    reader.go.set()
    batcher = ReaderBatcher(reader)
    for i in range(3):
        assert asyncio.run(batcher.read(exchange(i))).answer == f"answer {i}"
    batcher.close()


def test_an_unreadable_row_is_a_value():
    async def empty():
        batcher = ReaderBatcher(ScriptedReader())
        row = await batcher.read(Exchange("How many?", ""))
        batcher.close()
        return row

    assert isinstance(scene(empty()), Unscored)


@pytest.mark.parametrize("limits", [{"max_batch": 0}, {"max_queue": 0}, {"call_size": 0}])
def test_a_batcher_takes_at_least_one(limits):
    with pytest.raises(InputError, match="at least 1"):
        ReaderBatcher(ScriptedReader(), **limits)


def test_a_short_answer_waits_for_no_long_one_that_is_not_being_read_yet():
    reader = Held()
    longs = [Exchange(f"How many of {i}?", "many " * 2000) for i in range(3)]

    async def busy():
        batcher = ReaderBatcher(reader)
        first = asyncio.create_task(batcher.read(exchange(0)))
        await started(reader)
        long = [asyncio.create_task(batcher.read(one)) for one in longs]
        await asyncio.sleep(0)
        short = [asyncio.create_task(batcher.read(exchange(i))) for i in (1, 2)]
        await asyncio.sleep(0)
        reader.go.set()
        await asyncio.gather(first, *long, *short)
        batcher.close()

    scene(busy())
    assert reader.batches == [["answer 0"], ["answer 1", "answer 2"], *([one.answer] for one in longs)]


class BehindServers(ScriptedReader):
    """Reads side by side: an answer with "long" in it when it is let, any other at once."""

    rows_at_once, outages = 3, 0

    def __init__(self):
        super().__init__()
        self.batches, self.go = [], threading.Event()
        self.under_way, self.most, self.lock = 0, 0, threading.Lock()

    def read(self, exchanges, *, top_k=0):
        with self.lock:
            self.batches.append(sorted(exchange.answer for exchange in exchanges))
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        if "long" in exchanges[0].answer:
            assert self.go.wait(30)
        with self.lock:
            self.under_way -= 1
        return super().read(exchanges, top_k=top_k)


def test_behind_servers_nobody_waits_for_what_is_read_beside_it():
    reader = BehindServers()

    async def busy():
        batcher = ReaderBatcher(reader)
        long = [asyncio.create_task(batcher.read(Exchange("How?", f"long {i}"))) for i in range(2)]
        short = await asyncio.gather(*(batcher.read(exchange(i)) for i in range(9)))
        undone = not any(task.done() for task in long)
        reader.go.set()
        await asyncio.gather(*long)
        batcher.close()
        return undone, [row.answer for row in short]

    assert scene(busy()) == (True, [f"answer {i}" for i in range(9)])
    assert all(len(batch) == 1 for batch in reader.batches)
    assert reader.most <= 3


def test_what_lets_go_of_a_reader_comes_behind_the_calls_under_way():
    reader, ended = BehindServers(), threading.Event()

    async def closing():
        batcher = ReaderBatcher(reader, last=ended.set)
        tasks = [asyncio.create_task(batcher.read(Exchange("How?", f"long {i}"))) for i in range(5)]
        await until(lambda: reader.under_way == 3)
        batcher.close()
        batcher.close()
        turned_away = await asyncio.gather(*tasks[3:], return_exceptions=True)
        before = ended.is_set()
        reader.go.set()
        return [row.answer for row in await asyncio.gather(*tasks[:3])], turned_away, before

    read, turned_away, before = scene(closing())
    assert read == ["long 0", "long 1", "long 2"]
    assert [type(error) for error in turned_away] == [ModelUnavailable] * 2
    assert not before
    assert ended.wait(30)


def no_thread(_):
    raise RuntimeError("can't start new thread")


@pytest.mark.parametrize("n_read", [0, 1])
def test_where_no_thread_can_be_started_a_reader_is_let_go_of_and_its_threads_end_all_the_same(monkeypatch, n_read):
    reader, ended = ScriptedReader(name=f"let go {n_read}"), threading.Event()

    async def closing():
        batcher = ReaderBatcher(reader, last=ended.set)
        for i in range(n_read):
            await batcher.read(exchange(i))
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", no_thread)
            batcher.close()

    scene(closing())
    assert ended.wait(30)
    for thread in threading.enumerate():
        if reader.name in thread.name:
            thread.join(30)
    assert not any(reader.name in thread.name for thread in threading.enumerate())


def test_threads_end_where_what_lets_go_of_a_reader_fails(monkeypatch):
    def fails():
        raise OSError("it holds on")

    async def closing():
        batcher = ReaderBatcher(ScriptedReader(), last=fails)
        closed = []
        monkeypatch.setattr(batcher._threads, "close", lambda: closed.append(True))
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", no_thread)
            with pytest.raises(OSError, match="holds on"):
                batcher.close()
        return closed

    assert scene(closing()) == [True]
