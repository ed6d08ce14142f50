import numpy as np
import pytest

from foureyes.cleaning.labels import find_label_issues
from foureyes.cleaning.stopping import GRID, keep_top_for, precision_curve
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.bounds import rate_lower


def suspects(n=4000, seed=0):
    """Every label contradicted; the surer the expert, the more often rightly so."""
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.5, 1, n)
    labels = np.zeros(n, int)
    issues = find_label_issues(labels, np.column_stack([1 - confidence, confidence]), method="calibrated", keep_top=1.0)
    return issues, rng.random(n) < confidence


def test_the_curve_counts_what_each_share_flags():
    issues, wrong = suspects()
    rows = np.random.default_rng(1).permutation(4000)[:1000]
    for point in precision_curve(issues, rows, wrong[rows]):
        flagged = find_label_issues(
            np.zeros(4000, int), _probs(issues), method="calibrated", keep_top=point.keep_top
        ).row
        checked = np.intersect1d(flagged, rows)
        assert (point.flagged, point.verified) == (len(flagged), len(checked))
        assert point.precision == wrong[checked].mean()
        assert point.detected == wrong[checked].sum() / wrong[rows].sum()
        assert point.low == rate_lower(point.wrong, point.verified, 0.05 / len(GRID))


def _probs(issues):
    confidence = np.empty(issues.n_rows)
    confidence[issues.row] = issues.confidences[:, 0]
    return np.column_stack([1 - confidence, confidence])


def test_the_share_chosen_has_the_precision_and_a_stricter_wish_flags_less():
    issues, wrong = suspects()
    points = precision_curve(issues, np.arange(4000), wrong)
    shares = [keep_top_for(points, wanted).keep_top for wanted in (0.9, 0.85, 0.8, 0.7)]
    assert shares == sorted(set(shares))
    assert shares[-1] == 1


def test_it_flags_no_less_than_where_every_bound_has_to_reach_the_precision_by_itself():
    more = 0
    for seed in range(40):
        issues, wrong = suspects(n=300, seed=seed)
        points = precision_curve(issues, np.arange(300), wrong)
        alone = max((point.keep_top for point in points if point.low >= 0.75), default=0.0)
        try:
            more += keep_top_for(points, 0.75).keep_top - alone
        except NotEnoughData:
            more -= alone
    assert more / 40 > 0.05


@pytest.mark.parametrize("falls", [0.5, 0.2, 0.0])
def test_the_chosen_share_keeps_its_promise(falls):
    """Over many draws the true precision at the chosen share falls short in at most δ of them."""
    broken = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        confidence = rng.uniform(0.5, 1, 400)
        true = 0.79 + falls * (confidence - 0.75)
        labels = np.column_stack([1 - confidence, confidence])
        issues = find_label_issues(np.zeros(400, int), labels, method="calibrated", keep_top=1.0)
        wrong = rng.random(400) < true
        try:
            chosen = keep_top_for(precision_curve(issues, np.arange(400), wrong, delta=0.2), 0.8)
        except NotEnoughData:
            continue
        surest = np.sort(true)[::-1][: chosen.flagged]
        broken += surest.mean() < 0.8
    assert broken <= 0.2 * 300


def test_a_grid_of_one_and_no_points_at_all():
    issues, wrong = suspects(n=200)
    assert keep_top_for(precision_curve(issues, np.arange(200), wrong, grid=(1.0,)), 0.5).keep_top == 1
    with pytest.raises(NotEnoughData, match="no share shows a precision above"):
        keep_top_for((), 0.5)


def test_rows_nobody_flagged_count_for_detection_only():
    sure = np.array([[0.9, 0.1], [0.2, 0.8], [0.03, 0.97], [0.6, 0.4]])
    issues = find_label_issues([0, 0, 0, 1], sure, method="calibrated", keep_top=1)
    (point,) = precision_curve(issues, [0, 2], [True, True], grid=(1.0,))
    assert (point.flagged, point.verified, point.precision, point.detected) == (3, 1, 1.0, 0.5)


def test_nothing_verified_is_said_by_none():
    issues, _ = suspects(n=20)
    (point,) = precision_curve(issues, [], [], grid=(0.5,))
    assert (point.precision, point.low, point.detected) == (None, 0.0, None)


def test_too_few_labels_say_how_many_would_do():
    issues, wrong = suspects()
    rows = issues.row[:20]
    points = precision_curve(issues, rows, wrong[rows] | True)
    with pytest.raises(NotEnoughData, match=r"20 verified flags .* about \d+ would do") as few:
        keep_top_for(points, 0.9)
    assert 20 < few.value.needed < 60


def test_a_precision_out_of_reach_says_that_labels_will_not_help():
    issues, wrong = suspects()
    with pytest.raises(NotEnoughData, match="more labels of these experts will not help"):
        keep_top_for(precision_curve(issues, np.arange(4000), wrong & False), 0.9)


@pytest.mark.parametrize(
    ("rows", "wrong", "options", "message"),
    [
        ([0, 1], [True], {}, "same length; got rows 2, wrong 1"),
        ([0, 0], [True, True], {}, "named twice"),
        ([20], [True], {}, r"0..19; got 20"),
        ([0.5], [True], {}, "one integer"),
        ([0], [2], {}, "booleans or 0 and 1"),
        ([0], [True], {"grid": (0.5, 0.2)}, "increasing shares"),
        ([0], [True], {"grid": (0.5, 1.2)}, "increasing shares"),
        ([0], [True], {"grid": ()}, "increasing shares"),
        ([0], [True], {"delta": 0.0}, "delta must lie strictly between"),
    ],
)
def test_bad_input_is_refused(rows, wrong, options, message):
    issues, _ = suspects(n=20)
    with pytest.raises(InputError, match=message):
        precision_curve(issues, rows, wrong, **options)


def test_only_calibrated_issues_have_shares():
    issues = find_label_issues([0, 0], [[0.1, 0.9], [0.9, 0.1]], method="basic")
    with pytest.raises(InputError, match="got 'basic'"):
        precision_curve(issues, [0], [True])
