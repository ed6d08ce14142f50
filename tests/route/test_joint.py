"""P(correct) from more than the reader's signal: taken where it pays on rows not seen, and never with a number made up."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from foureyes.calibration import HistogramBinning, Platt, Source
from foureyes.cascade.question_router import hashed_words
from foureyes.errors import ConfigError, InputError, ModelRefused
from foureyes.maths.bounds import rate_lower
from foureyes.models.scripted import ScriptedReader
from foureyes.route.joint import (
    OWN,
    QUESTION,
    JointCalibrator,
    Known,
    answer_calibrator,
    confidences_of,
)
from foureyes.route.joint_fit import choose_joint, fit_joint
from foureyes.route.labels import AnswerLabel, labels_of
from foureyes.route.learning import Wanted, learn_route
from foureyes.route.learning_rows import LearningRows, learning_rows
from foureyes.route.log_records import LoggedRequest, LoggedStage
from foureyes.route.outcome import RouteRequest
from foureyes.route.own_doubt import DoubtingWriter, own_surprise
from foureyes.route.reader import CalibratedReader
from foureyes.route.scripted import ScriptedRouteWriter, completion
from foureyes.types import Exchange

SOURCE = Source("log_cmp", "reader:1")
KINDS = ("rivers of the north", "taxes and tariffs", "moves in chess", "old poems")
ASKED = RouteRequest.of({"messages": [{"role": "user", "content": "Capital of Australia?"}]})

platt = partial(Platt.fit, source=SOURCE)


def answers(n: int, *, seed: int = 0, own: float = 0.0, kinds: float = 0.0) -> tuple[Known, np.ndarray]:
    """Answers of which the reader's surprise says something, and the writer's and the question's words as much as asked for."""
    rng = np.random.default_rng(seed)
    seen, doubt, kind = rng.normal(size=n), rng.normal(size=n), rng.integers(4, size=n)
    right = rng.random(n) < 1 / (1 + np.exp(seen + own * doubt + kinds * (kind - 1.5) - 0.5))
    texts = [f"Question {i} about {KINDS[k]}" for i, k in enumerate(kind)]
    return Known(np.exp(seen / 2), np.exp(doubt / 2), hashed_words(texts, dim=32)), right


def chosen(known: Known, right: np.ndarray) -> JointCalibrator | None:
    return choose_joint(known, right, platt, SOURCE).calibrator


def test_what_adds_nothing_is_not_taken() -> None:
    taken = [chosen(*answers(200, seed=seed)) is not None for seed in range(8)]
    assert sum(taken) <= 1


def test_what_adds_is_taken_by_name() -> None:
    doubting = chosen(*answers(400, own=1.5))
    assert doubting is not None
    assert [one.signals for one in doubting.together] == [("reader.log_cmp", OWN)]
    asking = chosen(*answers(600, kinds=1.5))
    assert asking is not None
    assert asking.together[0].signals == ("reader.log_cmp", QUESTION)
    both = chosen(*answers(800, own=1.5, kinds=1.5))
    assert both is not None
    assert [one.signals for one in both.together] == [("reader.log_cmp", OWN, QUESTION), ("reader.log_cmp", QUESTION)]
    assert {one.fitted_on.source for one in both.together} == {SOURCE}


def test_a_missing_doubt_is_left_to_fits_without_it() -> None:
    known, right = answers(800, own=1.5, kinds=1.5)
    joint = fit_joint(known, right, platt, (OWN, QUESTION), SOURCE)
    silent = replace(known, own=np.where(np.arange(800) % 2, known.own, np.nan))
    said, whole = joint.predict_proba(silent), joint.predict_proba(known)
    without = joint.predict_proba(replace(known, own=np.full(800, np.nan)))
    assert (said[1::2] == whole[1::2]).all()
    assert (said[::2] == without[::2]).all()
    assert not np.allclose(without, whole)
    alone = joint.predict_proba(Known(known.signal, np.full(800, np.nan)))
    assert (alone == joint.alone.predict_proba(known.signal)).all()


def test_few_answers_with_a_doubt_are_said() -> None:
    known, right = answers(300, own=1.5)
    some = Known(known.signal, np.where(np.arange(300) < 50, known.own, np.nan))
    choice = choose_joint(some, right, platt, SOURCE)
    assert choice.calibrator is None
    assert "50 with own doubt" in choice.reason
    assert choose_joint(Known(known.signal, np.full(300, np.nan)), right, platt, SOURCE).reason == ""


def test_a_doubt_that_points_the_wrong_way_is_not_joined() -> None:
    known, right = answers(400, own=-2.0)
    choice = choose_joint(replace(known, features=None), right, platt, SOURCE)
    assert choice.calibrator is None
    assert "larger is worse by the catalogue" in choice.reason


def test_it_survives_json_and_strangers_do_not() -> None:
    known, right = answers(400, own=1.5, kinds=1.5)
    joint = fit_joint(known, right, partial(HistogramBinning.fit, source=SOURCE), (OWN, QUESTION), SOURCE)
    again = answer_calibrator(joint.to_json())
    assert isinstance(again, JointCalibrator)
    assert (again.predict_proba(known) == joint.predict_proba(known)).all()
    assert again.to_json() == joint.to_json()
    assert isinstance(answer_calibrator(joint.alone.to_json()), HistogramBinning)
    document = json.loads(joint.to_json())
    for broken in (
        {**document, "version": 2},
        {**document, "question": None},
        {**document, "together": []},
        {**document, "together": [document["alone"]]},
        {**document, "alone": document["together"][0]},
        {key: value for key, value in document.items() if key != "alone"},
    ):
        with pytest.raises(InputError):
            answer_calibrator(json.dumps(broken))
    with pytest.raises(InputError, match="not JSON"):
        answer_calibrator("{")


def test_own_surprise_is_a_number_or_nothing() -> None:
    def of(*logprobs: object) -> float | None:
        return own_surprise({"logprobs": {"content": [{"token": "a", "logprob": one} for one in logprobs]}})

    assert of(-1.0, -2.0) == 1.5
    for unsaid in (
        of(),
        of(float("nan")),
        of(-1.0, "high"),
        own_surprise(None),
        own_surprise({"logprobs": {"content": 3}}),
    ):
        assert unsaid is None


def stated(*, logprob: float = -0.5) -> dict[str, Any]:
    reply = completion("Canberra")
    reply["choices"][0]["logprobs"] = {"content": [{"token": "Canberra", "logprob": logprob, "bytes": None}]}
    return reply


async def test_a_caller_is_not_shown_log_probabilities_that_were_not_asked_for() -> None:
    upstream = ScriptedRouteWriter("small", stated())
    writer = DoubtingWriter(upstream)
    reply = await writer.write(ASKED)
    assert reply.own == (0.5,)
    assert reply.body["choices"][0]["logprobs"] is None
    assert upstream.asked[0].body["logprobs"] is True
    asked = RouteRequest.of({**ASKED.body, "logprobs": True})
    reply = await writer.write(asked)
    assert reply.own == (0.5,)
    assert reply.body == stated()


async def test_an_upstream_that_refuses_them_is_asked_without() -> None:
    def script(request: RouteRequest) -> object:
        unknown = "logprobs" in request.body
        return ModelRefused("no logprobs", model="m", status=400) if unknown else completion("Canberra")

    upstream = ScriptedRouteWriter("small", script)
    writer = DoubtingWriter(upstream)
    for _ in range(2):
        reply = await writer.write(ASKED)
        assert (reply.own, reply.body["choices"][0]["message"]["content"]) == ((), "Canberra")
    assert ["logprobs" in one.body for one in upstream.asked] == [True, False, False]
    barred = DoubtingWriter(ScriptedRouteWriter("small", ModelRefused("no key", model="m", status=401)))
    with pytest.raises(ModelRefused):
        await barred.write(ASKED)


async def test_a_reader_uses_what_is_known_of_each_answer() -> None:
    known, right = answers(400, own=1.5)
    source = Source("log_cmp", "scripted")
    joint = fit_joint(known, right, partial(Platt.fit, source=source), (OWN,), source)
    scripted = ScriptedReader({"Sydney": 0.3}, name="scripted")
    reader = CalibratedReader(scripted, "log_cmp", {"small": joint})
    exchange = Exchange("Capital of Australia?", "Sydney")
    rows = await reader.read([exchange] * 3, writer="small", own=[0.1, None, 3.0])
    await reader.aclose()
    [signal, *_], (sure, plain, unsure) = ([float(one) for one in column] for column in zip(*rows, strict=True))
    assert plain == joint.alone.predict_proba([signal])[0]
    assert sure > plain > unsure
    with pytest.raises(ConfigError, match="was fitted on"):
        CalibratedReader(ScriptedReader({}, name="another"), "log_cmp", joint)


def traffic(n: int, seed: int) -> tuple[list[LoggedRequest], list[AnswerLabel]]:
    """A log of two writers whose own doubt says as much as the reader."""
    rng = np.random.default_rng(seed)
    requests, labels = [], []
    for i in range(n):
        stages = []
        for writer, skill in (("small", 0.5), ("large", 2.0)):
            seen, doubt = rng.normal(size=2)
            right = bool(rng.random() < 1 / (1 + np.exp(1.5 * seen + 1.5 * doubt - skill)))
            signal, own = float(np.exp(seen / 2)), float(np.exp(doubt / 2))
            stages.append(LoggedStage(writer, writer, signal, None, "escalate", f"{writer}{i}", cost=1.0, own=own))
            labels.append(AnswerLabel(f"r{i}", right, writer))
        requests.append(
            LoggedRequest(
                id=f"r{i}",
                route="r",
                at=float(i),
                question=f"q{i}",
                source=SOURCE,
                action="annotated",
                would=None,
                enforced=False,
                suspended=False,
                confidence=None,
                stages=tuple(stages),
                baseline=stages[-1],
            )
        )
    return requests, labels


def test_a_promise_on_it_holds_on_other_requests_and_returns_more() -> None:
    def rows(n: int, seed: int, *, own: bool = True) -> LearningRows:
        requests, labels = traffic(n, seed)
        if not own:
            requests = [
                replace(one, stages=tuple(replace(stage, own=None) for stage in one.stages), baseline=None)
                for one in requests
            ]
        return learning_rows(requests, labels_of(labels, requests), ("small", "large"))

    learned = learn_route(rows(2000, 0), Wanted(promise=0.1))
    plain = learn_route(rows(2000, 0, own=False), Wanted(promise=0.1))
    assert all(isinstance(one, JointCalibrator) for one in learned.calibrators.values())
    assert "reader + own doubt" in learned.reasons["small"]
    assert learned.promise is not None
    assert plain.promise is not None
    assert learned.promise.coverage > plain.promise.coverage + 0.1
    others = rows(20_000, 1)
    sure = [confidences_of(learned.calibrators[writer], others.known(i)) for i, writer in enumerate(others.writers)]
    done = learned.policy.simulate(sure)
    right = np.choose(done.stage, [column.astype(np.intp) for column in others.correct]).astype(bool)
    assert rate_lower(int((done.answered & ~right).sum()), int(done.answered.sum()), 0.001) < 0.1


def test_a_file_whose_regressions_are_of_another_reader_is_refused() -> None:
    known, right = answers(200, own=2.0)
    joint = fit_joint(known, right, platt, (OWN,), SOURCE)
    document = json.loads(joint.to_json())
    document["together"][0]["fitted_on"]["source"]["model"] = "reader:2"
    with pytest.raises(InputError, match="of one reader"):
        answer_calibrator(json.dumps(document))
