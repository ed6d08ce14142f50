"""Ten thousand requests, each with a fault somewhere: none is safe without having been verified, none is late."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bench.faults import FAULTS, ROUTES, FaultScene, Row, markdown, suffer
from bench.virtual import run

REQUESTS = 10_200


@pytest.fixture(scope="module")
def rows() -> Mapping[tuple[str, str], Row]:
    return run(suffer(REQUESTS))


def test_every_fault_was_met_on_every_route(rows: Mapping[tuple[str, str], Row]) -> None:
    assert sum(row.n for row in rows.values()) == REQUESTS
    assert all(row.n >= len(ROUTES) for row in rows.values())
    assert len(rows) == len(FAULTS)


def test_nothing_unverified_came_out_as_safe(rows: Mapping[tuple[str, str], Row]) -> None:
    assert {fault: row.unverified for fault, row in rows.items() if row.unverified} == {}


def test_nothing_came_after_its_deadline(rows: Mapping[tuple[str, str], Row]) -> None:
    assert {fault: row.slowest_s for fault, row in rows.items() if row.late} == {}


def test_one_faulty_verifier_of_three_does_not_stop_the_others(rows: Mapping[tuple[str, str], Row]) -> None:
    survived = [row for (stage, _), row in rows.items() if stage == "verifier, one of three"]
    assert all(row.outcomes == {"safe": row.n} for row in survived)


def test_the_suite_would_notice_a_lie() -> None:
    from bench.asgi import Reply

    row = Row()
    row.add(FaultScene(record="disk full"), safe=True, reply=Reply(200, {}, b"{}"), took_s=0.1)
    row.add(FaultScene(votes=("safe", "unsafe", "unsafe")), safe=True, reply=Reply(200, {}, b"{}"), took_s=99.0)
    row.add(FaultScene(), safe=True, reply=Reply(200, {}, b"{}"), took_s=0.1)
    assert (row.n, row.unverified, row.late) == (3, 2, 1)


def test_the_table_has_a_line_for_every_fault(rows: Mapping[tuple[str, str], Row]) -> None:
    page = markdown(rows, "python -m bench.faults --requests 9")
    assert f"{REQUESTS:,} requests" in page
    assert "**0 came out as safe without having been verified, 0 were answered after their deadline**" in page
    assert page.count("\n| ") == len(FAULTS) + 1
