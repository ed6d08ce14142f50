"""``foureyes cascade fit | curve | simulate``: cheaper answers by asking the small model first. See docs/cascade.md."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from foureyes.cli.files import read_text, require_places, require_same_format, say
from foureyes.errors import InputError

if TYPE_CHECKING:
    from foureyes.cascade.chain_curves import Chain
    from foureyes.cascade.matrix import MatrixRouter
    from foureyes.cascade.routers import AdvantageRouter
    from foureyes.cli.modelled import Models
    from foureyes.report.cascade import Comparison
    from foureyes.report.chain import ChainFindings

    _Look = tuple[Comparison | ChainFindings, Sequence[str], Callable[[], str]]

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds ``fit``, ``curve`` and ``simulate`` with their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _configure_fit(actions.add_parser("fit", help="learn which answers to give up first, or when to go on in a chain"))
    _configure_curve(
        actions.add_parser("curve", help="accuracy at every cost on other rows, and the policy for a target")
    )
    _configure_simulate(actions.add_parser("simulate", help="what a policy does to rows whose confidences are known"))


def run(args: argparse.Namespace) -> int:
    """Does one of the three."""
    return {"fit": _fit, "curve": _curve, "simulate": _simulate}[args.action](args)


def _configure_fit(fit: argparse.ArgumentParser) -> None:
    _add_models(fit)
    fit.add_argument(
        "--order",
        choices=("confidence", "accuracy", "threshold", "learned"),
        default="confidence",
        help="what decides (default: %(default)s); learned reads the question only, to compare with",
    )
    fit.add_argument(
        "--abstain",
        type=float,
        metavar="WORTH",
        help="allow a chain to abstain in the end: worth this, where a right answer is worth 1 and a wrong one 0",
    )
    fit.add_argument("--bins", type=int, default=15, help="equal-count bins of each confidence (default: %(default)s)")
    fit.add_argument("--seed", type=int, default=0, help="of --order learned (default: %(default)s)")
    fit.add_argument("-o", "--out", required=True, type=Path, metavar="FILE", help="the router or the chain, as JSON")
    fit.add_argument("--json", action="store_true", help="the same on stdout too")


def _configure_curve(curve: argparse.ArgumentParser) -> None:
    curve.add_argument("router", type=Path, metavar="FITTED", help="what fit wrote")
    _add_models(curve)
    curve.add_argument("--unit", default="", help="of the costs, in words")
    curve.add_argument("--uncalibrated", metavar="FIELD", help="the small model's raw confidence, as a baseline")
    curve.add_argument(
        "--against",
        action="append",
        type=Path,
        metavar="FITTED",
        help="another router to compare with, called by its file's name; may be repeated",
    )
    target = curve.add_mutually_exclusive_group()
    target.add_argument("--target-accuracy", type=float, metavar="SHARE", help="the cheapest point that reaches it")
    target.add_argument("--target-cost", type=float, metavar="COST", help="the most accurate point within it")
    curve.add_argument(
        "--of",
        choices=("questions", "answers"),
        default="questions",
        help="what --target-accuracy is a share of, for chains that abstain (default: %(default)s)",
    )
    curve.add_argument("--policy", type=Path, metavar="FILE", help="with a target: the policy of that point, as JSON")
    _add_allowance(curve, "measure on the rows of the fit all the same; the result is marked")
    curve.add_argument("--html", type=Path, metavar="FILE", help="a page with the curves")
    curve.add_argument("--json", action="store_true", help="all numbers as JSON on stdout")


def _configure_simulate(simulate: argparse.ArgumentParser) -> None:
    simulate.add_argument("policy", type=Path, metavar="POLICY")
    _add_models(simulate, questions=False)
    _add_allowance(simulate, "judge on the rows the policy was chosen on all the same")
    simulate.add_argument("-o", "--out", type=Path, metavar="OUT", help="a copy of IN with 'stage' and 'answered'")
    simulate.add_argument("--json", action="store_true", help="all numbers as JSON on stdout")


def _add_models(parser: argparse.ArgumentParser, *, questions: bool = True) -> None:
    parser.add_argument("source", metavar="IN", help="JSONL, CSV, Parquet or NPZ")
    models = parser.add_argument_group("the models, the cheapest first: each option once for each")
    models.add_argument("--conf", action="append", metavar="FIELD", help="calibrated confidence, in [0, 1]")
    models.add_argument("--correct", action="append", metavar="FIELD", help="whether its answer is right")
    models.add_argument(
        "--cost", action="append", metavar="COST", help="of asking it: a number, a field, or a price*field"
    )
    models.add_argument(
        "--verifier-cost", default="0", metavar="COST", help="of judging an answer by its confidence (default: 0)"
    )
    if questions:
        asked = parser.add_mutually_exclusive_group()
        asked.add_argument("--question", metavar="FIELD", help="for a learned router: the question's text")
        asked.add_argument("--features", metavar="FIELD", help="the same: numbers of the question, say an embedding")


def _add_allowance(parser: argparse.ArgumentParser, words: str) -> None:
    parser.add_argument("--allow-fitted-rows", action="store_true", help=words)


def _fit(args: argparse.Namespace) -> int:
    from foureyes.cli.modelled import read_models  # noqa: PLC0415 - numpy
    from foureyes.tables import open_table, write_text  # noqa: PLC0415 - as above

    require_places(None, args.out)
    models = read_models(open_table(args.source), args)
    fitted, words = _fitted(models, args)
    write_text(args.out, fitted.to_json())
    say(f"{words} → {args.out}{models.left_out}")
    if args.json:
        print(fitted.to_json())
    return 0


def _fitted(models: Models, args: argparse.Namespace) -> tuple[AdvantageRouter | MatrixRouter | Chain, str]:
    """What suits the number of models, and what it is in words."""
    from foureyes.cli.chaining import fit_chain  # noqa: PLC0415 - numpy
    from foureyes.cli.routing import fit_learned, fit_router  # noqa: PLC0415 - as above

    if args.order == "learned":
        return fit_learned(models, args), f"a router that reads questions, from {models.n:,} rows"
    if models.features is not None:
        raise InputError("--question and --features are read by --order learned only")
    if len(models.confidences) == 2 and args.abstain is None:
        router = fit_router(models, args)
        unlike = len(router.unlike_threshold)
        return router, (
            f"{len(router.counts)} bins of {models.n:,} rows, {unlike} pairs of them in another order than a plain "
            "threshold's"
        )
    if len(models.confidences) < 2 and args.abstain is None:
        raise InputError(f"give --conf once for each model, two or more; got {len(models.confidences)}")
    chain = fit_chain(models, args)
    return chain, f"{len(chain.policies)} policies for {chain.n_models} models, from {models.n:,} rows"


def _curve(args: argparse.Namespace) -> int:
    from foureyes.cli.modelled import read_models  # noqa: PLC0415 - numpy
    from foureyes.cli.routing import kind_of  # noqa: PLC0415 - as above
    from foureyes.tables import open_table  # noqa: PLC0415 - as above

    targets = args.target_accuracy is not None or args.target_cost is not None
    if args.policy and not targets:
        raise InputError("--policy writes the point that a target picks: give --target-accuracy or --target-cost")
    text = read_text(args.router)
    kind = kind_of(text, args.router)
    require_places(args.html, args.policy)
    models = read_models(open_table(args.source), args)
    if not models.confidences:
        raise InputError("say what to read: --conf FIELD for each model")
    look = _chain if kind == "cascade_chain" else _routers
    found, lines, page = look(text, models, args)
    say(f"{models.n:,} rows{models.left_out}")
    if found.in_sample:
        say("measured on rows that were fitted on: the figures say nothing about new rows")
    if args.html:
        from foureyes.report.page import write  # noqa: PLC0415 - jinja2

        write(args.html, page())  # before anything is printed: whoever reads our stdout may go away
        say(f"page: {args.html}")
    print(json.dumps(found.to_dict(), allow_nan=False) if args.json else "\n".join(lines))
    return 0


def _routers(text: str, models: Models, args: argparse.Namespace) -> _Look:
    from foureyes.cascade.routers import AdvantageRouter  # noqa: PLC0415 - numpy
    from foureyes.cli.routing import compared, write_policy  # noqa: PLC0415 - as above
    from foureyes.report.cascade import cascade_lines, cascade_page  # noqa: PLC0415 - jinja2

    router = AdvantageRouter.from_json(text)
    found = compared(router, models, args)
    if args.policy and found.chosen:
        write_policy(args.policy, router, found.chosen, models)
        say(f"policy: {args.policy}")
    return found, cascade_lines(found), lambda: cascade_page(found)


def _chain(text: str, models: Models, args: argparse.Namespace) -> _Look:
    from foureyes.cascade.chain_curves import Chain  # noqa: PLC0415 - numpy
    from foureyes.cli.chaining import measured, write_chain_policy  # noqa: PLC0415 - as above
    from foureyes.report.chain import chain_lines, chain_page  # noqa: PLC0415 - jinja2

    found = measured(Chain.from_json(text), models, args)
    if args.policy and found.chosen:
        write_chain_policy(args.policy, found.chosen, models)
        say(f"policy: {args.policy}")
    return found, chain_lines(found), lambda: chain_page(found)


def _simulate(args: argparse.Namespace) -> int:
    from foureyes.cli.chaining import simulated  # noqa: PLC0415 - numpy
    from foureyes.tables import open_table  # noqa: PLC0415 - as above

    if not args.conf:
        raise InputError("say what to read: --conf FIELD for each model of the policy")
    if args.out:
        require_same_format(args.source, args.out)
        require_places(None, args.out)
    table = open_table(args.source)
    numbers, columns = simulated(args, table)
    if args.out:
        taken = set(columns) & set(table.names)
        if taken:
            raise InputError(f"{args.source} has a field {min(taken)!r} already; rename it")
        table.save(args.out, columns)
        say(f"{len(table):,} rows with 'stage' and 'answered' → {args.out}")
    if args.json:
        print(json.dumps(numbers, allow_nan=False))
    else:
        for name, value in numbers.items():
            print(f"{name:<18}{_shown(value)}")
    return 0


def _shown(value: float | tuple[float, ...] | None) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_shown, value))
    return "–" if value is None else f"{value:.4g}" if isinstance(value, float) else f"{value:,}"
