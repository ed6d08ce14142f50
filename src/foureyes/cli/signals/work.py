"""Lists the catalogue of signals: one line each, or all that is known of those that are named."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from foureyes.cli.output import CommandOutput
from foureyes.signals.catalog import Signal, signal, signals

__all__ = ["run"]


def run(args: argparse.Namespace, output: CommandOutput) -> None:
    """Shows them.

    Raises:
        InputError: there is no signal of a name.
    """
    rows = [signal(name) for name in args.name] or list(signals())
    output.give(lambda: [row.to_dict() for row in rows], lambda: _details(rows) if args.name else _lines(rows))


def _lines(rows: Sequence[Signal]) -> None:
    width = max(len(row.name) for row in rows)
    for row in rows:
        print(f"{row.name:<{width}}  larger is {row.larger_is:<6}  {row.cost:<38}  {row.caption}")


def _details(rows: Sequence[Signal]) -> None:
    for row in rows:
        taken = f"foureyes.signals.{row.call}" + (
            ", or foureyes score --signal " + row.name if row.take or row.ask else ""
        )
        print(f"{row.name}: {row.caption}")
        print(
            f"  larger is {row.larger_is}, {row.span}{', a control: it never sees the answer' if row.control else ''}"
        )
        print(f"  needs {', '.join(row.needs)}; costs {row.cost}")
        print(f"  taken by {taken}")
        print(f"  source: {row.source}")
