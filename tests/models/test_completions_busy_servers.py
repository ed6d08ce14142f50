"""Servers that have too much to do: they are sent less and waited for, and no row is lost or read twice for it."""

import itertools
import math
from contextlib import ExitStack

import pytest

from foureyes.batch.engine import LocalEngine
from foureyes.batch.pieces import RowPiece
from foureyes.errors import ModelUnavailable
from foureyes.http import RequestLimits
from foureyes.http.in_flight import InFlightLimit
from foureyes.layouts import LoggedAnswer
from foureyes.models.completions import CompletionsReader, server_pool
from foureyes.models.completions.connection import Connection
from foureyes.models.completions.members import Member, Sending
from foureyes.models.completions.server import ServerWish
from foureyes.models.completions.server_pool import ServerPool
from foureyes.models.token_logprobs import RowFault
from foureyes.types import Exchange, Reading, Unscored
from tests.servers.simulator import Refused, Simulator, SmallServer, send

MANY = [Exchange("Capital of Australia?", f"answer {i}") for i in range(60)]
BUSY = {
    "429": (12, 0.6, (429, {})),
    "503 with Retry-After": (12, 0.6, (503, {"Retry-After": "0.1"})),
    "503, while it answers others": (4, 0.1, (503, {})),
}
"""Rows at once, seconds that each takes, and what is said to one too many."""


@pytest.fixture
def stack():
    with ExitStack() as stack:
        yield stack


def opened(stack, *servers, **options):
    return stack.enter_context(CompletionsReader.open([one.url for one in servers], **options))


def turned_away(wait_s, times=None):
    """Trouble: busy for so many requests, or for all."""
    left = itertools.count() if times is None else iter(range(times))
    headers = {} if wait_s is None else {"Retry-After": str(wait_s)}
    return lambda handler, _: next(left, None) is not None and send(handler, b"", 429, **headers)


class TestCapacity:
    """The largest number at once is looked for at servers that say no to one more."""

    @pytest.mark.parametrize("says", BUSY)
    def test_every_row_is_read_once_and_no_outage_is_seen(self, stack, says):
        server = stack.enter_context(SmallServer(*BUSY[says]))
        reader = opened(stack, server)
        before = server.completed
        rows = reader.read(MANY)
        assert [row for row in rows if not isinstance(row, Reading)] == []
        assert server.n_turned_away > 0
        assert server.completed - before == len(MANY)
        assert reader.outages == 0

    def test_a_server_that_takes_one_request_of_any_kind_reads_all(self, stack):
        server = stack.enter_context(SmallServer(1, 0.002))
        server.everywhere = True
        reader = opened(stack, server)
        assert all(isinstance(row, Reading) for row in reader.read(MANY[:20]))
        assert server.n_turned_away > 0
        assert reader.outages == 0

    def test_a_number_that_is_given_and_too_large_costs_no_row(self, stack):
        server = stack.enter_context(SmallServer(3, 0.02))
        reader = opened(stack, server, limits=RequestLimits(concurrency=8, attempts=1))
        assert all(isinstance(row, Reading) for row in reader.read(MANY))
        assert server.n_turned_away > 0
        assert reader.outages == 0

    def test_two_small_servers_read_what_either_turns_away(self, stack):
        servers = [stack.enter_context(SmallServer(2, 0.02)) for _ in range(2)]
        told = []
        reader = opened(stack, *servers, on_server=told.append)
        assert all(isinstance(row, Reading) for row in reader.read(MANY))
        assert min(one.n_turned_away for one in servers) > 0
        assert told == []

    def test_pieces_that_are_read_at_once_are_read_once(self, stack):
        server = stack.enter_context(SmallServer(4, 0.1))
        reader = opened(stack, server)
        before = server.completed
        answers = [LoggedAnswer(exchange) for exchange in MANY]
        pieces = [RowPiece(None, answers[i : i + 10], ["?"] * 10, (), ends_window=False) for i in range(0, 60, 10)]
        scored = list(LocalEngine([reader]).read(pieces, signals=("log_cmp",), tokens=False))
        assert all("log_cmp" in row[reader.name] for one in scored for row in one.results)
        assert server.completed - before == len(MANY)


class TestWaiting:
    def test_where_all_servers_want_to_be_left_alone_they_are_waited_for(self, stack):
        servers = [stack.enter_context(Simulator()) for _ in range(2)]
        reader = opened(stack, *servers)
        for one in servers:
            one.trouble = turned_away(3.2, times=1)
        before = sum(one.completed for one in servers)
        assert all(isinstance(row, Reading) for row in reader.read(MANY[:8]))
        assert reader.outages == 0
        assert sum(one.completed for one in servers) - before <= 8 + 2 * 8

    def test_a_server_that_wants_to_be_left_alone_for_longer_than_a_row_may_take_is_set_aside(self, stack):
        server = stack.enter_context(Simulator())
        reader = opened(stack, server)
        server.trouble = turned_away(121)
        before = server.completed
        rows = reader.read(MANY)
        assert {row.reason for row in rows} == {"unavailable"}
        assert "wants to be left alone for 121 s" in rows[-1].detail
        assert server.completed - before <= 8
        assert reader.outages == 1
        with pytest.raises(ModelUnavailable, match="is not back"):
            reader.read(MANY)

    def test_a_server_that_answers_nothing_for_as_long_as_a_row_may_take_is_set_aside(self, stack):
        server = stack.enter_context(Simulator())
        reader = opened(stack, server, limits=RequestLimits(timeout_s=5.0, concurrency=4))
        server.trouble = turned_away(None)
        before = server.completed
        rows = reader.read(MANY)
        assert {row.reason for row in rows} == {"unavailable"}
        assert "answered nothing for 5 s" in rows[-1].detail
        assert server.completed - before <= 4 * 8
        assert reader.outages == 1

    def test_a_row_that_is_turned_away_while_others_are_read_is_given_up_alone(self, stack):
        server = stack.enter_context(Simulator())
        reader = opened(stack, server, limits=RequestLimits(timeout_s=2.0, concurrency=2))
        long = Exchange("Capital of Australia?", "x" * 50)

        def too_long(handler, reply):
            return len(reply["choices"][0]["prompt_logprobs"]) > 60 and send(handler, b"", 429)

        server.trouble = too_long
        rows = reader.read([long, *MANY])
        assert "HTTP 429" in rows[0].detail
        assert all(isinstance(row, Reading) for row in rows[1:])
        assert reader.outages == 0

    def test_a_busy_server_is_not_taken_for_one_that_is_gone(self, stack):
        server = stack.enter_context(Simulator())
        reader = opened(stack, server, limits=RequestLimits(attempts=1))
        answer = server.answer

        def busy(path, body):
            if path == "/v1/models":
                raise Refused(429, "too much to do")
            return answer(path, body)

        server.answer = busy
        server.trouble = lambda handler, _: send(handler, b"", 502)
        (row,) = reader.read(MANY[:1])
        assert (row.reason, reader.outages) == ("unavailable", 0)

    def test_a_server_that_is_busy_while_it_is_asked_to_show_more_is_waited_for(self, stack):
        servers = [stack.enter_context(Simulator()) for _ in range(2)]
        told = []
        reader = opened(stack, *servers, shown=3, on_server=told.append)
        servers[0].trouble = turned_away(None, times=2)
        assert all(isinstance(row, Reading) for row in reader.read(MANY, top_k=5))
        assert told == []

    def test_one_that_rests_holds_up_no_call_that_another_has_room_for(self, stack, monkeypatch):
        reader = opened(stack, *(stack.enter_context(Simulator()) for _ in range(2)), shown=3)
        pool = reader._servers
        pool._members[0].rest.until = math.inf
        monkeypatch.setattr(pool._changed, "wait", lambda _: pytest.fail("it waits"))
        assert isinstance(reader.read(MANY[:1])[0], Reading)
        assert isinstance(reader.read(MANY[:1], top_k=5)[0], Reading)

    @pytest.mark.parametrize("top_k", [0, 5])
    def test_a_row_that_waits_for_a_server_which_is_set_aside_meanwhile_is_unavailable(self, stack, monkeypatch, top_k):
        reader = opened(stack, stack.enter_context(Simulator()), shown=3)
        pool = reader._servers
        (member,) = pool._members
        member.rest.until = math.inf
        monkeypatch.setattr(pool._changed, "wait", lambda _: pool._set_aside(member, "gone"))
        (row,) = reader.read(MANY[:1], top_k=top_k)
        assert (row.reason, reader.outages) == ("unavailable", 1)

    def test_one_is_looked_at_after_minutes_however_long_it_wants_to_be_left_alone(self, stack):
        servers = [stack.enter_context(Simulator()) for _ in range(2)]
        reader = opened(stack, *servers)
        servers[0].trouble = turned_away(10**9)
        assert all(isinstance(row, Reading) for row in reader.read(MANY))
        member = reader._servers._members[0]
        assert member.aside is not None
        assert member.looked < reader._servers._clock() + server_pool.LEFT_ALONE_S

    def test_it_rests_by_the_time_that_its_place_is_given_to_the_next(self, stack, monkeypatch):
        server = stack.enter_context(Simulator())
        reader = opened(stack, server)
        pool, rested = reader._servers, []
        (member,), count = pool._members, pool._count

        def counted(sending, *args, **options):
            if sending.question.counted:
                rested.append(member.rest.until > -math.inf)
            count(sending, *args, **options)

        monkeypatch.setattr(pool, "_count", counted)
        server.trouble = turned_away(None, times=1)
        assert isinstance(reader.read(MANY[:1])[0], Reading)
        assert rested == [True, True]

    def test_whether_it_was_busy_is_judged_once(self, stack, monkeypatch):
        server = stack.enter_context(Simulator())
        reader = opened(stack, server, limits=RequestLimits(attempts=1))
        judged = iter([False, True])
        monkeypatch.setattr(Sending, "was_busy", lambda *_: next(judged))
        server.trouble = lambda handler, _: send(handler, b"", 503)
        before = server.completed
        (row,) = reader.read(MANY[:1])
        assert (row.reason, server.completed - before) == ("unavailable", 1)

    def test_closing_it_ends_the_wait(self, stack):
        server = stack.enter_context(Simulator())
        reader = opened(stack, server)

        def closed_meanwhile(handler, _):
            send(handler, b"", 429, **{"Retry-After": "100"})
            reader._servers._closed = True
            with reader._servers._changed:
                reader._servers._changed.notify_all()
            return True

        server.trouble = closed_meanwhile
        (row,) = reader.read(MANY[:1])
        assert row.reason == "unavailable"


class TestAnsweringNothing:
    """A question that waits for longer than one may take, at servers that say once that they are busy."""

    BUSY = RowFault(Unscored("unavailable", "HTTP 429"), status=429, server_wide=True, busy_s=0.0)

    @pytest.fixture
    def pool(self, stack):
        now = itertools.count(step=0.05)
        self.passed_s = 0.0
        servers = [stack.enter_context(Simulator()) for _ in range(2)]
        limits = [InFlightLimit(4, fixed=True, clock=lambda: 0.0) for _ in servers]
        connections = [Connection(one.url, limits=RequestLimits(timeout_s=60.0)) for one in servers]
        pool = ServerPool(connections, ServerWish(None), limits, clock=lambda: next(now) + self.passed_s)
        stack.callback(pool.close)
        return pool.open()

    def test_one_that_is_asked_late_has_not_answered_nothing_since_another_was_busy(self, pool):
        asked = []

        def late(server):
            asked.append(server.facts.url)
            if len(asked) < 3:
                self.passed_s = 70.0 * (len(asked) == 2)
                raise self.BUSY

        pool.read(1, late)
        assert len(set(asked)) == 2
        assert [member.aside for member in pool._members] == [None, None]

    def test_one_that_joined_late_has_not_answered_nothing_since_it_was_busy_before(self, pool):
        member, other = pool._members
        pool._set_aside(other, "gone")
        other.looked = math.inf
        n_asked = []

        def back(_):
            n_asked.append(1)
            if len(n_asked) == 2:
                self.passed_s = 70.0
                pool._set_aside(member, "gone")
                pool._look(member)
            if len(n_asked) < 3:
                raise self.BUSY

        pool.read(1, back)
        assert (len(n_asked), member.aside) == (3, None)


def test_what_was_sent_together_halves_its_limit_once(stack):
    connection = Connection("http://127.0.0.1:9", limits=RequestLimits())
    stack.callback(connection.close)
    member = Member(connection, InFlightLimit(64, clock=lambda: 0.0))
    for now in (10.0, 10.01, 10.02):
        member.turns_away(9.9, now, 0.0)
    assert member.limit.value == 4


def test_what_is_not_counted_is_an_answer_to_rest_by_alone(stack):
    connection = Connection("http://127.0.0.1:9", limits=RequestLimits())
    stack.callback(connection.close)
    member = Member(connection, InFlightLimit(64, clock=lambda: 0.0))
    member.turns_away(9.9, 10.0, 0.0)
    member.answers(42.0, counted=False)
    assert (member.rest.n, member.rest.answered) == (0, -math.inf)
