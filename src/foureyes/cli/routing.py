"""What ``foureyes cascade`` reads of a table, and what it does with it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.calibration.rows import Rows
from foureyes.cascade.chain import evaluate
from foureyes.cascade.curves import Costs, Curve, Point, compare
from foureyes.cascade.policy import ALWAYS, Policy
from foureyes.cascade.routers import AdvantageRouter, InSample, ThresholdRouter
from foureyes.errors import InputError
from foureyes.report.cascade import Comparison
from foureyes.tables import Column, Table, write_text

__all__ = ["Pair", "compared", "read_pair", "read_text", "simulated", "write_policy"]

Cost = float | NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Columns of two models, of the rows that have all of them.

    Attributes:
        columns: option → (n,) values.
        kept: (n,) their places in the file.
        table: the file.
    """

    columns: Mapping[str, NDArray[Any]]
    kept: NDArray[np.intp]
    table: Table

    def __getitem__(self, option: str) -> NDArray[Any]:
        return self.columns[option]

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

    def cost(self, said: str) -> Cost:
        """A number, or a field's numbers."""
        return _cost(self.table, said, self.kept)


def read_pair(table: Table, args: argparse.Namespace, options: Sequence[str]) -> Pair:
    """Reads ``--small-conf`` and the fields that other options name.

    Raises:
        InputError: fields that cannot be used.
    """
    wanted = ("small_conf", *options)
    columns: dict[str, Column[Any]] = {
        option: table.flags(getattr(args, option))
        if option.endswith("correct")
        else table.numbers(getattr(args, option))
        for option in wanted
    }
    kept = np.flatnonzero(np.logical_and.reduce([column.present for column in columns.values()]))
    return Pair({option: column.values[kept] for option, column in columns.items()}, kept, table)


def compared(router: AdvantageRouter, pair: Pair, args: argparse.Namespace) -> Comparison:
    """The router's curve beside its baselines, and the point that the target picks.

    Raises:
        InputError: the router was fitted on these rows, columns that cannot be used, a target that no point meets.
        NotEnoughData: no rows, or no point is accurate enough.
    """
    judged = InSample(router) if args.allow_fitted_rows and router.fitted_on(pair["small_conf"]) else router
    routers: dict[str, Any] = {
        "router": (judged, pair["small_conf"]),
        "threshold": (ThresholdRouter(), pair["small_conf"]),
    }
    if "uncalibrated" in pair.columns:
        routers["uncalibrated"] = (ThresholdRouter(), pair["uncalibrated"])
    curves = compare(routers, pair["small_correct"], pair["large_correct"], costs=_costs(pair, args))
    return Comparison(curves, pair.n_left_out, _chosen(curves["router"], args))


def write_policy(path: Path, router: AdvantageRouter, point: Point, pair: Pair) -> None:
    """Writes a policy that remembers the rows it was chosen on."""
    policy = Policy((router.gate(point.cut), ALWAYS))
    chosen_on = Rows.of([pair["small_conf"]])
    write_text(path, json.dumps({**json.loads(policy.to_json()), "chosen_on": asdict(chosen_on)}, allow_nan=False))


def simulated(args: argparse.Namespace, table: Table) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """What a policy does to the rows of a table.

    Returns:
        Its figures, and the columns ``stage`` and ``answered``, ``None`` for rows without all confidences.

    Raises:
        InputError: the policy was chosen on these rows, or something cannot be used.
    """
    text = read_text(args.policy)
    policy = Policy.from_json(text)
    confidences = [table.numbers(field) for field in args.conf]
    right = [table.flags(field) for field in args.correct or ()]
    present = [column.present for column in confidences] + [column.present for column in right]
    kept = np.flatnonzero(np.logical_and.reduce(present))
    columns = [column.values[kept] for column in confidences]
    done = policy.simulate(columns)
    numbers: dict[str, Any] = {
        "rows": len(kept),
        "n_left_out": len(table) - len(kept),
        "answered": float(done.answered.mean()) if len(kept) else None,
    }
    if right:
        _require_unseen(text, columns[0], allowed=args.allow_fitted_rows)
        costs = [_cost(table, said, kept) for said in args.cost or ["0"] * len(columns)]
        point = asdict(evaluate(policy, columns, [column.values[kept] for column in right], costs))
        numbers |= {name: point[name] for name in ("accuracy", "accuracy_answered", "low", "answered", "stopped")}
        numbers |= {"cost": point["cost"]} if args.cost else {}
    return numbers, {
        "stage": _spread(done.stage, kept, len(table)),
        "answered": _spread(done.answered, kept, len(table)),
    }


def read_text(path: Path) -> str:
    """A file's text.

    Raises:
        InputError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"cannot read {path}: not UTF-8 at byte {error.start}") from error


def _require_unseen(text: str, confidence: NDArray[np.float64], *, allowed: bool) -> None:
    """A policy made elsewhere remembers no rows, and nothing can be said of it."""
    memory = json.loads(text).get("chosen_on")
    if memory is None or allowed:
        return
    try:
        rows = Rows(memory["n"], memory["digest"], tuple(memory["sketch"]))
    except (KeyError, TypeError) as error:
        raise InputError("not a cascade policy: chosen_on must hold n, digest and sketch") from error
    if rows.shared_with([confidence]):
        raise InputError(
            f"the policy was chosen on {rows.n} rows, and these {len(confidence)} are among them; wanted others (--allow-fitted-rows takes them)"
        )


def _costs(pair: Pair, args: argparse.Namespace) -> Costs | None:
    if (args.small_cost is None) != (args.large_cost is None):
        raise InputError("costs go together: give --small-cost and --large-cost, or neither")
    if args.small_cost is None:
        return None
    small, large, verifier = (pair.cost(said) for said in (args.small_cost, args.large_cost, args.verifier_cost))
    return Costs(small, large, verifier, unit=args.unit)


def _chosen(curve: Curve, args: argparse.Namespace) -> Point | None:
    if args.target_accuracy is not None:
        return curve.cheapest(args.target_accuracy)
    return None if args.target_cost is None else curve.best(cost=args.target_cost)


def _cost(table: Table, said: str, kept: NDArray[np.intp]) -> Cost:
    try:
        return float(said)
    except ValueError:
        column = table.numbers(said)
    lacking = kept[~column.present[kept]]
    if len(lacking):
        raise InputError(f"{table.name}: row {lacking[0]} has no {said!r}; every row needs a cost")
    return column.values[kept]


def _spread(values: NDArray[Any], kept: NDArray[np.intp], n: int) -> list[Any]:
    found: list[Any] = [None] * n
    for row, value in zip(kept.tolist(), values.tolist(), strict=True):
        found[row] = value
    return found
