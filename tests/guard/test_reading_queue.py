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
    assert [list(queue.take()) for _ in range(2)] == [["a", "b", "c", "A", "B", "C"], []]


def answers_to(prompt: str, *sizes: int, call_size: int = 1000) -> ReadingQueue[int]:
    queue = ReadingQueue[int](most=64, call_size=call_size)
    for place, size in enumerate(sizes):
        queue.add(place, Exchange(prompt, "x" * size))
    return queue


def test_a_prompt_larger_than_a_call_is_read_once_for_the_answers_to_it() -> None:
    assert calls(answers_to("?" * 9000, *[40] * 25)) == [list(range(25))]


def test_a_prompt_that_nearly_fills_a_call_is_not_read_again_for_every_few_answers() -> None:
    assert calls(answers_to("?" * 900, *[40] * 25)) == [list(range(25))]
    assert calls(answers_to("?" * 900, *[400] * 5)) == [[0, 1], [2, 3], [4]]


def test_answers_may_be_as_much_as_the_prompt_that_they_share() -> None:
    assert calls(answers_to("?" * 2000, *[400] * 6)) == [[0, 1, 2, 3, 4], [5]]


def test_behind_a_large_prompt_nothing_of_another_waits_for_it() -> None:
    queue = answers_to("?" * 2000, 100, 100)
    queue.add(2, Exchange("Why?", "x" * 3000))
    queue.add(3, Exchange("How?", "x" * 4000))
    assert calls(queue) == [[0, 1], [2], [3]]


def test_the_hash_of_a_prompt_is_taken_once_and_decides_nothing() -> None:
    taken: list[str] = []

    class Counted(str):
        __slots__ = ()

        def __hash__(self) -> int:
            taken.append("")
            return 7

    queue = ReadingQueue[int](most=64, call_size=100)
    for place, prompt in enumerate(["Why?", "How?", "Why?"] * 5):
        queue.add(place, Exchange(Counted(prompt), "x" * 10))
    n = len(taken)
    assert calls(queue) == [[0, 2, 3, 5, 6, 8, 9, 11, 12, 14], [1, 4, 7, 10, 13]]
    assert len(taken) == n


def test_one_at_a_time_is_the_one_due_first() -> None:
    assert calls(queue_of(300, 100, 200, 100, most=1)) == [[1], [3], [2], [0]]


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
