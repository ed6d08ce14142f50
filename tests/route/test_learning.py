"""What is learnt of a route's log: calibrators, a policy, and a promise that holds on other requests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from foureyes.calibration import Platt, Source
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.bounds import rate_lower
from foureyes.route.labels import AnswerLabel, agreement_labels, labels_of
from foureyes.route.learning import LearnedRoute, Wanted, learn_route
from foureyes.route.learning_rows import LearningRows, learning_rows, of_route, one_source
from foureyes.route.log_records import LoggedRequest, LoggedStage, record_of, record_text
from foureyes.route.promised import RoutePromise, common_cut, labels_needed, promise_route
from foureyes.route.report_page import report_lines
from foureyes.route.report_values import LeftRequests
from foureyes.route.reporting import report_of

SOURCE = Source("log_cmp", "reader:1")
WRITERS = ("small", "large")


def traffic(n: int, seed: int = 0) -> tuple[list[LoggedRequest], list[AnswerLabel]]:
    """Requests that were watched, and whether each writer was right: surprise says so, as a logistic curve."""
    rng = np.random.default_rng(seed)
    requests, labels = [], []
    for i in range(n):
        ease = rng.normal()
        stages = []
        for writer, skill, cost in (("small", 1.0, 1.0), ("large", 3.0, 10.0)):
            signal = float(np.exp(0.4 * rng.normal() - 0.6 * (ease + skill) / 2))
            right = bool(rng.random() < 1 / (1 + np.exp(-(3.5 - 4 * signal + skill / 2))))
            words = "paris" if right else f"{writer}-{i}"
            stages.append(LoggedStage(writer, writer, signal, None, "escalate", words, cost=cost, reading_cost=0.5))
            labels.append(AnswerLabel(f"r{i}", right, writer))
        request = LoggedRequest(
            id=f"r{i}",
            route="support",
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
        requests.append(request)
    return requests, labels


def rows_of(n: int, seed: int = 0) -> LearningRows:
    requests, labels = traffic(n, seed)
    return learning_rows(requests, labels_of(labels, requests), WRITERS)


def wrong_share(learned: LearnedRoute, rows: LearningRows) -> tuple[int, int]:
    confidences = [learned.calibrators[w].predict_proba(s) for w, s in zip(rows.writers, rows.signals, strict=True)]
    done = learned.policy.simulate(confidences)
    right = np.choose(done.stage, [column.astype(np.intp) for column in rows.correct]).astype(bool)
    return int((done.answered & ~right).sum()), int(done.answered.sum())


def test_a_promise_holds_on_other_requests() -> None:
    learned = learn_route(rows_of(3000), Wanted(promise=0.1))
    assert learned.promise is not None
    assert learned.promise.coverage > 0.3
    assert 0 < learned.point.stopped[0] < 1
    wrong, returned = wrong_share(learned, rows_of(20_000, seed=1))
    assert rate_lower(wrong, returned, 0.001) < 0.1


def test_promises_are_rarely_broken() -> None:
    """The chance of a broken promise is at most δ, whatever the confidences: here they say nothing at all."""
    rng = np.random.default_rng(0)
    broken = 0
    for _ in range(200):
        columns = {"small": rng.uniform(0.8, 1, 300), "large": rng.uniform(0.8, 1, 300)}
        right = [rng.random(300) < 0.88, rng.random(300) < 0.88]  # 12 % wrong everywhere: a limit of 0.1 cannot be kept
        try:
            promise_route(columns, right, limit=0.1, delta=0.1, source=("log_cmp", "r"))
        except NotEnoughData:
            continue
        broken += 1
    assert broken <= 32  # δ = 0.1 of 200, and three standard errors


def test_a_budget_is_kept_and_buys_more_than_the_small_writer() -> None:
    rows = rows_of(2000)
    learned = learn_route(rows, Wanted(budget=7.0))
    assert learned.promise is None
    assert learned.point.cost <= 7.0
    small, large = (column.mean() for column in rows.correct)
    assert small < learned.point.accuracy
    assert learned.curve.alone[1].cost == pytest.approx(10.5)
    assert learned.point.accuracy > small + (large - small) * 0.3
    with pytest.raises(InputError, match="no p"):
        learn_route(rows, Wanted(budget=0.5))


def test_too_few_labels_say_what_would_do_and_what_can_be_had() -> None:
    with pytest.raises(NotEnoughData, match=r"needs at least 144 requests .* got 100; with these, about") as caught:
        learn_route(rows_of(100), Wanted(promise=0.05))
    assert caught.value.needed == labels_needed(0.05, 0.05) == 144
    with pytest.raises(NotEnoughData, match=r"labels cannot keep a promise of at most 0\.005") as caught:
        learn_route(rows_of(3000), Wanted(promise=0.005))
    assert caught.value.needed is None or caught.value.needed > 3000


def test_one_class_only_is_said() -> None:
    requests, labels = traffic(300)
    right = [replace(label, correct=True) for label in labels]
    with pytest.raises(NotEnoughData, match=r"small: .* 150 right of 150"):
        learn_route(learning_rows(requests, labels_of(right, requests), WRITERS), Wanted(promise=0.1))


def test_labels_that_cannot_be_used_are_counted() -> None:
    requests, labels = traffic(3)
    returned_nothing = replace(requests[0], baseline=None, enforced=True, action="abstain")
    bad = [
        *labels,
        labels[0],
        AnswerLabel("other", correct=True),
        AnswerLabel("r1", correct=True, writer="huge"),
        AnswerLabel("r0", correct=True),
    ]
    with pytest.raises(InputError) as caught:
        labels_of(bad, [returned_nothing, *requests[1:]])
    for words in (
        "1 of answers that are labelled twice (r0, small)",
        "1 not in the log (other)",
        "1 of writers that were not asked (r1, huge)",
        "1 of requests of which nothing was returned",
    ):
        assert words in str(caught.value)


def test_a_label_without_a_writer_is_of_what_was_returned() -> None:
    requests, _ = traffic(2)
    assert labels_of([AnswerLabel("r1", correct=True)], requests) == {("r1", "large"): True}


def test_agreement_labels_take_the_strongest_for_right() -> None:
    requests, labels = traffic(50)
    known = {(label.id, label.writer): label.correct for label in labels}
    agreed = agreement_labels(requests, "large")
    assert all(agreed[request.id, "large"] for request in requests)
    both = [request.id for request in requests if known[request.id, "large"] and known[request.id, "small"]]
    assert both
    assert all(agreed[name, "small"] for name in both)


def test_decided_requests_are_left_out_and_a_log_of_them_is_refused() -> None:
    requests, labels = traffic(20)
    decided = [replace(request, enforced=True) for request in requests[:5]]
    rows = learning_rows([*decided, *requests[5:]], labels_of(labels, requests), WRITERS)
    assert (len(rows), rows.left_out) == (15, {"decided by the route, so that not every writer was asked": 5})
    with pytest.raises(InputError, match="shadow = true"):
        learning_rows(decided, labels_of(labels, requests), WRITERS)


def test_requests_that_a_policy_picked_are_refused() -> None:
    requests, labels = traffic(20)
    kept = [replace(request, stages=request.stages[:1], baseline=None) for request in requests[:8]]
    with pytest.raises(InputError, match="large in 8"):
        learning_rows([*kept, *requests[8:]], labels_of(labels, requests), WRITERS)


def test_what_does_not_count_is_counted() -> None:
    requests, labels = traffic(20)
    again = replace(requests[0], id="again")
    unlabelled = [label for label in labels if label.id not in ("r1", "r2")]
    rows = learning_rows([*requests, again], labels_of(unlabelled, requests), WRITERS)
    assert rows.left_out == {"the same question again": 1, "without a label for every writer": 2}
    with pytest.raises(NotEnoughData, match="labelled for each of small, large"):
        learning_rows(requests, {}, WRITERS)


def test_an_answer_that_could_not_be_read_is_never_returned() -> None:
    requests, labels = traffic(600)
    unread = [
        replace(request, stages=(replace(request.stages[0], signal=None), request.stages[1]))
        for request in requests[:100]
    ]
    rows = learning_rows([*unread, *requests[100:]], labels_of(labels, requests), WRITERS)
    learned = learn_route(rows, Wanted(promise=0.15))
    assert learned.promise is not None
    assert sum(confidence == 0 for confidence in learned.promise.reference["small"]) > 20
    assert learned.promise.cut > 0


def test_other_routes_and_mixed_readings_are_named() -> None:
    requests, _ = traffic(4)
    with pytest.raises(InputError, match=r"no request of route 'sales'; it is of 'support' \(4\)"):
        of_route(requests, "sales")
    other = replace(requests[0], source=Source("log_cmp", "reader:2"))
    with pytest.raises(InputError, match="3 × log_cmp of reader:1; 1 × log_cmp of reader:2"):
        one_source([other, *requests[1:]])


def test_without_prices_calls_are_counted() -> None:
    requests, labels = traffic(300)
    free = [
        replace(request, stages=tuple(replace(stage, cost=None) for stage in request.stages), baseline=None)
        for request in requests
    ]
    rows = learning_rows(free, labels_of(labels, requests), WRITERS)
    assert rows.unit == "calls"
    assert [float(cost.mean()) for cost in rows.costs] == [1.0, 1.0]


def test_a_promise_survives_its_file() -> None:
    promise = learn_route(rows_of(1500), Wanted(promise=0.15, right_means="like the large one's")).promise
    assert promise is not None
    assert RoutePromise.from_json(promise.to_json()) == promise
    assert "like the large one's" in promise.statement
    for broken in ("{}", "[]", "nothing", promise.to_json().replace('"version": 1', '"version": 2')):
        with pytest.raises(InputError):
            RoutePromise.from_json(broken)


def test_the_common_cut_abstains_in_the_end() -> None:
    policy = common_cut(0.8, 3)
    done = policy.simulate([[0.9, 0.1, 0.1], [0.0, 0.8, 0.1], [0.0, 0.0, 0.7]])
    assert done.stage.tolist() == [0, 1, 2]
    assert done.answered.tolist() == [True, True, False]


@pytest.mark.parametrize(("promise", "budget"), [(None, None), (0.1, 2.0), (None, 0.0), (None, float("inf"))])
def test_a_promise_or_a_budget(promise: float | None, budget: float | None) -> None:
    with pytest.raises(InputError):
        Wanted(promise=promise, budget=budget)


def test_requests_whose_caller_hung_up_are_reported_by_what_they_cost_and_teach_nothing() -> None:
    requests, labels = traffic(20)
    at_it = LoggedStage("large", "large", None, None, "abstain", failure="cancelled")
    done = replace(requests[0].stages[0], action="escalate")
    left = replace(requests[0], id="left", action="cancelled", enforced=True, stages=(done, at_it), baseline=None)
    watched = replace(left, id="watched", enforced=False, stages=(), baseline=at_it)
    rows = learning_rows([*requests, left, watched], labels_of(labels, requests), WRITERS)
    assert (len(rows), rows.left_out) == (20, {"given up by the caller": 2})
    stayed = [replace(request, enforced=True, action="answer") for request in requests]
    before, after = report_of(stayed, {}, strongest="large"), report_of([*stayed, left, watched], {}, strongest="large")
    assert (before.savings, before.returned, before.left) == (after.savings, after.returned, None)
    assert (after.left, after.actions) == (LeftRequests(2, 1.5, 2), {"answer": 20, "cancelled": 2})
    assert (after.writers[1].asked, after.writers[1].unread, after.writers[1].failures) == (21, 0, {"cancelled": 1})
    assert "2 requests by their callers, at 1.5, and what 2 writers took" in "\n".join(report_lines(after))


def test_by_agreement_the_strongest_is_always_right() -> None:
    requests, _ = traffic(600)
    rows = learning_rows(requests, agreement_labels(requests, "large"), WRITERS)
    learned = learn_route(rows, Wanted(promise=0.1, right_means="equal to the strongest writer's"))
    assert learned.reasons["large"] == "platt: 0.997 for every answer, as all 300 are right"
    large = Platt.from_json(learned.calibrators["large"].to_json())
    assert large.predict_proba([0.1, 3.0], source=SOURCE) == pytest.approx([301 / 302] * 2)
    assert learned.point.stopped[1] > 0
    wrong, returned = wrong_share(learned, rows_of_agreement(2000, seed=1))
    assert returned > 0
    assert rate_lower(wrong, returned, 0.99) <= 0.1


def rows_of_agreement(n: int, seed: int) -> LearningRows:
    requests, _ = traffic(n, seed)
    return learning_rows(requests, agreement_labels(requests, "large"), WRITERS)


def test_of_a_question_asked_again_the_labelled_request_counts() -> None:
    requests, labels = traffic(40)
    again = [replace(one, id=f"again-{one.id}") for one in requests]
    told = [replace(label, id=f"again-{label.id}") if label.id == "r3" else label for label in labels]
    both = [*requests, *again]
    found = learning_rows(both, labels_of(told, both), WRITERS)
    assert sorted(found.ids) == sorted(one.id if one.id != "r3" else "again-r3" for one in requests)
    assert found.left_out == {"the same question again": 40}


def test_requests_put_to_everybody_are_learnt_from_and_what_they_cost_is_told() -> None:
    requests, labels = traffic(200)
    decided = [
        replace(
            one,
            action="answer",
            would="answer",
            enforced=True,
            baseline=None,
            stages=(replace(one.stages[0], action="answer"),),
            everyone=i % 2 == 0,
            extra=one.stages[1:] if i % 2 == 0 else (),
        )
        for i, one in enumerate(requests)
    ]
    known = labels_of([label for label in labels if label.writer == "small" or int(label.id[1:]) % 2 == 0], decided)
    rows = learning_rows(decided, known, WRITERS)
    assert rows.ids == tuple(one.id for one in requests[::2])
    assert rows.left_out == {"decided by the route, so that not every writer was asked": 100}
    assert [record_of(record_text(one)) for one in decided[:2]] == decided[:2]
    found = report_of(decided, known, strongest="large")
    assert found.learning == LeftRequests(100, 1050.0, 0)
    assert found.savings is not None
    assert found.savings.route == pytest.approx(1.5)
    assert found.flips is not None
    assert any("1050 beside the above" in line for line in report_lines(found))
    unanswered = [replace(one, extra=()) if one.everyone else one for one in decided]
    with pytest.raises(NotEnoughData, match="no request is labelled"):
        learning_rows(unanswered, known, WRITERS)
