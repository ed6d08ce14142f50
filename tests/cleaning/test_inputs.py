"""Labels and probabilities as people have them, and what is said where they cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

import foureyes as fe
from foureyes.errors import InputError, NotEnoughData

CLASSES = ("dog, small", "cat", "Cow")
RNG = np.random.default_rng(0)
TRUE = RNG.integers(0, 3, 300)
GIVEN = np.where(np.arange(300) % 10 == 0, (TRUE + 1) % 3, TRUE)
LOGITS = RNG.normal(size=(300, 3)) + 6 * np.eye(3)[TRUE]
PROBS = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
NAMES = [CLASSES[i] for i in GIVEN]


def found(labels: Any = GIVEN, probs: Any = PROBS, **options: Any) -> list[int]:
    return sorted(fe.find_label_issues(labels, probs, **options).row.tolist())


@pytest.mark.parametrize("method", ["pooled", "basic", "calibrated", "confident_learning"])
def test_names_logits_and_rounded_numbers_give_what_indices_and_probabilities_give(method):
    wanted = found(method=method)
    assert len(wanted) > 5
    assert found(NAMES, method=method, classes=CLASSES) == wanted
    assert found(probs=LOGITS - 9, method=method) == wanted
    assert found(probs=LOGITS + 9, scale="logits", method=method) == wanted
    if method != "calibrated":  # which hears more rows where their confidences tie
        assert len(set(found(probs=PROBS.round(3), method=method)) ^ set(wanted)) <= 1


def test_numbers_rounded_to_three_decimals_may_be_off_by_that_much_and_no_more():
    rng = np.random.default_rng(1)
    probs = rng.dirichlet(np.ones(40), 400)
    labels = probs.argmax(axis=1)
    rounded = probs.round(3)
    assert np.abs(rounded.sum(axis=1) - 1).max() > 1e-3
    fe.find_label_issues(labels, rounded, check=False)
    with pytest.raises(InputError, match=r"must sum to 1 within 0\.02; row 0 sums to .* and others in"):
        fe.find_label_issues(labels, probs * 1.03)


@pytest.mark.parametrize("kind", [pd.Series, pl.Series, list, lambda names: np.array(names, dtype=object)])
def test_rows_without_a_label_are_left_out_and_counted(kind):
    names: list[str | None] = list(NAMES)
    names[0] = names[10] = None
    issues = fe.find_label_issues(kind(names), PROBS, classes=CLASSES, method="basic")
    assert issues.n_unlabelled == 2
    assert issues.n_rows == 300
    assert sorted(issues.row.tolist()) == [row for row in found(method="basic") if row not in (0, 10)]
    assert any("2 rows without a label left out" in sentence for sentence in issues.findings)


@pytest.mark.parametrize("missing", [-1, np.nan, None])
def test_minus_one_nan_and_none_are_no_label(missing):
    labels = GIVEN.astype(object)
    labels[:7] = missing
    issues = fe.find_label_issues(labels.tolist(), PROBS)
    assert issues.n_unlabelled == 7
    assert issues.row.min() >= 7
    assert not issues.mask[:7].any()


def test_all_labels_missing_is_not_enough_data():
    with pytest.raises(NotEnoughData, match="got 300 rows and no label"):
        found(np.full(300, -1))


def test_mistakes_in_labels_are_told_together():
    names = [*NAMES]
    names[3], names[4], names[5], names[9] = "dgo, small", "CAT", "CAT", "zebra"
    with pytest.raises(InputError) as error:
        found(names, classes=CLASSES)
    said = str(error.value)
    assert said.startswith("4 labels of no class")
    assert "'dgo, small' in 1 row (3), perhaps 'dog, small'" in said
    assert "'CAT' in 2 rows (4, 5), perhaps 'cat'" in said
    assert "'zebra' in 1 row (9)" in said


def test_columns_in_another_order_are_refused_with_the_order_that_fits():
    alphabetical = [CLASSES.index(name) for name in sorted(CLASSES)]
    with pytest.raises(
        InputError, match=r"agrees with the label on \d+% of rows, and on 9\d% with its columns in alphabetical"
    ):
        found(NAMES, PROBS[:, alphabetical], classes=CLASSES)
    with pytest.raises(InputError, match=r"column 0 is label 1, column 1 is label 2, column 2 is label 0"):
        found(GIVEN, PROBS[:, [1, 2, 0]])
    assert found(GIVEN, PROBS[:, [1, 2, 0]], check=False, method="basic")


def test_a_weak_expert_is_not_taken_for_one_in_another_order():
    weak = RNG.dirichlet(np.ones(3), 300) * 0.7 + 0.3 * np.eye(3)[TRUE]
    assert fe.find_label_issues(GIVEN, weak).n_rows == 300


def test_an_expert_that_is_the_labels_is_named():
    with pytest.raises(InputError, match="copy agrees with every one of 300 labels: it is the labels themselves"):
        found(probs={"net": PROBS, "copy": np.eye(3)[GIVEN]})


def test_a_class_that_nobody_has_is_no_matter():
    wider = np.column_stack([PROBS * 0.99, np.full(300, 0.01)])
    assert found(probs=wider) == found()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_tensors_with_gradients_in_any_precision(dtype):
    tensor = torch.tensor(LOGITS, dtype=dtype, requires_grad=True)
    assert set(found()) <= set(found(probs=tensor, cut=0.4))
    assert found(torch.tensor(GIVEN)) == found()
    assert len(set(found(probs=torch.tensor(PROBS, dtype=dtype))) ^ set(found())) <= 1


def test_a_data_frame_brings_the_names_of_its_columns():
    frame = pd.DataFrame(PROBS, columns=list(CLASSES))
    assert found(pd.Series(NAMES), frame) == found()


def test_a_mapped_file_of_logits_with_missing_labels(tmp_path: Path):
    np.save(tmp_path / "z.npy", LOGITS.astype(np.float32))
    mapped = np.load(tmp_path / "z.npy", mmap_mode="r")
    labels = GIVEN.copy()
    labels[100:] = -1
    assert found(labels, mapped) == found(GIVEN[:100], LOGITS[:100])


def test_cleanlabs_filters_leave_rows_without_a_label_alone():
    labels = GIVEN.copy()
    labels[::3] = -1
    mask = fe.find_label_issues(labels, PROBS, filter_by="predicted_neq_given")
    assert mask.shape == (300,)
    assert not mask[::3].any()
    kept = np.flatnonzero(labels >= 0)
    assert np.array_equal(mask[kept], fe.find_label_issues(GIVEN[kept], PROBS[kept], filter_by="predicted_neq_given"))
    ranked = fe.find_label_issues(
        labels, PROBS, filter_by="predicted_neq_given", return_indices_ranked_by="self_confidence"
    )
    assert set(ranked) == set(np.flatnonzero(mask))


def test_logits_that_are_no_numbers_are_told_by_row():
    broken = LOGITS.copy()
    broken[7] = np.nan
    with pytest.raises(InputError, match="got another in row 7"):
        found(probs=broken - 50)
