"""Which of the answers that wait are read next."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from foureyes.guard.reading_queue import ReadingQueue
from foureyes.types import Exchange, ToolDefinition

QUESTION = "?" * 100


def queue_of(*answers: int, call_size: int = 1000, most: int = 64) -> ReadingQueue[int]:
    """Answers of so many characters to prompts of one character each, by their places."""
    queue = ReadingQueue[int](most=most, call_size=call_size)
    for place, size in enumerate(answers):
        queue.add(place, Exchange(chr(ord("a") + place), "x" * size))
    return queue


def calls(queue: ReadingQueue[int]) -> list[list[int]]:
    found = []
    while batch := queue.take():
        found.append(list(batch))
    return found


def test_what_is_short_is_read_before_what_is_long_and_came_earlier() -> None:
    assert calls(queue_of(5000, 100, 200)) == [[1, 2], [0]]


def test_a_call_ends_before_it_has_too_much_and_has_one_at_least() -> None:
    assert calls(queue_of(400, 400, 400, 5000)) == [[0, 1], [2], [3]]


def test_what_is_short_does_not_wait_in_one_call_with_what_is_long() -> None:
    assert calls(queue_of(100, 100, 800, call_size=5000)) == [[0, 1], [2]]
    assert calls(queue_of(400, 800, 800, call_size=5000)) == [[0], [1, 2]]
    assert calls(queue_of(100, 500, call_size=5000)) == [[0, 1]]


def test_a_call_has_only_so_many() -> None:
    assert calls(queue_of(1, 1, 1, 1, 1, most=2)) == [[0, 1], [2, 3], [4]]


def test_a_prompt_counts_once_and_what_is_read_of_it_stays_together() -> None:
    queue = ReadingQueue[str](most=64, call_size=290)
    for name in "abc":
        queue.add(name, Exchange(QUESTION, "x" * 20))
        queue.add(name.upper(), Exchange(QUESTION + "!", "x" * 19))
    assert [list(queue.take()) for _ in range(2)] == [["a", "b", "c", "A"], ["B", "C"]]


def test_what_may_be_called_counts_too() -> None:
    queue, tool = ReadingQueue[int](most=64, call_size=1000), ToolDefinition("pay", "money " * 200)
    queue.add(0, Exchange("Why?", "x", tools=(tool,)))
    queue.add(1, Exchange("Why?", "x" * 500))
    assert calls(queue) == [[1], [0]]


def test_who_leaves_is_not_read() -> None:
    queue = queue_of(10, 10, 10)
    queue.discard(1)
    queue.discard(7)
    assert len(queue) == 2
    assert calls(queue) == [[0, 2]]
    queue.add(3, Exchange("Why?", "x"))
    assert queue.clear() == [3]
    assert calls(queue) == []


@given(st.lists(st.lists(st.integers(1, 3000), max_size=6), min_size=1, max_size=30))
def test_nothing_is_read_twice_or_lost_or_overtaken_once_as_much_was_handed_over_as_it_has(
    arrivals: list[list[int]],
) -> None:
    """Between two calls some come; each of another prompt."""
    queue = ReadingQueue[int](most=4, call_size=1000)
    sizes: list[int] = []
    handed_at: list[int] = []
    call_of: dict[int, int] = {}
    handed = 0
    rounds = iter(arrivals)
    for call in range(10_000):
        for size in (coming := next(rounds, [])):
            queue.add(len(sizes), Exchange(f"{len(sizes):05}", "x" * size))
            sizes.append(size + 5)
            handed_at.append(handed)
        batch = queue.take()
        if not batch and not coming and call >= len(arrivals):
            break
        assert not call_of.keys() & batch.keys()
        call_of |= dict.fromkeys(batch, call)
        handed += sum(sizes[key] for key in batch)
        assert len(batch) <= 1 or sum(sizes[key] for key in batch) <= 1000
    assert call_of.keys() == set(range(len(sizes)))
    for one, size in enumerate(sizes):
        late = [other for other in range(one + 1, len(sizes)) if handed_at[other] - handed_at[one] >= 4 * size]
        assert all(call_of[other] >= call_of[one] for other in late)
