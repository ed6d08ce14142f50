"""Runs a monitor over a log file and tells what it noticed, and where."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Final

import numpy as np

from foureyes.cli.monitor.fresh import put_afresh
from foureyes.cli.monitor.log_rows import LogRows, cuts_of
from foureyes.cli.monitor.monitored import Monitored
from foureyes.cli.monitor.words import print_monitored
from foureyes.cli.output import CommandOutput
from foureyes.errors import InputError
from foureyes.monitoring import Alarm, Monitor, MonitorSettings, Observation
from foureyes.tables import Table, open_table

__all__ = ["run"]

_EVER: Final = 1e18
_MOST_ROWS: Final = 100_000
_QUANTILES: Final = {"q05": 0.05, "median": 0.5, "q95": 0.95}


def run(args: argparse.Namespace, output: CommandOutput) -> None:
    """Feeds every row to a monitor, in order, and shows what it noticed.

    Raises:
        InputError: the file, a field or an option cannot be used.
        ModelError: the model that is asked afresh cannot be had.
    """
    settings = _settings(args)
    table = open_table(args.source)
    log = LogRows(table, args)
    reference = LogRows(open_table(args.reference), args) if args.reference else None
    cuts = _cuts(args, log, reference)
    observations = [log.observation(i, cuts) for i in range(len(log))]
    if len(log) > _MOST_ROWS:
        output.warn(f"shares and means are of the last {_MOST_ROWS:,} of {len(log):,} rows; alarms are of all")
    monitor = Monitor(settings, reference=None if reference is None else _normal(reference), seed=args.seed)
    alarms = [(i, alarm) for i, seen in enumerate(observations) for alarm in monitor.observe(seen)]
    if args.fresh:
        alarms += _afresh(args, output, table, observations, monitor)
    _tell_assumptions(args, output, log, reference)
    now = max((seen.at for seen in observations), default=0.0)
    done = Monitored(len(log), cuts, _rolling(log, args), alarms, monitor.snapshot(now))
    output.give(done.to_dict, lambda: print_monitored(done, settings))


def _settings(args: argparse.Namespace) -> MonitorSettings:
    return MonitorSettings(
        window_size=_MOST_ROWS,
        window_s=_EVER,
        alpha=args.alpha,
        max_log_cmp=args.max_log_cmp,
        log_cmp_window=args.window,
        log_cmp_persistence=args.persist,
    )


def _cuts(args: argparse.Namespace, log: LogRows, reference: LogRows | None) -> dict[str, float]:
    found = log.readings()
    if args.unsafe_above is not None:
        return dict.fromkeys(found, args.unsafe_above)
    return cuts_of({**found, **({} if reference is None else reference.readings())}, args.flag_rate)


def _normal(reference: LogRows) -> dict[str, list[float]]:
    readings = {f"log_cmp:{name}": values for name, values in reference.readings().items()}
    return {**readings, **({"confidence": reference.confidences()} if reference.confidences() else {})}


def _rolling(log: LogRows, args: argparse.Namespace) -> dict[str, dict[str, float | int]]:
    """How high the rolling mean of each reader's log_cmp has been: what a limit is chosen by."""
    found: dict[str, dict[str, float | int]] = {}
    for name, values in log.readings().items():
        if len(values) >= args.window:
            means = np.convolve(values, np.full(args.window, 1 / args.window), mode="valid")
            quantiles = {word: float(np.quantile(means, share)) for word, share in _QUANTILES.items()}
            found[name] = {"window": args.window, "n": len(means), **quantiles, "highest": float(means.max())}
    return found


def _afresh(
    args: argparse.Namespace,
    output: CommandOutput,
    table: Table,
    observations: Sequence[Observation],
    monitor: Monitor,
) -> list[tuple[int, Alarm]]:
    if args.fresh_sample < 1:
        raise InputError(f"--fresh-sample wants at least 1 row; got {args.fresh_sample}")
    rows = np.random.default_rng(args.seed).permutation(len(observations))[: args.fresh_sample]
    found = put_afresh(args, output, table, {int(i): observations[i] for i in sorted(rows.tolist())})
    return [(row, alarm) for row, reading in found for alarm in monitor.report_fresh(reading)]


def _tell_assumptions(args: argparse.Namespace, output: CommandOutput, log: LogRows, reference: LogRows | None) -> None:
    if not log.timed:
        output.say("no time in the rows: they count as one a second")
    if log.scored and args.unsafe_above is None:
        of = "the reference" if reference is not None else "this file itself"
        output.say(
            f"a reader disputes the most surprising {args.flag_rate:.0%} of its answers in {of}; "
            "a share, not a promise: --unsafe-above names a cut"
        )
