"""What ``foureyes cascade`` reads of a table: confidences, outcomes and costs of some models, the cheapest first."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.cascade.question_router import hashed_words
from foureyes.errors import InputError
from foureyes.signals.catalog import direction
from foureyes.tables import Column, Table

__all__ = ["Cost", "ModelTable", "cost_of", "read_models", "require_costs"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Cost = float | Floats


@dataclass(frozen=True, slots=True, eq=False)
class ModelTable:
    """Columns of some models, of the rows that have all of them.

    Attributes:
        confidences: one (n,) column a model.
        correct: one (n,) column a model; empty where none were asked for.
        raw: (n,) an uncalibrated confidence of the first model, where one was asked for.
        features: (n, D) numbers of each question, where they were asked for.
        kept: (n,) places of the rows in the file.
        table: the file.
    """

    confidences: tuple[Floats, ...]
    correct: tuple[Bools, ...]
    raw: Floats | None
    features: Floats | None
    kept: NDArray[np.intp]
    table: Table

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.kept)

    @property
    def n_left_out(self) -> int:
        """Rows of the file that lack something."""
        return len(self.table) - self.n

    @property
    def left_out(self) -> str:
        """The same in words, empty if there are none."""
        return f"; left out, as they lack something: {self.n_left_out:,}" if self.n_left_out else ""

    def costs(self, said: Sequence[str]) -> tuple[Cost, ...]:
        """What ``--cost`` says of every model."""
        return tuple(cost_of(self.table, one, self.kept) for one in said)

    def cost(self, said: str) -> Cost:
        """One cost; see :func:`cost_of`."""
        return cost_of(self.table, said, self.kept)


def read_models(table: Table, args: argparse.Namespace) -> ModelTable:
    """Reads the fields that ``--conf``, ``--correct``, ``--uncalibrated``, ``--question`` and ``--features`` name.

    Raises:
        InputError: fields that cannot be used.
    """
    named = getattr(args, "uncalibrated", None)
    _require_confidences([*(args.conf or ()), *([] if named is None else [named])])
    confidences = [table.numbers(field) for field in args.conf or ()]
    correct = [table.flags(field) for field in args.correct or ()]
    raw = None if named is None else table.numbers(named)
    features = _features(table, args)
    columns: list[Column[Any]] = [*confidences, *correct, *(one for one in (raw, features) if one is not None)]
    if not columns:
        raise InputError("say what to read: --conf FIELD for each model")
    kept = np.flatnonzero(np.logical_and.reduce([column.present for column in columns]))
    return ModelTable(
        confidences=tuple(column.values[kept] for column in confidences),
        correct=tuple(column.values[kept] for column in correct),
        raw=None if raw is None else raw.values[kept],
        features=None if features is None else features.values[kept],
        kept=kept,
        table=table,
    )


def require_costs(args: argparse.Namespace, n_models: int) -> None:
    """Refuses costs that are not one a model, and a verifier's without the models'.

    Raises:
        InputError: they are.
    """
    if args.cost and len(args.cost) != n_models:
        raise InputError(f"--cost goes once with each of {n_models} models; got {len(args.cost)}")
    if args.verifier_cost != "0" and not args.cost:
        raise InputError("--verifier-cost goes with a --cost of each model")


def cost_of(table: Table, said: str, kept: NDArray[np.intp]) -> Cost:
    """What a question costs: ``0.4``, the field ``tokens``, or a price a unit times a field, ``0.00002*tokens``.

    Raises:
        InputError: no such field, or a row that has no cost.
    """
    price, _, field = said.partition("*")
    if (number := _number(said)) is not None:
        return number
    unit = _number(price)
    name = said if unit is None or said in table.names else field.strip()
    column = table.numbers(name)
    lacking = kept[~column.present[kept]]
    if len(lacking):
        raise InputError(f"{table.name}: row {lacking[0]} has no {name!r}; every row needs a cost")
    return column.values[kept] * (1.0 if name == said or unit is None else unit)


def _require_confidences(fields: Sequence[str]) -> None:
    """Refuses signals of ``foureyes score`` of which larger is worse: they would keep the wrong answers."""
    for field in fields:
        name = field.rpartition(".")[2]
        if field.startswith("foureyes.") and direction(name) == "worse":
            raise InputError(
                f"{field!r} is an uncertainty, of which larger is worse; wanted a confidence, as foureyes calibrate apply writes it"
            )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _features(table: Table, args: argparse.Namespace) -> Column[np.float64] | None:
    if getattr(args, "features", None):
        return table.matrix(args.features)
    if not getattr(args, "question", None):
        return None
    texts = table.values(args.question)
    wrong = next((i for i, text in enumerate(texts) if text is not None and not isinstance(text, str)), None)
    if wrong is not None:
        raise InputError(f"{table.name}: {args.question!r} must hold texts; got {texts[wrong]!r:.60} in row {wrong}")
    present = np.array([bool(text) for text in texts], np.bool_)
    return Column(hashed_words([text or "" for text in texts]), present)
