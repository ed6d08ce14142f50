"""A classifier becomes logits and labels: in order, in evaluation mode, and nothing unfit for use."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import foureyes as fe  # noqa: E402
from foureyes.cli import main  # noqa: E402
from foureyes.errors import InputError, NotEnoughData  # noqa: E402
from foureyes.models.classifier import classifier_logits  # noqa: E402


def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3),
        torch.nn.BatchNorm2d(4),
        torch.nn.Flatten(),
        torch.nn.Dropout(),
        torch.nn.Linear(144, 5),
    )


def pictures(n: int = 20) -> torch.utils.data.TensorDataset:
    drawn = torch.Generator().manual_seed(1)
    return torch.utils.data.TensorDataset(torch.randn(n, 3, 8, 8, generator=drawn), torch.arange(n) % 5)


def test_logits_are_those_of_the_model_in_evaluation_whatever_the_batches() -> None:
    model, data = network(), pictures()
    found = [classifier_logits(model, torch.utils.data.DataLoader(data, batch_size=size)) for size in (20, 7)]
    wanted = model.eval()(data.tensors[0]).detach().numpy()
    for one in found:
        np.testing.assert_allclose(one.logits, wanted, atol=1e-5)
        assert one.labels.tolist() == data.tensors[1].tolist()


def test_the_mode_is_put_back_also_where_a_batch_fails() -> None:
    model = network()
    model[1].eval()  # a part that is frozen stays so
    counted = model[1].num_batches_tracked.clone()
    with pytest.raises(RuntimeError):
        classifier_logits(model, [(torch.zeros(1, 3, 9, 9), [0])])
    classifier_logits(model, torch.utils.data.DataLoader(pictures(), batch_size=8))
    assert (model.training, model[1].training, model[3].training) == (True, False, True)
    assert model[1].num_batches_tracked == counted
    assert all(parameter.grad is None for parameter in model.parameters())


def test_mappings_and_objects_with_logits_are_taken() -> None:
    def model(*, pixel_values: torch.Tensor) -> SimpleNamespace:
        return SimpleNamespace(logits=pixel_values.flatten(1)[:, :5].bfloat16())

    found = classifier_logits(model, [({"pixel_values": torch.ones(2, 3, 2, 2)}, np.array([1, 4]))])
    assert (found.logits.dtype, found.logits.shape) == (np.float32, (2, 5))


def answers(*values: object):
    return lambda _: torch.tensor(values, dtype=torch.float32)


_BAD = {
    "batch 0: wanted a pair of inputs and labels; got a list of 3": (answers(), [[0, 1, 2]]),
    "batch 0: wanted a pair of inputs and labels; got a Tensor": (answers(), [torch.zeros(2)]),
    "batch 0: wanted .rows, classes. logits of two classes or more; got a tensor .2, 1.": (
        answers([1], [2]),
        [(0, [0, 0])],
    ),
    "got NoneType": (lambda _: None, [(0, [0])]),
    "batch 1: the logits of 1 of 2 rows are not finite, first of row 1": (
        lambda bad: torch.tensor([[0.0, 1.0], [0.0, float("nan") if bad else 1.0]]),
        [(False, [0, 1]), (True, [0, 1])],
    ),
    "batch 0: wanted 2 whole numbers as labels; got int64 .3,.": (answers([1, 2], [1, 2]), [(0, [0, 1, 1])]),
    "batch 0: wanted 1 whole numbers as labels; got float64 .1,.": (answers([1, 2]), [(0, [0.5])]),
    r"batch 0: a label of 2 classes is in \[0, 2\); got -1": (answers([1, 2]), [(0, [-1])]),
    "batch 1: 3 classes; the batches before had 2": (lambda n: torch.zeros(1, n), [(2, [0]), (3, [0])]),
}


@pytest.mark.parametrize("message", _BAD)
def test_what_cannot_be_used_is_named(message: str) -> None:
    model, batches = _BAD[message]
    with pytest.raises(InputError, match=message):
        classifier_logits(model, batches)


@pytest.mark.parametrize("batches", [[], [(torch.zeros(0, 2), torch.zeros(0, dtype=torch.int64))]])
def test_no_rows_are_said_to_be_none(batches: list[object]) -> None:
    with pytest.raises(NotEnoughData, match="the batches held none"):
        classifier_logits(torch.nn.Linear(2, 2), batches)


def test_what_is_saved_is_what_calibration_and_cleaning_read(tmp_path: Path) -> None:
    model, images = network(), pictures(100).tensors[0]
    labels = model.eval()(images).argmax(dim=1)
    labels[::4] = (labels[::4] + 1) % 5
    found = classifier_logits(
        model, torch.utils.data.DataLoader(torch.utils.data.TensorDataset(images, labels), batch_size=32)
    )
    found.save(tmp_path / "val.npz")
    assert (
        main(
            [
                "calibrate",
                "fit",
                str(tmp_path / "val.npz"),
                "--logits",
                "logits",
                "--label",
                "label",
                "-o",
                str(tmp_path / "t.json"),
            ]
        )
        == 0
    )
    fitted = fe.Temperature.fit(found.logits, found.labels)
    assert fitted.predict_proba(found.logits).shape == (100, 5)
    with pytest.raises(InputError, match=r"wanted a name that ends in .npz; got .*val.bin"):
        found.save(tmp_path / "val.bin")
    with pytest.raises(InputError, match="cannot write"):
        found.save(tmp_path / "none" / "val.npz")
