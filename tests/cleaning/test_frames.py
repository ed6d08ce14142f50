"""The same frame comes back, of the same kind, with three columns more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import foureyes as fe
from foureyes.cleaning.frames import NEW_COLUMNS, flag_frame
from foureyes.errors import InputError

RNG = np.random.default_rng(0)
CLASSES = ["cat", "dog", "cow"]
TRUE = RNG.integers(0, 3, 200)
GIVEN = np.where(np.arange(200) % 10 == 0, (TRUE + 1) % 3, TRUE)
PROBS = RNG.dirichlet(np.ones(3), 200) * 0.1 + 0.9 * np.eye(3)[TRUE]


def columns() -> dict[str, Any]:
    return {
        "text": [f"item {i}" for i in range(200)],
        "label": [CLASSES[i] for i in GIVEN],
        **dict(zip(CLASSES, PROBS.T, strict=True)),
    }


def test_a_pandas_frame_keeps_its_index_and_columns():
    frame = pd.DataFrame(columns(), index=[f"r{i}" for i in range(200)])
    before = frame.copy()
    out = flag_frame(frame, "label", CLASSES)
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(out[before.columns], before)
    wanted = fe.find_label_issues(GIVEN, PROBS)
    assert out.is_label_issue.to_numpy().tolist() == wanted.mask.tolist()
    assert out.suggested_label[wanted.mask].tolist() == [CLASSES[i] for i in TRUE[wanted.mask]]
    assert out.label_rank.to_numpy().argmin() == wanted.row[0]


def test_a_polars_frame_comes_back_as_one_and_missing_labels_have_no_rank():
    frame = pl.DataFrame(columns() | {"label": [None, *(CLASSES[i] for i in GIVEN[1:])]})
    out = flag_frame(frame, "label", {"net": CLASSES, "again": CLASSES})
    assert isinstance(out, pl.DataFrame)
    assert out.columns == [*frame.columns, *NEW_COLUMNS]
    assert out.select(frame.columns).equals(frame)
    assert out["label_rank"].null_count() == 1
    assert out["label_rank"].dtype == pl.Int64
    assert out["suggested_label"][0] is None
    assert out["is_label_issue"].sum() > 10


def test_class_indices_are_suggested_as_indices():
    out = flag_frame(pd.DataFrame(columns() | {"label": GIVEN}), "label", CLASSES)
    assert set(out.suggested_label) == {0, 1, 2}


@pytest.mark.parametrize(
    ("label", "probs", "words"),
    [("labels", CLASSES, "no column 'labels'"), ("label", ["cat", "emu"], "no column 'emu'")],
)
def test_columns_that_are_not_there_are_named(label, probs, words):
    with pytest.raises(InputError, match=words):
        flag_frame(pd.DataFrame(columns()), label, probs)


def test_no_column_is_overwritten():
    with pytest.raises(InputError, match="has a column 'label_rank' already"):
        flag_frame(pl.DataFrame(columns() | {"label_rank": [1] * 200}), "label", CLASSES)
