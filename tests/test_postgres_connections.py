"""Connections that are used again, at a real server."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from foureyes.errors import InputError
from foureyes.postgres.connections import Connections
from foureyes.postgres.place import PostgresPlace
from tests.postgres import administrate, postgres_url

__all__ = ["postgres_url"]


@pytest.fixture(name="connections")
def open_connections(postgres_url: str) -> Iterator[Connections]:
    connections = Connections(PostgresPlace.of(postgres_url, application_name="tested"))
    yield connections
    connections.close()


def process(connection: psycopg.Connection) -> int:
    return connection.info.backend_pid


def test_the_next_one_gets_the_same(connections: Connections) -> None:
    with connections.lent() as first:
        served = process(first)
    with connections.lent() as again, connections.lent() as other:
        assert process(again) == served
        assert process(other) != served


def test_no_more_are_kept_than_was_said(connections: Connections) -> None:
    with connections.lent() as one, connections.lent() as two, connections.lent() as three:
        several = [one, two, three]
    assert [connection.closed for connection in several].count(False) == 2
    connections.close()
    assert all(connection.closed for connection in several)


def test_one_that_comes_back_after_the_end_is_closed(connections: Connections) -> None:
    with connections.lent() as connection:
        connections.close()
    assert connection.closed


def test_one_that_the_server_ended_is_not_handed_out(connections: Connections) -> None:
    with connections.lent() as first:
        ended = process(first)
    administrate("SELECT pg_terminate_backend(%s, 60000)", ended)
    with connections.lent() as second:
        assert second.execute("SELECT 1").fetchone() == (1,)
        assert process(second) != ended


def test_one_that_was_left_within_a_transaction_is_given_up(connections: Connections) -> None:
    with connections.lent() as connection:
        connection.execute("BEGIN")
    assert connection.closed


def test_what_sets_it_up_and_fails_leaves_no_connection(postgres_url: str) -> None:
    seen: list[psycopg.Connection] = []

    def fail(connection: psycopg.Connection) -> None:
        seen.append(connection)
        raise ZeroDivisionError

    connections = Connections(PostgresPlace.of(postgres_url), prepare=fail)
    with pytest.raises(ZeroDivisionError), connections.lent():
        pass
    assert seen[0].closed


def test_nobody_has_to_close_them(postgres_url: str) -> None:
    connections = Connections(PostgresPlace.of(postgres_url))
    with connections.lent() as connection:
        pass
    del connections
    gc.collect()
    assert connection.closed


@pytest.mark.parametrize("url", ["postgresql://eyes:canary@db:many/records?no=such", "canary"])
def test_what_is_no_url_is_refused_without_its_words(url: str) -> None:
    with pytest.raises(InputError, match="not a PostgreSQL URL") as refused:
        PostgresPlace.of(url)
    assert "canary" not in str(refused.value)


def test_a_password_is_in_no_name_of_a_place() -> None:
    place = PostgresPlace.of("postgresql://eyes:canary@db/records")
    assert "canary" not in f"{place} {place!r}"
    assert "canary" in place.conninfo


def test_a_server_that_vanishes_while_it_is_waited_for_is_noticed_in_seconds_unless_the_url_says_otherwise() -> None:
    told = conninfo_to_dict(PostgresPlace.of("postgresql://db/records").conninfo)
    idle, interval, count = (int(told[f"keepalives_{name}"]) for name in ("idle", "interval", "count"))
    assert idle + interval * count < 15
    slow = PostgresPlace.of("postgresql://db/records?keepalives_idle=600")
    assert conninfo_to_dict(slow.conninfo)["keepalives_idle"] == "600"
