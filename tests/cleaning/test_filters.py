import json
from pathlib import Path

import numpy as np
import pytest

from foureyes.cleaning.labels import find_label_issues
from foureyes.errors import InputError, NotEnoughData

# Written by cleanlab 2.9.0 itself: labels, probabilities, and what each of its filters and rankings returned.
CASES = json.loads((Path(__file__).parent / "cleanlab_2_9.json").read_text())["cases"]
SURE = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9]])


@pytest.mark.parametrize("case", CASES, ids=["4 classes", "3 classes", "an empty class", "2 classes"])
@pytest.mark.parametrize("filter_by", sorted(CASES[0]["filters"]))
def test_every_filter_finds_what_cleanlab_finds(case, filter_by):
    mask = find_label_issues(case["labels"], case["pred_probs"], filter_by=filter_by)
    assert mask.dtype == bool
    assert np.flatnonzero(mask).tolist() == case["filters"][filter_by]


@pytest.mark.parametrize("case", CASES, ids=["4 classes", "3 classes", "an empty class", "2 classes"])
@pytest.mark.parametrize("rank_by", sorted(CASES[0]["rankings"]))
def test_every_ranking_is_cleanlabs(case, rank_by):
    found = find_label_issues(
        case["labels"], case["pred_probs"], filter_by="confident_learning", return_indices_ranked_by=rank_by
    )
    assert found.tolist() == case["rankings"][rank_by]


def test_a_ranking_without_a_filter_uses_cleanlabs_default():
    case = CASES[0]
    found = find_label_issues(case["labels"], case["pred_probs"], return_indices_ranked_by="self_confidence")
    assert sorted(found.tolist()) == case["filters"]["prune_by_noise_rate"]


def test_both_ways_of_asking_for_confident_learning_agree():
    case = CASES[0]
    issues = find_label_issues(case["labels"], case["pred_probs"], method="confident_learning")
    assert np.flatnonzero(issues.mask).tolist() == case["filters"]["confident_learning"]
    assert issues.row.tolist() == case["rankings"]["self_confidence"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"filter_by": "best"}, "filter_by must be one of prune_by_noise_rate"),
        ({"return_indices_ranked_by": "luck"}, "return_indices_ranked_by must be one of"),
        ({"filter_by": "both", "method": "basic"}, "either method or cleanlab's filter_by"),
    ],
)
def test_options_that_do_not_exist_or_do_not_go_together_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        find_label_issues([0, 1, 1], SURE, **options)


def test_filters_take_one_expert():
    with pytest.raises(InputError, match="take one expert; got 2"):
        find_label_issues([0, 1, 1], [SURE, SURE], filter_by="both")


def test_filters_need_two_classes():
    with pytest.raises(NotEnoughData, match="only class 0"):
        find_label_issues([0, 0, 0], SURE, filter_by="both")
