"""Single requests become batches; the queue is bounded; everybody gets an answer."""

# ruff: noqa: ARG002 - the signatures are the role's

import asyncio
import gc
import threading

import pytest

from foureyes.errors import InputError, ModelError, ModelUnavailable
from foureyes.guard.desk import Desk, Room
from foureyes.models.scripted import ScriptedReader
from foureyes.types import Exchange, Unscored


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
    """Runs a scene and closes the desks it opened."""
    return asyncio.run(work)


def test_what_waits_while_a_batch_is_read_is_the_next_batch():
    reader = Held()

    async def busy():
        desk = Desk(reader)
        first = asyncio.create_task(desk.read(exchange(0)))
        await started(reader)
        others = [asyncio.create_task(desk.read(exchange(i))) for i in range(1, 10)]
        await asyncio.sleep(0)
        assert desk.waiting == 9
        reader.go.set()
        rows = await asyncio.gather(first, *others)
        desk.close()
        return rows

    rows = scene(busy())
    assert reader.batches == [["answer 0"], [f"answer {i}" for i in range(1, 10)]]
    assert [row.answer for row in rows] == [f"answer {i}" for i in range(10)]


def test_requests_that_come_together_are_read_together_and_no_batch_is_too_large():
    reader = Held()
    reader.go.set()

    async def crowd():
        desk = Desk(reader, Room(rows=4))
        rows = await asyncio.gather(*(desk.read(exchange(i)) for i in range(10)))
        desk.close()
        return rows

    rows = scene(crowd())
    assert [len(batch) for batch in reader.batches] == [4, 4, 2]
    assert [row.answer for row in rows] == [f"answer {i}" for i in range(10)]


def test_a_full_desk_turns_away_and_goes_on():
    reader = Held()

    async def full():
        desk = Desk(reader, Room(rows=1, waiting=2))
        first = asyncio.create_task(desk.read(exchange(0)))
        await started(reader)
        waiting = [asyncio.create_task(desk.read(exchange(i))) for i in (1, 2)]
        await asyncio.sleep(0)
        with pytest.raises(ModelUnavailable, match="2 exchanges wait already") as caught:
            await desk.read(exchange(3))
        assert caught.value.retryable
        reader.go.set()
        rows = await asyncio.gather(first, *waiting)
        rows.append(await desk.read(exchange(4)))
        desk.close()
        return rows

    assert [row.answer for row in scene(full())] == [f"answer {i}" for i in (0, 1, 2, 4)]


def test_who_gives_up_leaves_the_queue_at_once_and_is_not_read():
    reader = Held()

    async def leaving():
        desk = Desk(reader)
        first = asyncio.create_task(desk.read(exchange(0)))
        await started(reader)
        others = [asyncio.create_task(desk.read(exchange(i))) for i in range(1, 6)]
        await asyncio.sleep(0)
        for task in (first, *others[:4]):
            task.cancel()
        await asyncio.wait({first, *others[:4]})
        assert desk.waiting == 1
        reader.go.set()
        row = await others[4]
        desk.close()
        return row, [task.cancelled() for task in (first, *others[:4])]

    row, cancelled = scene(leaving())
    assert row.answer == "answer 5"
    assert all(cancelled)
    assert reader.batches == [["answer 0"], ["answer 5"]]


def test_nothing_is_kept_of_those_who_gave_up():
    reader = Held()

    async def many():
        desk = Desk(reader, Room(waiting=10))
        first = asyncio.create_task(desk.read(exchange(0)))
        await started(reader)
        for i in range(500):
            task = asyncio.create_task(desk.read(exchange(i)))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait({task})
        reader.go.set()
        await first
        waiting, tasks = desk.waiting, len(asyncio.all_tasks())
        desk.close()
        return waiting, tasks

    waiting, tasks = scene(many())
    assert waiting == 0
    assert tasks <= 2


@pytest.mark.parametrize("error", [ModelUnavailable("gone", model="m"), KeyError("a bug")], ids=repr)
def test_a_reader_that_raises_fails_everybody_in_the_batch_and_not_the_desk(error):
    reader = Failing(error)

    async def failing():
        desk = Desk(reader)
        failed = await asyncio.gather(*(desk.read(exchange(i)) for i in range(3)), return_exceptions=True)
        reader.error = 1
        row = await desk.read(exchange(3))
        desk.close()
        return failed, row

    failed, row = scene(failing())
    assert failed == [error] * 3
    assert row.answer == "answer 3"
    gc.collect()  # an exception nobody fetched would be warned of, and a warning is an error here


def test_a_reader_that_returns_too_few_rows_fails_everybody():
    async def short():
        desk = Desk(Failing(1))
        failed = await asyncio.gather(*(desk.read(exchange(i)) for i in range(3)), return_exceptions=True)
        desk.close()
        return failed

    for error in scene(short()):
        assert isinstance(error, ModelError)
        assert "wanted 3 readings; got 1" in str(error)


def test_closing_turns_away_those_who_wait_and_those_who_come():
    reader = Held()

    async def closing():
        desk = Desk(reader)
        first = asyncio.create_task(desk.read(exchange(0)))
        await started(reader)
        second = asyncio.create_task(desk.read(exchange(1)))
        await asyncio.sleep(0)
        desk.close()
        with pytest.raises(ModelUnavailable, match="closed"):
            await second
        with pytest.raises(ModelUnavailable, match="closed"):
            await desk.read(exchange(2))
        reader.go.set()
        return await first

    assert scene(closing()).answer == "answer 0"


def test_a_desk_serves_one_loop_after_another():
    reader = Held()
    reader.go.set()
    desk = Desk(reader)
    for i in range(3):
        assert asyncio.run(desk.read(exchange(i))).answer == f"answer {i}"
    desk.close()


def test_an_unreadable_row_is_a_value():
    async def empty():
        desk = Desk(ScriptedReader())
        row = await desk.read(Exchange("How many?", ""))
        desk.close()
        return row

    assert isinstance(scene(empty()), Unscored)


@pytest.mark.parametrize("numbers", [(0, 1), (1, 0)])
def test_a_room_has_room(numbers):
    with pytest.raises(InputError, match="at least 1"):
        Room(*numbers)
