"""A promise knows the data it was made on, and says when it is asked of others."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from foureyes.calibration import MadeOn, Platt, Source, Threshold, promise, promise_cost
from foureyes.errors import InputError, NotEnoughData

Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]
DRAWS: dict[str, Draw] = {
    "smooth": lambda rng, n: rng.beta(4, 1, n),
    "rounded": lambda rng, n: np.round(rng.beta(4, 1, n), 1),
    "half certain": lambda rng, n: np.where(rng.random(n) < 0.5, 1.0, rng.random(n)),
}


@pytest.mark.parametrize("kind", DRAWS)
@pytest.mark.parametrize(("made", "come"), [(30, 30), (60, 500), (400, 60)])
def test_the_same_data_are_called_others_no_more_often_than_the_level(kind: str, made: int, come: int) -> None:
    rng, draws, level = np.random.default_rng(3), 200, 0.1
    draw = DRAWS[kind]
    called = [MadeOn.of(draw(rng, made)).compare(draw(rng, come), level=level).differs for _ in range(draws)]
    assert np.mean(called) <= level + 3 * (level * (1 - level) / draws) ** 0.5


def test_other_data_are_called_so_and_where_they_differ() -> None:
    rng = np.random.default_rng(0)
    made = promise(c := rng.beta(4, 1, 500), rng.random(500) < c, max_error=0.2)
    shift = made.compare(rng.beta(2, 1, 300))
    assert shift.differs
    assert (shift.n, shift.n_made, shift.level) == (300, 500, 0.01)
    assert shift.share_made == (c < shift.below).mean()
    assert shift.share > shift.share_made + 0.1
    assert shift.statement.startswith("The promise was made for other data: ")
    assert "level 0.01" in shift.statement
    same = made.compare(rng.beta(4, 1, 300))
    assert not same.differs
    assert same.statement.startswith("No sign that the promise was made for other data")


def test_it_survives_json_and_files_of_older_releases_are_read() -> None:
    rng = np.random.default_rng(0)
    c = rng.beta(4, 1, 300)
    found = promise_cost(c, (rng.random(300) > c) * 2.0, max_cost=1, worst_cost=2)
    assert found.worst_cost == 2
    assert found.made_on is not None
    assert found.made_on.n == 300
    assert Threshold.from_json(found.to_json()) == found
    older = json.loads(found.to_json())
    del older["made_on"], older["worst_cost"]
    read = Threshold.from_json(json.dumps(older))
    assert read.made_on is None
    with pytest.raises(InputError, match="does not say what it was made on"):
        read.compare(c)


def test_a_calibrator_marks_its_promises_and_refuses_those_of_another() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=900)
    right = rng.random(900) < 1 / (1 + np.exp(3 * x - 2))
    one = Platt.fit(x[:300], right[:300], source=Source("log_cmp", "tiny"))
    other = Platt.fit(x[300:600], right[300:600], source=Source("log_cmp", "tiny"))
    made_on = one.promise(x[600:], right[600:], max_error=0.3).made_on
    assert made_on is not None
    made_on.require(one.identity)
    with pytest.raises(
        InputError, match=r"made on confidences of platt on log_cmp of tiny, fitted on 300 rows .*; got"
    ):
        made_on.require(other.identity)
    MadeOn(made_on.edges, made_on.counts).require(other.identity)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"counts": [1]}, "ascending edges and a count between"),
        ({"counts": [-1, 2, 0]}, "ascending edges and a count between"),
        ({"edges": [0.6, 0.5]}, "ascending edges"),
        ({"edges": ["a", 0.5]}, "edges must be a finite number"),
        ({"edges": 3}, "are lists"),
        ({"calibrator": 3}, "calibrator is text"),
        ({"more": 3}, "wants edges, counts and calibrator"),
    ],
)
def test_a_file_that_was_tampered_with_is_refused(change: dict[str, Any], words: str) -> None:
    document = json.loads(promise(np.full(100, 0.5), np.ones(100), max_error=0.1).to_json())
    document["made_on"].update(change)
    with pytest.raises(InputError, match=words):
        Threshold.from_json(json.dumps(document))


def test_what_it_was_made_on_is_an_object() -> None:
    document = json.loads(promise(np.full(100, 0.5), np.ones(100), max_error=0.1).to_json())
    with pytest.raises(InputError, match="made_on is an object; got 3"):
        Threshold.from_json(json.dumps({**document, "made_on": 3}))


def test_nothing_is_compared_with_nothing() -> None:
    made = MadeOn.of(np.array([0.5]))
    with pytest.raises(NotEnoughData, match="needs confidences; got none"):
        made.compare([])
    with pytest.raises(InputError, match="got 2 at row 0"):
        made.compare([2.0])
    with pytest.raises(InputError, match="level must lie strictly"):
        made.compare([0.5], level=0)
    assert made.compare([0.5]).p_value == 1
