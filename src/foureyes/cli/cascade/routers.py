"""``foureyes cascade`` with two models: routers, and the curves they are measured by."""

from __future__ import annotations

import argparse
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from foureyes.cascade.curves import Costs, Curve, Point, compare
from foureyes.cascade.lead import Reads, router_lead
from foureyes.cascade.question_router import QuestionRouter
from foureyes.cascade.routers import AdvantageRouter, FittedRouter, InSample, Router, ThresholdRouter
from foureyes.cli.cascade.policies import kind_of
from foureyes.cli.cascade.table import ModelTable, require_costs
from foureyes.cli.files import in_file, read_text
from foureyes.errors import InputError
from foureyes.report.cascade import CascadeFindings

__all__ = ["compare_routers", "fit_learned", "fit_router"]


def fit_router(models: ModelTable, args: argparse.Namespace) -> AdvantageRouter:
    """Learns the order of the small model's confidence bins.

    Raises:
        InputError: not two models, outcomes where the order needs none or the reverse, columns that cannot be used.
        NotEnoughData: fewer rows than bins.
    """
    if args.order == "accuracy" and not models.correct:
        raise InputError("--order accuracy goes with --correct, once for each model; got none")
    if args.order in ("confidence", "threshold") and models.correct:
        raise InputError(f"--order {args.order} looks at no outcomes: leave --correct out, or the order")
    if args.cost or args.verifier_cost != "0":
        raise InputError("with two models the costs belong to curve; fit takes them for chains")
    if models.correct:
        _require_two("--correct", len(models.correct))
    correct = (models.correct[0], models.correct[1]) if models.correct else None
    small, large = models.confidences
    return AdvantageRouter.fit(
        small, large, bins=15 if args.bins is None else args.bins, order=args.order, correct=correct
    )


def fit_learned(models: ModelTable, args: argparse.Namespace) -> QuestionRouter:
    """Learns from questions alone how far the large model is ahead.

    Raises:
        InputError: no question, no outcomes of two models.
        NotEnoughData: fewer than 20 questions on which the models differ.
    """
    if args.abstain is not None or args.cost:
        raise InputError("--abstain and --cost belong to chains; a learned router only orders questions")
    if models.features is None or models.confidences:
        raise InputError("--order learned reads questions only: give --question or --features, and no --conf")
    _require_two("--correct", len(models.correct))
    return QuestionRouter.fit(models.features, *models.correct)


def compare_routers(router: AdvantageRouter, models: ModelTable, args: argparse.Namespace) -> CascadeFindings:
    """The router's curve beside its baselines, its lead over each, and the point that the target picks.

    Raises:
        InputError: a router was fitted on these rows, columns that cannot be used, a target that no point meets.
        NotEnoughData: no rows, or no point is accurate enough.
    """
    _require_two("--correct", len(models.correct))
    small, large = models.correct
    confidence = models.confidences[0]
    given: dict[str, Reads] = {"router": (router, confidence), "threshold": (ThresholdRouter(), confidence)}
    if models.raw is not None:
        given["uncalibrated"] = (ThresholdRouter(), models.raw)
    learned = set()
    for path in args.against or ():
        name, (other, read) = _name(path, given), _other(path, models)
        given[name] = (other, read)
        learned |= {name} if isinstance(other, QuestionRouter) else set()
    if models.features is not None and not learned:
        raise InputError("--question and --features are read by a learned router: give one with --against")
    reads = {name: (_marked_if_fitted(name, one, read, args), read) for name, (one, read) in given.items()}
    curves = compare(reads, small, large, costs=_costs(models, args), question_only=learned)
    leads = {name: router_lead(reads["router"], reads[name], small, large) for name in reads if name != "router"}
    return CascadeFindings(curves, models.n_left_out, _target_point(curves["router"], args), leads)


def _require_two(option: str, n: int) -> None:
    if n != 2:
        raise InputError(f"a router is between two models: give {option} twice, the small model's first; got {n}")


def _name(path: Path, taken: Collection[str]) -> str:
    """What a router from a file is called on the page and in its picture."""
    name = path.stem
    if name in {*taken, "random", "oracle"}:
        raise InputError(f"--against {path}: {name!r} is the name of another curve; rename the file")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 ._-]*", name):
        raise InputError(
            f"--against {path}: a curve's name is made of letters, digits, '.', '_' and '-'; rename the file"
        )
    return name


def _other(path: Path, models: ModelTable) -> Reads:
    """A router to compare with, and what it reads."""
    text = read_text(path)
    if kind_of(text, path) != "question_router":
        with in_file(path):
            return AdvantageRouter.from_json(text), models.confidences[0]
    if models.features is None:
        raise InputError(
            f"{path} holds a router that reads questions: give --question or --features as when it was fitted"
        )
    with in_file(path):
        return QuestionRouter.from_json(text), models.features


def _marked_if_fitted(name: str, router: Router, read: Any, args: argparse.Namespace) -> Router:
    if not (isinstance(router, FittedRouter) and router.fitted_on(read)):
        return router
    if not args.allow_fitted_rows:
        raise InputError(
            f"the rows of {args.source} were among those that {name!r} was fitted on; wanted others "
            "(--allow-fitted-rows takes them and marks the result)"
        )
    return InSample(router)


def _costs(models: ModelTable, args: argparse.Namespace) -> Costs | None:
    require_costs(args, 2)
    if not args.cost:
        return None
    small, large = models.costs(args.cost)
    return Costs(small, large, models.cost(args.verifier_cost), unit=args.unit)


def _target_point(curve: Curve, args: argparse.Namespace) -> Point | None:
    if args.target_accuracy is not None:
        return curve.cheapest(args.target_accuracy)
    return None if args.target_cost is None else curve.best(cost=args.target_cost)
