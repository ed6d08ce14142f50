"""How often a place gets another worker, without processes: every question to a workplace is answered here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from foureyes import __version__
from foureyes.batch.pieces import RowPiece
from foureyes.batch.workers import pool
from foureyes.batch.workers.engine import WorkersEngine
from foureyes.batch.workers.narrowing import Lost
from foureyes.batch.workers.patience import Patience
from foureyes.batch.workers.worker import WorkerFailure, WorkerIdentity
from foureyes.batch.workers.workplace import Hired
from foureyes.errors import ConfigError, ModelUnavailable
from foureyes.layouts import LoggedAnswer
from foureyes.types import Exchange, Unscored

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
    """A workplace whose workers run at once, and then open, end, fail or hang, and read, or hang, place by place."""

    wants = ""

    def __init__(self, opening: dict[str, str], reading: str = "hangs", **elsewhere: str) -> None:
        self.opening, self.reading, self.elsewhere = opening, reading, elsewhere
        self.starts: Counter[str] = Counter()
        self.is_closed = False

    def slots(self) -> list[Spot]:
        return [Spot(place) for place in self.opening]

    def start(self, slot: Spot) -> Hired:
        self.starts[slot.key] += 1
        return Hired(slot.key, Call("runs"), Call(self.opening[slot.key]))

    def read(self, handle: str, *_args: Any, **_options: Any) -> Call:
        return Call(self.elsewhere.get(handle, self.reading))

    def answered(self, calls: Sequence[Call], _seconds: float) -> Call | None:
        return next((call for call in calls if call.says != "hangs"), None)

    def told(self, call: Call) -> Any:
        answers = {
            "runs": True,
            "ends": Lost("the worker died"),
            "opened": WorkerIdentity(__version__, {"x": "scripted"}),
            "crash": WorkerFailure("crash", "RuntimeError: out of memory"),
            "config": WorkerFailure("config", "there is no device bad"),
            "reads": [{}],
        }
        return answers[call.says]

    def end(self, handle: Any) -> None:
        pass

    def close(self) -> None:
        self.is_closed = True


NO_PATIENCE = Patience(1e-9)


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


def given(workers: pool.WorkerPool[int], *calls: int) -> None:
    for call in calls:
        workers.read(call, [Exchange("q", "a")], (), tokens=False)


def test_a_worker_that_hangs_while_it_reads_is_lost_and_replaced_and_what_it_had_not_begun_is_given_again() -> None:
    workplace = Answers({GOOD: "opened"})
    workers: pool.WorkerPool[int] = pool.WorkerPool(workplace, patience=NO_PATIENCE)
    workers.opened()
    given(workers, 1, 2)
    assert workers.news() == [(1, Lost("it was still reading after 0 s", hung=True)), (2, None)]
    workers.news()
    assert workplace.starts == {GOOD: 2}


def test_a_worker_is_not_lost_before_its_time() -> None:
    workplace = Answers({GOOD: "opened"})
    workers: pool.WorkerPool[int] = pool.WorkerPool(workplace)
    workers.opened()
    given(workers, 1)
    assert [workers.news() for _ in range(9)] == [[]] * 9
    assert workplace.starts == {GOOD: 1}


def test_workers_whose_answers_were_not_heard_yet_do_not_hang() -> None:
    workplace = Answers({GOOD: "opened", "better": "opened"}, reading="reads")
    workers: pool.WorkerPool[int] = pool.WorkerPool(workplace, patience=NO_PATIENCE)
    for _ in range(4):
        workers.news()
    given(workers, 1, 2)
    assert sorted(call for _ in range(2) for call, found in workers.news() if found == [{}]) == [1, 2]
    assert workplace.starts == {GOOD: 1, "better": 1}


def test_workers_that_hang_whatever_they_read_end_the_run() -> None:
    workplace = Answers({GOOD: "opened"})
    workers: pool.WorkerPool[int] = pool.WorkerPool(workplace, patience=NO_PATIENCE)

    def again_and_again() -> None:
        for _ in range(99):
            if workers.free:
                given(workers, 1)
            workers.news()

    with pytest.raises(ModelUnavailable, match="were lost one after the other, the last on good: it was still reading"):
        again_and_again()


def kept_reading(workers: pool.WorkerPool[int], rounds: int) -> None:
    """Hands out calls as long as anybody takes them, and hears of all."""
    n = 0
    for _ in range(rounds):
        while workers.free:
            n += 1
            given(workers, n)
        for _ in range(9):
            workers.news()


def test_a_place_that_hangs_whatever_it_reads_is_left_out_and_each_worker_before_is_told_of() -> None:
    said: list[str] = []
    workplace = Answers({GOOD: "opened", BAD: "opened"}, "reads", bad="hangs")
    workers: pool.WorkerPool[int] = pool.WorkerPool(workplace, said.append, NO_PATIENCE)
    kept_reading(workers, 20)
    assert workplace.starts == {GOOD: 1, BAD: 2}
    assert said == [
        "a worker on bad is replaced: it was still reading after 0 s",
        "bad is left out, as no worker can read there: it was still reading after 0 s",
    ]


def test_where_every_place_hangs_none_is_left_out_for_that() -> None:
    said: list[str] = []
    workplace = Answers({GOOD: "opened", BAD: "opened"})
    workers: pool.WorkerPool[int] = pool.WorkerPool(workplace, said.append, NO_PATIENCE)
    with pytest.raises(ModelUnavailable, match="were lost one after the other"):
        kept_reading(workers, 20)
    assert set(said) == {f"a worker on {place} is replaced: it was still reading after 0 s" for place in (GOOD, BAD)}


class Deaf(Answers):
    """A workplace whose workers hang over whatever there is to read, and hand back at once what cannot be read."""

    def read(self, _handle: str, rows: Sequence[Exchange | Unscored], *_args: Any, **_options: Any) -> Call:
        return Call("hangs" if any(isinstance(row, Exchange) for row in rows) else "reads")


@pytest.mark.parametrize("places", [1, 2])
def test_where_every_place_hangs_over_everything_the_run_ends_and_no_row_is_given_up_for_that(places: int) -> None:
    workplace = Deaf({f"place {i}": "opened" for i in range(places)})
    rows = [LoggedAnswer(Exchange("q", f"a {i}")) for i in range(40)]
    found = [RowPiece(None, rows, ["?"] * 40, (), ends_window=False) for _ in range(2)]
    with (
        WorkersEngine(workplace, patience=NO_PATIENCE) as engine,
        pytest.raises(ModelUnavailable, match=r"12 workers were lost one after the other, .*: it was still reading"),
    ):
        list(engine.read(found, signals=("log_cmp",), tokens=False))


def test_rows_that_hang_wherever_they_are_read_cost_no_place() -> None:
    said: list[str] = []
    workplace = Answers({GOOD: "opened", BAD: "opened", "better": "opened"}, "reads")
    workers: pool.WorkerPool[int] = pool.WorkerPool(workplace, said.append, NO_PATIENCE)
    for _ in range(9):
        workers.news()
    for _ in range(9):
        workplace.reading = "hangs"
        given(workers, 7)
        workplace.reading = "reads"
        for _ in range(9):
            workers.news()
    assert len(said) == 9
    assert not any("left out" in words for words in said)
