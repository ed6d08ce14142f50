import json

import numpy as np
import pytest

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.ranking import auroc
from foureyes.signals.history import Case, CorrectnessModel, cross_fitted
from foureyes.types import Exchange


def history(n=400, seed=0, answers=2):
    """Questions on two topics, one hard; a signal that knows a little more."""
    rng = np.random.default_rng(seed)
    cases, correct = [], []
    for i in range(n // answers):
        topic = rng.choice(["chess", "rugby"])
        for _ in range(answers):
            right = rng.random() < (0.8 if topic == "chess" else 0.3)
            signal = float(rng.normal() - 1.5 * right)
            cases.append(
                Case(Exchange(f"A question about {topic}, number {i}?", f"reply {rng.integers(50)}"), {"cmp": signal})
            )
            correct.append(right)
    return cases, np.array(correct)


def test_question_answer_and_signals_are_all_learnt_from():
    cases, correct = history()
    model = CorrectnessModel.fit(cases, correct)
    new, right = history(seed=1)
    full = auroc(model.uncertainty(new), wrong=~right).value
    blind = CorrectnessModel.fit(cases, correct, sees=("question",))
    control = auroc(blind.uncertainty(new), wrong=~right).value
    assert full > control + 0.05
    assert control > 0.65, "topics differ in difficulty"


def test_the_control_never_sees_answer_or_signals():
    cases, correct = history()
    blind = CorrectnessModel.fit(cases, correct, sees=("question",))
    other = [Case(Exchange(case.exchange.prompt, "something else")) for case in cases]
    assert np.array_equal(blind.predict_proba(other), blind.predict_proba(cases))
    assert blind.signals == ()


def test_it_is_an_uncertainty_and_its_complement_a_confidence():
    cases, correct = history(100)
    model = CorrectnessModel.fit(cases, correct)
    p = model.predict_proba(cases)
    assert ((p > 0) & (p < 1)).all()
    assert model.uncertainty(cases) == pytest.approx(1 - p)
    assert p[correct].mean() > p[~correct].mean()


def test_the_base_rate_is_said_where_nothing_is_known():
    cases, correct = history(200)
    model = CorrectnessModel.fit(cases, correct, ridge=1e9)
    assert model.predict_proba(cases) == pytest.approx(correct.mean(), abs=1e-3)


def test_a_signal_that_could_not_be_told_speaks_for_itself():
    cases, correct = history(400)
    rng = np.random.default_rng(5)
    holes = [
        Case(c.exchange, {"cmp": None if not ok and rng.random() < 0.5 else c.signals["cmp"]})
        for c, ok in zip(cases, correct, strict=True)
    ]
    model = CorrectnessModel.fit(holes, correct, sees=("signals",))
    told, untold = model.predict_proba(
        [Case(Exchange("q", "a"), {"cmp": model.centres[0]}), Case(Exchange("q", "a"), {"cmp": None})]
    )
    assert untold < 0.5 < told, "rows are missing because they are wrong, and the model has seen that"


def test_a_signal_never_told_or_constant_does_no_harm():
    cases = [Case(Exchange(f"q {i}", "a"), {"never": None, "constant": 3.0}) for i in range(20)]
    model = CorrectnessModel.fit(cases, np.arange(20) % 2)
    assert np.isfinite(model.predict_proba(cases)).all()
    assert (model.centres, model.scales) == ((0.0, 3.0), (1.0, 1.0))


def test_word_order_within_pairs_counts_and_case_and_punctuation_do_not():
    cases = [Case(Exchange("q", said)) for said in ("dog bites man", "man bites dog")] * 10
    model = CorrectnessModel.fit(cases, [1, 0] * 10, sees=("answer",), ridge=0.1)
    p = model.predict_proba([Case(Exchange("q", said)) for said in ("Dog bites man!", "Man bites dog?")])
    assert p[0] > 0.8
    assert p[1] < 0.2


def test_it_survives_json_exactly_and_keeps_no_text():
    cases, correct = history(200)
    model = CorrectnessModel.fit(cases, correct)
    text = model.to_json()
    again = CorrectnessModel.from_json(text)
    assert again == model
    assert np.array_equal(again.predict_proba(cases), model.predict_proba(cases))
    assert "chess" not in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 9}, "version 1; got 'foureyes.correctness' version 9"),
        ({"format": "x"}, "wanted foureyes.correctness"),
        ({"weights": {"-1": 1.0}}, "weights of known columns"),
        ({"weights": {"99999": 1.0}}, "weights of known columns"),
        ({"weights": {"x": 1.0}}, "not a correctness model"),
        ({"weights": [1]}, "not a correctness model"),
        ({"scales": [0.0]}, "scales above 0"),
        ({"scales": []}, "a centre and a scale a signal"),
        ({"sees": ["mood"]}, "sees must name some of"),
        ({"intercept": "0"}, "wants finite numbers; got '0'"),
        ({"intercept": None}, "wants finite numbers; got None"),
        ({"surprise": 1}, "surprise, weights"),
    ],
)
def test_json_from_a_stranger_is_checked(change, message):
    cases, correct = history(40)
    document = json.loads(CorrectnessModel.fit(cases, correct).to_json()) | change
    with pytest.raises(InputError, match=message):
        CorrectnessModel.from_json(json.dumps(document))


@pytest.mark.parametrize("text", ["", "[]", "null", "{}"])
def test_what_is_no_json_of_ours(text):
    with pytest.raises(InputError, match="not a correctness model"):
        CorrectnessModel.from_json(text)


def test_nothing_is_judged_on_rows_of_its_own_fit():
    """Labels are coin tosses tied to the question: a leak of the question would predict them perfectly."""
    rng = np.random.default_rng(2)
    label = rng.random(100) < 0.5
    cases = [Case(Exchange(f"unique question {i}", f"answer {j}")) for i in range(100) for j in range(4)]
    correct = np.repeat(label, 4)
    leaky = CorrectnessModel.fit(cases, correct, ridge=0.01).uncertainty(cases)
    assert auroc(leaky, wrong=~correct).value > 0.95
    honest = auroc(cross_fitted(cases, correct, ridge=0.01), wrong=~correct, groups=np.repeat(np.arange(100), 4))
    assert honest.low < 0.5 < honest.high


def test_cross_fitting_is_as_good_as_a_fresh_set():
    cases, correct = history(600)
    held_out = auroc(cross_fitted(cases, correct), wrong=~correct).value
    new, right = history(600, seed=4)
    fresh = auroc(CorrectnessModel.fit(cases, correct).uncertainty(new), wrong=~right).value
    assert held_out == pytest.approx(fresh, abs=0.07)


def test_the_seed_decides_the_folds():
    cases, correct = history(100)
    assert np.array_equal(cross_fitted(cases, correct, seed=1), cross_fitted(cases, correct, seed=1))
    assert not np.array_equal(cross_fitted(cases, correct, seed=1), cross_fitted(cases, correct, seed=2))


def test_too_little_history():
    cases, correct = history(8, answers=1)
    with pytest.raises(NotEnoughData, match="got 8 right of 8"):
        CorrectnessModel.fit(cases, np.ones(8))
    with pytest.raises(NotEnoughData, match="9 folds need as many questions; got 8"):
        cross_fitted(cases, correct, folds=9)
    with pytest.raises(NotEnoughData, match="got 0 right of 0"):
        CorrectnessModel.fit([], [])


def test_what_cannot_be_learnt_from():
    cases, correct = history(8)
    with pytest.raises(InputError, match="8 cases need as many labels; got 7"):
        CorrectnessModel.fit(cases, correct[:7])
    with pytest.raises(InputError, match="8 cases need as many labels; got 7"):
        cross_fitted(cases, correct[:7])
    with pytest.raises(InputError, match="ridge must be above 0"):
        CorrectnessModel.fit(cases, correct, ridge=0)
    with pytest.raises(InputError, match="sees must name some of question, answer, signals, author; got none"):
        CorrectnessModel.fit(cases, correct, sees=())
    with pytest.raises(InputError, match="folds must be at least 2; got 1"):
        cross_fitted(cases, correct, folds=1)
    with pytest.raises(InputError, match="must name the signals cmp; got none"):
        CorrectnessModel.fit([*cases, Case(Exchange("q", "a"))], [*correct, True])
    with pytest.raises(InputError, match="signal 'cmp' must be finite, or None"):
        Case(Exchange("q", "a"), {"cmp": float("nan")})


def test_one_model_for_several_writers_learns_how_good_each_is():
    cases = [Case(Exchange(f"Question {i}?", "Yes."), author=("careful", "careless")[i % 2]) for i in range(40)]
    correct = [i % 2 == 0 for i in range(40)]
    model = CorrectnessModel.fit(cases, correct, sees=("question", "answer", "author"))
    fresh = [Case(Exchange("Another?", "Yes."), author=name) for name in ("careful", "careless", "", "unheard")]
    careful, careless, nameless, unheard = model.predict_proba(fresh)
    assert careful > 0.6
    assert careless < 0.4
    assert nameless == unheard
    assert CorrectnessModel.from_json(model.to_json()) == model
    blind = CorrectnessModel.fit(cases, correct)
    assert len(set(blind.predict_proba(fresh))) == 1  # who answered is not looked at unasked
