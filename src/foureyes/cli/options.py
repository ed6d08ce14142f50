"""Options that several verbs have, each described once. ``--json`` comes from :mod:`foureyes.cli.verbs`."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.http.addresses import KEY_VARIABLE
from foureyes.models.weights.reference import addresses_in
from foureyes.storage.addresses import is_remote

__all__ = [
    "add_allowance",
    "add_at_once",
    "add_copy",
    "add_dtype",
    "add_engine",
    "add_force",
    "add_meaning",
    "add_out",
    "add_page",
    "add_quiet",
    "add_rows_per_shard",
    "add_server_keys",
    "add_small",
    "add_table",
    "add_template_args",
    "add_verifiers",
    "at_once_of",
    "server_keys_of",
    "template_args_of",
]


_VARIABLE: Final = re.compile(r"[A-Z_][A-Z0-9_]{0,127}", re.ASCII)


def add_table(parser: argparse.ArgumentParser) -> None:
    """The table that a verb reads."""
    parser.add_argument("source", metavar="IN", help="JSONL, JSON, CSV, Parquet or Arrow, packed or not; NPZ or NPY")


def add_out(parser: argparse._ActionsContainer, words: str, *, metavar: str = "FILE", required: bool = False) -> None:
    """The file that a verb writes."""
    parser.add_argument("-o", "--out", required=required, type=Path, metavar=metavar, help=words)


def add_copy(parser: argparse._ActionsContainer, *, required: bool = False) -> None:
    """The copy of a table that a verb writes; :mod:`foureyes.cli.copies` reads the table and refuses what cannot be."""
    parser.add_argument(
        "-o",
        "--out",
        required=required,
        type=_copy_place,
        metavar="OUT",
        help="a copy of IN in its format; FOLDER/ or s3://BUCKET/FOLDER/ for a copy of every file of it, one in memory at a time",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with the unfinished run in FOLDER/, if there is one"
    )
    add_rows_per_shard(parser)
    add_engine(
        parser, "who works on the files of a FOLDER/: this process, or tasks on a Ray cluster, with the same output"
    )


def _copy_place(text: str) -> Path | str:
    try:
        return text if text.endswith("/") or is_remote(text) else Path(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def add_rows_per_shard(parser: argparse._ActionsContainer) -> None:
    """How large the files of a folder get."""
    parser.add_argument(
        "--rows-per-shard",
        type=int,
        metavar="N",
        help="cut JSON lines and Parquet into shards of so many rows (default: a shard a file)",
    )


def add_engine(parser: argparse._ActionsContainer, words: str) -> None:
    """Who does the work."""
    parser.add_argument("--engine", choices=("local", "ray"), default="local", help=f"{words} (default: %(default)s)")
    parser.add_argument(
        "--address",
        metavar="HOST:PORT",
        help="with --engine ray, the head of a cluster, or auto for the one this machine belongs to (default: this machine alone)",
    )


def add_force(parser: argparse._ActionsContainer, words: str = "replace an OUT that exists") -> None:
    """Leave to put that file in the place of another."""
    parser.add_argument("--force", action="store_true", help=words)


def add_page(parser: argparse._ActionsContainer, words: str, *, default: Path | None = None) -> None:
    """The page that a verb draws."""
    parser.add_argument("--html", type=Path, default=default, metavar="FILE", help=words)


def add_quiet(parser: argparse._ActionsContainer, words: str = "no words on stderr") -> None:
    """Silence for a person; errors are told all the same."""
    parser.add_argument("-q", "--quiet", action="store_true", help=words)


def add_allowance(parser: argparse.ArgumentParser, words: str) -> None:
    """Leave to judge something on the rows it was made of."""
    parser.add_argument("--allow-fitted-rows", action="store_true", help=words)


def add_meaning(parser: argparse._ActionsContainer) -> None:
    """What the records of logs and data sets mean; :func:`foureyes.cli.meaning.meaning_of` makes a value of it."""
    parser.add_argument(
        "--layout", metavar="NAME", help="how records are laid out, such as alpaca (default: told by their fields)"
    )
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="WHAT=FIELD",
        help="which field is meant, where the layout is not to say: prompt=context+question (joined with a line between), "
        "answer=, label=, system=, tools=; dots reach inside; an answer under the prompt's own name is the last turn",
    )


def add_verifiers(parser: argparse._ActionsContainer, default: Sequence[str] = (), *, without: str = "") -> None:
    """The models that read.

    Args:
        parser: of the verb, or a group in it.
        default: which ones if none is named.
        without: what is done without any; the option is required where neither is said.
    """
    words = f"default: {' and '.join(default)}" if default else without
    words = words or "a name of foureyes models list, hf:…, a .gguf file or a URL"
    parser.add_argument(
        "--verifier",
        action="append",
        required=not default and not without,
        metavar="REF",
        help=f"a model that reads the answers; may be given several times ({words})",
    )


def add_at_once(parser: argparse._ActionsContainer) -> None:
    """How many requests servers are sent; :func:`at_once_of` makes sure that there are servers."""
    parser.add_argument(
        "--at-once",
        type=int,
        metavar="N",
        help="requests under way at each server (default: as many as it can take, found by trying)",
    )


def at_once_of(args: argparse.Namespace) -> int | None:
    """Requests under way at each server; ``None`` for as many as it can take.

    Raises:
        InputError: no verifier is a server.
    """
    named = args.verifier or []
    at_once: int | None = args.at_once
    if at_once is not None and not any(map(addresses_in, named)):
        raise InputError(
            f"--at-once {at_once} is of servers: wanted a --verifier that is the address of one; got {', '.join(named) or 'none'}"
        )
    return at_once


def add_server_keys(parser: argparse._ActionsContainer) -> None:
    """Which keys servers are sent; :func:`server_keys_of` says where these are."""
    parser.add_argument(
        "--key-env",
        action="append",
        default=[],
        type=_server_key,
        metavar="URL=VARIABLE",
        help="the environment variable with the key of one server, which no other is sent; repeat for more (default: "
        f"{KEY_VARIABLE} for all)",
    )


def server_keys_of(args: argparse.Namespace) -> dict[str, str]:
    """The names of the variables with servers' keys, by address.

    Raises:
        InputError: one is for a server that no verifier names.
    """
    named = [url for reference in args.verifier or () for url in addresses_in(reference)]
    keys = dict(args.key_env)
    if strange := [url for url in keys if url not in named]:
        raise InputError(f"--key-env: {strange[0]} is no address of a --verifier")
    return keys


def _server_key(text: str) -> tuple[str, str]:
    url, equals, variable = text.rpartition("=")
    if not equals or not _VARIABLE.fullmatch(variable):
        raise argparse.ArgumentTypeError("wanted an address, = and the name of an environment variable in capitals")
    return url, variable


def add_template_args(parser: argparse._ActionsContainer) -> None:
    """What chat templates are told besides the conversation; :func:`template_args_of` makes a mapping of it."""
    parser.add_argument(
        "--template-arg",
        action="append",
        default=[],
        type=_template_arg,
        metavar="NAME=JSON",
        help="tell the verifiers' chat templates, such as enable_thinking=false; repeat for more",
    )


def template_args_of(args: argparse.Namespace) -> dict[str, Any] | None:
    """The arguments for chat templates; ``None`` where there are none."""
    return dict(args.template_arg) or None


def _template_arg(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"wanted NAME=JSON, such as enable_thinking=false; got {text!r}")
    try:
        return name, json.loads(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"wanted JSON behind {name}=, such as false, 3 or '\"words\"'; got {value!r}"
        ) from error


def add_small(parser: argparse._ActionsContainer, models: Sequence[str]) -> None:
    """Models for a small disk or a slow line, in place of the default ones."""
    parser.add_argument(
        "--small", action="store_true", help=f"use {' and '.join(models)}: small to fetch, hardly better than chance"
    )


def add_dtype(parser: argparse._ActionsContainer) -> None:
    """The arithmetic of models in this process."""
    parser.add_argument("--dtype", help="arithmetic of local verifiers (default: the fastest of this machine)")
