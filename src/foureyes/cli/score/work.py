"""Scores a file with verifiers, and says what became of its rows."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from textwrap import shorten
from typing import IO, Any, Final

from foureyes.batch.devices.engine import DevicesEngine
from foureyes.batch.engine import Engine, LocalEngine
from foureyes.batch.job import Job
from foureyes.batch.results import OWN, RANK, RowTally, Tallies
from foureyes.batch.run import score_with
from foureyes.batch.shards.run import Sharding, score_shards
from foureyes.batch.window import WindowLimits
from foureyes.batch.workers.patience import Patience
from foureyes.cli.meaning import meaning_of
from foureyes.cli.options import at_once_of, server_keys_of, template_args_of
from foureyes.cli.output import CommandOutput
from foureyes.cli.score.devices import devices_of
from foureyes.cli.score.progress import Pace, progress_on
from foureyes.cli.servers import open_with_servers
from foureyes.cli.words import tell_step
from foureyes.display import plural
from foureyes.errors import InputError, ModelError
from foureyes.models.roles import Reader
from foureyes.storage.addresses import is_remote

_SHOWN_CAUSES: Final = 8

__all__ = ["job_of", "run", "score", "sharding_of", "summary"]


_MANY: Final = 10
"""Rows from which on some are named as the ones to look at first."""

_SHOWN: Final = 70
"""Characters of their answers."""


def run(args: argparse.Namespace, output: CommandOutput) -> None:
    """Scores the file with verifiers of the catalog."""
    opened = partial(
        open_with_servers,
        server_keys_of(args),
        at_once_of(args),
        dtype=args.dtype,
        truncate=args.truncate,
        template_args=template_args_of(args),
        on_step=tell_step,
    )
    score(args, output, opened)


def score(args: argparse.Namespace, output: CommandOutput, open_reader: Callable[..., Reader]) -> None:
    """Scores the file with readers opened by the given function.

    Args:
        args: of the command line.
        output: what is said goes there.
        open_reader: opens the verifier of a reference, with the keyword ``device``.

    Raises:
        InputError: an option, the input or the output cannot be used.
        ModelError: a verifier failed as a whole, or there are rows and none could be scored.
    """
    if args.address and args.engine != "ray":
        raise InputError("--address is of a Ray cluster: it goes with --engine ray")
    devices = devices_of(args.device)
    if len(devices) > 1 and args.engine == "ray":
        raise InputError("--engine ray takes all devices of every node: leave out --device, or name cpu or cuda")
    if args.read_timeout is not None and args.engine == "local" and len(devices) < 2 and args.device != "all":
        raise InputError(
            "--read-timeout is of workers: it goes with several devices or all (--device), or --engine ray"
        )
    patience = Patience(args.read_timeout)
    scored = _scoring(args)
    pace = Pace(time.monotonic)

    def open_engine() -> Engine:
        open_on = partial(_opened, open_reader, tuple(args.verifier))
        engine = _engine(args, devices, open_on, patience, output.warn)
        pace.start()
        return engine

    with progress_on(sys.stderr, pace, quiet=args.quiet) as progress:
        tallies = scored(open_engine if args.verifier else None, on_piece=progress)
    output.say(summary(tallies, args.out, pace.seconds))
    output.give(lambda: {**tallies.to_dict(), "seconds": pace.seconds, "output": args.out})
    if tallies.rows and not tallies.scored_any:
        firsts = {detail for tally in tallies.by_verifier.values() for detail in tally.first.values()}
        raise ModelError(
            f"no row could be scored: {'; '.join(sorted(firsts)[:_SHOWN_CAUSES])}", model=", ".join(tallies.by_verifier)
        )


def _opened(open_reader: Callable[..., Reader], references: Sequence[str], device: str | None) -> list[Reader]:
    return [open_reader(reference, device=device) for reference in references]


def _engine(
    args: argparse.Namespace,
    devices: Sequence[str],
    open_on: Callable[[str | None], Sequence[Reader]],
    patience: Patience,
    on_left_out: Callable[[str], None],
) -> Engine:
    if len(devices) > 1 or (args.engine == "local" and args.device == "all" and args.read_timeout is not None):
        return DevicesEngine(open_on, devices, on_left_out=on_left_out, patience=patience)
    device = next(iter(devices), None)
    if args.engine == "local":
        return _local(open_on(device))
    from foureyes.batch.ray.engine import RayEngine  # noqa: PLC0415 - ray is an extra

    gpus = device in {None, "cuda"}
    return RayEngine(
        partial(open_on, device), address=args.address, gpus=gpus, on_left_out=on_left_out, patience=patience
    )


def _local(readers: Sequence[Reader]) -> LocalEngine:
    """Reads in this process; connections end with the engine, so that an interrupted run waits for no server."""
    open_ones = ExitStack()
    for reader in readers:
        if isinstance(reader, AbstractContextManager):
            open_ones.enter_context(reader)
    return LocalEngine(readers, open_ones.close)


def _scoring(args: argparse.Namespace) -> Callable[..., Tallies]:
    """What the arguments ask for: one file out, or a folder of shards."""
    if args.out.endswith("/") or is_remote(args.out):
        return partial(score_shards, sharding_of(args))
    if args.rows_per_shard or args.to or args.work:
        raise InputError(
            "--rows-per-shard, --to and --work are for a folder of shards: end OUT with a /, or name one of an object store"
        )
    return partial(score_with, job_of(args))


def job_of(args: argparse.Namespace) -> Job:
    """What the arguments ask for, where it is one file or a stream.

    Raises:
        InputError: they cannot go together.
    """
    if args.json and args.out == "-":
        raise InputError("--json prints the summary on stdout, where -o - puts the rows; give -o a file")
    if "-" in args.source and len(args.source) > 1:
        raise InputError("- stands for standard input, which is read alone; got other files beside it")
    source = sys.stdin.buffer if args.source == ["-"] else args.source
    return _job(args, source, _unbuffered_stdout() if args.out == "-" else Path(args.out))


def sharding_of(args: argparse.Namespace) -> Sharding:
    """What the arguments ask for, where it is a folder of shards.

    Raises:
        InputError: they cannot go together.
    """
    if "-" in args.source:
        raise InputError("standard input is read once and makes one file; a folder of shards wants files")
    readers = {
        "references": args.verifier or [],
        "dtype": args.dtype,
        "truncate": args.truncate,
        "template_args": template_args_of(args),
    }
    return Sharding(args.source, args.out, partial(_job, args), args.to, args.rows_per_shard, args.work, readers)


def _job(args: argparse.Namespace, source: Any, out: Path | IO[bytes]) -> Job:
    verifiers = args.verifier or []
    twice = [ref for ref in verifiers if verifiers.count(ref) > 1]
    if twice:
        raise InputError(f"--verifier {twice[0]} is given twice")
    chosen: dict[str, Any] = {"signals": tuple(args.signal)} if args.signal else {}
    return Job(
        source=source,
        out=out,
        read_as=meaning_of(args, args.final_answer),
        form=args.format,
        tokens=args.tokens,
        **chosen,
        overwrite_field=args.overwrite_field,
        limits=WindowLimits(rows=args.window),
        resume=args.resume,
        force=args.force,
        references=tuple(verifiers),
    )


def summary(tallies: Tallies, out: str, seconds: float) -> str:
    """What became of the rows, for a person: how they were read, how many there were, and each verifier's."""
    resumed = f" ({tallies.resumed:,} of them finished before)" if tallies.resumed else ""
    where = "" if out == "-" else f" → {out}"
    head = f"{plural(tallies.rows, 'row')}{resumed} in {seconds:.1f} s{where}"
    verdicts = [_verdict(name, tally) for name, tally in tallies.by_verifier.items()]
    return "\n".join([tallies.read_as, head, *verdicts, *_worst_first(tallies)])


def _worst_first(tallies: Tallies) -> list[str]:
    """The rows to look at first, by the first verifier; of a few rows all are seen anyway."""
    name, tally = next(iter(tallies.by_verifier.items()), ("", RowTally()))
    if not tally.worst or tallies.rows < _MANY:
        return []
    rows = [f"  {row.place}: {row.value:.1f}, {shorten(row.answer, _SHOWN, placeholder=' …')}" for row in tally.worst]
    return [f"to look at first, by {RANK} of {name}:", *rows]


def _verdict(name: str, tally: RowTally) -> str:
    who = "the author's own log-probs" if name == OWN else name
    read = f", {plural(tally.prompt_tokens, 'prompt token')}" if name != OWN else ""
    line = f"  {who}: {tally.scored:,} scored, {plural(tally.tokens, 'answer token')}{read}"
    causes = tally.causes.most_common()
    shown = [f"\n    {n:,} unscored, {cause[0]}: {tally.first[cause]}" for cause, n in causes[:_SHOWN_CAUSES]]
    more = sum(n for _, n in causes[_SHOWN_CAUSES:])
    return (
        line
        + "".join(shown)
        + (f"\n    {more:,} more unscored, for {len(causes) - _SHOWN_CAUSES} other causes" if more else "")
    )


def _unbuffered_stdout() -> IO[bytes]:
    """Not ``sys.stdout.buffer``: what a full disk leaves in a buffer would fail once more when Python exits."""
    return open(sys.stdout.fileno(), "wb", buffering=0, closefd=False)
