"""How many requests are under way at once: found by trying, on servers of which it is known what they can take."""

import pytest

from foureyes.errors import InputError
from foureyes.http.in_flight import InFlightLimit


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def serve(limit, clock, capacity, n=4000, *, overload=0.0):
    """A server that takes so many at once, a second each, and loses a share of its speed by every one beyond them."""
    for _ in range(n):
        beyond = max(0, limit.value - capacity)
        clock.now += 1 / (min(limit.value, capacity) * max(0.2, 1 - overload * beyond / capacity))
        limit.answered(100, full=True)


@pytest.mark.parametrize("capacity", [1, 4, 8, 20, 50, 200, 1000])
@pytest.mark.parametrize("overload", [0.0, 0.3])
def test_a_server_is_sent_what_it_gains_from_and_not_twice_that(capacity, overload):
    clock = Clock()
    limit = InFlightLimit(256, clock=clock)
    serve(limit, clock, capacity, overload=overload)
    rates = []
    for _ in range(64):  # trials of more come and go
        serve(limit, clock, capacity, n=limit.value, overload=overload)
        rates.append(limit.value)
    usual = sorted(rates)[len(rates) // 2]
    assert min(256, capacity) * 0.6 <= usual <= max(8, 2 * capacity)


def test_a_given_number_stays():
    clock = Clock()
    limit = InFlightLimit(5, fixed=True, clock=clock)
    serve(limit, clock, 1000, n=200)
    limit.turned_away()
    assert limit.value == limit.most == 5


def test_a_server_that_has_enough_with_less_is_sent_no_more():
    clock = Clock()
    limit = InFlightLimit(64, clock=clock)
    for _ in range(500):
        clock.now += 0.01
        limit.answered(100, full=False)
    assert limit.value == 8


def test_being_turned_away_halves_it_once_until_an_answer():
    clock = Clock()
    limit = InFlightLimit(64, clock=clock)
    for _ in range(8):
        limit.turned_away()
    assert limit.value == 4
    limit.answered(100, full=True)
    limit.turned_away()
    assert limit.value == 2
    for _ in range(5):
        limit.answered(100, full=True)
        limit.turned_away()
    assert limit.value == 1


def test_it_grows_again_after_a_while():
    clock = Clock()
    limit = InFlightLimit(64, clock=clock)
    for _ in range(3):
        limit.answered(100, full=True)
        limit.turned_away()
    assert limit.value == 1
    serve(limit, clock, 64)
    assert limit.value >= 32


def test_replies_in_no_time_are_no_measurement():
    limit = InFlightLimit(64, clock=lambda: 7.0)
    for _ in range(500):
        limit.answered(100, full=True)
    assert limit.value == 8


def test_below_one_is_no_limit():
    with pytest.raises(InputError, match="at least one request"):
        InFlightLimit(0, clock=lambda: 0.0)


def share(limits, clock, n):
    """A machine that does so much a second, for two servers by how much is under way at each; how often each answered."""
    credit, answered = [0.0 for _ in limits], [0 for _ in limits]
    for _ in range(n):
        under_way = [limit.value for limit in limits]
        credit = [had + more / sum(under_way) for had, more in zip(credit, under_way, strict=True)]
        one = credit.index(max(credit))
        credit[one] -= 1
        answered[one] += 1
        clock.now += 0.01
        limits[one].answered(100, full=True, others=max(under_way))
    return answered


def unequal():
    """Two servers of which each was alone, and one had enough with eight."""
    clock = Clock()
    limits = [InFlightLimit(64, clock=clock) for _ in range(2)]
    for limit, capacity in zip(limits, (64, 8), strict=True):
        serve(limit, clock, capacity, n=400)
    assert [limit.value for limit in limits] == [64, 8]
    return limits, clock


def test_of_two_servers_on_one_machine_none_keeps_what_it_won_from_the_other():
    limits, clock = unequal()
    share(limits, clock, 1000)
    assert [limit.value for limit in limits] == [64, 64]
    assert share(limits, clock, 1000) == pytest.approx([500, 500], abs=5)


def test_a_server_that_was_busy_is_not_sent_more_since_another_is():
    limits, clock = unequal()
    limits[1].turned_away()
    share(limits, clock, 1000)
    assert limits[1].value == 4


def test_a_small_server_beside_a_large_one_tries_what_it_gains_nothing_from_again_and_goes_back():
    clock = Clock()
    limit, seen = InFlightLimit(64, clock=clock), set()
    for _ in range(2000):
        clock.now += 1 / min(limit.value, 8)
        limit.answered(100, full=True, others=64)
        seen.add(limit.value)
    assert seen == {8, 16}


def test_a_small_server_beside_a_large_one_is_mostly_sent_what_it_gains_from():
    clock = Clock()
    limit, seen = InFlightLimit(64, clock=clock), []
    for _ in range(4000):
        clock.now += 1 / min(limit.value, 8)
        limit.answered(100, full=True, others=64)
        seen.append(limit.value)
    assert seen.count(8) > 0.8 * len(seen)


def test_what_was_tried_in_vain_is_tried_again_at_once_when_another_is_sent_more():
    clock = Clock()
    limit = InFlightLimit(64, clock=clock)
    seen = {}
    for others in (32, 64):
        seen[others] = []
        for _ in range(200):
            clock.now += 1 / min(limit.value, 8)
            limit.answered(100, full=True, others=others)
            seen[others].append(limit.value)
    assert seen[32][-1] == 8
    assert 16 in seen[64]
