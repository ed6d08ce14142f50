"""Something is wrong at every stage, five thousand times: what must hold does."""

from __future__ import annotations

import logging

import pytest

from tests.route.faults import play_all

CASES, BLOCK, SEED = 5_200, 520, 20_261


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every fault is logged, as it should be; five thousand tracebacks are nothing to read."""
    monkeypatch.setattr(logging.getLogger("foureyes.guard"), "disabled", True)


@pytest.mark.parametrize("first", range(0, CASES, BLOCK))
async def test_no_unread_answer_is_returned_as_read_and_nothing_is_paid_twice(first: int) -> None:
    wrong, met = await play_all(first, BLOCK, SEED)
    assert wrong == []
    assert {"answer", "strongest", "abstain", "person", "failed", "annotated", "hung up"} <= met.keys()
