import numpy as np
import pytest

from foureyes.errors import InputError
from foureyes.monitoring import FreshReading, Monitor, MonitorSettings, Observation, ObservedVote
from foureyes.monitoring.origins import OriginWatch


def seen(t, *, disputed=False, log_cmp=None, **named):
    votes = (ObservedVote("a", "unsafe" if disputed else "safe", log_cmp=log_cmp), ObservedVote("b", "safe"))
    return Observation(float(t), safe=False, consensus=False, opinions=votes, **named)


def traffic(n, *, rate=0.1, bad=(), bad_rate=0.8, names=20, seed=0):
    """Decisions of many agents in many sessions, that draw on many memories; answers from bad memories are disputed."""
    rng = np.random.default_rng(seed)
    for t in range(n):
        source = f"memory-{rng.integers(names)}"
        disputed = rng.random() < (bad_rate if source in bad else rate)
        yield seen(
            t,
            disputed=bool(disputed),
            agent=f"agent-{rng.integers(5)}",
            session=f"session-{t // 10}",
            sources=(source, "shared"),
        )


def feed(watch, observations):
    return [alarm for o in observations for alarm in watch.observe(o)]


def test_a_poisoned_memory_is_named_and_nothing_else_is():
    alarms = feed(OriginWatch(alpha=0.01, most=1000), traffic(2000, bad=("memory-3",)))
    assert [alarm.key for alarm in alarms] == ["origin:source:memory-3"]
    assert "memory-3" in alarms[0].statement
    assert "harder questions" in alarms[0].false_alarms


def test_of_many_calm_streams_hardly_any_names_anybody():
    raised = [feed(OriginWatch(alpha=0.2, most=1000), traffic(300, names=4, seed=s)) for s in range(200)]
    assert sum(map(bool, raised)) <= 0.2 * 200


def test_a_name_that_all_traffic_has_cannot_stand_out():
    watch = OriginWatch(alpha=0.01, most=10)
    assert feed(watch, [seen(t, disputed=True, agent="only") for t in range(500)]) == []
    (row,) = watch.figures(0.95, most=5)["agent"]["shown"]
    assert (row["disputed"]["k"], row["others_disputed"]) == (500, None)


def test_a_file_in_order_of_its_sources_is_compared_all_the_same():
    ordered = [seen(t, sources=("manual",)) for t in range(200)]
    ordered += [seen(t, disputed=True, sources=("notes",)) for t in range(200, 240)]
    assert [alarm.key for alarm in feed(OriginWatch(alpha=0.01, most=10), ordered)] == ["origin:source:notes"]


def test_figures_tell_each_name_its_shares_and_the_worst_come_first():
    watch = OriginWatch(alpha=0.01, most=10)
    for t in range(20):
        watch.observe(seen(2 * t, log_cmp=1.0, agent="good", sources=("manual",)))
        watch.observe(seen(2 * t + 1, disputed=True, log_cmp=3.0, agent="bad", sources=("notes", "manual")))
    watch.observe_fresh(FreshReading(50.0, shift=1.5, differs=True, agent="bad", sources=("notes",)))
    agents = watch.figures(0.95, most=5)["agent"]
    assert (agents["known"], agents["forgotten"]) == (2, 0)
    worst, best = agents["shown"]
    assert (worst["name"], worst["alarmed"], best["name"]) == ("bad", True, "good")
    assert (worst["disputed"]["value"], worst["disagreement"]["value"], worst["log_cmp"]) == (1.0, 1.0, 3.0)
    assert (worst["fresh"], worst["fresh_shift"], worst["fresh_differs"]["value"]) == (1, 1.5, 1.0)
    assert (best["fresh_shift"], best["fresh_differs"]) == (None, None)


def test_memory_is_bounded_and_the_one_not_seen_for_longest_goes():
    watch = OriginWatch(alpha=0.01, most=100)
    for t in range(5000):
        watch.observe(seen(t, session=f"session-{t}", sources=("kept",)))
    figures = watch.figures(0.95, most=200)
    assert (figures["session"]["known"], figures["session"]["forgotten"]) == (100, 4900)
    assert {row["name"] for row in figures["session"]["shown"]} == {f"session-{t}" for t in range(4900, 5000)}
    assert figures["source"]["shown"][0]["decisions"] == 5000
    assert max(len(n.paired) for names in watch._names.values() for n in names.values()) <= 256


def test_a_flood_of_names_delays_the_alarm_on_a_bad_one_by_little():
    watch = OriginWatch(alpha=0.01, most=1000)
    feed(watch, [seen(t, session=f"s-{t}") for t in range(3000)])
    late = [seen(t, disputed=t % 2 == 0, session="late" if t % 2 == 0 else f"s-{t}") for t in range(3000, 3200)]
    (alarm,) = [alarm for alarm in feed(watch, late) if alarm.key == "origin:session:late"]
    assert alarm.at < 3200


def test_acknowledged_a_name_is_counted_anew():
    monitor = Monitor(MonitorSettings())
    raised = []
    for t in range(60):
        raised += monitor.observe(seen(t, disputed=t % 2 == 0, sources=("notes" if t % 2 == 0 else "manual",)))
    assert [a.key for a in raised if a.kind == "origin"] == ["origin:source:notes"]
    assert monitor.acknowledge("origin:source:notes").kind == "origin"
    assert [row["name"] for row in monitor.snapshot(60.0)["origins"]["source"]["shown"]] == ["manual"]


def test_a_monitor_goes_on_with_its_origins_and_fresh_readings_after_a_restart():
    whole, part = Monitor(), Monitor()
    for o in traffic(120, bad=("memory-3",), names=4):
        for monitor in (whole, part):
            monitor.observe(o)
            monitor.report_fresh(FreshReading(o.at, 0.5, differs=True, agent=o.agent, sources=o.sources))
        part = Monitor.from_json(part.to_json())
    assert part.to_json() == whole.to_json()
    assert part.snapshot(120.0) == whole.snapshot(120.0)
    assert part.snapshot(120.0)["fresh"]["differs"]["k"] == 120


def test_a_state_of_before_origins_were_watched_is_read():
    import json

    document = json.loads(Monitor().to_json())
    for name in ("origins", "fresh", "limits"):
        del document[name]
    assert Monitor.from_json(json.dumps(document)).snapshot(0.0)["origins"]["agent"]["known"] == 0


@pytest.mark.parametrize("state", [{}, {"opened": {}, "number": 0, "recent": [], "names": {}}])
def test_what_is_no_state_is_refused(state):
    with pytest.raises(InputError, match="watch on origins"):
        OriginWatch(alpha=0.01, most=10).restore(state)


@pytest.mark.parametrize("numbers", [{"at": float("nan")}, {"at": 0.0, "shift": float("inf")}])
def test_a_fresh_reading_wants_finite_numbers(numbers):
    with pytest.raises(InputError, match="finite"):
        FreshReading(**numbers)
