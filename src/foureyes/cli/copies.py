"""Tables that verbs read and write a copy of: a file, or a folder of shards. Start at :func:`opened_for_copy`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from foureyes.batch.shards.inputs import Inputs
from foureyes.batch.tables.crew import Crew, LocalCrew
from foureyes.batch.tables.opening import CopyPlace, open_shards
from foureyes.cli.files import require_absent, require_same_format
from foureyes.errors import InputError
from foureyes.storage.addresses import is_remote
from foureyes.tables import Table, open_table

__all__ = ["opened_for_copy"]


@contextmanager
def opened_for_copy(args: argparse.Namespace) -> Iterator[Table]:
    """The table IN, after it is known that a copy may be put at OUT, where there is one.

    Args:
        args: with ``source``, ``out``, ``resume``, ``force``, ``rows_per_shard``, ``engine`` and ``address``.

    Raises:
        InputError: IN cannot be read, OUT has another format or is there already, or options do not go together.
        ConfigError: a package is not installed, or a cluster cannot be used.
    """
    if args.address and args.engine != "ray":
        raise InputError("--address is of a Ray cluster: it goes with --engine ray")
    if args.resume and not isinstance(args.out, str):
        raise InputError(f"--resume goes on with a folder of shards: end OUT with a /; got {args.out or 'no OUT'}")
    in_shards = args.engine == "ray" or args.rows_per_shard is not None or is_remote(args.source)
    if isinstance(args.out, str) or (args.out is None and in_shards):
        if args.source == "-":
            raise InputError("standard input is read once; a folder of shards wants files")
        to = None if args.out is None else CopyPlace(args.out, args.resume, args.force)
        with open_shards([args.source], to, args.rows_per_shard, _crew_of(args)) as shards:
            yield shards
        return
    if in_shards:
        raise InputError(
            f"--rows-per-shard, --engine ray and addresses make a folder of shards: end OUT with a /; got {args.out}"
        )
    table = open_table(args.source)
    if args.out is not None:
        require_same_format(table, args.out)
        require_absent(args.out, force=args.force)
    yield table


def _crew_of(args: argparse.Namespace) -> Callable[[Inputs], Crew]:
    if args.engine == "local":
        return LocalCrew
    from foureyes.batch.ray.crew import RayCrew  # noqa: PLC0415 - ray is an extra

    return lambda inputs: RayCrew(inputs, args.address)
