"""Published option logits: read as they are, what makes no row is named and counted, what does not fit is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax
from scipy.stats import entropy

from foureyes.errors import InputError
from foureyes.study.stored_options import load_stored_options

LOGITS = np.random.default_rng(0).normal(size=(3, 20, 4)).astype(np.float32)
GOLD = np.arange(20) % 4
MODELS = np.array(["small", "large", "other"])
IDS = 1000 * np.arange(20) + np.repeat(np.arange(10), 2)


def _saved(folder: Path, **changed: Any) -> Path:
    arrays = {
        "logits": LOGITS,
        "gold": GOLD,
        "models": MODELS,
        "ids": IDS,
        "topic": np.array(["a", "b"] * 10),
    } | changed
    np.savez(folder / "logits.npz", **{name: value for name, value in arrays.items() if value is not None})
    return folder / "logits.npz"


def test_shares_entropies_and_surprises_are_those_of_scipy(tmp_path: Path):
    found = load_stored_options(_saved(tmp_path))
    shares = log_softmax(LOGITS.astype(np.float64), axis=2)
    assert found.log_p == pytest.approx(shares)
    assert found.entropy == pytest.approx(entropy(np.exp(shares), axis=2))
    letters = LOGITS[1].argmax(axis=1)
    assert found.surprise(0, 1) == pytest.approx(-shares[0, np.arange(20), letters])
    assert (found.right[1] == (letters == GOLD)).all()
    assert found.left_out == {}


def test_rows_of_one_question_are_found_by_a_remainder(tmp_path: Path):
    found = load_stored_options(_saved(tmp_path), same_question="ids % 1000")
    assert found.question.tolist() == np.repeat(np.arange(10), 2).tolist()
    assert load_stored_options(_saved(tmp_path), same_question="topic").question.tolist() == [0, 1] * 10
    assert load_stored_options(_saved(tmp_path)).question.tolist() == list(range(20))


def test_rows_without_gold_and_logits_that_are_no_numbers_are_named_and_counted(tmp_path: Path):
    logits, gold = LOGITS.copy(), GOLD.astype(float)
    logits[1, 4, 2], logits[2] = np.inf, np.nan
    gold[[0, 7]] = -1, np.nan
    found = load_stored_options(_saved(tmp_path, logits=logits, gold=gold))
    assert found.models == ("small", "large")
    assert found.columns["topic"].shape == (17,)
    assert found.left_out == {
        "other, a model with logits that are no numbers in over 10% of its rows": 1,
        "rows without a right option": 2,
        "rows with a logit that is no number, of large": 1,
    }
    assert np.isfinite(found.log_p).all()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"gold": GOLD[:-1]}, "do not fit"),
        ({"models": MODELS[:2]}, "do not fit"),
        ({"models": np.array(["one", "one", "two"])}, "names of their own"),
        ({"logits": LOGITS[0]}, "models × rows × options"),
        ({"ids": np.zeros(20, int)}, "each once"),
        ({"ids": IDS[:5]}, "each once"),
        ({"gold": None}, "no gold; it holds"),
        ({"gold": np.full(20, -1)}, "no row is left"),
        ({"logits": np.full_like(LOGITS, np.nan)}, "no row is left"),
    ],
)
def test_parts_that_do_not_fit_are_refused(tmp_path: Path, changed: dict[str, Any], says: str):
    with pytest.raises(InputError, match=says):
        load_stored_options(_saved(tmp_path, **changed))


@pytest.mark.parametrize("said", ["nowhere", "ids % 0", "ids % x", "topic % 3", "logits"])
def test_a_question_that_no_array_tells_is_refused(tmp_path: Path, said: str):
    with pytest.raises(InputError):
        load_stored_options(_saved(tmp_path), same_question=said)


def test_other_files_are_refused(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        load_stored_options(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("logits")
    with pytest.raises(InputError, match="no NPZ file"):
        load_stored_options(tmp_path / "text.npz")
    np.savez(tmp_path / "object.npz", logits=np.array([{}], object), gold=GOLD, models=MODELS)
    with pytest.raises(InputError, match="no NPZ file"):
        load_stored_options(tmp_path / "object.npz")
