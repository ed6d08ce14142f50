import warnings

import numpy as np
import pandas as pd
import pytest

from foureyes.compat.cleanlab import count, rank
from foureyes.compat.cleanlab import filter as find
from foureyes.compat.cleanlab.multilabel_classification import filter as find_lists
from foureyes.compat.cleanlab.multilabel_classification import rank as rank_lists
from foureyes.errors import InputError

LABELS = np.array([0, 0, 1, 1, 1, 2, 2, 0])
PROBS = np.array(
    [
        [0.9, 0.1, 0.0],
        [0.6, 0.3, 0.1],
        [0.1, 0.8, 0.1],
        [0.2, 0.7, 0.1],
        [0.85, 0.1, 0.05],
        [0.1, 0.1, 0.8],
        [0.0, 0.3, 0.7],
        [0.1, 0.2, 0.7],
    ]
)
LISTS = [[0], [0], [1], [1], [1, 2], [2], [2], []]


def changed(**places):
    probs = PROBS.copy()
    for place, value in places.items():
        probs[int(place[1]), int(place[2])] = value
    return probs


@pytest.mark.parametrize(
    ("labels", "probs", "message"),
    [
        (LABELS - 1, PROBS, r"integers in 0\.\.2.*got -1 at row 0 and 2 rows more like it"),
        (LABELS + 1, PROBS, r"integers in 0\.\.2.*got 3 at row 5 and 1 rows more like it"),
        (np.where(LABELS == 2, np.nan, LABELS), PROBS, "got nan at row 5 and 1 rows more"),
        (list("aabbbcca"), PROBS, "map class names and missing labels first"),
        ([0, None, 1, 1, 1, 2, 2, 0], PROBS, "map class names and missing labels first"),
        (LABELS[:5], PROBS, "a row for each of the 5 labels; got 8"),
        (LABELS[:0], PROBS[:0], "at least one row"),
        (LABELS[:, None], PROBS, r"one class index a row; got shape \(8, 1\)"),
        (LABELS * 0 + 1, PROBS, "at least 2 classes; got only class 1 in 8 rows"),
        (LABELS, PROBS[:, 0], r"real numbers of shape \(N, K\)"),
        (LABELS, changed(p01=1.2), "between 0 and 1; got 1.2 at row 0, column 1"),
        (LABELS, changed(p20=-0.1), "between 0 and 1; got -0.1 at row 2, column 0"),
        (LABELS, changed(p32=np.nan), "between 0 and 1; got nan at row 3, column 2"),
        (LABELS, np.log(PROBS + 1e-9), "between 0 and 1; got -0.1"),
    ],
)
def test_what_cannot_be_used_is_said_with_place_and_number(labels, probs, message):
    for ask in (find.find_label_issues, find.find_predicted_neq_given, count.num_label_issues):
        with pytest.raises(InputError, match=message) as raised:
            ask(labels, probs)
        assert isinstance(raised.value, ValueError)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"filter_by": "best"}, "filter_by must be one of prune_by_noise_rate"),
        ({"filter_by": "confident_learning", "num_to_remove_per_class": 1}, "not supported"),
        ({"num_to_remove_per_class": [1, 2]}, "one for each of the 3 classes"),
        ({"confident_joint": np.eye(2)}, r"finite numbers of shape \(3, 3\)"),
        ({"confident_joint": np.full((3, 3), np.nan)}, "finite numbers"),
        ({"return_indices_ranked_by": "luck"}, "not a valid scoring method"),
        ({"return_indices_ranked_by": "self_confidence", "rank_by_kwargs": {"top": 1}}, "may hold adjust_pred_probs"),
    ],
)
def test_options_that_do_not_exist_or_do_not_go_together_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        find.find_label_issues(LABELS, PROBS, **options)


@pytest.mark.parametrize(
    "labels", [LABELS.tolist(), pd.Series(LABELS, index=range(50, 58)), pd.DataFrame({"y": LABELS}), LABELS * 1.0]
)
def test_labels_come_in_lists_series_and_frames(labels):
    np.testing.assert_array_equal(find.find_label_issues(labels, PROBS), find.find_label_issues(LABELS, PROBS))


def test_a_list_of_lists_of_probabilities_is_a_matrix():
    np.testing.assert_array_equal(find.find_label_issues(LABELS, PROBS.tolist()), find.find_label_issues(LABELS, PROBS))


def test_rows_that_do_not_sum_to_one_are_used_and_counted():
    with pytest.warns(UserWarning, match="2 of 8 rows of pred_probs do not sum to 1"):
        find.find_label_issues(LABELS, changed(p01=0.5, p10=0.9))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        find.find_label_issues(LABELS, changed(p00=0.901))


def test_options_that_are_not_looked_at_are_named():
    with pytest.warns(UserWarning, match="frac_noise is not looked at"):
        find.find_label_issues(LABELS, PROBS, filter_by="confident_learning", frac_noise=0.5)
    with pytest.warns(UserWarning, match="confident_joint is not looked at"):
        find.find_label_issues(LABELS, PROBS, filter_by="confident_learning", confident_joint=np.eye(3))
    with pytest.warns(UserWarning, match="confident_joint is not looked at"):
        count.num_label_issues(LABELS, PROBS, confident_joint=np.eye(3))


def test_labels_with_too_few_rows_are_named():
    with pytest.warns(UserWarning, match=r"1 of 3 labels have so few rows .*min_examples_per_class=2\): 2"):
        find.find_label_issues(LABELS, PROBS, min_examples_per_class=2)


def test_a_class_nobody_has_is_never_believed():
    assert count.get_confident_thresholds(np.where(LABELS == 2, 1, LABELS), PROBS)[2] == 2


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([[0], [3], [], [], [], [], [-1], []], r"got 3 at row 1 and 1 classes more like it"),
        ([0, 1, 1, 1, 1, 1, 1, 1], "a list of class indices for every row; got 0 at row 0"),
        ([[0], None, [], [], [], [], [], []], "got None at row 1"),
        ([["a"], [], [], [], [], [], [], []], "lists of integers"),
        (np.eye(8, 3, dtype=int), r"got an array of shape \(8, 3\)"),
        (LISTS[:3], "each of the 3 lists of labels; got 8"),
    ],
)
def test_lists_of_labels_that_cannot_be_used_are_said_with_place_and_number(labels, message):
    for ask in (find_lists.find_label_issues, rank_lists.get_label_quality_scores):
        with pytest.raises(InputError, match=message):
            ask(labels, PROBS)


def test_a_class_that_every_row_has_or_none_is_no_error():
    everyone, nobody = [[*row, 0] for row in LISTS], [[k for k in row if k] for row in LISTS]
    assert find_lists.find_label_issues(everyone, PROBS).dtype == bool
    assert find_lists.find_label_issues(nobody, PROBS).dtype == bool


def test_the_lowest_scores_of_lists_come_in_order_of_the_score_asked_for():
    found = find_lists.find_label_issues(
        LISTS, PROBS, filter_by="low_self_confidence", return_indices_ranked_by="normalized_margin"
    )
    quality = rank_lists.get_label_quality_scores(LISTS, PROBS, method="normalized_margin")[found]
    assert len(found) > 1
    assert (np.diff(quality) >= 0).all()


def test_a_joint_of_another_shape_is_counted_anew_with_a_warning():
    with pytest.warns(UserWarning, match="counted from the rows instead"):
        found = find_lists.find_label_issues(LISTS, PROBS, confident_joint=np.eye(3))
    np.testing.assert_array_equal(found, find_lists.find_label_issues(LISTS, PROBS))


def test_multi_label_points_to_its_module():
    with pytest.warns(DeprecationWarning, match=r"multilabel_classification\.filter"):
        found = find.find_label_issues(LISTS, PROBS, multi_label=True)
    np.testing.assert_array_equal(found, find_lists.find_label_issues(LISTS, PROBS))


def test_low_memory_takes_the_lowest_self_confidences():
    np.testing.assert_array_equal(
        find.find_label_issues(LABELS, PROBS, low_memory=True),
        find.find_label_issues(LABELS, PROBS, filter_by="low_self_confidence"),
    )
    with pytest.warns(UserWarning, match="not looked at with low_memory"):
        find_lists.find_label_issues(LISTS, PROBS, filter_by="both", low_memory=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weight_ensemble_members_by": "luck"}, "not a valid weight_ensemble_members_by"),
        ({"weight_ensemble_members_by": "custom"}, "custom_weights must be one number for each of the 2 models"),
        ({"custom_weights": [1, 2]}, 'custom_weights go with weight_ensemble_members_by="custom"'),
    ],
)
def test_weights_that_do_not_fit_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        rank.get_label_quality_ensemble_scores(LABELS, [PROBS, PROBS], **options)


def test_models_that_are_never_right_have_no_weights():
    wrong = (PROBS.argmax(axis=1) + 1) % 3
    with pytest.raises(InputError, match="no weights by accuracy"):
        rank.get_label_quality_ensemble_scores(wrong, [PROBS, PROBS])
    with pytest.raises(InputError, match="must be a list with a matrix for every model"):
        rank.get_label_quality_ensemble_scores(LABELS, PROBS)


def test_a_mask_is_true_and_false():
    with pytest.raises(InputError, match="true or false for each of the 8 rows"):
        rank.order_label_issues(LABELS, LABELS, PROBS)


def test_a_mapped_file_gives_what_memory_gives(tmp_path):
    rng = np.random.default_rng(0)
    probs, labels = rng.dirichlet(np.ones(30), 9000), rng.integers(0, 30, 9000)
    np.save(tmp_path / "probs.npy", probs)
    mapped = np.load(tmp_path / "probs.npy", mmap_mode="r")
    for by in ("prune_by_noise_rate", "both", "low_normalized_margin"):
        found = find.find_label_issues(labels, mapped, filter_by=by)
        np.testing.assert_array_equal(found, find.find_label_issues(labels, probs, filter_by=by))
        assert found.any()
