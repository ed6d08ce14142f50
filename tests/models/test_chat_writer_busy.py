"""A writer whose provider has too much to do: it is left alone and asked again, by a clock that does not wait."""

import asyncio

import pytest

from bench.virtual import run
from foureyes.errors import ModelRefused, ModelUnavailable
from foureyes.models.chat import ChatReply
from foureyes.models.chat.writer import ChatWriter
from foureyes.models.roles import Sampling
from foureyes.types import Unscored, Written


def busy(wanted_s=0.0):
    return ModelUnavailable("HTTP 429", model="toy", status=429, busy_s=wanted_s)


class Provider:
    """Takes a second for each request, unless that says otherwise, and then does what it is told to.

    Args:
        acts: by what is asked, what is done with it one time after the other, the last of them for good: an error, or seconds and an
            error. What is not named is answered.
    """

    provider = name = fingerprint = "toy"

    def __init__(self, **acts):
        self._acts = {words: list(one) for words, one in acts.items()}
        self.asked = []

    async def say(self, request):
        words = request.messages[0].content
        self.asked.append((words, asyncio.get_running_loop().time()))
        acts = self._acts.get(words, [None])
        act = acts.pop(0) if len(acts) > 1 else acts[0]
        takes_s, error = act if isinstance(act, tuple) else (1.0, act)
        await asyncio.sleep(takes_s)
        if error is not None:
            raise error
        return [ChatReply("yes")]

    def times(self, words):
        return [at for asked, at in self.asked if asked == words]

    async def aclose(self):
        pass


@pytest.fixture
def written(monkeypatch):
    """What becomes of some rows, and when that is known."""
    opened = []

    def written(provider, prompts, **options):
        writer = ChatWriter(provider, **options)
        opened.append(writer)
        ended = []

        async def scene(work):
            try:
                return await work
            finally:
                ended.append(asyncio.get_running_loop().time())

        with monkeypatch.context() as patch:
            patch.setattr(writer._loop, "run", lambda work: run(scene(work)))
            try:
                return [row for (row,) in writer.write(prompts, Sampling())]
            finally:
                written.ended = ended[0]

    yield written
    for one in opened:
        one.close()


def test_a_row_that_is_turned_away_is_asked_again_when_the_provider_has_rested(written):
    provider = Provider(a=[busy(30.0), busy(30.0), None])
    assert isinstance(written(provider, ["a"])[0], Written)
    assert provider.times("a") == pytest.approx([0.0, 31.0, 62.0])


def test_others_leave_it_alone_too(written):
    provider = Provider(a=[busy(30.0), None], b=[(5.0, None)])
    assert all(isinstance(row, Written) for row in written(provider, ["a", "b", "c"], concurrency=2))
    assert provider.times("c") == pytest.approx([31.0])


def test_rests_grow_and_an_answer_makes_them_short_again(written):
    provider = Provider(a=[*[busy()] * 5, None], b=[busy(), None])
    written(provider, ["a", "b"], concurrency=1)
    rests = [
        later - earlier - 1.0 for (_, earlier), (_, later) in zip(provider.asked, provider.asked[1:], strict=False)
    ]
    least = [0.1, 0.2, 0.4, 0.8, 1.6, 0.0, 0.1]
    assert all(n <= rest <= n + 0.1 for n, rest in zip(least, rests, strict=True))


def test_what_was_sent_together_is_turned_away_once(written):
    prompts = list("abcdefgh")
    provider = Provider(**{one: [busy(), None] for one in prompts})
    assert all(isinstance(row, Written) for row in written(provider, prompts))
    assert all(provider.times(one)[1] <= 1.2 for one in prompts)


@pytest.mark.parametrize("n", [1, 50])
def test_one_that_is_busy_for_good_is_gone(written, n):
    provider = Provider(a=[busy()])
    with pytest.raises(ModelUnavailable, match="HTTP 429"):
        written(provider, ["a"] * n, busy_timeout_s=60.0)
    assert 55 < written.ended <= 62
    assert len(provider.asked) <= 8 * 20


def test_one_that_wants_to_be_left_alone_for_too_long_wakes_whoever_waits(written):
    provider = Provider(a=[busy(100.0)], b=[(5.0, busy(1000.0))])
    with pytest.raises(ModelUnavailable, match="HTTP 429"):
        written(provider, ["a", "b", "c"], concurrency=2)
    assert written.ended == pytest.approx(5.0)


def test_one_that_lets_nobody_in_wakes_whoever_waits(written):
    refused = ModelRefused("HTTP 401", model="toy", status=401)
    provider = Provider(a=[busy(100.0)], b=[(2.0, refused)])
    with pytest.raises(ModelRefused, match="HTTP 401"):
        written(provider, ["a", "b", "b", "b", "c"], concurrency=4)
    assert written.ended == pytest.approx(2.0)


def test_what_waited_says_why_and_what_was_never_asked_says_that(written):
    provider = Provider(a=[busy(100.0)], b=[(5.0, busy(1000.0))])
    done, waited, last, never = written(provider, ["ok", "a", "b", "c"], concurrency=3)
    assert isinstance(done, Written)
    assert (waited.detail, last.detail) == ("HTTP 429", "HTTP 429")
    assert "not asked" in never.detail


def test_a_row_that_is_turned_away_while_others_are_answered_is_given_up_alone(written):
    provider = Provider(a=[busy()])
    rows = written(provider, ["a", *["ok"] * 100], concurrency=2, busy_timeout_s=10.0)
    assert isinstance(rows[0], Unscored)
    assert all(isinstance(row, Written) for row in rows[1:])
    assert 5 <= len(provider.times("a")) <= 15
    assert provider.times("a")[-1] >= 10.0


def refuses_meanwhile(error):
    """Turns one row away for good, and fails at two others, one after the other."""
    return Provider(a=[busy()], no=[(12.0, error)]), ["a", "no", "no", "late"]


def test_a_refusal_is_an_answer(written):
    provider, prompts = refuses_meanwhile(ModelRefused("HTTP 400", model="toy", status=400))
    *_, late = written(provider, prompts, concurrency=2, busy_timeout_s=20.0)
    assert isinstance(late, Written)


def test_a_failure_of_the_provider_is_no_answer(written):
    provider, prompts = refuses_meanwhile(ModelUnavailable("HTTP 500", model="toy", status=500))
    with pytest.raises(ModelUnavailable, match="HTTP 429"):
        written(provider, prompts, concurrency=2, busy_timeout_s=20.0)
    assert provider.times("late") == []
