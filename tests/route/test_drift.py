"""A route's promise is suspended when its confidences or its outcomes change, and seldom for nothing."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from foureyes.errors import ConfigError, InputError
from foureyes.route.drift import RouteWatch
from foureyes.route.promised import RoutePromise


def promise_of(seed: int = 0) -> RoutePromise:
    rng = np.random.default_rng(seed)
    reference = {name: tuple(rng.beta(a, 2, 200).tolist()) for name, a in (("small", 4), ("large", 8))}
    return RoutePromise(0.8, 0.1, 0.05, 200, 120, 5, 0.5, 0.7, "log_cmp", "reader:1", reference)


def fed(watch: RouteWatch, *, shift: float, n: int, seed: int) -> int | None:
    """After how many requests it is suspended."""
    rng = np.random.default_rng(seed)
    for t in range(n):
        watch.observe([("small", float(rng.beta(4, 2)) * shift), ("large", float(rng.beta(8, 2)))], float(t))
        if watch.suspended:
            return t + 1
    return None


def test_traffic_as_before_keeps_it() -> None:
    suspended = [fed(RouteWatch(promise_of(seed), alpha=0.05), shift=1.0, n=400, seed=seed + 100) for seed in range(40)]
    assert sum(one is not None for one in suspended) <= 6  # alpha = 0.05 of 40, and three standard errors


def test_another_traffic_suspends_it_and_says_which_writer() -> None:
    watch = RouteWatch(promise_of())
    assert fed(watch, shift=0.5, n=400, seed=1) is not None
    assert "small" in watch.reason
    assert "large" not in watch.reason
    watch.acknowledge()
    assert not watch.suspended
    with pytest.raises(InputError, match="nothing to acknowledge"):
        watch.acknowledge()


def test_wrong_answers_suspend_it() -> None:
    watch = RouteWatch(promise_of())
    alarms = [watch.outcome(0.9, float(t), right=t % 2 == 0) for t in range(100)]
    assert sum(alarm is not None for alarm in alarms) == 1
    assert watch.suspended
    assert "outcomes show a risk above the promised 0.1" in watch.reason


def test_it_goes_on_after_a_restart() -> None:
    watch = RouteWatch(promise_of())
    assert fed(watch, shift=0.5, n=400, seed=1) is not None
    again = RouteWatch.from_json(watch.to_json())
    assert (again.suspended, again.reason, again.promise) == (True, watch.reason, watch.promise)
    for broken in ("{}", "nothing", watch.to_json().replace("route_watch", "other")):
        with pytest.raises(InputError):
            RouteWatch.from_json(broken)


def test_what_it_was_not_made_for_is_refused() -> None:
    watch = RouteWatch(promise_of())
    with pytest.raises(InputError, match="no writer 'huge', only small, large"):
        watch.observe([("huge", 0.9)], 0.0)
    with pytest.raises(ConfigError, match="log_cmp of reader:1; got log_cmp of reader:2"):
        watch.require_source("log_cmp", "reader:2")
    watch.require_source("log_cmp", "reader:1")


def test_its_state_survives_beside_the_promise(tmp_path: Path) -> None:
    path = tmp_path / "promise.json"
    path.write_text(promise_of().to_json(), encoding="utf-8")
    watch = RouteWatch.opened(path)
    assert fed(watch, shift=0.5, n=400, seed=1) is not None
    assert RouteWatch.opened(path).suspended  # kept when it was suspended, without being closed
    watch.acknowledge()
    assert not RouteWatch.opened(path).suspended
    watch.close()
    other = RoutePromise(**{**dataclasses.asdict(promise_of()), "limit": 0.2})
    path.write_text(other.to_json(), encoding="utf-8")
    with pytest.raises(InputError, match=r"promise\.json\.watch is of another promise"):
        RouteWatch.opened(path)
    with pytest.raises(InputError, match="cannot read"):
        RouteWatch.opened(tmp_path / "none.json")


def test_a_full_disk_loses_no_answer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "gone" / "promise.json"
    path.parent.mkdir()
    path.write_text(promise_of().to_json(), encoding="utf-8")
    watch = RouteWatch.opened(path)
    path.unlink()
    path.parent.rmdir()
    assert fed(watch, shift=0.5, n=400, seed=1) is not None
    assert watch.suspended
    assert "the watch of a promise" in caplog.text
