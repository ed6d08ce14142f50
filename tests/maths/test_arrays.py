import numpy as np
import pytest
import torch

from foureyes.calibration import Platt, Temperature
from foureyes.errors import InputError
from foureyes.maths.arrays import as_array
from foureyes.maths.columns import class_indices, distributions, flags, group_ids, probabilities, real
from foureyes.maths.reliability import ece
from foureyes.maths.scoring import brier, nll


def softmaxed(n=200, k=10, seed=0):
    torch.manual_seed(seed)
    return torch.softmax(torch.randn(n, k) * 4, -1)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_tensors_of_every_precision_and_with_gradients_are_taken(dtype):
    p = softmaxed().to(dtype).requires_grad_()
    right = torch.rand(200) < 0.7
    top = p.max(dim=1).values
    assert as_array("x", p).shape == (200, 10)
    assert distributions("p", p).sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert real("s", top).tolist() == probabilities("c", top).tolist() == top.tolist()
    assert flags("right", right).tolist() == right.tolist()
    assert ece(top, right).n == brier(top, right).n == 200
    assert nll(top, right) > 0
    assert Platt.fit(top, right).predict_proba(top).shape == (200,)
    labels = softmaxed(seed=1).argmax(dim=1)
    assert class_indices("y", labels, n_classes=10).tolist() == group_ids("g", labels).tolist() == labels.tolist()
    mostly = torch.where(torch.arange(200) < 150, p.argmax(dim=1), labels)
    assert Temperature.fit(p, mostly, scale="probabilities").predict_proba(p).shape == (200, 10)


def test_a_list_of_tensors_is_a_column_or_a_matrix():
    p = softmaxed().bfloat16().requires_grad_()
    assert distributions("p", list(p)).shape == (200, 10)
    assert real("s", [row.max() for row in p]).shape == (200,)


def test_what_is_an_array_already_is_not_copied():
    column = np.zeros(3)
    assert as_array("x", column) is column
    assert np.shares_memory(as_array("x", torch.zeros(3)), as_array("x", torch.zeros(3))) is False
    tensor = torch.zeros(3)
    assert np.shares_memory(as_array("x", tensor), tensor.numpy())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[0.5, 0.5], [1.0], [0.2, 0.8]], "rows of one length; got 2 of 2, 1 of 1; the first odd one at row 1"),
        ([[0.5, 0.5], 1.0], "rows of one length; got 1 of 2, 1 of no length; the first odd one at row 1"),
        ([[0.5, None], [1.0, 0.0]], "must not hold None; got 1, the first at row 0"),
        ([0.5, None, None], "must not hold None; got 2, the first at row 1"),
        ([[[1.0], 2.0]], "lists of several depths in rows of 2"),
    ],
)
def test_ragged_lists_and_missing_entries_are_named(values, message):
    with pytest.raises(InputError, match=message):
        as_array("p", values)
