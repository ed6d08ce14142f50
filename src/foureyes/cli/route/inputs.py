"""What ``foureyes route`` reads: logs, labels and moments."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from datetime import UTC, datetime

from foureyes.cli.output import CommandOutput
from foureyes.display import plural
from foureyes.errors import InputError
from foureyes.route.labels import AnswerLabel
from foureyes.route.log_reading import RouteLogContent, read_route_log
from foureyes.route.log_records import LoggedRequest
from foureyes.tables import open_table

__all__ = ["labels_in", "read_log", "since"]


def read_log(args: argparse.Namespace, output: CommandOutput) -> tuple[RouteLogContent, list[LoggedRequest]]:
    """The log, and its requests from the stated moment on; what was left out is said.

    Raises:
        InputError: the log cannot be read, or holds no request from then on.
    """
    content = read_route_log(args.log)
    if content.left_out:
        output.warn(f"left out of {args.log}: {content.left_out_words}")
    begin = since(args.since)
    requests = [request for request in content.requests if request.at >= begin]
    if not requests:
        raise InputError(
            f"{args.log} holds {plural(len(content.requests), 'request')}, none of them since {args.since}"
        )
    return content, requests


def since(text: str | None) -> float:
    """A moment in seconds since 1970; minus infinity of none.

    Raises:
        InputError: it is no moment.
    """
    if text is None:
        return -math.inf
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"--since wants 2026-01-31T12:00:00Z or seconds since 1970; got {text!r:.40}") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def labels_in(path: str) -> Iterator[AnswerLabel]:
    """The labels in a file; rows whose ``correct`` is empty are not labelled yet.

    Raises:
        InputError: a field is missing, or holds something else.
    """
    table = open_table(path)
    correct = table.flags("correct")
    ids = table.values("id")
    writers = table.values("writer") if "writer" in table.names else [None] * len(table)
    for row, (one, writer) in enumerate(zip(ids, writers, strict=True)):
        if not correct.present[row]:
            continue
        if not isinstance(one, str | int) or isinstance(one, bool) or not (writer is None or isinstance(writer, str)):
            raise InputError(
                f"{table.name}: row {row} wants an id and a writer's name; got {one!r:.40} and {writer!r:.40}"
            )
        yield AnswerLabel(str(one), bool(correct.values[row]), writer or None)
