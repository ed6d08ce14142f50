import json

import numpy as np
import pytest

from foureyes.calibration import promise as promised
from foureyes.errors import InputError
from foureyes.maths.bounds import rate_lower
from foureyes.monitoring import Promise, PromiseWatch

LABELS = 2000


def world(seed=0, *, shift=0.0):
    """Confidences that mean what they say, and whether the answers were right."""
    rng = np.random.default_rng(seed)
    c = rng.beta(8, 2, LABELS)
    return c, rng.random(LABELS) < np.clip(c + shift, 0, 1)


@pytest.fixture(scope="module")
def threshold():
    return promised(*world(), max_error=0.1, delta=0.05)


def watch_of(threshold, **settings):
    return PromiseWatch(Promise.of(threshold), world()[0][:500], **settings)


def test_while_answers_come_as_they_did_the_promise_holds(threshold):
    watch = watch_of(threshold)
    for t, c in enumerate(world(1)[0]):
        assert watch.observe(float(c), float(t)) is None
    assert watch.status.holds
    assert watch.status.statement == threshold.statement
    assert watch.status.reason is None


def test_of_many_promises_kept_hardly_any_is_suspended(threshold):
    suspended = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        c = rng.beta(8, 2, 240)
        watch = PromiseWatch(Promise.of(threshold), c[:120], alpha=0.2, seed=seed)
        for t, confidence in enumerate(c[120:].tolist()):
            watch.observe(confidence, float(t))
            watch.outcome(confidence, float(t), right=bool(rng.random() < confidence))
        suspended += not watch.status.holds
    assert rate_lower(suspended, 300, 1e-4) <= 0.2


def test_drift_suspends_it_once_and_says_why_and_how_to_resume(threshold):
    watch = watch_of(threshold, name="reader")
    rng = np.random.default_rng(2)
    alarms = [alarm for t in range(300) if (alarm := watch.observe(float(rng.beta(5, 5)), float(t)))]
    assert [alarm.key for alarm in alarms] == ["promise:reader"]
    status = watch.status
    assert not status.holds
    assert status.since == alarms[0].at
    assert "no longer distributed" in status.reason
    assert "acknowledge" in status.resume


def test_outcomes_worse_than_promised_suspend_it_though_nothing_drifts(threshold):
    watch = watch_of(threshold)
    c, right = world(3, shift=-0.2)
    alarms = [a for t in range(LABELS) if (a := watch.outcome(float(c[t]), float(t), right=bool(right[t])))]
    assert len(alarms) == 1
    assert "above the promised 0.1" in alarms[0].statement


def test_outcomes_of_answers_that_were_held_back_say_nothing_about_the_promise(threshold):
    watch = watch_of(threshold)
    assert not any(watch.outcome(threshold.cut - 0.01, float(t), right=False) for t in range(500))
    assert watch.status.holds


def test_a_promise_about_false_blocks_looks_at_right_answers_only():
    watch = PromiseWatch(Promise(0.8, "false_block_rate", 0.1, "few blocked"), [0.9] * 100)
    assert not any(watch.outcome(0.5, float(t), right=False) for t in range(500))
    assert any(watch.outcome(0.5, float(t), right=True) for t in range(100))


def test_a_promise_about_costs_is_watched_for_drift_alone():
    watch = PromiseWatch(Promise(0.8, "mean_cost", 4.0, "cheap"), [0.9] * 100)
    assert not any(watch.outcome(0.9, float(t), right=False) for t in range(200))
    assert PromiseWatch.from_json(watch.to_json()).status == watch.status


def test_without_a_reference_the_first_confidences_count_as_normal(threshold):
    watch = PromiseWatch(Promise.of(threshold), ())
    rng = np.random.default_rng(6)
    assert not any(watch.observe(c, 0.0) for c in rng.beta(8, 2, 400).tolist())
    assert any(watch.observe(c, 0.0) for c in rng.beta(5, 5, 150).tolist())


def test_acknowledging_resumes_it_with_the_new_as_normal(threshold):
    watch = watch_of(threshold)
    rng = np.random.default_rng(4)
    new = rng.beta(5, 5, 900).tolist()
    assert any(watch.observe(c, 0.0) for c in new[:200])
    watch.acknowledge()
    assert watch.status.holds
    assert not any(watch.observe(c, 0.0) for c in new[200:])
    with pytest.raises(InputError, match="nothing to acknowledge"):
        watch.acknowledge()


def test_renewing_replaces_what_is_promised(threshold):
    watch = watch_of(threshold)
    while watch.observe(0.3, 0.0) is None:
        pass
    watch.renew(Promise(0.2, "error_rate", 0.3, "a humbler promise"), [0.3] * 200)
    assert watch.status.holds
    assert watch.promise.limit == 0.3
    assert not any(watch.observe(0.3, 0.0) for _ in range(200))


@pytest.mark.parametrize("cut", [0, 30, 110])
def test_a_restored_watch_goes_on_as_if_nothing_had_happened(threshold, cut):
    rng = np.random.default_rng(5)
    straight, broken = watch_of(threshold, seed=1), watch_of(threshold, seed=1)
    for t, c in enumerate(rng.beta(6, 3, 120).tolist()):
        if t == cut:
            broken = PromiseWatch.from_json(json.dumps(json.loads(broken.to_json())))
        assert straight.observe(c, float(t)) == broken.observe(c, float(t))
        assert straight.outcome(c, float(t), right=t % 3 > 0) == broken.outcome(c, float(t), right=t % 3 > 0)
    assert straight.status == broken.status


def test_what_promises_nothing_cannot_be_watched(threshold):
    from dataclasses import replace

    with pytest.raises(InputError, match="in sample promises nothing"):
        Promise.of(replace(threshold, in_sample=True))
    with pytest.raises(InputError, match=r"in \[0, 1\]; got nan"):
        watch_of(threshold).observe(float("nan"), 0.0)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": "foureyes.promise_watch", "version": 1}', '{"version": 9}'])
def test_a_state_that_is_not_one_is_refused(text):
    with pytest.raises(InputError, match=r"not the state|wanted foureyes.promise_watch"):
        PromiseWatch.from_json(text)


def suspended(**settings):
    watch = PromiseWatch(Promise(0.8, "error_rate", 0.05, "at most 5 % wrong"), [0.9] * 100, **settings)
    while watch.observe(0.1, 7.0) is None:
        pass
    return watch


def test_whoever_knows_a_reason_may_suspend_it_once():
    watch = PromiseWatch(Promise(0.8, "error_rate", 0.05, "at most 5 % wrong"), [0.9], name="reader")
    assert watch.alarm is None
    alarm = watch.suspend("its memory was lost", 3.0)
    assert (alarm.key, alarm.at) == ("promise:reader", 3.0)
    assert "its memory was lost" in watch.status.reason
    assert watch.suspend("another reason", 4.0) is None
    assert watch.alarm == alarm
    watch.acknowledge()
    assert watch.status.holds


def test_a_watch_that_takes_over_goes_on_where_the_other_stood():
    earlier = suspended(name="reader", alpha=0.02)
    later = PromiseWatch(earlier.promise, (), name="reader", alpha=0.5)
    later.take_over(earlier)
    assert later.to_json() == earlier.to_json()
    assert not later.status.holds


def test_taking_over_under_another_promise_renews_it_and_spends_of_the_same_alpha():
    earlier = suspended(name="reader")
    later = PromiseWatch(Promise(0.7, "error_rate", 0.1, "at most 10 % wrong"), (), name="reader")
    later.take_over(earlier)
    assert later.status.holds
    assert later.status.statement == "at most 10 % wrong"
    document, before = json.loads(later.to_json()), json.loads(earlier.to_json())
    assert document["rounds"] == before["rounds"] + 1
    assert document["risk"]["alpha"] < before["risk"]["alpha"]
