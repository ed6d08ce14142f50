"""Several servers of one model read as one: balanced, relieved where they fail, refused where they are another model."""

import math
import threading
from collections import Counter
from contextlib import ExitStack

import numpy as np
import pytest

from foureyes.batch.engine import read_whole
from foureyes.errors import ConfigError, ModelRefused, ModelUnavailable
from foureyes.http import RequestLimits
from foureyes.http.addresses import KEY_VARIABLE
from foureyes.http.in_flight import InFlightLimit
from foureyes.models.catalog import open_chat, open_reader
from foureyes.models.completions import CompletionsReader, server_pool
from foureyes.models.completions.connection import Connection
from foureyes.models.completions.members import SharedWork
from foureyes.models.completions.server import ServerWish
from foureyes.models.server_use import ServerUse
from foureyes.types import Exchange, Message, Reading, Unscored
from tests.servers.simulator import Refused, Simulator, ToyModel, send, wait_until

QUESTION = "Capital of Australia?"
MANY = [Exchange(QUESTION, f"answer {i}") for i in range(30)]
QUICK = RequestLimits(attempts=1, timeout_s=60.0, concurrency=4)


@pytest.fixture
def stack():
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def servers(stack):
    return [stack.enter_context(Simulator()) for _ in range(2)]


@pytest.fixture
def opened(stack, servers):
    def opened(found=servers, **options):
        options.setdefault("limits", QUICK)
        return stack.enter_context(CompletionsReader.open([one.url for one in found], **options))

    return opened


@pytest.fixture
def told():
    return []


@pytest.fixture
def looks_at_once(monkeypatch):
    """Servers that are aside are looked at whenever another is asked."""
    monkeypatch.setattr(server_pool, "LOOK_EVERY_S", 0.01)


def completions(server, rows=MANY):
    """How often the server was asked to read each of some rows."""
    texts = {tuple(server.model.encode(row.answer)): row.answer for row in rows}
    asked = [tuple(body["prompt"]) for path, body in server.requests if path == "/v1/completions" and "prompt" in body]
    endings = [ids[-len(tail) :] for ids in asked for tail in texts if ids[-len(tail) :] == tail]
    return [texts[ending] for ending in endings]


def same(one, other):
    return isinstance(one, Reading) and all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("token_ids", "spans", "nll", "entropy_low", "entropy_high", "rank", "top1", "missing_mass")
    )


class TestReading:
    def test_both_read_and_the_rows_are_those_of_one_in_their_order(self, servers, opened):
        alone = opened(servers[:1]).read(MANY)
        before = [one.completed for one in servers]
        rows = opened().read(MANY)
        assert all(same(one, other) for one, other in zip(rows, alone, strict=True))
        assert all(one.completed > n for one, n in zip(servers, before, strict=True))

    def test_no_row_is_asked_twice(self, servers, opened):
        rows = [Exchange(QUESTION, f"answer {i:02}") for i in range(40)]
        opened().read(rows)
        asked = completions(servers[0], rows) + completions(servers[1], rows)
        assert sorted(asked) == [row.answer for row in rows]

    def test_who_has_fewer_tokens_under_way_is_asked(self, servers, stack):
        connections = [Connection(one.url, limits=QUICK) for one in servers]
        limits = [InFlightLimit(9, fixed=True, clock=lambda: 0.0) for _ in servers]
        found = server_pool.ServerPool(connections, ServerWish(None), limits)
        stack.callback(found.close)
        found.open()
        asked = []

        def nested(sizes):
            """Reads so many tokens, and while that is under way the next."""
            for n in sizes[:1]:
                found.read(n, lambda server: (asked.append(server.facts.url), nested(sizes[1:])))

        nested([300, 100, 150, 100, 10])
        first, second = (one.url for one in servers)
        assert asked == [first, second, second, second, first]
        nested([5])
        assert asked[-1] == first

    def test_its_name_says_all_addresses_and_its_fingerprint_none(self, servers, opened):
        assert repr([one.url for one in servers]) in repr(opened())
        assert opened().fingerprint == opened(servers[1:]).fingerprint

    def test_as_many_are_under_way_as_a_number_allows(self, servers, opened):
        reader = opened(limits=RequestLimits(concurrency=3))
        under_way, most, lock = [0, 0], [0, 0], threading.Lock()

        def counted(place):
            def count(handler, reply):
                with lock:
                    under_way[place] += 1
                    most[place] = max(most[place], under_way[place])
                threading.Event().wait(0.01)
                with lock:
                    under_way[place] -= 1
                return False

            return count

        for place, one in enumerate(servers):
            one.trouble = counted(place)
        reader.read(MANY)
        assert max(most) <= 3

    def test_threads_may_share_it(self, opened):
        reader, found = opened(), {}
        threads = [threading.Thread(target=lambda i=i: found.update({i: reader.read(MANY)})) for i in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(same(one, other) for i in range(2) for one, other in zip(found[i], found[0], strict=True))


class TestAtOnce:
    """An engine reads all that was sent together in a second, and answers it together."""

    @staticmethod
    def read_together(stack, n_servers, n_rows=None, rounds=12):
        servers = [stack.enter_context(Simulator()) for _ in range(n_servers)]
        now, read = [0.0], Counter()
        limits = [InFlightLimit(32, clock=lambda: now[0]) for _ in servers]
        found = server_pool.ServerPool([Connection(one.url, limits=QUICK) for one in servers], ServerWish(None), limits)
        stack.callback(found.close)
        found.open()

        def together(left):
            """Reads so many rows, all of them under way at once."""
            if left == 0:
                now[0] += 1.0
                return
            found.read(10, lambda server: (read.update([server.facts.url]), together(left - 1)))

        for _ in range(rounds):
            together(n_rows or sum(limit.value for limit in limits))
        return limits, read

    @pytest.mark.parametrize("n_servers", [1, 2, 3])
    def test_servers_that_answer_many_together_are_sent_more_and_equal_ones_the_same(self, stack, n_servers):
        limits, read = self.read_together(stack, n_servers)
        assert [limit.value for limit in limits] == [32] * n_servers
        assert len(set(read.values())) == 1

    def test_servers_that_never_have_as_many_as_they_may_are_sent_no_more(self, stack):
        limits, read = self.read_together(stack, 2, n_rows=14, rounds=40)
        assert [limit.value for limit in limits] == [8, 8]
        assert len(set(read.values())) == 1

    def test_one_that_is_aside_is_none_to_keep_up_with(self, stack, monkeypatch):
        servers = [stack.enter_context(Simulator()) for _ in range(2)]
        limits = [InFlightLimit(32, fixed=fixed, clock=lambda: 0.0) for fixed in (False, True)]
        found = server_pool.ServerPool([Connection(one.url, limits=QUICK) for one in servers], ServerWish(None), limits)
        stack.callback(found.close)
        found.open()
        seen = []
        monkeypatch.setattr(limits[0], "answered", lambda _size, **told: seen.append(told["others"]))
        found.read(10, lambda _: None)
        found._set_aside(found._members[1], "gone")
        found.read(10, lambda _: None)
        assert seen == [32, 8]


def turning_away(status, content=b""):
    return lambda handler, _: send(handler, content, status)


TROUBLES = {
    "busy": turning_away(503),
    "internal error": turning_away(500),
    "not allowed": turning_away(401),
    "garbage": turning_away(200, b"<html>502 Bad Gateway</html>"),
    "another model's name": turning_away(200, b'{"model": "other", "choices": [{"prompt_logprobs": [null]}]}'),
}


class TestFailing:
    def test_one_killed_midway_costs_no_row(self, servers, opened, told):
        alone = opened(servers[:1]).read(MANY)
        reader = opened(on_server=told.append)
        servers[1].dies_after = servers[1].completed + 5
        rows = reader.read(MANY)
        assert all(same(one, other) for one, other in zip(rows, alone, strict=True))
        assert [(change.address, change.state) for change in told] == [(servers[1].url, "aside")]

    @pytest.mark.parametrize("trouble", TROUBLES)
    def test_what_one_fails_at_another_reads(self, servers, opened, trouble):
        reader = opened()
        servers[0].trouble = TROUBLES[trouble]
        assert all(isinstance(row, Reading) for row in reader.read(MANY))

    def test_one_that_wants_to_be_left_alone_for_long_is_not_waited_for_while_another_reads(self, servers, opened):
        reader = opened(limits=RequestLimits(attempts=3, timeout_s=120.0, concurrency=4))
        servers[0].trouble = lambda handler, _: send(handler, b"", 429, **{"Retry-After": "100"})
        assert all(isinstance(row, Reading) for row in reader.read(MANY))
        assert set(Counter(completions(servers[0])).values()) <= {1}

    def test_what_one_hangs_at_another_reads(self, servers, opened):
        reader = opened(limits=RequestLimits(attempts=1, timeout_s=3.0, concurrency=4))
        servers[0].trouble = servers[0].hang
        assert all(isinstance(row, Reading) for row in reader.read(MANY))

    def test_one_that_is_gone_when_more_is_to_be_shown_is_set_aside(self, servers, opened, told):
        reader = opened(shown=3, on_server=told.append)
        servers[0].down = True
        assert all(isinstance(row, Reading) for row in reader.read(MANY, top_k=5))
        assert [(change.address, change.state) for change in told] == [(servers[0].url, "aside")]
        servers[1].down = True
        assert {row.reason for row in reader.read(MANY, top_k=6)} == {"unavailable"}
        with pytest.raises(ModelUnavailable, match=servers[1].url):
            reader.read(MANY, top_k=6)

    def test_that_more_is_shown_is_asked_of_each_once(self, servers, opened):
        reader = opened(shown=3)
        assert all(len(row.alternatives[0]) == 5 for row in reader.read(MANY, top_k=5))
        before = sum(one.completed for one in servers)
        reader.read(MANY, top_k=5)
        reader.read(MANY, top_k=4)
        assert sum(one.completed for one in servers) == before + 2 * len(MANY)

    def test_rows_that_were_lost_as_it_answered_as_another_model_are_read_again(self, servers, opened):
        reader = opened(servers[:1], limits=RequestLimits(concurrency=1))
        left = iter(range(3))
        other = TROUBLES["another model's name"]
        servers[0].trouble = lambda *told: next(left, None) is not None and other(*told)
        rows = read_whole(MANY, {"toy": reader}, signals=(), tokens=False)
        assert reader.outages == 1
        assert [row for row in rows if "unscored" in row["toy"]] == []

    def test_a_row_that_a_server_refuses_is_not_shown_to_others(self, servers, opened):
        reader = opened()
        for one in servers:
            one.trouble = turning_away(400, b'{"error": "no such row"}')
        before = sum(one.completed for one in servers)
        rows = reader.read(MANY[:3])
        assert ["no such row" in row.detail for row in rows] == [True] * 3
        assert sum(one.completed for one in servers) == before + 3

    def test_messages_the_template_refuses_are_so_everywhere(self, servers, opened):
        (row,) = opened().read([Exchange((Message("user", "raise from the template"),), "x")])
        assert row.reason == "template"
        refused = [
            body for one in servers for _, body in one.requests if body and "raise from" in str(body.get("messages"))
        ]
        assert len(refused) == 1

    def test_a_row_is_asked_of_each_server_once_at_most(self, servers, opened):
        reader = opened()
        for one in servers:
            one.trouble = turning_away(500)
        before = sum(one.completed for one in servers)
        (row,) = reader.read(MANY[:1])
        assert row.reason == "unavailable"
        assert sum(one.completed for one in servers) == before + 2

    def test_when_all_are_gone_the_rest_is_unavailable_and_the_next_call_says_so(self, servers, opened):
        reader = opened()
        for one in servers:
            one.down = True
        rows = reader.read(MANY * 10)
        assert {row.reason for row in rows} == {"unavailable"}
        assert "not asked" in rows[-1].detail
        assert reader.outages == 1
        with pytest.raises(ModelUnavailable, match="is not back") as caught:
            reader.read(MANY)
        assert all(one.url in str(caught.value) for one in servers)
        servers[1].down = False
        assert all(isinstance(row, Reading) for row in reader.read(MANY))

    def test_a_look_that_somebody_else_had_done_meanwhile_is_not_done_again(self, servers, opened, monkeypatch):
        reader, looks = opened(), []
        for one in servers:
            one.down = True
        reader.read(MANY)
        for one in servers:
            one.down = False
        pool = reader._servers
        look, shared = pool._look, pool._looks.shared

        def late(work):
            """Whoever comes when another's look is over, having seen before it that none is well."""
            monkeypatch.setattr(pool._looks, "shared", shared)
            pool.look_again()
            return shared(work)

        monkeypatch.setattr(pool, "_look", lambda member: (looks.append(member), look(member))[1])
        monkeypatch.setattr(pool._looks, "shared", late)
        pool.look_again()
        assert len(looks) == len(servers)

    def test_the_first_row_that_all_fail_at_tells_that_they_are_gone(self, servers, opened):
        reader = opened()
        for one in servers:
            one.down = True
        with pytest.raises(ModelUnavailable, match="is not back"):
            read_whole(MANY[:1], {"toy": reader}, signals=(), tokens=False)

    def test_a_row_that_is_too_much_for_those_that_are_there_is_unavailable(self, servers, opened):
        reader = opened()
        for one in servers:
            one.trouble = turning_away(503)
        (row,) = reader.read(MANY[:1])
        assert (row.reason, reader.outages) == ("unavailable", 0)

    def test_closing_it_ends_what_is_under_way(self, servers, opened):
        reader, found = opened(), []
        for one in servers:
            one.trouble = one.hang
        thread = threading.Thread(target=lambda: found.append(_outcome(reader)))
        thread.start()
        wait_until(lambda: any(one.completed > 4 for one in servers))
        reader.close()
        thread.join(30)
        assert not thread.is_alive()
        assert isinstance(found[0], RuntimeError) or found[0][0].reason == "unavailable"


def _outcome(reader):
    try:
        return reader.read(MANY[:1])
    except RuntimeError as error:
        return error


class TestJoining:
    @pytest.mark.usefixtures("looks_at_once")
    def test_one_that_is_down_at_the_start_joins_when_it_is_up(self, servers, opened, told):
        servers[1].down = True
        reader = opened(on_server=told.append)
        assert all(isinstance(row, Reading) for row in reader.read(MANY))
        assert servers[1].completed == 0
        servers[1].down = False
        wait_until(lambda: reader.read(MANY[:1]) and [change.state for change in told] == ["aside", "joined"], 60)
        before = servers[1].completed
        assert all(isinstance(row, Reading) for row in reader.read(MANY))
        assert servers[1].completed > before

    @pytest.mark.parametrize(("status", "error"), [(503, ModelUnavailable), (400, ModelRefused)])
    def test_one_that_fails_while_its_template_is_tried_is_an_error_with_its_name(self, servers, opened, status, error):
        answer = servers[0].answer

        def answered(path, body):
            if path == "/tokenize" and "strict" in body.get("chat_template_kwargs", {}):
                raise Refused(status, "no such template")
            return answer(path, body)

        servers[0].answer = answered
        with pytest.raises(error, match=f"{servers[0].url}.*no such template"):
            opened(servers[:1], template_args={"strict": True})

    @pytest.mark.usefixtures("looks_at_once")
    def test_where_no_thread_can_be_started_the_others_read_and_it_is_looked_at_later(
        self, servers, opened, told, monkeypatch
    ):
        servers[1].down = True
        reader = opened(on_server=told.append)
        servers[1].down = False
        start = threading.Thread.start

        def no_look(thread):
            if thread.name == "foureyes-look":
                raise RuntimeError("can't start new thread")
            start(thread)

        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", no_look)
            assert all(isinstance(row, Reading) for row in reader.read(MANY))
        assert [change.state for change in told] == ["aside"]
        wait_until(lambda: reader.read(MANY[:1]) and [change.state for change in told] == ["aside", "joined"], 60)

    def test_none_that_answers_is_no_reader(self, servers, opened):
        for one in servers:
            one.down = True
        with pytest.raises(ModelUnavailable, match="none of 2 servers answers") as caught:
            opened()
        assert all(one.url in str(caught.value) for one in servers)

    @pytest.mark.usefixtures("looks_at_once")
    def test_one_that_is_aside_is_looked_at_while_the_others_rest(self, opened):
        reader = opened()
        resting, aside = reader._servers._members
        resting.rest.until = math.inf
        reader._servers._set_aside(aside, "gone")
        assert isinstance(reader.read(MANY[:1])[0], Reading)

    @pytest.mark.usefixtures("looks_at_once")
    def test_one_that_comes_back_as_another_model_is_refused_and_asked_no_more(self, servers, opened, told):
        reader = opened(on_server=told.append)
        servers[1].down = True
        wait_until(lambda: all(isinstance(row, Reading) for row in reader.read(MANY)) and told, 60)
        servers[1].model.salt = "other weights"
        servers[1]._computed.cache_clear()
        servers[1].down = False
        wait_until(lambda: reader.read(MANY[:1]) and told[-1].state == "refused", 60)
        assert "its numbers differ from those of" in told[-1].why
        assert servers[1].url in told[-1].why
        asked = len(servers[1].requests)
        assert all(isinstance(row, Reading) for row in reader.read(MANY))
        assert len(servers[1].requests) == asked

    def test_the_only_one_that_comes_back_as_another_model_is_an_error_with_its_name(self, servers, opened):
        reader = opened(servers[:1])
        servers[0].down = True
        assert {row.reason for row in reader.read(MANY)} == {"unavailable"}
        servers[0].down, servers[0].names = False, ["other"]
        with pytest.raises(ModelRefused, match=f"{servers[0].url}.*other"):
            reader.read(MANY)


class TestOneModel:
    @pytest.mark.parametrize(
        ("other", "words"),
        [
            (lambda: Simulator(ToyModel(salt="other weights")), "its numbers differ"),
            (lambda: Simulator(ToyModel(template=False)), "having a chat template"),
            (lambda: Simulator(context=300), "its context is 299"),
            (lambda: Simulator(most=5), "number of tokens shown is 5"),
            (lambda: Simulator(kind="sglang"), "dialect is sglang"),
        ],
        ids=["weights", "template", "context", "shown", "dialect"],
    )
    def test_another_one_is_refused_with_what_makes_it_another(self, servers, opened, stack, other, words):
        strange = stack.enter_context(other())
        with pytest.raises(ModelRefused, match=words) as caught:
            opened([servers[0], strange])
        assert servers[0].url in str(caught.value)
        assert strange.url in str(caught.value)

    def test_another_tokenizer_is_refused(self, servers, opened):
        servers[1].model.encode = lambda text: list(text.encode())[:1] * 3
        with pytest.raises(ModelRefused, match=servers[1].url):
            opened()

    def test_another_name_is_refused(self, servers, opened):
        servers[1].names = ["other"]
        with pytest.raises(ModelRefused, match=f"{servers[1].url}.*its model is other"):
            opened()

    def test_a_servers_own_words_are_shown_on_one_line(self, servers, opened):
        servers[1].names = ["other\x1b[2J\nmodel"]
        with pytest.raises(ModelRefused, match=r"its model is other \[2J model"):
            opened()

    def test_a_name_that_one_does_not_serve_is_refused(self, servers, opened):
        servers[1].names = ["other"]
        with pytest.raises(ModelRefused, match=f"{servers[1].url}: wanted model 'toy'; it serves other"):
            opened(model="toy")

    def test_nothing_was_read_by_then(self, servers, opened):
        servers[1].names = ["other"]
        with pytest.raises(ModelRefused):
            opened()
        assert completions(servers[0]) == completions(servers[1]) == []


class TestAddresses:
    def test_a_reference_names_several(self, servers, stack):
        reader = open_reader(",".join(f"{one.url}/v1" for one in servers) + "#toy", servers=ServerUse(at_once=2))
        stack.enter_context(reader)
        assert all(isinstance(row, Reading) for row in reader.read(MANY))
        assert all(one.completed > 3 for one in servers)

    def test_a_model_that_is_talked_to_has_one(self, servers):
        with pytest.raises(ConfigError, match="wanted one address, got 2"):
            open_chat(",".join(one.url for one in servers))

    @pytest.mark.parametrize(
        ("urls", "words"),
        [
            ([], "at least one server"),
            (["http://a", "http://a/v1"], "got http://a twice"),
            (["http://a#x", "http://b#y"], "the names x, y"),
            (["http://a", "ftp://b"], "wanted an address like"),
        ],
    )
    def test_what_cannot_be_meant_is_refused(self, urls, words):
        with pytest.raises(ConfigError, match=words):
            CompletionsReader.open(urls)


class TestKeys:
    def test_each_is_sent_its_own_and_no_other(self, servers, opened, monkeypatch):
        monkeypatch.setenv(KEY_VARIABLE, "of-the-environment")
        opened(api_key={f"{servers[0].url}/v1": "of-the-first"}).read(MANY)
        assert servers[0].headers["Authorization"] == "Bearer of-the-first"
        assert "Authorization" not in servers[1].headers

    def test_one_key_for_all_is_sent_to_all(self, servers, opened, monkeypatch):
        monkeypatch.setenv(KEY_VARIABLE, "of-the-environment")
        opened().read(MANY)
        assert {one.headers["Authorization"] for one in servers} == {"Bearer of-the-environment"}

    def test_a_key_for_nobody_is_refused_unseen(self, opened):
        with pytest.raises(ConfigError, match="is none of") as caught:
            opened(api_key={"http://elsewhere": "sk-123"})
        assert "sk-123" not in str(caught.value)

    def test_it_is_in_no_name_and_no_message(self, servers, opened):
        reader = opened(api_key={servers[0].url: "sk-123"})
        servers[0].trouble = turning_away(400, b"no sk-123 here")
        servers[1].down = True
        rows = reader.read(MANY)
        seen = " ".join(row.detail for row in rows if isinstance(row, Unscored))
        assert "[key]" in seen
        assert "sk-123" not in repr(reader) + reader.fingerprint + seen


class TestSharedWork:
    def test_what_was_done_while_somebody_waited_is_not_done_again_for_him(self):
        work, done = SharedWork(), []

        class Lock:
            """Whoever waits for it waits until somebody else has had the work done."""

            def __enter__(self):
                work._lock = threading.Lock()
                work.shared(lambda: done.append("by another"))

            def __exit__(self, *_):
                pass

        work._lock = Lock()
        work.shared(lambda: done.append("again"))
        assert done == ["by another"]
        work.shared(lambda: done.append("later"))
        assert done == ["by another", "later"]

    def test_work_that_fails_is_done_by_the_next(self):
        work = SharedWork()
        with pytest.raises(ZeroDivisionError):
            work.shared(lambda: 1 / 0)
        assert work.shared(lambda: 7) == 7
