import pytest

from foureyes.cascade.driver import Step, run_cascade
from foureyes.cascade.mixture import PolicyMix
from foureyes.cascade.policy import ALWAYS, ConfidenceGate, Policy
from foureyes.errors import InputError, ModelUnavailable
from foureyes.types import Unscored

PASS_BELOW = ConfidenceGate((0.5,), ("escalate", "answer"))
STOP_BELOW = ConfidenceGate((0.5,), ("abstain", "answer"))


class Model:
    """Answers from a table and remembers what it was asked."""

    def __init__(self, name, confidences):
        self.name, self.confidences, self.asked = name, confidences, []

    def __call__(self, questions):
        self.asked.append(list(questions))
        return [(f"{self.name}: {question}", self.confidences[question]) for question in questions]


def down(_):
    raise ModelUnavailable("the server is gone", model="mid")


def test_every_model_gets_one_batch_of_what_reaches_it():
    small = Model("small", {"a": 0.9, "b": 0.1, "c": 0.2, "d": Unscored("empty_answer")})
    middle = Model("middle", {"b": 0.6, "c": 0.3, "d": 0.7})
    large = Model("large", {"c": 0.2})
    outcomes = run_cascade(Policy((PASS_BELOW, PASS_BELOW, STOP_BELOW)), [small, middle, large], list("abcd"))
    assert [outcome.answer for outcome in outcomes] == ["small: a", "middle: b", None, "middle: d"]
    assert [outcome.decision.stage for outcome in outcomes] == [0, 1, 2, 1]
    assert (small.asked, middle.asked, large.asked) == ([["a", "b", "c", "d"]], [["b", "c", "d"]], [["c"]])


def test_a_model_nobody_needs_is_not_asked():
    small, large = Model("small", {"a": 0.9}), Model("large", {})
    run_cascade(Policy((PASS_BELOW, ALWAYS)), [small, large], ["a"])
    assert large.asked == []
    assert run_cascade(Policy((PASS_BELOW, ALWAYS)), [small, large], []) == []


def test_a_model_that_is_down_passes_its_questions_on():
    small, large = Model("small", {"a": 0.1, "b": 0.9}), Model("large", {"a": 0.8})
    steps: list[Step[str, str]] = [small, down, large]
    outcomes = run_cascade(Policy((PASS_BELOW, PASS_BELOW, ALWAYS)), steps, ["a", "b"])
    assert [outcome.answer for outcome in outcomes] == ["large: a", "small: b"]
    assert outcomes[0].decision.confidences[1] == Unscored("unavailable", "the server is gone")


def test_when_the_last_model_is_down_the_cascade_abstains():
    steps: list[Step[str, str]] = [Model("small", {"a": 0.1}), down]
    outcomes = run_cascade(Policy((PASS_BELOW, ALWAYS)), steps, ["a"])
    assert (outcomes[0].answer, outcomes[0].decision.action) == (None, "abstain")


def test_other_errors_are_not_swallowed():
    def broken(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_cascade(Policy((ALWAYS,)), [broken], ["a"])


def test_steps_must_fit_the_policy():
    with pytest.raises(InputError, match="2 gates needs as many steps; got 1"):
        run_cascade(Policy((PASS_BELOW, ALWAYS)), [down], ["a"])
    with pytest.raises(InputError, match="one reply for each of 2 questions; got 0"):
        run_cascade(Policy((ALWAYS,)), [lambda _: []], ["a", "b"])


def test_the_surest_model_answers_although_another_was_asked_later():
    small, large = Model("small", {"a": 0.4, "b": 0.3}), Model("large", {"a": 0.2, "b": 0.7})
    outcomes = run_cascade(Policy((PASS_BELOW, ALWAYS), "surest"), [small, large], ["a", "b"])
    assert [outcome.answer for outcome in outcomes] == ["small: a", "large: b"]
    assert [outcome.decision.stage for outcome in outcomes] == [1, 1]


def test_a_mix_sends_its_share_on_and_the_same_rows_every_time():
    questions = [str(i) for i in range(400)]
    always = ConfidenceGate((), ("escalate",))
    mix = PolicyMix(Policy((ALWAYS, ALWAYS)), Policy((always, ALWAYS)), 0.25)
    steps = [Model(name, dict.fromkeys(questions, 0.5)) for name in ("small", "large")]
    stages = [outcome.decision.stage for outcome in run_cascade(mix, steps, questions, seed=1)]
    assert 70 < sum(stages) < 130
    assert stages == [outcome.decision.stage for outcome in run_cascade(mix, steps, questions, seed=1)]
    confidences = [[0.5] * 400] * 2
    assert stages == mix.simulate(confidences, seed=1).stage.tolist()


def test_a_mix_comes_back_from_json_and_nothing_else_does():
    mix = PolicyMix(Policy((PASS_BELOW, ALWAYS)), Policy((ALWAYS, ALWAYS), "surest"), 0.5)
    assert PolicyMix.from_json(mix.to_json()) == mix
    for text in ("", "[]", "{}", mix.first.to_json(), mix.to_json().replace("cascade_mix", "x")):
        with pytest.raises(InputError, match="not a mix of policies"):
            PolicyMix.from_json(text)
    with pytest.raises(InputError, match="policies of one length; got 2, 1"):
        PolicyMix(mix.first, Policy((ALWAYS,)), 0.5)
    with pytest.raises(InputError, match=r"must lie in \[0, 1\]; got nan"):
        PolicyMix(mix.first, mix.second, float("nan"))
