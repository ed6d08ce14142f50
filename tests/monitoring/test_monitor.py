import json

import numpy as np
import pytest

from foureyes.errors import InputError
from foureyes.monitoring import Alarm, Monitor, MonitorSettings, Observation, ObservedVote, Promise, PromiseWatch
from foureyes.monitoring.stream_detectors import MOST_STREAMS
from tests.monitoring.streams import World, decisions, labelled


def feed(monitor, observations):
    return [alarm for o in observations for alarm in monitor.observe(o)]


def plain(o=0.0, **fields):
    return Observation(o, **{"safe": True, "consensus": True, **fields})


def test_a_calm_stream_raises_nothing():
    assert feed(Monitor(), decisions(1500)) == []


def test_of_many_calm_monitors_hardly_any_raises_a_false_drift_alarm():
    settings = MonitorSettings(alpha=0.2, window_size=50)
    raised = [feed(Monitor(settings, seed=s), decisions(120, seed=s)) for s in range(200)]
    false = sum(any(alarm.kind == "drift" for alarm in alarms) for alarms in raised)
    assert false <= 0.2 * 200


def test_a_drop_of_confidence_is_reported_once_with_what_it_means():
    monitor = Monitor(reference={"confidence": [o.confidence for o in decisions(500, seed=7)]})
    feed(monitor, decisions(200))
    alarms = feed(monitor, decisions(400, World(right=4, wrong=4), seed=1, start=200))
    (alarm,) = (alarm for alarm in alarms if alarm.key == "drift:confidence")
    assert alarm.kind == "drift"
    assert 200 < alarm.at < 300
    assert "0.8" in alarm.statement
    assert "on average before" in alarm.statement
    assert "ever" in alarm.false_alarms
    assert alarm in monitor.active_alarms


def test_a_rise_of_surprise_names_the_verifier():
    monitor = Monitor()
    feed(monitor, decisions(2500))
    alarms = feed(monitor, decisions(300, World(surprise=5.0), seed=1, start=2500))
    assert "drift:log_cmp:reader" in {alarm.key for alarm in alarms}


def test_a_verifier_that_breaks_down_is_reported_and_the_alarm_ends_when_it_is_back():
    monitor = Monitor()
    feed(monitor, decisions(300))
    (alarm,) = (a for a in feed(monitor, decisions(60, World(failing=0.9), seed=1, start=300)) if a.kind == "rate")
    assert alarm.key == "rate:errors:judge"
    assert "judge" in alarm.statement
    assert [a.key for a in monitor.active_alarms if a.kind == "rate"] == [alarm.key]
    feed(monitor, decisions(200, World(failing=0.0), seed=2, start=360))
    assert not [a for a in monitor.active_alarms if a.kind == "rate"]
    again = feed(monitor, decisions(60, World(failing=0.9), seed=3, start=560))
    assert [a.key for a in again if a.kind == "rate"] == [alarm.key]


def test_a_reference_may_be_an_array():
    monitor = Monitor(reference={"confidence": np.linspace(0.5, 0.9, 50)})
    assert Monitor.from_json(monitor.to_json()).to_json() == monitor.to_json()


def test_limits_on_flags_and_disagreement_are_watched_where_they_are_set():
    monitor = Monitor(MonitorSettings(max_flag_rate=0.1, max_disagreement=0.1))
    votes = (ObservedVote("a", "safe"), ObservedVote("b", "unsafe"))
    alarms = feed(monitor, [plain(float(t), safe=False, consensus=False, opinions=votes) for t in range(30)])
    assert {"rate:flags", "rate:disagreement"} <= {alarm.key for alarm in alarms}


def test_acknowledging_makes_the_new_the_normal():
    monitor = Monitor(reference={"confidence": [0.8 + i / 1000 for i in range(200)]})
    low = [plain(float(t), confidence=0.3 + (t * 7919 % 97) / 970) for t in range(600)]
    assert [alarm.key for alarm in feed(monitor, low[:200])] == ["drift:confidence"]
    assert monitor.acknowledge("drift:confidence").kind == "drift"
    assert monitor.active_alarms == ()
    assert feed(monitor, low[200:]) == []
    with pytest.raises(InputError, match="no alarm 'drift:confidence' stands; active: none"):
        monitor.acknowledge("drift:confidence")


def test_a_promise_is_watched_suspended_and_resumed_through_the_monitor():
    promise = Promise(0.7, "error_rate", 0.05, "at most 5 % wrong")
    watch = PromiseWatch(promise, [o.confidence for o in decisions(500, seed=9)], name="reader")
    monitor = Monitor(promises=[watch])
    feed(monitor, decisions(100))
    assert monitor.promises[0].holds
    alarms = feed(monitor, decisions(200, World(right=4, wrong=4), seed=1, start=100))
    assert "promise:reader" in {alarm.key for alarm in alarms}
    assert not monitor.promises[0].holds
    assert monitor.snapshot(300.0)["promises"][0]["reason"]
    monitor.acknowledge("promise:reader")
    assert monitor.promises[0].holds


def test_outcomes_that_break_a_promise_are_reported():
    promise = Promise(0.5, "error_rate", 0.05, "at most 5 % wrong")
    seen = list(decisions(300))
    monitor = Monitor(promises=[PromiseWatch(promise, [o.confidence for o in seen], name="reader")])
    alarms = [alarm for outcome in labelled(seen, shift=-0.3) for alarm in monitor.report(outcome)]
    assert [alarm.key for alarm in alarms] == ["promise:reader"]
    assert "above the promised 0.05" in alarms[0].statement


def test_the_snapshot_is_json_and_says_what_was_seen():
    monitor = Monitor()
    seen = list(decisions(400))
    feed(monitor, seen)
    for outcome in labelled(seen[:200]):
        monitor.report(outcome)
    shot = json.loads(json.dumps(monitor.snapshot(400.0), allow_nan=False))
    assert shot["total"] == shot["figures"]["decisions"] == 400
    held = sum(not o.safe for o in seen)
    assert (shot["figures"]["flag_rate"]["k"], shot["figures"]["flag_rate"]["n"]) == (held, 400)
    assert [v["verifier"] for v in shot["verifiers"]] == ["judge", "reader"]
    assert shot["outcomes"]["n"] == 200
    assert sum(entry["n"] for entry in shot["outcomes"]["reliability"]) == 200
    assert shot["pairs"][0]["misses"]["n"] > 0
    assert sum(shot["timeline"]["decisions"]) == 400
    assert {d["signal"] for d in shot["detectors"]} == {"confidence", "flags", "disagreement", "log_cmp:reader"}
    assert sum(d["alpha"] for d in shot["detectors"]) < monitor.settings.alpha


def test_a_snapshot_of_nothing_claims_nothing():
    shot = Monitor().snapshot(1000.0)
    assert {name: value for name, value in shot["figures"].items() if value is not None} == {
        "decisions": 0,
        "observed_only": 0,
    }
    assert (shot["verifiers"], shot["pairs"], shot["outcomes"], shot["alarms"]) == ([], [], None, [])
    assert set(shot["timeline"]["flag_rate"]) == {None}


def test_what_is_too_old_leaves_the_figures():
    monitor = Monitor(MonitorSettings(window_s=100))
    feed(monitor, [plain(0.0), plain(50.0), plain(120.0)])
    assert monitor.snapshot(130.0)["figures"]["decisions"] == 2
    assert monitor.snapshot(1000.0)["figures"]["decisions"] == 0


def test_a_clock_set_back_loses_nothing_and_raises_nothing():
    monitor = Monitor(MonitorSettings(window_s=100))
    feed(monitor, [plain(1000.0), plain(10.0), plain(1001.0)])
    assert monitor.snapshot(1001.0)["total"] == 3


@pytest.mark.parametrize("cut", [0, 1, 150, 399])
def test_a_restored_monitor_goes_on_as_if_nothing_had_happened(cut):
    seen = [*decisions(200), *decisions(200, World(right=4, wrong=4, failing=0.5), seed=1, start=200)]
    straight, broken = Monitor(seed=3), Monitor(seed=3)
    for i, o in enumerate(seen):
        if i == cut:
            broken = Monitor.from_json(broken.to_json())
        assert straight.observe(o) == broken.observe(o)
    for outcome in labelled(seen[:20]):
        straight.report(outcome)
        broken.report(outcome)
    assert Monitor.from_json(broken.to_json()).snapshot(400.0) == straight.snapshot(400.0)


def test_memory_is_bounded_whatever_comes():
    monitor = Monitor(MonitorSettings(window_size=10, buckets=5, bucket_s=1.0))
    sizes = []
    for t in range(3 * MOST_STREAMS):
        votes = (ObservedVote(f"v{t}", "error", log_cmp=1.0),)
        monitor.observe(plain(float(t), safe=False, consensus=False, opinions=votes))
        sizes.append(len(monitor.to_json()))
    assert sizes[-1] < 1.2 * sizes[2 * MOST_STREAMS]
    assert len(monitor.snapshot(200.0)["detectors"]) <= MOST_STREAMS


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON at character"),
        ("[]", "wanted foureyes.monitor version 1"),
        ('{"format": "foureyes.monitor", "version": 2}', "got 'foureyes.monitor' version 2"),
        ('{"format": "foureyes.monitor", "version": 1}', "not a monitor's state"),
    ],
)
def test_a_state_that_is_not_one_is_refused(text, words):
    with pytest.raises(InputError, match=words):
        Monitor.from_json(text)


def test_settings_out_of_range_are_refused_all_at_once():
    with pytest.raises(InputError, match=r"window_size.*got 0.*alpha.*got 2"):
        MonitorSettings(window_size=0, alpha=2)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ObservedVote("a", "maybe"), "a verdict is one of"),
        (lambda: ObservedVote("a", "safe", 1.5), r"confidence must lie in \[0, 1\]"),
        (lambda: ObservedVote("a", "safe", log_cmp=float("nan")), "log_cmp must be finite"),
        (lambda: plain(consensus=False), "safe without consensus"),
        (lambda: plain(float("inf")), "moment must be finite"),
        (lambda: plain(latency_ms=-1.0), "latency_ms"),
        (lambda: Observation.from_dict({"at": 1}), "not an observation"),
        (lambda: Alarm.from_dict({"key": "x"}), "not an alarm"),
    ],
)
def test_what_was_not_seen_cannot_be_told(make, words):
    with pytest.raises(InputError, match=words):
        make()


def promised(name, limit=0.05):
    return PromiseWatch(Promise(0.8, "error_rate", limit, f"at most {limit} wrong"), [0.9] * 100, name=name)


def broken(name):
    watch = promised(name)
    watch.suspend("it was seen to be wrong", 5.0)
    return watch


def test_a_promise_that_was_suspended_before_stands_among_the_alarms():
    monitor = Monitor(promises=[broken("a"), promised("b")])
    assert [alarm.key for alarm in monitor.active_alarms] == ["promise:a"]
    monitor.acknowledge("promise:a")
    assert all(status.holds for status in monitor.promises)


def test_watches_change_and_a_suspension_stays_where_its_promise_does():
    monitor = Monitor(promises=[broken("same"), broken("renewed"), broken("gone")])
    monitor.acknowledge("promise:gone")
    same, renewed, fresh = promised("same"), promised("renewed", limit=0.2), promised("fresh")
    monitor.watch([same, renewed, fresh])
    assert monitor.watches == (same, renewed, fresh)
    assert [status.holds for status in monitor.promises] == [False, True, True]
    assert [alarm.key for alarm in monitor.active_alarms] == ["promise:same"]
    monitor.watch([])
    assert (monitor.promises, monitor.active_alarms) == ((), ())


def test_watching_the_same_again_changes_nothing():
    watch = broken("a")
    monitor = Monitor(promises=[watch])
    before = monitor.to_json()
    monitor.watch([watch])
    assert monitor.to_json() == before


def test_other_alarms_stand_when_watches_change():
    monitor = Monitor(MonitorSettings(max_error_rate=0.05))
    for t in range(500):
        monitor.observe(Observation(float(t), safe=False, consensus=False, opinions=(ObservedVote("a", "error"),)))
    active = monitor.active_alarms
    assert active
    monitor.watch([promised("a")])
    assert monitor.active_alarms == active
