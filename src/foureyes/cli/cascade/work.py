"""Fits routers and chains, measures them on other rows, and simulates policies."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import numpy as np

from foureyes.cascade.chain_curves import Chain
from foureyes.cascade.policy import ALWAYS, Policy
from foureyes.cascade.question_router import QuestionRouter
from foureyes.cascade.routers import AdvantageRouter
from foureyes.cli.cascade.chains import fit_chain, measure_chain, simulate_policy
from foureyes.cli.cascade.policies import kind_of, write_policy
from foureyes.cli.cascade.routers import compare_routers, fit_learned, fit_router
from foureyes.cli.cascade.shift import measure_files
from foureyes.cli.cascade.table import ModelTable, read_models
from foureyes.cli.files import (
    in_file,
    read_text,
    require_absent,
    require_new_fields,
    require_places,
    require_same_format,
)
from foureyes.cli.output import CommandOutput
from foureyes.display import plural
from foureyes.errors import InputError
from foureyes.report.cascade import CascadeFindings, cascade_lines, cascade_page
from foureyes.report.chain import ChainFindings, chain_lines, chain_page
from foureyes.tables import open_table, write_text

__all__ = ["run"]

_Measured: TypeAlias = tuple[CascadeFindings | ChainFindings, Sequence[str], Callable[[], str]]

_WORDS: Final = {
    "n_left_out": "rows left out",
    "answered": "share answered",
    "accuracy_answered": "accuracy of answers",
    "low": "  at least (95 %)",
    "stopped": "stopped at each model",
    "cost": "cost a question",
}
"""How figures of a simulation are called in print."""


def run(args: argparse.Namespace, output: CommandOutput) -> None:
    """Does one of the four."""
    {"fit": _fit, "curve": _curve, "shift": measure_files, "simulate": _simulate}[args.action](args, output)


def _fit(args: argparse.Namespace, output: CommandOutput) -> None:
    require_places(None, args.out)
    require_absent(args.out, force=args.force)
    models = read_models(open_table(args.source), args)
    fitted, words = _fit_suitable(models, args)
    write_text(args.out, fitted.to_json())
    output.say(f"{words} → {args.out}{models.left_out}")
    output.give(lambda: {"fitted": json.loads(fitted.to_json()), "rows": models.n, "output": str(args.out)})


def _fit_suitable(models: ModelTable, args: argparse.Namespace) -> tuple[AdvantageRouter | QuestionRouter | Chain, str]:
    """What suits the number of models, and what it is in words."""
    if args.order == "learned":
        return fit_learned(models, args), f"a router that reads questions, from {plural(models.n, 'row')}"
    if models.features is not None:
        raise InputError("--question and --features are read by --order learned only")
    if len(models.confidences) == 2 and args.abstain is None and args.keep == "last":
        router = fit_router(models, args)
        bins, pairs = plural(len(router.counts), "bin"), plural(len(router.unlike_threshold), "pair")
        return (
            router,
            f"{bins} of {plural(models.n, 'row')}, {pairs} of them in another order than a plain threshold's",
        )
    if len(models.confidences) < 2 and args.abstain is None:
        raise InputError(f"give --conf once for each model, two or more; got {len(models.confidences)}")
    chain = fit_chain(models, args)
    return (
        chain,
        f"{plural(len(chain.policies), 'policy', 'policies')} for {plural(chain.n_models, 'model')}, from {plural(models.n, 'row')}",
    )


def _curve(args: argparse.Namespace, output: CommandOutput) -> None:
    targets = args.target_accuracy is not None or args.target_cost is not None
    if args.policy and not targets:
        raise InputError("--policy writes the point that a target picks: give --target-accuracy or --target-cost")
    text = read_text(args.router)
    kind = kind_of(text, args.router)
    require_places(args.html, args.policy)
    require_absent(args.policy, force=args.force)
    models = read_models(open_table(args.source), args)
    if not models.confidences:
        raise InputError("say what to read: --conf FIELD for each model")
    look = _measure_chain if kind == "cascade_chain" else _measure_router
    found, lines, page = look(text, models, args, output)
    output.say(f"{plural(models.n, 'row')}{models.left_out}")
    for field, right in zip(args.correct or (), models.correct, strict=True):
        if models.n and len(np.unique(right)) == 1:
            output.warn(f"{field}: all {models.n:,} answers are {'right' if right[0] else 'wrong'}")
    if found.in_sample:
        output.warn("measured on rows that were fitted on: the figures say nothing about new rows")
    if args.html:
        write_text(args.html, page())  # before anything is printed: whoever reads our stdout may go away
        output.say(f"page: {args.html}")
    output.give(found.to_dict, lambda: print("\n".join(lines)))


def _measure_router(text: str, models: ModelTable, args: argparse.Namespace, output: CommandOutput) -> _Measured:
    with in_file(args.router):
        router = AdvantageRouter.from_json(text)
    found = compare_routers(router, models, args)
    if args.policy and found.chosen:
        policy = Policy((router.gate(found.chosen.cut), ALWAYS))
        write_policy(args.policy, policy, models.confidences[0])
        output.say(f"policy: {args.policy}")
    return found, cascade_lines(found), lambda: cascade_page(found)


def _measure_chain(text: str, models: ModelTable, args: argparse.Namespace, output: CommandOutput) -> _Measured:
    with in_file(args.router):
        chain = Chain.from_json(text)
    found = measure_chain(chain, models, args)
    if args.policy and found.chosen:
        write_policy(args.policy, found.chosen.policy, models.confidences[0])
        output.say(f"policy: {args.policy}")
    return found, chain_lines(found), lambda: chain_page(found)


def _simulate(args: argparse.Namespace, output: CommandOutput) -> None:
    if not args.conf:
        raise InputError("say what to read: --conf FIELD for each model of the policy")
    table = open_table(args.source)
    if args.out:
        require_same_format(table, args.out)
        require_absent(args.out, force=args.force)
        require_places(None, args.out)
    numbers, columns = simulate_policy(args, table)
    if args.out:
        require_new_fields(table, columns, "rename it")
        table.save(args.out, columns)
        output.say(f"{plural(len(table), 'row')} with 'stage', 'model' and 'answered' → {args.out}")
    output.give(
        lambda: numbers,
        lambda: print("\n".join(f"{_WORDS.get(name, name):<22}{_shown(value)}" for name, value in numbers.items())),
    )


def _shown(value: float | tuple[float, ...] | None) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_shown, value))
    return "–" if value is None else f"{value:.4g}" if isinstance(value, float) else f"{value:,}"
