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


def test_a_server_that_wants_to_be_left_alone_for_longer_than_is_waited_for_has_refused_by_its_status():
    async def scene(server):
        with pytest.raises(RequestFailed, match="busy"):
            await with_retries(server, RequestLimits(timeout_s=30.0), patience_s=3.0)
        return asyncio.get_running_loop().time()

    assert run(scene(Server(busy(3.5), "answer"))) == 0.0

    async def patient():
        return await with_retries(Server(busy(3.0), "answer"), RequestLimits(), patience_s=3.0)

    assert run(patient()) == "answer"


def test_what_was_said_before_is_told_where_the_time_is_over():
    with pytest.raises(RequestFailed, match=r"no whole reply within 2 s: before that busy$"):
        attempt(Server(BUSY, 1e9), timeout_s=2.0)
