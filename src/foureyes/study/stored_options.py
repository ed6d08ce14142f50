"""Option logits that somebody published: how every model of a run saw the options of every question.

One NPZ file holds all models on the same rows, so whoever answered can be read by any other without running either. What
makes no row (no right option, a logit that is no number) is left out and counted by its reason; a file whose parts do not
belong together is refused. Start at :func:`load_stored_options`.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foureyes.display import plural
from foureyes.errors import InputError

__all__ = ["StoredOptions", "load_stored_options"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

_WANTED: Final = ("logits", "gold", "models")
_MOST_BROKEN: Final = 0.1
"""A model with more broken rows than this is left out, rather than its rows for everybody."""
_GROUP: Final = re.compile(r"\s*(\w+)\s*(?:%\s*(\d+)\s*)?")


@dataclass(frozen=True, slots=True, eq=False)
class StoredOptions:
    """How M models saw the K options of N questions.

    Attributes:
        models: M names.
        log_p: (M, N, K) natural logarithms of the options' probabilities among the options.
        gold: (N,) index of the right option.
        ids: (N,) of the rows.
        question: (N,) numbers 0 … G−1: rows with the same number are one question, asked in several ways.
        columns: what else the file says, of every row (N,) or every model (M,).
        left_out: rows and models that are not here, by reason.
        letters: (M, N) the option each model holds likeliest, the first of equals: its answer.
        right: (M, N) whether each answer is right.
        entropy: (M, N) of each model over the options, nats: its own doubt as an author, CME as a reader.
    """

    models: tuple[str, ...]
    log_p: Floats
    gold: Ints
    ids: NDArray[Any]
    question: Ints
    columns: Mapping[str, NDArray[Any]]
    left_out: Mapping[str, int]
    letters: Ints = field(init=False)
    right: NDArray[np.bool_] = field(init=False)
    entropy: Floats = field(init=False)

    def __post_init__(self) -> None:
        p = np.exp(self.log_p)
        object.__setattr__(self, "letters", self.log_p.argmax(axis=2))
        object.__setattr__(self, "right", self.letters == self.gold)
        object.__setattr__(self, "entropy", -(p * np.where(p > 0, self.log_p, 0.0)).sum(axis=2))

    def surprise(self, reader: int, author: int) -> Floats:
        """(N,) −ln p of the author's answers to the reader: log CMP, or log G-PPL where both are one."""
        found: Floats = -np.take_along_axis(self.log_p[reader], self.letters[author][:, None], axis=1)[:, 0]
        return found


def load_stored_options(path: Path, *, same_question: str = "") -> StoredOptions:
    """Reads published option logits.

    Args:
        path: an NPZ file with ``logits`` (M, N, K), ``gold`` (N,), ``models`` (M,), and perhaps ``ids`` (N,).
        same_question: the array (N,) whose equal values are one question, say ``"ids % 1000"`` for their remainders; every
            row is its own where it is empty.

    Raises:
        FileNotFoundError: there is no such file.
        InputError: it is no such file, parts do not fit one another, or no row is left.
    """
    found = _arrays(path)
    logits, gold, models = (found.pop(name) for name in _WANTED)
    _n_models, n, k = _shape(path, logits, gold, models)
    ids = found.pop("ids", np.arange(n))
    if len(ids) != n or len(np.unique(ids)) != n:
        raise InputError(f"{path}: wanted {n} ids, each once; got {len(ids)}, {len(np.unique(ids))} of them distinct")
    broken = ~np.isfinite(logits).all(axis=2)
    lost = broken.mean(axis=1) > _MOST_BROKEN
    has_gold = (gold >= 0) & (gold < k)  # NaN is neither
    sound = ~broken[~lost].any(axis=0)
    keep = has_gold & sound
    left_out = _left_out(models, broken, lost, has_gold, sound)
    if not keep.any() or lost.all():
        raise InputError(f"{path}: no row is left: {', '.join(f'{why} ({count})' for why, count in left_out.items())}")
    question = _questions(path, same_question, {**found, "ids": ids}, n)
    columns = {name: _kept(values, keep, ~lost) for name, values in found.items()}
    names = tuple(str(name) for name in models[~lost])
    log_p = _log_shares(logits[~lost][:, keep].astype(np.float64))
    numbers = np.unique(question[keep], return_inverse=True)[1]
    whole = gold[keep].astype(np.intp)
    return StoredOptions(names, log_p, whole, ids[keep], numbers, MappingProxyType(columns), MappingProxyType(left_out))


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path}")
    try:
        with np.load(path, allow_pickle=False) as data:
            missing = [name for name in _WANTED if name not in data.files]
            if missing:
                raise InputError(f"{path}: no {', '.join(missing)}; it holds {', '.join(data.files)}")
            return {name: data[name] for name in data.files}
    except (OSError, ValueError, zipfile.BadZipFile, AttributeError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} is no NPZ file of plain arrays: {error}") from error


def _shape(path: Path, logits: NDArray[Any], gold: NDArray[Any], models: NDArray[Any]) -> tuple[int, int, int]:
    if logits.ndim != 3 or not np.issubdtype(logits.dtype, np.floating):
        raise InputError(
            f"{path}: wanted logits as numbers of models × rows × options; got {logits.dtype} {logits.shape}"
        )
    n_models, n, k = logits.shape
    if gold.shape != (n,) or models.shape != (n_models,) or k < 2:
        raise InputError(
            f"{path}: {n_models} models × {n} rows × {k} options of logits do not fit {models.shape} models and "
            f"{gold.shape} right options"
        )
    if len(set(models.tolist())) < n_models:
        raise InputError(f"{path}: wanted models with names of their own; got {', '.join(map(str, models))}")
    return n_models, n, k


def _left_out(
    models: NDArray[Any],
    broken: NDArray[np.bool_],
    lost: NDArray[np.bool_],
    has_gold: NDArray[np.bool_],
    sound: NDArray[np.bool_],
) -> dict[str, int]:
    """Rows and models left out, by reason."""
    culprits = ", ".join(str(name) for name in models[~lost & broken.any(axis=1)])
    found = {
        f"{name}, a model with logits that are no numbers in over {_MOST_BROKEN:.0%} of its rows": 1
        for name in models[lost]
    } | {
        "rows without a right option": int((~has_gold).sum()),
        f"rows with a logit that is no number, of {culprits}": int((has_gold & ~sound).sum()),
    }
    return {why: count for why, count in found.items() if count}


def _questions(path: Path, said: str, columns: Mapping[str, NDArray[Any]], n: int) -> NDArray[Any]:
    if not said:
        return np.arange(n)
    match = _GROUP.fullmatch(said)
    values = columns.get(match[1]) if match else None
    if match is None or values is None or values.shape != (n,):
        raise InputError(f"{path}: wanted an array of {plural(n, 'row')}, or ARRAY % NUMBER; got {said!r}")
    if match[2] is None:
        return values
    if not np.issubdtype(values.dtype, np.integer) or not int(match[2]):
        raise InputError(f"{path}: a remainder is of whole numbers by one above 0; got {said!r} of {values.dtype}")
    remainders: NDArray[Any] = values % int(match[2])
    return remainders


def _kept(values: NDArray[Any], rows: NDArray[np.bool_], models: NDArray[np.bool_]) -> NDArray[Any]:
    """Of the rows, or the models, that are kept; what is neither stays as it is."""
    if values.shape[:1] == rows.shape:
        return values[rows]
    return values[models] if values.shape[:1] == models.shape else values


def _log_shares(logits: Floats) -> Floats:
    """Log-softmax over the options."""
    shifted = logits - logits.max(axis=2, keepdims=True)
    found: Floats = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
    return found
