"""A host of several addresses: what does not answer holds up nothing, and nothing is left behind."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bench.virtual import run
from foureyes.http import RequestLimits
from foureyes.http.dialling import NEXT_S, dial, first_of, in_turn
from foureyes.http.pool import ConnectionPool, NotSent

FAMILIES = {"four": socket.AF_INET, "six": socket.AF_INET6}


class Attempts:
    """Attempts that end as a script says, and what became of them.

    Attributes:
        began: the seconds at which each began.
        given_up: those that were ended before they came to anything.
        made: the sockets of those that succeeded.
    """

    def __init__(self, **script: float | Exception) -> None:
        """Seconds until an attempt succeeds, or what it raises at once."""
        self.script = script
        self.began: dict[str, float] = {}
        self.given_up: list[str] = []
        self.made: dict[str, socket.socket] = {}

    def all(self) -> list[Callable[[], Any]]:
        return [lambda name=name: self.attempt(name) for name in self.script]

    async def attempt(self, name: str) -> socket.socket:
        loop, act = asyncio.get_running_loop(), self.script[name]
        self.began[name] = loop.time()
        if isinstance(act, Exception):
            raise act
        try:
            await asyncio.sleep(act)
        except asyncio.CancelledError:
            self.given_up.append(name)
            raise
        self.made[name] = socket.socket()
        return self.made[name]

    def taken(self) -> str:
        """The one that is taken; all others are closed by then."""

        async def scene() -> socket.socket:
            found = await first_of(self.all())
            await asyncio.sleep(1)
            return found

        found = run(scene())
        open_ones = [name for name, one in self.made.items() if one.fileno() >= 0]
        assert [self.made[name] for name in open_ones] == [found]
        found.close()
        return open_ones[0]


def refused(words: str) -> OSError:
    return ConnectionRefusedError(111, words)


def test_the_next_is_tried_while_one_does_not_answer() -> None:
    attempts = Attempts(hole=1e9, live=0.01)
    assert attempts.taken() == "live"
    assert attempts.began == {"hole": 0.0, "live": NEXT_S}
    assert attempts.given_up == ["hole"]


def test_the_next_is_tried_at_once_where_one_fails() -> None:
    attempts = Attempts(closed=refused("nobody"), live=0.01)
    assert attempts.taken() == "live"
    assert attempts.began["live"] == 0.0


def test_one_that_answers_late_is_taken_where_the_next_does_not_answer_before() -> None:
    attempts = Attempts(slow=0.4, hole=1e9, never=1e9)
    assert attempts.taken() == "slow"
    assert sorted(attempts.given_up) == ["hole"]


def test_of_two_that_answer_together_one_is_closed() -> None:
    attempts = Attempts(first=NEXT_S + 0.5, second=0.5)
    attempts.taken()
    assert len(attempts.made) == 2


def test_the_last_is_waited_for_however_long_it_takes() -> None:
    assert Attempts(closed=refused("nobody"), slow=30.0).taken() == "slow"


def test_where_none_answers_all_reasons_are_told_once() -> None:
    with pytest.raises(OSError, match=r"none of 3 addresses answers: \[Errno 111\] here; \[Errno 111\] there$"):
        Attempts(a=refused("here"), b=refused("there"), c=refused("here")).taken()
    with pytest.raises(ConnectionRefusedError, match="here"):
        Attempts(a=refused("here")).taken()
    with pytest.raises(OSError, match="no address"):
        Attempts().taken()
    with pytest.raises(KeyError):
        Attempts(a=refused("here"), b=KeyError("a bug")).taken()


def test_who_is_cancelled_leaves_nothing_behind() -> None:
    attempts = Attempts(slow=0.6, hole=1e9, never=1e9)

    async def scene() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(NEXT_S * 1.5):
                await first_of(attempts.all())
        await asyncio.sleep(1)

    run(scene())
    assert sorted(attempts.given_up) == ["hole", "slow"]
    assert not attempts.made


def found(*families: str, port: int = 1) -> list[Any]:
    return [(FAMILIES[one], socket.SOCK_STREAM, 6, "", (f"address {i}", port)) for i, one in enumerate(families)]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["six", "six", "four", "four"], [0, 2, 1, 3]),
        (["four", "six", "six", "six"], [0, 1, 2, 3]),
        (["four", "four", "six"], [0, 2, 1]),
        (["four"], [0]),
        ([], []),
    ],
)
def test_families_take_turns_and_the_resolvers_first_is_the_first(given: list[str], wanted: list[int]) -> None:
    assert [one[4][0] for one in in_turn(found(*given))] == [f"address {i}" for i in wanted]


def test_no_more_than_so_many_addresses_are_tried() -> None:
    assert len(in_turn(found(*["six"] * 500, "four"))) == 16


@contextmanager
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as one:
        yield one.getsockname()[1]


@contextmanager
def black_hole() -> Iterator[int]:
    """A port of this machine where nothing that is sent is answered, as more wait there than it takes."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        try:
            for each in waiting:
                each.settimeout(0)
                each.connect_ex(one.getsockname())
            yield one.getsockname()[1]
        finally:
            for each in waiting:
                each.close()


def answer(*ports: int) -> Callable[..., Any]:
    async def resolve(host: str, port: int, **_: Any) -> list[Any]:
        assert (host, port) == ("two.example", 80)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", one)) for one in ports]

    return resolve


def test_a_host_is_reached_though_the_first_of_its_addresses_loses_all_that_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scene(hole: int, live: int) -> Any:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", answer(hole, live))
        one = await dial("two.example", 80)
        with one:
            return one.getpeername()

    with black_hole() as hole, listening() as live:
        assert asyncio.run(scene(hole, live)) == ("127.0.0.1", live)


def test_a_host_of_which_no_address_answers_is_a_connection_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(*ports: int) -> None:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", answer(*ports))
        pool = ConnectionPool("http://two.example/v1", limits=RequestLimits(), proxies=False)
        async with pool.request("GET", ""):
            pass

    with listening() as first, listening() as second:
        ports = first, second
    with pytest.raises(NotSent, match=r"the connection failed.*none of 2 addresses answers"):
        asyncio.run(scene(*ports))


def test_an_address_is_dialled_without_a_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(port: int) -> Any:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", None)
        with await dial("127.0.0.1", port) as one:
            return one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    with listening() as port:
        assert asyncio.run(scene(port))
