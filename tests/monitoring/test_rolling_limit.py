import pytest

from foureyes.errors import InputError
from foureyes.monitoring import Monitor, MonitorSettings, Observation, ObservedVote
from foureyes.monitoring.rolling_limit import RollingLimit


def read(t, log_cmp, verifier="reader"):
    vote = ObservedVote(verifier, "safe", log_cmp=log_cmp)
    return Observation(float(t), safe=True, consensus=True, opinions=(vote,), agent="agent-7", session="chat-1")


def turns(rule, values):
    return [rule.observe(value) for value in values]


def test_it_says_nothing_before_the_window_is_full():
    rule = RollingLimit(1.0, window=4, persistence=1)
    assert turns(rule, [9.0, 9.0, 9.0]) == [None] * 3
    assert rule.mean is None
    assert rule.observe(9.0) == "raised"


def test_one_mean_at_the_limit_breaks_the_run():
    rule = RollingLimit(1.0, window=1, persistence=3)
    assert turns(rule, [2.0, 2.0, 1.0, 2.0, 2.0, 2.0]) == [None] * 5 + ["raised"]
    assert turns(rule, [0.0, 0.0, 1.5, 0.0, 0.0, 1.0]) == [None] * 5 + ["ended"]


def test_the_monitor_raises_it_by_the_rule_and_ends_it_by_the_rule():
    monitor = Monitor(MonitorSettings(max_log_cmp=2.0, log_cmp_window=10, log_cmp_persistence=3))
    raised = [(t, a) for t in range(30) for a in monitor.observe(read(t, 1.0)) if a.kind == "threshold"]
    assert raised == []
    for t in range(30, 60):
        raised += [(t, a) for a in monitor.observe(read(t, 4.0)) if a.kind == "threshold"]
    ((at, alarm),) = raised
    assert at == 35  # the mean of 10 exceeds 2 from the fourth high value on; this is the third such mean
    assert alarm.key == "threshold:log_cmp:reader"
    assert (alarm.agent, alarm.session) == ("agent-7", "chat-1")
    assert "lies above 2" in alarm.statement
    assert "no rate is stated" in alarm.false_alarms
    for t in range(60, 90):
        monitor.observe(read(t, 1.0))
    assert [a.key for a in monitor.active_alarms if a.kind == "threshold"] == []


def test_it_is_a_readers_own_and_outlives_a_restart():
    monitor = Monitor(MonitorSettings(max_log_cmp=2.0, log_cmp_window=5, log_cmp_persistence=2))
    for t in range(6):
        monitor.observe(read(t, 3.0, "loud"))
        monitor.observe(read(t, 1.0, "calm"))
        monitor = Monitor.from_json(monitor.to_json())
    assert [a.key for a in monitor.active_alarms if a.kind == "threshold"] == ["threshold:log_cmp:loud"]
    means = {row["signal"]: row["mean"] for row in monitor.snapshot(6.0)["rolling_means"]}
    assert means == {"log_cmp:loud": 3.0, "log_cmp:calm": 1.0}


def test_acknowledged_it_has_to_be_met_anew():
    monitor = Monitor(MonitorSettings(max_log_cmp=2.0, log_cmp_window=5, log_cmp_persistence=2))
    for t in range(6):
        monitor.observe(read(t, 3.0))
    monitor.acknowledge("threshold:log_cmp:reader")
    later = [[a.kind for a in monitor.observe(read(t, 3.0))] for t in (6, 7)]
    assert later == [[], ["threshold"]]


@pytest.mark.parametrize("wrong", [{"max_log_cmp": 0.0}, {"log_cmp_window": 0}, {"log_cmp_persistence": 0}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        MonitorSettings(**wrong)


@pytest.mark.parametrize("state", [{}, {"latest": ["x"], "run": 0, "raised": False}])
def test_what_is_no_state_is_refused(state):
    with pytest.raises(InputError, match="rolling limit"):
        RollingLimit(1.0, window=2, persistence=1).restore(state)
