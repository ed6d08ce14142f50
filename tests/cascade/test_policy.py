import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.cascade.policy import ALWAYS, CascadeDecision, ConfidenceGate, Policy
from foureyes.errors import InputError
from foureyes.types import Unscored

SILENT = Unscored("unavailable")
POLICY = Policy(
    (
        ConfidenceGate((0.3, 0.8), ("escalate", "escalate", "answer")),
        ConfidenceGate((0.5, 0.9), ("answer", "escalate", "answer")),
        ConfidenceGate((0.4,), ("abstain", "answer")),
    )
)


def drive(policy, seen):
    deciding = policy.decide()
    asked = [next(deciding)]
    try:
        while True:
            asked.append(deciding.send(seen[len(asked) - 1]))
    except StopIteration as stop:
        return asked, stop.value


@pytest.mark.parametrize(
    ("seen", "asked", "action"),
    [
        ([0.8], [0], "answer"),
        ([0.79, 0.95], [0, 1], "answer"),
        ([0.1, 0.2], [0, 1], "answer"),
        ([0.1, 0.5, 0.4], [0, 1, 2], "answer"),
        ([0.1, 0.5, 0.39], [0, 1, 2], "abstain"),
        ([SILENT, 0.95], [0, 1], "answer"),
        ([0.1, SILENT, 0.9], [0, 1, 2], "answer"),
        ([SILENT, SILENT, SILENT], [0, 1, 2], "abstain"),
    ],
)
def test_models_are_asked_until_one_may_answer(seen, asked, action):
    assert drive(POLICY, seen) == (asked, CascadeDecision(action, len(seen) - 1, tuple(seen)))


def test_an_answer_without_confidence_never_counts_as_confident():
    assert drive(Policy((ALWAYS, ALWAYS)), [SILENT, SILENT])[1].action == "abstain"


@given(st.lists(st.tuples(*[st.floats(0, 1)] * 3), max_size=20))
def test_simulation_decides_as_the_policy_does(rows):
    columns = np.array(rows).reshape(-1, 3).T
    done = POLICY.simulate(list(columns))
    for row, stage, answered in zip(rows, done.stage, done.answered, strict=True):
        _, decision = drive(POLICY, row)
        assert (decision.stage, decision.action == "answer") == (stage, answered)


def test_json_keeps_a_policy():
    assert Policy.from_json(POLICY.to_json()) == POLICY


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan")])
def test_a_confidence_outside_its_range_is_refused(confidence):
    deciding = POLICY.decide()
    next(deciding)
    with pytest.raises(InputError, match="must lie in"):
        deciding.send(confidence)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ConfidenceGate((0.5,), ("answer",)), "1 cuts need 2 actions; got 1"),
        (lambda: ConfidenceGate((0.5, 0.5), ("answer",) * 3), "cuts must increase"),
        (lambda: ConfidenceGate((), ("guess",)), "got 'guess'"),  # type: ignore[arg-type]
        (lambda: Policy(()), "at least one gate"),
        (lambda: Policy((ConfidenceGate((0.5,), ("escalate", "answer")),)), "no model to escalate to"),
        (lambda: POLICY.simulate([[0.5]]), "this policy asks 3 models and needs a column"),
        (lambda: POLICY.simulate([[0.5], [0.5, 0.5], [0.5]]), "same length"),
        (lambda: POLICY.simulate([[2.0], [0.5], [0.5]]), r"confidences\[0\] must lie in \[0, 1\]"),
        (lambda: Policy.from_json("{}"), "not a cascade policy"),
        (lambda: Policy.from_json("nonsense"), "not a cascade policy"),
    ],
)
def test_what_is_no_policy_is_refused(build, message):
    with pytest.raises(InputError, match=message):
        build()


SUREST = Policy(
    (ConfidenceGate((0.9,), ("escalate", "answer")), ConfidenceGate((0.3,), ("abstain", "answer"))), "surest"
)


@pytest.mark.parametrize(
    ("seen", "action", "stage", "model"),
    [
        ([0.95], "answer", 0, 0),
        ([0.6, 0.5], "answer", 1, 0),
        ([0.5, 0.6], "answer", 1, 1),
        ([0.5, 0.5], "answer", 1, 1),
        ([0.6, 0.1], "answer", 1, 0),
        ([0.2, 0.1], "abstain", 1, 0),
        ([SILENT, 0.4], "answer", 1, 1),
        ([0.4, SILENT], "answer", 1, 0),
        ([SILENT, SILENT], "abstain", 1, 1),
    ],
)
def test_the_surest_answer_is_taken_and_gates_read_how_sure_the_cascade_is_so_far(seen, action, stage, model):
    decision = drive(SUREST, seen)[1]
    assert (decision.action, decision.stage, decision.model) == (action, stage, model)
    if SILENT not in seen and len(seen) == 2:
        done = SUREST.simulate([[conf] for conf in seen])
        assert (done.stage[0], done.answered[0], done.model[0]) == (stage, action == "answer", model)


def test_a_policy_of_the_surest_comes_back_from_json_and_an_old_file_keeps_the_last():
    assert Policy.from_json(SUREST.to_json()) == SUREST
    old = json.loads(POLICY.to_json())
    del old["keep"]
    assert Policy.from_json(json.dumps(old)) == POLICY
    with pytest.raises(InputError, match="keep must be one of last, surest; got 'first'"):
        Policy(POLICY.gates, "first")


def test_a_confidence_off_by_rounding_is_taken():
    assert POLICY.gates[0].action(1.00001) == "answer"
    assert POLICY.gates[0].action(-0.00001) == "escalate"
    assert POLICY.simulate([[1.00001], [0.5], [0.5]]).stage[0] == 0
    with pytest.raises(InputError, match=r"must lie in \[0, 1\]; got 1\.01"):
        POLICY.gates[0].action(1.01)
