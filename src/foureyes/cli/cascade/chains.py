"""``foureyes cascade`` with chains of models, and what a policy of any length does to rows."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any, Final

from foureyes.cascade.chain_curves import Chain, ChainCurve, chain_costs, chain_curve
from foureyes.cascade.mixture import PolicyMix
from foureyes.cascade.points import ChainPoint, best, cheapest, evaluate_chain
from foureyes.cascade.policy import Policy
from foureyes.cli.cascade.policies import read_policy, require_unseen
from foureyes.cli.cascade.table import ModelTable, read_models, require_costs
from foureyes.cli.files import in_file, read_text, spread
from foureyes.display import plural
from foureyes.errors import InputError
from foureyes.report.chain import ChainFindings
from foureyes.tables import Table

__all__ = ["fit_chain", "measure_chain", "simulate_policy"]

CHAIN_BINS: Final = 100


def fit_chain(models: ModelTable, args: argparse.Namespace) -> Chain:
    """Fits the policies of a row of models.

    Raises:
        InputError: costs or outcomes are not one a model, an order that chains do not have, values out of range.
        NotEnoughData: fewer rows than bins.
    """
    n = len(models.confidences)
    if args.order != "unimodal":
        raise InputError(f"a chain has one order, unimodal; got --order {args.order}")
    if not args.cost:
        raise InputError(f"a chain weighs answers against costs: give --cost for each of {n} models")
    require_costs(args, n)
    verifier = models.cost(args.verifier_cost)
    paid, _ = chain_costs(models.costs(args.cost), verifier, abstains=args.abstain is not None)
    correct = models.correct or None
    return Chain.fit(
        models.confidences,
        paid,
        bins=CHAIN_BINS if args.bins is None else args.bins,
        correct=correct,
        abstain=args.abstain,
        keep=args.keep,
    )


def measure_chain(chain: Chain, models: ModelTable, args: argparse.Namespace) -> ChainFindings:
    """The chain's curve, and the point that the target picks.

    Raises:
        InputError: the chain was fitted on these rows, columns or costs that cannot be used, a target that no point meets.
        NotEnoughData: no rows, or no point is accurate enough.
    """
    if args.against or args.uncalibrated:
        raise InputError("--against and --uncalibrated are for routers between two models; got a chain")
    require_costs(args, chain.n_models)
    if not args.cost:
        raise InputError(f"a chain's curve is over costs: give --cost for each of {chain.n_models} models")
    found = chain_curve(
        chain,
        models.confidences,
        models.correct,
        models.costs(args.cost),
        verifier=models.cost(args.verifier_cost),
        unit=args.unit,
    )
    if found.in_sample and not args.allow_fitted_rows:
        raise InputError(
            f"the chain was fitted on {plural(chain.rows.n, 'row')}, and these {models.n:,} are among them; wanted others "
            "(--allow-fitted-rows takes them and marks the result)"
        )
    return ChainFindings(found, tuple(args.conf), models.n_left_out, _target_point(found, args))


def simulate_policy(args: argparse.Namespace, table: Table) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """What a policy does to the rows of a table.

    Returns:
        Its figures, and the columns ``stage``, ``model`` and ``answered``, ``None`` for rows without all confidences.

    Raises:
        InputError: the policy was chosen on these rows, or something cannot be used.
    """
    text = read_text(args.policy)
    with in_file(args.policy):
        policy = read_policy(text, args.policy)
    models = read_models(table, args)
    require_costs(args, len(models.confidences))
    done = policy.simulate(models.confidences)
    numbers: dict[str, Any] = {
        "rows": models.n,
        "n_left_out": models.n_left_out,
        "answered": float(done.answered.mean()) if models.n else None,
    }
    if models.correct:
        if not args.allow_fitted_rows:
            require_unseen(text, models.confidences[0])
        numbers |= _outcomes(policy, models, args)
    elif args.cost:
        raise InputError("--cost is counted where outcomes are known: give --correct for each model too")
    return numbers, {
        "stage": spread(done.stage.tolist(), models.kept.tolist(), len(table)),
        "model": spread(done.model.tolist(), models.kept.tolist(), len(table)),
        "answered": spread(done.answered.tolist(), models.kept.tolist(), len(table)),
    }


def _outcomes(policy: Policy | PolicyMix, models: ModelTable, args: argparse.Namespace) -> dict[str, Any]:
    parts = (policy.first, policy.second) if isinstance(policy, PolicyMix) else (policy,)
    abstains = any("abstain" in part.gates[-1].actions for part in parts)
    costs = models.costs(args.cost or ["0"] * policy.n_models)
    paid, _ = chain_costs(costs, models.cost(args.verifier_cost), abstains=abstains)
    point = asdict(evaluate_chain(policy, models.confidences, models.correct, paid))
    numbers = {name: point[name] for name in ("accuracy", "accuracy_answered", "low", "answered", "stopped")}
    return numbers | ({"cost": point["cost"]} if args.cost else {})


def _target_point(curve: ChainCurve, args: argparse.Namespace) -> ChainPoint | None:
    if args.target_accuracy is not None:
        return cheapest(curve.points, args.target_accuracy, of=args.of)
    return None if args.target_cost is None else best(curve.points, cost=args.target_cost)
