"""How often a place gets another worker, without processes: every question to a workplace is answered here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from foureyes import __version__
from foureyes.batch.workers import pool
from foureyes.batch.workers.narrowing import Lost
from foureyes.batch.workers.worker import WorkerFailure, WorkerIdentity
from foureyes.batch.workers.workplace import Hired
from foureyes.errors import ConfigError, ModelUnavailable

GOOD, BAD = "good", "bad"


@dataclass(frozen=True, eq=False)
class Call:
    """A call whose answer is known."""

    says: str


@dataclass(frozen=True)
class Spot:
    key: str

    @property
    def place(self) -> str:
        return self.key


class Answers:
    """A workplace whose workers run at once, and then open, end, fail or hang, place by place."""

    wants = ""

    def __init__(self, opening: dict[str, str]) -> None:
        self.opening = opening
        self.starts: Counter[str] = Counter()
        self.is_closed = False

    def slots(self) -> list[Spot]:
        return [Spot(place) for place in self.opening]

    def start(self, slot: Spot) -> Hired:
        self.starts[slot.key] += 1
        return Hired(slot.key, Call("runs"), Call(self.opening[slot.key]))

    def read(self, *_args: Any, **_options: Any) -> Call:
        return Call("hangs")

    def answered(self, calls: Sequence[Call], _seconds: float) -> Call | None:
        return next((call for call in calls if call.says != "hangs"), None)

    def told(self, call: Call) -> Any:
        answers = {
            "runs": True,
            "ends": Lost("the worker died"),
            "opened": WorkerIdentity(__version__, {"x": "scripted"}),
            "crash": WorkerFailure("crash", "RuntimeError: out of memory"),
            "config": WorkerFailure("config", "there is no device bad"),
        }
        return answers[call.says]

    def end(self, handle: Any) -> None:
        pass

    def close(self) -> None:
        self.is_closed = True


def pool_of(opening: dict[str, str], said: list[str] | None = None) -> tuple[pool.WorkerPool[int], Answers]:
    workplace = Answers(opening)
    return pool.WorkerPool(workplace, (said if said is not None else []).append), workplace


@pytest.mark.parametrize(("how", "starts", "why"), [("ends", 6, "the worker died"), ("crash", 2, "out of memory")])
def test_a_place_whose_workers_end_before_they_can_read_is_left_out_and_named(how: str, starts: int, why: str) -> None:
    said: list[str] = []
    workers, workplace = pool_of({GOOD: "opened", BAD: how}, said)
    workers.opened()
    for _ in range(60):
        workers.news()
    assert workplace.starts == {GOOD: 1, BAD: starts}
    assert len(said) == 1
    assert "bad is left out" in said[0]
    assert why in said[0]


@pytest.mark.parametrize(("how", "starts"), [("ends", 6), ("crash", 2)])
def test_where_no_place_can_read_the_run_ends_with_the_last_cause(how: str, starts: int) -> None:
    workers, workplace = pool_of({BAD: how})
    with pytest.raises(ModelUnavailable, match="the last on bad"):
        workers.opened()
    assert workplace.starts == {BAD: starts}
    workers.close()
    assert workplace.is_closed


def test_what_will_not_get_better_ends_the_run_at_once() -> None:
    workers, workplace = pool_of({BAD: "config"})
    with pytest.raises(ConfigError, match="a worker on bad: there is no device bad"):
        workers.opened()
    assert workplace.starts == {BAD: 1}


def test_a_worker_that_never_opens_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_OPEN_S", 0.0)
    workers, workplace = pool_of({BAD: "hangs"})
    with pytest.raises(ModelUnavailable, match="it did not open in time"):
        workers.opened()
    assert workplace.starts == {BAD: 6}
