"""A watch that fails has seen nothing: its promise is suspended, and the route does what it says for that."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from foureyes.calibration import Source
from foureyes.cascade.policy import ALWAYS, ConfidenceGate, Policy
from foureyes.errors import InputError, LedgerError
from foureyes.route.drift import RouteWatch
from foureyes.route.log import JsonlRouteLog
from foureyes.route.outcome import RoutedAnswer, RouteRequest
from foureyes.route.parts import RouteParts
from foureyes.route.promised import RoutePromise
from foureyes.route.roles import OutcomeUnkept
from foureyes.route.route import Route
from foureyes.route.rules import RouteMember, RouteRules
from foureyes.route.scripted import ScriptedRouteReader, ScriptedRouteWriter
from tests.route.faults import Recorder

SEEN = {"small": tuple(i / 100 for i in range(50, 100)), "large": tuple(i / 100 for i in range(50, 100))}
PROMISE = RoutePromise(0.8, 0.05, 0.05, 50, 10, 0, 0.1, 0.3, "log_cmp", "reader", SEEN)
RULES = [("strongest", "strongest", "large"), ("closed", "failed", None), ("go_on", "answer", "small")]


class Failing:
    """A watch of which one thing raises."""

    statement, reason = "At most 5 % wrong.", ""

    def __init__(self, *fails: str) -> None:
        self.fails = fails
        self.told: list[str] = []

    def _fail(self, what: str) -> None:
        self.told.append(what)
        if what in self.fails:
            raise ZeroDivisionError

    @property
    def suspended(self) -> bool:
        self._fail("suspended")
        return False

    def observe(self, seen: Any, at: float) -> None:  # noqa: ARG002
        self._fail("observe")

    def outcome(self, confidence: float, at: float, *, right: bool) -> None:  # noqa: ARG002
        self._fail("outcome")

    def suspend(self, reason: str, at: float) -> None:  # noqa: ARG002
        self._fail("suspend")

    def acknowledge(self) -> None:
        raise AssertionError("it holds by its own word")


def route_with(parts: RouteParts, **rules: Any) -> Route:
    """The small writer's answer is good enough by the policy."""
    members = [RouteMember(ScriptedRouteWriter(name, f"by {name}")) for name in ("small", "large")]
    policy = Policy((ConfidenceGate((0.8,), ("escalate", "answer")), ALWAYS))
    return Route("trivia", members, ScriptedRouteReader(otherwise=0.9), policy, RouteRules(**rules), parts)


def by(answer: RoutedAnswer) -> str | None:
    return None if answer.reply is None else answer.reply["choices"][0]["message"]["content"].removeprefix("by ")


@pytest.mark.parametrize(("rule", "action", "writer"), RULES)
@pytest.mark.parametrize("fails", [("observe",), ("observe", "suspend"), ("suspended",)])
async def test_a_watch_that_fails_suspends_its_promise_for_the_very_answer(
    fails: tuple[str, ...], rule: str, action: str, writer: str | None
) -> None:
    keeper = Failing(*fails)
    route = route_with(RouteParts(keeper=keeper), on_suspension=rule)
    for _ in range(2):
        answer = await route.answer("Capital?")
        assert (answer.action, by(answer), answer.suspended) == (action, writer, True)
    assert "suspend" in keeper.told


async def test_what_was_paid_before_the_watch_failed_is_told() -> None:
    route = route_with(RouteParts(keeper=Failing("observe")), on_suspension="closed")
    first, second = await route.answer("Capital?"), await route.answer("Capital?")
    assert [stage.writer for stage in first.stages] == ["small"]
    assert (second.stages, second.reason) == ((), "the promise is suspended: its watch failed")


class Log:
    """A log that cannot be written."""

    async def keep(self, request: RouteRequest, answer: RoutedAnswer) -> None:  # noqa: ARG002
        raise OSError("disk")

    def outcome(self, request_id: str, *, correct: bool, writer: str | None = None) -> float | None:  # noqa: ARG002
        raise OutcomeUnkept("disk")


async def test_without_a_log_no_outcome_can_be_told_and_no_promise_holds() -> None:
    route = route_with(RouteParts(log=Log(), keeper=Failing()), on_suspension="closed")
    assert (await route.answer("Capital?")).action == "answer"
    await route.settled()
    assert (await route.answer("Capital?")).action == "failed"


async def test_an_outcome_that_is_lost_suspends_what_it_was_to_test() -> None:
    route = route_with(RouteParts(log=Log(), keeper=Failing()), on_suspension="closed")
    with pytest.raises(OutcomeUnkept):
        route.outcome("r1", correct=False)
    assert "an outcome of its answers could not be kept" in (await route.answer("Capital?")).reason


async def test_a_watch_that_fails_at_an_outcome_suspends_too(tmp_path: Path) -> None:
    log = JsonlRouteLog(tmp_path / "log.jsonl", source=Source("log_cmp", "reader"), salt=b"0" * 16)
    route = route_with(RouteParts(log=log, keeper=Failing("outcome")), on_suspension="closed")
    answer = await route.answer("Capital?")
    await route.settled()
    assert route.outcome(answer.request_id, correct=False)
    assert (await route.answer("Capital?")).action == "failed"
    log.close()


async def test_a_full_disk_is_told_as_such_and_the_outcome_may_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = JsonlRouteLog(tmp_path / "log.jsonl", source=Source("log_cmp", "reader"), salt=b"0" * 16)
    route = route_with(RouteParts(log=log))
    answer = await route.answer("Capital?")
    await route.settled()
    with monkeypatch.context() as patch:
        patch.setattr("foureyes.route.log.os.write", lambda *_: 0)
        with pytest.raises(OutcomeUnkept):
            route.outcome(answer.request_id, correct=True)
    assert route.outcome(answer.request_id, correct=True)
    log.close()


async def test_an_answer_whose_own_confidence_suspends_the_promise_is_not_returned_under_it() -> None:
    route = route_with(RouteParts(keeper=RouteWatch(PROMISE)), on_suspension="closed")
    answers = [await route.answer("Capital?") for _ in range(200)]
    actions = [(one.action, one.suspended) for one in answers]
    assert set(actions) == {("answer", False), ("failed", True)}
    assert len(answers[actions.index(("failed", True))].stages) == 1  # it was read under the promise


def test_a_suspension_survives_a_restart_and_a_disk_that_was_full(tmp_path: Path) -> None:
    path = tmp_path / "promise.json"
    path.write_text(PROMISE.to_json())
    watch = RouteWatch.opened(path)
    state = tmp_path / "promise.json.watch"
    state.mkdir()  # which nothing can be written to
    watch.suspend("its watch failed", 0.0)
    state.rmdir()
    assert not RouteWatch.opened(path).suspended
    watch.observe([("small", 0.9)], 1.0)
    again = RouteWatch.opened(path)
    assert (again.suspended, "its watch failed" in again.reason) == (True, True)


async def test_somebody_lets_it_hold_again(tmp_path: Path) -> None:
    path = tmp_path / "promise.json"
    path.write_text(PROMISE.to_json())
    keeper = RouteWatch.opened(path)
    recorder = Recorder("well")
    route = route_with(RouteParts(keeper=keeper, recorder=recorder), on_suspension="closed")
    with pytest.raises(InputError, match="holds"):
        await route.resume(by="ops")
    keeper.suspend("its watch failed", 0.0)
    assert (await route.answer("Capital?")).action == "failed"
    assert "its watch failed" in await route.resume(by="ops", note="looked at it")
    assert (await route.answer("Capital?")).action == "answer"
    assert not RouteWatch.opened(path).suspended
    event, payload = recorder.kept[1]
    assert (event, payload["by"], payload["note"]) == ("promise_resumed", "ops", "looked at it")
    assert "its watch failed" in payload["suspended_for"]


@pytest.mark.parametrize("records", ["raises", "fails", "never"])
async def test_a_word_that_cannot_be_recorded_resumes_nothing(records: str) -> None:
    parts = RouteParts(keeper=Failing("observe"), recorder=Recorder(records))
    route = route_with(parts, record_s=0.05)
    await route.answer("Capital?")
    with pytest.raises(LedgerError):
        await route.resume(by="ops")
    assert route.suspended == "its watch failed"


async def test_one_word_resumes_once_and_only_what_it_was_given_for() -> None:
    keeper = Failing("observe")
    recorder = Recorder("well")
    route = route_with(RouteParts(keeper=keeper, recorder=recorder))
    await route.answer("Capital?")
    n = len(recorder.kept)
    done = await asyncio.gather(route.resume(by="a"), route.resume(by="b"), return_exceptions=True)
    assert [type(one) for one in done] == [str, InputError]
    assert [payload["by"] for _, payload in recorder.kept[n:]] == ["a"]


class Drifted(Failing):
    """A keeper that found confidences changed."""

    suspended, reason = True, "confidences changed"


async def test_what_is_suspended_anew_while_it_is_recorded_stays_so() -> None:
    class Meanwhile(Recorder):
        def append(self, event: str, payload: Any) -> Any:
            route._promise.suspend("the log of the route failed", 0.0)
            return super().append(event, payload)

    route = route_with(RouteParts(keeper=Drifted(), recorder=Meanwhile("well")))
    with pytest.raises(InputError, match="something else meanwhile"):
        await route.resume(by="ops")
    assert route.suspended == "confidences changed; the log of the route failed"
