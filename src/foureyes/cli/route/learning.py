"""Fits calibrators and chooses a policy, shows the curve, and writes the route's file with what changed."""

from __future__ import annotations

import argparse
import json
from typing import Any

from foureyes.cli.files import require_absent, require_places
from foureyes.cli.output import CommandOutput, seen
from foureyes.cli.route.inputs import labels_in, read_log
from foureyes.display import plural
from foureyes.report.chain import ChainFindings, chain_lines, chain_page
from foureyes.route.labels import Labels, agreement_labels, labels_of, outcome_labels
from foureyes.route.learned_files import LearnedFiles, RouteOutline, learned_files, outline_of, write_learned
from foureyes.route.learning import LearnedRoute, Wanted, learn_route
from foureyes.route.learning_rows import learning_rows, of_route
from foureyes.route.log_reading import RouteLogContent
from foureyes.tables import write_text

__all__ = ["learn"]


def learn(args: argparse.Namespace, output: CommandOutput) -> None:
    """Learns a route from its log.

    Raises:
        InputError: the log, the labels or the route's file cannot be used, or something stands at ``--out``.
        NotEnoughData: too few labels; the message says how many would do and what could be promised now.
    """
    require_places(args.html, args.out)
    if args.out is not None:
        require_absent(args.out, force=args.force)
    wanted = _wanted(args)
    outline = outline_of(args.route)
    content, requests = read_log(args, output)
    own = of_route(requests, outline.name)
    rows = learning_rows(own, _labels(args, content, outline), outline.writers)
    learned = learn_route(rows, wanted)
    others = len(requests) - len(own)
    for why, n in {**learned.left_out, **({"of other routes": others} if others else {})}.items():
        output.say(f"left out: {plural(n, 'request')}, {why}")
    files = learned_files(learned, outline, args.out or args.route)
    findings = ChainFindings(learned.curve, learned.writers, sum(learned.left_out.values()), None)
    if args.html:
        write_text(args.html, chain_page(findings))
        output.say(f"page: {args.html}")
    if args.out:
        write_learned(files)
    output.give(lambda: _record(learned, files, args), lambda: _show(learned, files, findings, outline, args))


def _wanted(args: argparse.Namespace) -> Wanted:
    means = "equal to the strongest writer's" if args.agreement else "right"
    return Wanted(args.promise, args.budget, args.delta, args.seed, means)


def _labels(args: argparse.Namespace, content: RouteLogContent, outline: RouteOutline) -> Labels:
    if args.labels:
        return labels_of(labels_in(args.labels), content.requests)
    return agreement_labels(content.requests, outline.writers[-1]) if args.agreement else outcome_labels(content)


def _record(learned: LearnedRoute, files: LearnedFiles, args: argparse.Namespace) -> dict[str, Any]:
    return {
        "writers": list(learned.writers),
        "fitted": learned.n_fitted,
        "judged": learned.n_judged,
        "left_out": dict(learned.left_out),
        "calibrators": dict(learned.reasons),
        "policy": json.loads(learned.policy.to_json()),
        "promise": None if learned.promise is None else json.loads(learned.promise.to_json()),
        "statement": None if learned.promise is None else learned.promise.statement,
        "cost": learned.point.cost,
        "unit": learned.curve.unit,
        "accuracy": learned.point.accuracy,
        "answered": learned.point.answered,
        "stopped": list(learned.point.stopped),
        "strongest": {"cost": learned.curve.alone[-1].cost, "accuracy": learned.curve.alone[-1].accuracy},
        "curve": learned.curve.columns(),
        "diff": files.diff,
        "written": [*files.beside, files.path.name] if args.out else [],
    }


def _show(
    learned: LearnedRoute, files: LearnedFiles, findings: ChainFindings, outline: RouteOutline, args: argparse.Namespace
) -> None:
    point, strongest, unit = learned.point, learned.curve.alone[-1], learned.curve.unit
    print(
        f"{plural(learned.n_fitted, 'request')} fitted the calibrators, {learned.n_judged:,} others chose the policy."
    )
    for writer, why in learned.reasons.items():
        print(f"  {seen(writer)}: {why}")
    print("\n" + "\n".join(chain_lines(findings)) + "\n")
    shares = ", ".join(f"{seen(w)} {share:.0%}" for w, share in zip(learned.writers, point.stopped, strict=True))
    print(f"The policy ends at {shares}; it answers {point.answered:.1%} and is right in {point.accuracy:.1%} of all.")
    print(f"A request costs {point.cost:.4g} {unit}".rstrip() + f", the strongest writer alone {strongest.cost:.4g}.")
    if learned.promise is not None:
        print(learned.promise.statement)
    print(f"\n{files.diff}")
    print(f"\nwritten: {args.out}" if args.out else "\nnothing was written: give --out")
    if outline.watches:
        print("The route only watches (shadow = true): set shadow = false to let it decide.")
