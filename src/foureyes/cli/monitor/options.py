"""The command line of ``foureyes monitor``."""

from __future__ import annotations

import argparse
from typing import Final

from foureyes.cli.options import add_dtype, add_meaning, add_quiet, add_table

__all__ = ["FIELDS", "configure"]

FIELDS: Final = {
    "agent": ("agent_id", "agent"),
    "session": ("session_id", "session"),
    "source": ("sources", "source"),
    "time": ("at", "timestamp", "time"),
}
"""Where the origin and the time of a row are looked for."""

_EPILOG: Final = (
    "IN is what foureyes score wrote (a field foureyes), or decisions of the service (GET /v1/decisions, one a line). Rows "
    "are taken in their order. Alarms are printed; they do not change the exit status."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``foureyes monitor``."""
    parser.epilog = _EPILOG
    add_table(parser)
    add_quiet(parser)
    _add_alarms(parser.add_argument_group("alarms"))
    _add_fields(parser.add_argument_group("rows"))
    _add_fresh(parser.add_argument_group("a fresh reading"))


def _add_alarms(alarms: argparse._ArgumentGroup) -> None:
    alarms.add_argument(
        "--reference", metavar="FILE", help="rows from when all was well: what is normal is taken from it"
    )
    alarms.add_argument(
        "--alpha", type=float, default=0.01, help="chance that any drift alarm is false (default: %(default)s)"
    )
    alarms.add_argument(
        "--max-log-cmp",
        type=float,
        metavar="NATS",
        help="alarm when the rolling mean of a reader's log_cmp lies above this",
    )
    alarms.add_argument(
        "--window", type=int, default=20, metavar="N", help="readings in that mean (default: %(default)s)"
    )
    alarms.add_argument(
        "--persist",
        type=int,
        default=5,
        metavar="N",
        help="means in a row that must lie above it (default: %(default)s)",
    )
    disputed = alarms.add_mutually_exclusive_group()
    disputed.add_argument(
        "--unsafe-above", type=float, metavar="NATS", help="a reader disputes an answer whose log_cmp lies above this"
    )
    disputed.add_argument(
        "--flag-rate",
        type=float,
        default=0.1,
        metavar="SHARE",
        help="or the most surprising share of its answers, in the reference or else in IN (default: %(default)s)",
    )


def _add_fields(rows: argparse._ArgumentGroup) -> None:
    for what, names in FIELDS.items():
        rows.add_argument(
            f"--{what}-field",
            metavar="NAME",
            help=f"the {what} of a row (default: {' or '.join(names)}, where it is there)",
        )


def _add_fresh(fresh: argparse._ArgumentGroup) -> None:
    fresh.add_argument(
        "--fresh", metavar="REF", help="put the questions to this model, which has no memory, and report the shift"
    )
    fresh.add_argument(
        "--fresh-sample",
        type=int,
        default=50,
        metavar="N",
        help="of how many rows, drawn evenly (default: %(default)s)",
    )
    fresh.add_argument("--seed", type=int, default=0, help="which rows are drawn (default: %(default)s)")
    add_meaning(fresh)
    add_dtype(fresh)
