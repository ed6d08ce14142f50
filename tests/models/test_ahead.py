"""Work is done ahead, handed back in order, and no more of it is in hand than is of use."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from foureyes.models.ahead import in_order
from tests.servers.simulator import wait_until


def done(value):
    future = Future()
    future.set_result(value)
    return future


def test_results_come_in_the_order_of_the_items():
    gates = [threading.Event() for _ in range(6)]

    def work(i):
        if i < 5:
            gates[i + 1].wait(30)
        gates[i].set()
        return i

    with ThreadPoolExecutor(6) as pool:
        assert list(in_order(range(6), lambda i: pool.submit(work, i), at_once=lambda: 6)) == [0, 1, 2, 3, 4, 5]


def test_one_that_takes_long_does_not_keep_others_from_being_begun():
    first, begun = Future(), []

    def begin(i):
        begun.append(i)
        return first if i == 0 else done(i)

    found = []
    thread = threading.Thread(target=lambda: found.extend(in_order(range(100), begin, at_once=lambda: 5)))
    thread.start()
    wait_until(lambda: len(begun) == 20)
    first.set_result(0)
    thread.join()
    assert found == list(range(100))


@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_no_more_is_under_way_than_was_wanted(at_once):
    under_way, most, lock = 0, 0, threading.Lock()

    def work(i):
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        with lock:
            under_way -= 1
        return i

    with ThreadPoolExecutor(8) as pool:
        found = list(in_order(range(50), lambda i: pool.submit(work, i), at_once=lambda: at_once))
    assert found == list(range(50))
    assert most <= at_once


def test_an_item_larger_than_that_is_worked_on_alone():
    found = in_order([7, 9, 8], done, at_once=lambda: 1, size=lambda n: n)
    assert list(found) == [7, 9, 8]


def test_a_failure_comes_in_its_turn_and_what_has_not_begun_never_does():
    futures = [done(0), Future(), Future(), Future()]
    futures[1].set_exception(ValueError("the second"))
    found = in_order(range(4), futures.__getitem__, at_once=lambda: 4)
    assert next(found) == 0
    with pytest.raises(ValueError, match="the second"):
        next(found)
    assert futures[2].cancelled()
    assert futures[3].cancelled()


def test_items_are_taken_no_further_than_that():
    taken = []

    def items():
        for i in range(100):
            taken.append(i)
            yield i

    found = in_order(items(), done, at_once=lambda: 3)
    next(found)
    assert len(taken) <= 13
    found.close()
