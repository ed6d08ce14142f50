"""Shows what a route's log says."""

from __future__ import annotations

import argparse
from collections import Counter

from foureyes.cli.files import in_file, read_text, require_places
from foureyes.cli.output import CommandOutput, seen
from foureyes.cli.route.inputs import labels_in, read_log
from foureyes.errors import InputError
from foureyes.route.labels import labels_of, outcome_labels
from foureyes.route.learned_files import outline_of
from foureyes.route.learning_rows import of_route
from foureyes.route.log_reading import RouteLogContent
from foureyes.route.log_records import LoggedRequest
from foureyes.route.promised import RoutePromise
from foureyes.route.report_page import report_lines, report_page
from foureyes.route.reporting import report_of
from foureyes.tables import write_text
from foureyes.toml_text import parsed_toml

__all__ = ["report"]


def report(args: argparse.Namespace, output: CommandOutput) -> None:
    """Reports on a route.

    Raises:
        InputError: the log, the labels, the route's file or its promise cannot be used.
    """
    require_places(args.html)
    content, requests = read_log(args, output)
    name, writers = _route(args, requests)
    own = of_route(requests, name)
    promise = _promise(args)
    labels = dict(outcome_labels(content))
    if args.labels:
        labels = {**labels, **labels_of(labels_in(args.labels), content.requests)}
    strongest = _strongest(args, own, writers)
    found = report_of(own, labels, strongest=strongest, promise=promise, left_out=_left_out(content, requests, own))
    if args.html:
        write_text(args.html, report_page(found))
        output.say(f"page: {args.html}")
    output.give(found.to_dict, lambda: print("\n".join(seen(line) for line in report_lines(found))))


def _route(args: argparse.Namespace, requests: list[LoggedRequest]) -> tuple[str, tuple[str, ...]]:
    if args.route is not None:
        outline = outline_of(args.route)
        return outline.name, outline.writers
    names = Counter(request.route for request in requests)
    if args.name is None and len(names) > 1:
        said = ", ".join(f"{name} ({n:,})" for name, n in names.most_common(5))
        raise InputError(f"the log is of several routes, {said}: say which with --name")
    return args.name or next(iter(names)), ()


def _promise(args: argparse.Namespace) -> RoutePromise | None:
    if args.route is None:
        return None
    named = parsed_toml(args.route.read_bytes()).get("route", {}).get("promise")
    if named is None:
        return None
    path = args.route.parent / str(named)
    with in_file(path):
        return RoutePromise.from_json(read_text(path))


def _strongest(args: argparse.Namespace, own: list[LoggedRequest], writers: tuple[str, ...]) -> str:
    """The last writer: of the route's file, else of the longest way in the log."""
    known = list(dict.fromkeys(writer for request in own for writer in request.asked))
    longest = max(own, key=lambda request: len(request.asked))
    chosen = args.strongest or (writers[-1] if writers else list(longest.asked)[-1])
    if chosen not in known:
        raise InputError(f"the log knows no writer {chosen!r:.60}; it knows {', '.join(known)}")
    return str(chosen)


def _left_out(content: RouteLogContent, requests: list[LoggedRequest], own: list[LoggedRequest]) -> dict[str, int]:
    others = {
        "request of another route": len(requests) - len(own),
        "request before --since": len(content.requests) - len(requests),
    }
    return {**content.left_out, **{why: n for why, n in others.items() if n}}
