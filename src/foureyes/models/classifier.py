"""From a classifier, say of timm or torchvision, to the logits and labels that calibration, cascades and cleaning take.

The model is any callable on a batch, the batches are what a ``DataLoader`` yields. Start at :func:`classifier_logits`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from foureyes.display import Result
from foureyes.errors import InputError, NotEnoughData

__all__ = ["ClassifierLogits", "classifier_logits"]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class ClassifierLogits(Result):
    """What a classifier said of labelled rows, in the order in which they came.

    Attributes:
        logits: (N, K) float32, finite, before any softmax.
        labels: (N,) int64 in [0, K), index of the given class.
    """

    logits: NDArray[np.float32]
    labels: NDArray[np.int64]

    def save(self, path: str | Path) -> None:
        """Writes an NPZ with the members ``logits``, ``label`` and ``correct``, as ``foureyes calibrate``, ``cascade`` and ``clean`` read it.

        Raises:
            InputError: it cannot be written, or the name does not end in ``.npz``.
        """
        path = Path(path)
        if path.suffix != ".npz":
            raise InputError(f"wanted a name that ends in .npz; got {path}")
        correct = self.logits.argmax(axis=1) == self.labels
        part = path.with_name(f".{path.name}.part")
        try:
            with part.open("wb") as file:
                np.savez_compressed(file, logits=self.logits, label=self.labels, correct=correct)
            part.replace(path)
        except OSError as error:
            raise InputError(f"cannot write {path}: {error.strerror or error}") from error
        finally:
            part.unlink(missing_ok=True)


def classifier_logits(
    model: Callable[[Any], Any], batches: Iterable[tuple[Any, Any]], *, device: str | None = None
) -> ClassifierLogits:
    """Runs a classifier over labelled batches, without gradients and in evaluation mode.

    A module's mode is put back afterwards, also where a batch fails; one that answers differently in training (dropout, batch
    normalisation over the batch) is thus measured as it will be used. Batches should come in a fixed order
    (``shuffle=False``), so that row *i* is picture *i* when labels are cleaned.

    Args:
        model: takes a batch of inputs, gives (B, K) logits, K ≥ 2: a tensor, or an object with ``logits``, as Hugging Face has it.
        batches: pairs (inputs, labels); inputs are a tensor, or a mapping of tensors that becomes keyword arguments; labels are
            (B,) whole numbers in [0, K).
        device: where inputs are sent; ``None`` for where the model's parameters are.

    Raises:
        InputError: a batch is no pair; logits are no (B, K) numbers for B labels, change their K, or are not finite; labels are
            no whole numbers in [0, K). The message says which batch, counted from 0.
        NotEnoughData: there are no rows.

    Example:
        >>> model = torch.nn.Linear(4, 3)
        >>> found = classifier_logits(model, [(torch.zeros(2, 4), torch.tensor([0, 2]))])
        >>> found.logits.shape, found.labels.tolist()
        ((2, 3), [0, 2])
    """
    logits: list[NDArray[np.float32]] = []
    labels: list[NDArray[np.int64]] = []
    place = device or _device_of(model)
    with _evaluating(model), torch.inference_mode():
        for n, batch in enumerate(batches):
            inputs, given = _pair(n, batch)
            said = _said(n, model, _sent(inputs, place))
            if logits and said.shape[1] != logits[0].shape[1]:
                raise InputError(f"batch {n}: {said.shape[1]} classes; the batches before had {logits[0].shape[1]}")
            logits.append(said)
            labels.append(_labels(n, given, said.shape))
    if not sum(map(len, labels)):
        raise NotEnoughData("a classifier needs rows; the batches held none")
    return ClassifierLogits(np.concatenate(logits), np.concatenate(labels))


def _device_of(model: object) -> str | torch.device:
    first = next(model.parameters(), None) if isinstance(model, torch.nn.Module) else None
    return "cpu" if first is None else first.device


@contextmanager
def _evaluating(model: object) -> Iterator[None]:
    """Puts every part of a module into evaluation mode, and back into the mode that it had."""
    before = [(part, part.training) for part in model.modules()] if isinstance(model, torch.nn.Module) else []
    try:
        for part, _ in before:
            part.training = False
        yield
    finally:
        for part, training in before:
            part.training = training


def _pair(n: int, batch: object) -> tuple[Any, Any]:
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        got = f"{type(batch).__name__} of {len(batch)}" if isinstance(batch, tuple | list) else type(batch).__name__
        raise InputError(f"batch {n}: wanted a pair of inputs and labels; got a {got}")
    return batch[0], batch[1]


def _sent(inputs: Any, place: str | torch.device) -> Any:
    if isinstance(inputs, Mapping):
        return {name: _sent(value, place) for name, value in inputs.items()}
    return inputs.to(place) if isinstance(inputs, torch.Tensor) else inputs


def _said(n: int, model: Callable[..., Any], inputs: Any) -> NDArray[np.float32]:
    said = model(**inputs) if isinstance(inputs, Mapping) else model(inputs)
    said = getattr(said, "logits", said)
    if not isinstance(said, torch.Tensor) or said.ndim != 2 or said.shape[1] < 2:
        got = f"a tensor {tuple(said.shape)}" if isinstance(said, torch.Tensor) else type(said).__name__
        raise InputError(f"batch {n}: wanted (rows, classes) logits of two classes or more; got {got}")
    values: NDArray[np.float32] = said.detach().float().cpu().numpy()
    bad = ~np.isfinite(values).all(axis=1)
    if bad.any():
        raise InputError(
            f"batch {n}: the logits of {int(bad.sum())} of {len(values)} rows are not finite, first of row {int(bad.argmax())}"
        )
    return values


def _labels(n: int, given: Any, shape: tuple[int, ...]) -> NDArray[np.int64]:
    labels = np.asarray(given.cpu() if isinstance(given, torch.Tensor) else given)
    if labels.shape != shape[:1] or (labels.size and labels.dtype.kind not in "iu"):
        raise InputError(f"batch {n}: wanted {shape[0]} whole numbers as labels; got {labels.dtype} {labels.shape}")
    outside = (labels < 0) | (labels >= shape[1])
    if outside.any():
        raise InputError(f"batch {n}: a label of {shape[1]} classes is in [0, {shape[1]}); got {labels[outside][0]}")
    return labels.astype(np.int64)
