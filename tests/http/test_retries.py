"""One call to a server: a few attempts, one deadline."""

import asyncio

import pytest

from bench.virtual import run
from foureyes.errors import InputError
from foureyes.http import RequestLimits
from foureyes.http.error_text import cleaned, message_of
from foureyes.http.failures import RequestFailed, failure_of_status
from foureyes.http.retries import with_retries

BUSY = RequestFailed("busy", "unavailable", retryable=True)


class Server:
    """Does one thing after another: raises, waits a number of seconds, or answers."""

    def __init__(self, *acts):
        self.acts, self.calls = list(acts), 0

    async def __call__(self):
        self.calls += 1
        act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
        if isinstance(act, BaseException):
            raise act
        if isinstance(act, float):
            await asyncio.sleep(act)
        return act


def attempt(server, **limits):
    async def scene():
        return await with_retries(server, RequestLimits(**limits)), asyncio.get_running_loop().time()

    return run(scene())


def test_an_answer_comes_back_at_once():
    assert attempt(Server("answer")) == ("answer", 0.0)


def test_what_may_succeed_later_is_repeated():
    server = Server(BUSY, BUSY, "answer")
    assert attempt(server, attempts=3)[0] == "answer"
    assert server.calls == 3


def test_the_last_failure_is_raised_when_attempts_run_out():
    server = Server(BUSY)
    with pytest.raises(RequestFailed, match="busy"):
        attempt(server, attempts=4)
    assert server.calls == 4


@pytest.mark.parametrize("error", [RequestFailed("no", "refused"), RequestFailed("odd"), KeyError("a bug")])
def test_anything_else_is_raised_and_not_repeated(error):
    server = Server(error)
    with pytest.raises(type(error)):
        attempt(server, attempts=4)
    assert server.calls == 1


def test_everything_together_ends_at_the_deadline():
    async def scene(server, **limits):
        loop = asyncio.get_running_loop()
        with pytest.raises(RequestFailed, match=r"no whole reply within 2 s") as caught:
            await with_retries(server, RequestLimits(timeout_s=2.0, **limits))
        assert caught.value.retryable
        return loop.time()

    assert run(scene(Server(1e9))) == 2.0
    assert run(scene(Server(BUSY), attempts=10_000)) == 2.0


def test_being_cancelled_is_passed_on():
    async def scene():
        task = asyncio.create_task(with_retries(Server(1e9), RequestLimits()))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(scene())


@pytest.mark.parametrize("wrong", [{"timeout_s": 0}, {"attempts": 0}, {"concurrency": 0}, {"max_bytes": 0}])
def test_limits_are_valid_once_built(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        RequestLimits(**wrong)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"error": {"message": "no such model"}}', "no such model"),
        (b'{"error": "no such model"}', "no such model"),
        (b'{"message": "no such model"}', "no such model"),
        (b'{"detail": [{"msg": "x"}]}', '[{"msg": "x"}]'),
        (b"slow down", "slow down"),
        (b"[" * 50_000, "[" * 50_000),
        (b"\xff", "\ufffd"),
        (b"", ""),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_the_sentence_of_an_error_reply_is_found(content, words):
    assert message_of(content) == words


def test_foreign_words_are_one_short_line_without_the_secret():
    line = cleaned("a\nb\x1b[2J\u202e key sk-1 " + "long " * 200, secret="sk-1")
    assert line.startswith("a b [2J key [key] long")
    assert line.isprintable()
    assert len(line) == 301


def busy(wait_s):
    return RequestFailed("busy", "unavailable", retryable=True, retry_after_s=wait_s)


def test_a_server_is_left_alone_for_as_long_as_it_wants():
    answer, at = attempt(Server(busy(7.0), "answer"), timeout_s=30.0)
    assert (answer, at) == ("answer", 7.0)
    assert attempt(Server(busy(0.0), "answer"), timeout_s=30.0)[1] < 1


@pytest.mark.parametrize("wait_s", [30.0, 1e9])
def test_a_server_that_wants_to_be_left_alone_until_the_time_is_over_has_refused_by_its_status(wait_s):
    failure = failure_of_status(429, "slow down", retry_after=f"{wait_s:.0f}")
    server = Server(failure, "answer")
    with pytest.raises(RequestFailed, match="HTTP 429: slow down"):
        attempt(server, timeout_s=30.0)
    assert server.calls == 1


DATE = "Wed, 21 Oct 2015 07:28:00 GMT"


@pytest.mark.parametrize(
    ("said", "date", "seconds"),
    [
        ("Wed, 21 Oct 2015 07:29:30 GMT", DATE, 90.0),
        ("Wednesday, 21-Oct-15 07:29:30 GMT", DATE, 90.0),
        ("Wed Oct 21 07:29:30 2015", DATE, 90.0),
        ("Wed, 21 Oct 2015 07:27:00 GMT", DATE, 0.0),
        ("Wed, 21 Oct 2015 07:29:30 GMT", None, None),
        ("Wed, 21 Oct 2015 07:29:30 GMT", "lately", None),
        ("Wed, 41 Oct 2015 07:29:30 GMT", DATE, None),
        ("30", DATE, 30.0),
        ("", DATE, None),
        (None, DATE, None),
    ],
)
def test_a_date_from_when_on_a_server_may_be_asked_is_counted_from_that_of_its_reply(said, date, seconds):
    assert failure_of_status(503, "", retry_after=said, date=date).retry_after_s == seconds


@pytest.mark.parametrize(
    ("status", "retry_after", "busy"),
    [
        (429, None, True),
        (529, None, True),
        (503, "1", True),
        (503, None, False),
        (502, None, False),
        (500, "1", False),
        (404, "1", False),
    ],
)
def test_a_server_that_is_there_and_has_too_much_to_do_is_busy(status, retry_after, busy):
    assert failure_of_status(status, "", retry_after=retry_after).busy is busy


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        (["insufficient_quota"], "refused"),
        (["billing_not_active"], "refused"),
        (["rate_limit_exceeded"], "unavailable"),
    ],
)
def test_an_account_without_credit_is_refused_for_good(codes, kind):
    failure = failure_of_status(429, "", codes=codes, retry_after="1")
    waits = kind == "unavailable"
    assert (failure.kind, failure.retryable, failure.busy, failure.server_wide) == (kind, waits, waits, True)


def test_whoever_waits_himself_is_told_at_once():
    async def scene(server):
        with pytest.raises(RequestFailed, match="busy"):
            await with_retries(server, RequestLimits(attempts=3), worth=lambda failure: failure is not BUSY)
        return asyncio.get_running_loop().time()

    server = Server(busy(2.0), BUSY, "answer")
    assert (run(scene(server)), server.calls) == (2.0, 2)


def test_what_was_said_before_is_told_where_the_time_is_over():
    with pytest.raises(RequestFailed, match=r"no whole reply within 2 s: before that busy$"):
        attempt(Server(BUSY, 1e9), timeout_s=2.0)
