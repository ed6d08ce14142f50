"""The command line of ``foureyes score``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from foureyes.cli.options import (
    add_at_once,
    add_dtype,
    add_engine,
    add_meaning,
    add_quiet,
    add_rows_per_shard,
    add_server_keys,
    add_template_args,
    add_verifiers,
)

__all__ = ["configure"]

_EPILOG: Final = (
    "IN is JSONL, JSON, CSV, TSV, Parquet or Arrow, packed with gzip or zstd or not, laid out as one of --layout: what it was "
    "read as is said in one line. A record with several answers gives a row for each, told apart by foureyes_answer. What "
    "cannot be read, such as an image, leaves the row unscored. OUT appears when it is complete; until then finished rows "
    "are kept in OUT.part, and --resume goes on from there, after a kill too."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``foureyes score``."""
    parser.epilog = _EPILOG
    parser.add_argument(
        "source",
        metavar="IN",
        nargs="+",
        help="a file, several, a folder of them, a pattern in quotes, or any of these at s3://, gs:// or hf://; - for standard input",
    )
    parser.add_argument(
        "-o",
        "--out",
        required=True,
        metavar="OUT",
        help="JSONL or Parquet file; FOLDER/ or s3://BUCKET/FOLDER/ for a shard of every input file; - for JSONL on standard output",
    )
    add_verifiers(
        parser,
        without="a name of foureyes models list, hf:…, a .gguf file, or the URL of a server, several of one model with commas between; without any, the log-probs in the file speak for their author",
    )
    parser.add_argument(
        "--signal",
        action="append",
        metavar="SIGNAL",
        help="a signal to write, such as log_cmp or p_true (foureyes signals lists them); repeat for more (default: all that come with one reading)",
    )
    parser.add_argument("--tokens", action="store_true", help="add what was seen at every token, as arrays")
    _add_reading(parser.add_argument_group("verifiers"))
    _add_rows(parser.add_argument_group("rows"))
    _add_shards(parser.add_argument_group("a folder of shards"))
    _add_running(parser.add_argument_group("running"))


def _add_reading(verifiers: argparse._ArgumentGroup) -> None:
    add_dtype(verifiers)
    add_template_args(verifiers)
    add_at_once(verifiers)
    add_server_keys(verifiers)
    verifiers.add_argument(
        "--device",
        metavar="DEVICE,…",
        help="cpu, cuda or mps (default: the best there is); several, such as cuda:0,cuda:1, or all graphics processors, read at once",
    )
    verifiers.add_argument(
        "--truncate",
        choices=("refuse", "left"),
        default="refuse",
        help="a prompt that does not fit: leave the row unscored, or cut the prompt from its left (n_dropped says by how much)",
    )


def _add_rows(rows: argparse._ArgumentGroup) -> None:
    rows.add_argument(
        "--format",
        choices=("jsonl", "json", "csv", "parquet", "arrow", "eval"),
        help="of IN (default: told by its name or its beginning)",
    )
    add_meaning(rows)
    rows.add_argument(
        "--final-answer", metavar="PATTERN", help="score only the final answer: ####, boxed, or a regex with one group"
    )
    rows.add_argument(
        "--overwrite-field", action="store_true", help='replace a field "foureyes" that rows have already'
    )


def _add_shards(shards: argparse._ArgumentGroup) -> None:
    add_rows_per_shard(shards)
    shards.add_argument(
        "--to", choices=("jsonl", "parquet"), help="format of the shards (default: Parquet where all of IN is)"
    )
    shards.add_argument(
        "--work",
        type=Path,
        metavar="FOLDER",
        help="where unfinished shards for an object store are kept on this machine (default: in the cache)",
    )


def _add_running(running: argparse._ArgumentGroup) -> None:
    running.add_argument(
        "--resume", action="store_true", help="go on with the unfinished run in OUT.part, if there is one"
    )
    running.add_argument(
        "--force", action="store_true", help="replace an OUT that exists; without --resume, OUT.part too"
    )
    running.add_argument(
        "--window", type=int, default=512, metavar="ROWS", help="most rows in hand at once (default: %(default)s)"
    )
    add_engine(running, "who reads: this process, or workers on every node of a Ray cluster, with the same output")
    running.add_argument(
        "--read-timeout",
        type=float,
        metavar="SECONDS",
        help="with several devices or --engine ray: how long a worker may read a piece of rows before it counts as one that hangs, "
        "and is replaced (default: half an hour, and a second for every four characters)",
    )
    add_quiet(running, "neither progress nor summary on stderr")
