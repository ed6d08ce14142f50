"""How long a busy server is left alone."""

import pytest

from foureyes.http.busy import BusyRest


def test_what_was_sent_together_is_turned_away_once():
    rest = BusyRest()
    times = [rest.begins(9.9, now, 0.0) for now in (10.0, 10.01, 10.02, 10.03, 10.04, 10.05, 10.06, 10.07)]
    assert times == [True] + [False] * 7
    assert rest.n == 1
    assert 10.1 <= rest.until <= 10.2


def test_it_grows_until_the_server_answers():
    rest, lengths = BusyRest(), []
    for now in (10.0, 20.0, 30.0, 40.0):
        rest.begins(now - 0.1, now, 0.0)
        lengths.append(rest.until - now)
    assert all(least <= length <= least + 0.1 for least, length in zip((0.1, 0.2, 0.4, 0.8), lengths, strict=True))
    rest.answers(42.0)
    rest.begins(49.9, 50.0, 0.0)
    assert 50.1 <= rest.until <= 50.2


def test_it_lasts_for_as_long_as_the_server_wants_at_least():
    rest = BusyRest()
    rest.begins(9.9, 10.0, 7.0)
    rest.begins(9.9, 10.1, 3.0)
    assert rest.until == 17.0


@pytest.mark.parametrize(
    ("answered", "now", "wanted_s", "too_long"),
    [
        (None, 10.0, 0.0, False),
        (None, 10.0, 21.0, True),  # wants more
        (None, 29.0, 5.0, True),  # answered nothing
        (10.0, 29.0, 5.0, False),
        (9.0, 29.0, 5.0, True),  # not since it was asked
    ],
)
def test_it_is_too_long_where_the_server_wants_that_or_answers_nothing(answered, now, wanted_s, too_long):
    rest = BusyRest()
    if answered is not None:
        rest.answers(answered)
    rest.begins(now - 0.1, now, wanted_s)
    assert rest.is_too_long(10.0, wanted_s, 20.0) is too_long
