"""``foureyes cascade fit | curve | simulate``: cheaper answers by asking the small model first. See docs/cascade.md."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from foureyes.cli.files import require_places, require_same_format, say
from foureyes.errors import InputError

if TYPE_CHECKING:
    from foureyes.cascade.routers import AdvantageRouter
    from foureyes.cli.routing import Pair
    from foureyes.report.cascade import Comparison

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds ``fit``, ``curve`` and ``simulate`` with their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _configure_fit(actions.add_parser("fit", help="learn which answers of the small model to give up first"))
    _configure_curve(
        actions.add_parser("curve", help="accuracy at every cost on other rows, and the policy for a target")
    )
    _configure_simulate(actions.add_parser("simulate", help="what a policy does to rows whose confidences are known"))


def run(args: argparse.Namespace) -> int:
    """Does one of the three."""
    return {"fit": _fit, "curve": _curve, "simulate": _simulate}[args.action](args)


def _configure_fit(fit: argparse.ArgumentParser) -> None:
    _add_input(fit)
    fit.add_argument("--small-conf", required=True, metavar="FIELD", help="calibrated confidence of the small model")
    fit.add_argument("--large-conf", required=True, metavar="FIELD", help="of the large model, on the same questions")
    fit.add_argument(
        "--order",
        choices=("confidence", "accuracy", "threshold"),
        default="confidence",
        help="what bins are ordered by (default: %(default)s)",
    )
    fit.add_argument("--small-correct", metavar="FIELD", help="for --order accuracy: whether the small model is right")
    fit.add_argument("--large-correct", metavar="FIELD", help="for --order accuracy: whether the large model is right")
    fit.add_argument(
        "--bins", type=int, default=15, help="equal-count bins of the small confidence (default: %(default)s)"
    )
    fit.add_argument("-o", "--out", required=True, type=Path, metavar="FILE", help="the router, as JSON")
    fit.add_argument("--json", action="store_true", help="the router on stdout too")


def _configure_curve(curve: argparse.ArgumentParser) -> None:
    curve.add_argument("router", type=Path, metavar="ROUTER")
    _add_input(curve)
    curve.add_argument("--small-conf", required=True, metavar="FIELD", help="calibrated confidence of the small model")
    curve.add_argument("--small-correct", required=True, metavar="FIELD", help="whether the small model is right")
    curve.add_argument("--large-correct", required=True, metavar="FIELD", help="whether the large model is right")
    curve.add_argument("--uncalibrated", metavar="FIELD", help="the small model's raw confidence, as a baseline")
    costs = curve.add_argument_group("costs a question, a number or a field")
    costs.add_argument("--small-cost", metavar="COST")
    costs.add_argument("--large-cost", metavar="COST")
    costs.add_argument("--verifier-cost", metavar="COST", default="0", help="of what makes the confidence (default: 0)")
    costs.add_argument("--unit", default="", help="of the costs, in words")
    target = curve.add_mutually_exclusive_group()
    target.add_argument("--target-accuracy", type=float, metavar="SHARE", help="the cheapest point that reaches it")
    target.add_argument("--target-cost", type=float, metavar="COST", help="the most accurate point within it")
    curve.add_argument("--policy", type=Path, metavar="FILE", help="with a target: the policy of that point, as JSON")
    curve.add_argument(
        "--allow-fitted-rows",
        action="store_true",
        help="measure on the rows of the fit all the same; the result is marked",
    )
    curve.add_argument("--html", type=Path, metavar="FILE", help="a page with the curves")
    curve.add_argument("--json", action="store_true", help="all numbers as JSON on stdout")


def _configure_simulate(simulate: argparse.ArgumentParser) -> None:
    simulate.add_argument("policy", type=Path, metavar="POLICY")
    _add_input(simulate)
    simulate.add_argument(
        "--conf",
        action="append",
        required=True,
        metavar="FIELD",
        help="confidence of a model, the cheapest first; once for each",
    )
    simulate.add_argument(
        "--correct", action="append", metavar="FIELD", help="whether each model is right, in the same order"
    )
    simulate.add_argument(
        "--cost", action="append", metavar="COST", help="of each model a question: a number or a field"
    )
    simulate.add_argument(
        "--allow-fitted-rows", action="store_true", help="judge on the rows the policy was chosen on all the same"
    )
    simulate.add_argument("-o", "--out", type=Path, metavar="OUT", help="a copy of IN with 'stage' and 'answered'")
    simulate.add_argument("--json", action="store_true", help="all numbers as JSON on stdout")


def _add_input(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="IN", help="JSONL, CSV, Parquet or NPZ")


def _fit(args: argparse.Namespace) -> int:
    from foureyes.cascade.routers import AdvantageRouter  # noqa: PLC0415 - numpy
    from foureyes.cli.routing import read_pair  # noqa: PLC0415 - as above
    from foureyes.tables import open_table, write_text  # noqa: PLC0415 - as above

    both = (args.small_correct, args.large_correct)
    if (args.order == "accuracy") != all(both) or any(both) != all(both):
        raise InputError("--order accuracy goes with --small-correct and --large-correct, other orders without")
    require_places(None, args.out)
    pair = read_pair(
        open_table(args.source),
        args,
        ("large_conf",) if not all(both) else ("large_conf", "small_correct", "large_correct"),
    )
    correct = (pair["small_correct"], pair["large_correct"]) if all(both) else None
    router = AdvantageRouter.fit(
        pair["small_conf"], pair["large_conf"], bins=args.bins, order=args.order, correct=correct
    )
    write_text(args.out, router.to_json())
    say(f"{len(router.counts)} bins of {pair.n:,} rows → {args.out}{pair.left_out}")
    say(f"pairs of bins in another order than a plain threshold's: {len(router.unlike_threshold)}")
    if args.json:
        print(router.to_json())
    return 0


def _curve(args: argparse.Namespace) -> int:
    from foureyes.cli.routing import compared, read_pair, write_policy  # noqa: PLC0415 - numpy
    from foureyes.tables import open_table  # noqa: PLC0415 - as above

    targets = args.target_accuracy is not None or args.target_cost is not None
    if args.policy and not targets:
        raise InputError("--policy writes the point that a target picks: give --target-accuracy or --target-cost")
    router = _router(args.router)
    require_places(args.html, args.policy)
    raw = ("uncalibrated",) if args.uncalibrated else ()
    pair = read_pair(open_table(args.source), args, ("small_correct", "large_correct", *raw))
    found = compared(router, pair, args)
    if args.policy and found.chosen:
        write_policy(args.policy, router, found.chosen, pair)
        say(f"policy: {args.policy}")
    _show(found, pair, args)
    return 0


def _simulate(args: argparse.Namespace) -> int:
    from foureyes.cli.routing import simulated  # noqa: PLC0415 - numpy
    from foureyes.tables import open_table  # noqa: PLC0415 - as above

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


def _router(path: Path) -> AdvantageRouter:
    from foureyes.cascade.routers import AdvantageRouter  # noqa: PLC0415 - numpy
    from foureyes.cli.routing import read_text  # noqa: PLC0415 - as above

    return AdvantageRouter.from_json(read_text(path))


def _show(found: Comparison, pair: Pair, args: argparse.Namespace) -> None:
    from foureyes.report.cascade import cascade_page, curve_lines  # noqa: PLC0415 - jinja2
    from foureyes.report.page import write  # noqa: PLC0415 - as above

    say(f"{pair.n:,} rows{pair.left_out}")
    if found.router.in_sample:
        say("measured on rows that were fitted on: the figures say nothing about new rows")
    if args.json:
        print(json.dumps(found.to_dict(), allow_nan=False))
    else:
        print(f"{'':<14}{'APGR':<24}{'above random':<14}{'CPT 50 %':<10}CPT 80 %")
        for line in curve_lines(found):
            print(f"{line.name:<14}{line.apgr:<24}{line.over_random:<14}{line.cpt50:<10}{line.cpt80}")
        if found.chosen:
            print(
                f"\nescalate {found.chosen.escalated:.1%}: accuracy {found.chosen.accuracy:.1%} at cost {found.chosen.cost:.4g}"
            )
    if args.html:
        write(args.html, cascade_page(found))
        say(f"page: {args.html}")
