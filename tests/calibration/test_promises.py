import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.calibration import Threshold, flag_rate, promise, promise_cost, promise_false_blocks
from foureyes.errors import InputError, NotEnoughData

DRAWS = 1000


def population(kind):
    """20 000 answers: the confidence stated for each, and the chance that it is right."""
    rng = np.random.default_rng(7)
    p = rng.beta(4, 1, 20_000)
    wave = np.clip(0.9 + 0.09 * np.sin(40 * p), 0, 1)
    return {
        "calibrated": (p, p),
        "overconfident": (p**0.2, p),
        "rounded": (np.round(p, 1), p),
        "blind, just above the limit": (p, np.full(20_000, 0.899)),
        "risk that rises and falls": (p, wave),
        "upside down": (1 - p, p),
    }[kind]


def kept(make, confidence, risk_at, limit, n):
    """How often, over seeded draws of n labelled rows, the promised cut holds in the population."""
    held = found = 0
    for seed in range(DRAWS):
        rng = np.random.default_rng(seed)
        rows = rng.integers(0, len(confidence), n)
        try:
            cut = make(rows, rng).cut
        except NotEnoughData:
            held += 1
            continue
        found += 1
        held += risk_at(confidence >= cut) <= limit
    return held / DRAWS, found / DRAWS


@pytest.mark.parametrize(
    "kind",
    [
        "calibrated",
        "overconfident",
        "rounded",
        "blind, just above the limit",
        "risk that rises and falls",
        "upside down",
    ],
)
def test_a_promised_error_rate_is_kept_in_all_but_delta_of_the_draws(kind):
    c, p = population(kind)

    def make(rows, rng):
        return promise(c[rows], rng.random(len(rows)) < p[rows], max_error=0.1, delta=0.1)

    def error_rate(through):
        return (1 - p[through]).mean() if through.any() else 0.0

    held, found = kept(make, c, error_rate, 0.1, 600)
    assert held >= 0.9
    if kind == "calibrated":
        assert found > 0.9


def test_a_promised_cost_is_kept_in_all_but_delta_of_the_draws():
    c, p = population("calibrated")

    def make(rows, rng):
        wrong = rng.random(len(rows)) >= p[rows]
        return promise_cost(c[rows], wrong * rng.choice([1.0, 4.0], len(rows)), max_cost=0.4, worst_cost=4, delta=0.1)

    held, found = kept(make, c, lambda through: 2.5 * (1 - p[through]).mean() if through.any() else 0.0, 0.4, 1500)
    assert held >= 0.9
    assert found > 0.5


def test_a_promised_rate_of_false_blocks_is_kept_in_all_but_delta_of_the_draws():
    c, p = population("calibrated")

    def make(rows, rng):
        return promise_false_blocks(c[rows], rng.random(len(rows)) < p[rows], max_false_blocks=0.1, delta=0.1)

    held, found = kept(make, c, lambda through: p[~through].sum() / p.sum(), 0.1, 300)
    assert held >= 0.9
    assert found == 1.0


def labelled(n=3000, seed=0):
    rng = np.random.default_rng(seed)
    p = rng.beta(4, 1, n)
    return p, rng.random(n) < p


@given(st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(random):
    c, right = labelled(400)
    order = random.sample(range(400), 400)
    assert promise(c[order], right[order], max_error=0.2) == promise(c, right, max_error=0.2)


def test_what_is_returned_says_what_the_rows_showed():
    c, right = labelled()
    cut = promise(c, right, max_error=0.1)
    through = cut.lets_through(c)
    assert through.tolist() == (c >= cut.cut).tolist()
    assert cut.observed == pytest.approx(1 - right[through].mean())
    assert cut.observed <= 0.1
    assert (cut.n, cut.n_counted) == (3000, through.sum())
    assert cut.coverage == through.mean()
    assert cut.coverage_low < cut.coverage < cut.coverage_high
    assert "at most 0.1 are wrong, with probability 0.95" in cut.statement
    assert "3000 labelled" in cut.assumes
    blocks = promise_false_blocks(c, right, max_false_blocks=0.1)
    assert blocks.observed == pytest.approx((c[right] < blocks.cut).mean())
    assert blocks.n_counted == right.sum()
    assert "of the right answers, at most 0.1 are blocked" in blocks.statement


def test_a_cost_of_one_for_each_wrong_answer_is_an_error_rate_with_a_wider_bound():
    c, right = labelled()
    rate = promise(c, right, max_error=0.1)
    cost = promise_cost(c, ~right, max_cost=0.1, worst_cost=1)
    assert rate.cut <= cost.cut <= rate.cut + 0.05
    dear = promise_cost(c, 40.0 * ~right, max_cost=4, worst_cost=40)
    assert (dear.cut, dear.limit) == (cost.cut, 4)
    assert dear.observed == pytest.approx(40 * cost.observed)
    assert "cost at most 4 each" in dear.statement


def test_a_stricter_promise_lets_less_through():
    c, right = labelled(20_000)
    coverages = [promise(c, right, max_error=limit).coverage for limit in (0.02, 0.05, 0.1, 0.15)]
    assert coverages == sorted(coverages)
    assert promise(c, right, max_error=0.5).coverage == 1.0


def test_with_too_few_labels_to_tell_nothing_is_said_of_the_answers():
    confidence, right = np.linspace(0.3, 0.9, 12), np.arange(12) % 2 == 0
    with pytest.raises(NotEnoughData, match=r"with 12 labels at a limit of 0\.05 .* it takes 72 at least") as few:
        promise(confidence, right, max_error=0.05)
    assert few.value.needed == 72
    assert promise(np.full(72, 0.99), np.ones(72), max_error=0.05).coverage == 1


def test_twelve_labels_are_not_enough_and_it_says_how_many_are():
    with pytest.raises(NotEnoughData, match=r"12 labels at a limit of 0\.05 .* about \d+ would probably do") as raised:
        promise(np.full(12, 0.99), np.ones(12), max_error=0.05)
    needed = raised.value.needed
    assert 59 < needed < 500
    assert promise(np.full(needed, 0.99), np.ones(needed), max_error=0.05).coverage == 1.0
    with pytest.raises(NotEnoughData, match="needs about 29 right answers; got 12") as raised:
        promise_false_blocks(np.full(24, 0.9), np.arange(24) < 12, max_false_blocks=0.1)
    assert raised.value.needed == 58
    with pytest.raises(NotEnoughData, match="right answers; got 0") as raised:
        promise_false_blocks(np.full(24, 0.9), np.zeros(24), max_false_blocks=0.1)
    assert raised.value.needed is None


def test_no_number_of_labels_helps_where_even_the_surest_answers_are_wrong():
    with pytest.raises(NotEnoughData, match=r"the lowest risk at any cut is 0\.5") as raised:
        promise(np.full(100, 0.99), np.arange(100) % 2, max_error=0.05)
    assert raised.value.needed is None
    with pytest.raises(NotEnoughData, match="needs labelled rows; got none"):
        promise([], [], max_error=0.05)


def test_a_threshold_survives_json():
    cut = promise(*labelled(), max_error=0.1)
    assert Threshold.from_json(cut.to_json()) == cut
    for text, message in [
        ("{", "not JSON"),
        ("{}", "wanted a JSON object with"),
        (cut.to_json().replace("error_rate", "luck"), "risk must be one of"),
        (cut.to_json().replace(str(cut.cut), '"low"'), "cut must be a finite number"),
    ]:
        with pytest.raises(InputError, match=message):
            Threshold.from_json(text)


@given(st.lists(st.sampled_from([0.1, 0.2, 0.5, 0.9]), min_size=1, max_size=50), st.floats(0.01, 0.99))
def test_a_flag_rate_never_flags_more_than_was_asked(confidences, rate):
    cut = flag_rate(confidences, rate=rate)
    assert cut.flagged == cut.flags(confidences).mean() <= rate
    assert "nothing is promised" in cut.statement


def test_a_flag_rate_flags_what_was_asked_where_nothing_ties():
    cut = flag_rate(np.random.default_rng(0).random(1000), rate=0.2)
    assert (cut.flagged, cut.asked, cut.n) == (0.2, 0.2, 1000)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: promise([0.5], [1], max_error=0), "max_error must lie strictly between 0 and 1; got 0"),
        (lambda: promise([0.5], [1], max_error=0.1, delta=1), "delta must lie strictly"),
        (lambda: promise([1.5], [1], max_error=0.1), r"lie in \[0, 1\]"),
        (lambda: promise([0.5], [1, 0], max_error=0.1), "confidence 1, correct 2"),
        (lambda: promise_cost([0.5], [1], max_cost=2, worst_cost=1), "max_cost 2 and worst_cost 1"),
        (lambda: promise_cost([0.5], [3], max_cost=1, worst_cost=2), r"costs must lie in \[0, 2\]; got 3 to 3"),
        (lambda: promise_cost([0.5], [np.inf], max_cost=1, worst_cost=2), "cost must be finite"),
        (lambda: flag_rate([0.5], rate=0), "rate must lie strictly"),
    ],
)
def test_what_cannot_be_promised(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_a_flag_rate_of_nothing():
    with pytest.raises(NotEnoughData, match="needs rows"):
        flag_rate([], rate=0.1)
