"""Puts the questions of some rows to a clean model, and holds the given answers against its own."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from foureyes.cli.meaning import meaning_of
from foureyes.cli.output import CommandOutput
from foureyes.cli.words import tell_cost, tell_step
from foureyes.display import plural
from foureyes.errors import InputError
from foureyes.models.catalog import can_read, open_reader, open_writer
from foureyes.models.roles import Reader, Writer
from foureyes.models.weights.fetch_cost import fetch_cost
from foureyes.monitoring import FreshReading, Observation
from foureyes.records import Record
from foureyes.signals.fresh import fresh_shifts
from foureyes.tables import Table
from foureyes.types import Exchange, Unscored

__all__ = ["put_afresh"]


def put_afresh(
    args: argparse.Namespace, output: CommandOutput, table: Table, rows: Mapping[int, Observation]
) -> list[tuple[int, FreshReading]]:
    """Fresh readings of these rows, by their place.

    Args:
        args: the model, and the fields of question and answer.
        output: told how many rows could not be used.
        table: the file.
        rows: what the monitor was told of them.

    Raises:
        InputError: no row has a question and an answer.
        ModelError: the model cannot be had.
    """
    asked = _exchanges(args, table, rows)
    if not asked:
        raise InputError(f"{table.name}: none of {plural(len(rows), 'row')} has a question and an answer to put afresh")
    writer, reader = _opened(args)
    if reader is None:
        output.warn(f"{args.fresh} cannot read: whether its answers differ is told, no shift")
    found: list[tuple[int, FreshReading]] = []
    for (row, _), shift in zip(asked.items(), fresh_shifts(list(asked.values()), writer, reader), strict=True):
        if not isinstance(shift, Unscored):
            seen = rows[row]
            origin = {"agent": seen.agent, "session": seen.session}
            found.append((row, FreshReading(seen.at, shift.shift, shift.differs, **origin, sources=seen.sources)))
    if lost := len(rows) - len(found):
        output.warn(f"{plural(lost, 'row')} of {len(rows)} could not be put afresh")
    return found


def _opened(args: argparse.Namespace) -> tuple[Writer, Reader | None]:
    tell_cost(fetch_cost([args.fresh]))
    writer = open_writer(args.fresh, dtype=args.dtype, on_step=tell_step)
    readable = can_read(args.fresh)
    return writer, open_reader(args.fresh, dtype=args.dtype, on_step=tell_step) if readable else None


def _exchanges(args: argparse.Namespace, table: Table, rows: Mapping[int, Observation]) -> dict[int, Exchange]:
    reader = meaning_of(args).reader()
    columns = {name: table.values(name) for name in table.names}
    records = {i: Record(f"row {i}", {name: column[i] for name, column in columns.items()}) for i in rows}
    found = {i: reader.answers(record) for i, record in records.items()}
    only = {i: answers[0].exchange for i, answers in found.items() if len(answers) == 1}
    return {i: exchange for i, exchange in only.items() if isinstance(exchange, Exchange) and _is_worded(exchange)}


def _is_worded(exchange: Exchange) -> bool:
    """Whether it was answered in words alone: what calls tools cannot be held against a text."""
    return exchange.turn is None and bool(exchange.answer.strip())
