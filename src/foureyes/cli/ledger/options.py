"""The command line of ``foureyes ledger``."""

from __future__ import annotations

import argparse
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from foureyes.cli.options import add_out
from foureyes.cli.parser import CommandParser, Commands

__all__ = ["configure"]

_LOG: Final = "a SQLite file, an export, or postgresql://user@host/database"
_KEY: Final = "a public key NAME+ID+KEY, or a file of them; whoever runs the log gave it to you, the log did not"
_SEEN: Final = "a checkpoint that you kept; may repeat"
_LONGEST_WAIT_S: Final = 86_400


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's actions."""
    actions = Commands(parser, "ACTION")
    _add_keygen(actions)
    _add_verify(actions)
    _add_show(actions)
    _add_find(actions)
    _add_prove(actions)
    _add_check(actions)
    newest = _add_reading(actions, "checkpoint", "print the newest signed checkpoint; keep it somewhere else")
    newest.add_argument("--all", action="store_true", help="all that were kept, the smallest first")
    _add_export(actions)
    _add_watch(actions)


def _add_reading(actions: Commands, name: str, summary: str) -> CommandParser:
    parser = actions.add(name, summary)
    parser.add_argument("log", metavar="LOG", help=_LOG)
    parser.add_argument("--key", required=True, metavar="KEY", help=_KEY)
    return parser


def _add_keygen(actions: Commands) -> None:
    keygen = actions.add("keygen", "make the key that signs a new log")
    keygen.add_argument("file", type=Path, metavar="FILE", help="a new file for the private key, for its owner only")
    keygen.add_argument("--name", help="of key and log, such as example.com/guard; made up where not given")


def _add_verify(actions: Commands) -> None:
    verify = _add_reading(actions, "verify", "check every entry, hash and signature of a log")
    verify.add_argument("--seen", type=Path, action="append", default=[], metavar="FILE", help=_SEEN)


def _add_show(actions: Commands) -> None:
    show = _add_reading(actions, "show", "verify the log, then show who verified what, when, and what they said")
    moment = "such as 2026-11-25 or 2026-11-25T21:47+01:00; UTC where it says no zone"
    show.add_argument("--since", type=_moment, metavar="TIME", help=f"entries of that time or later, {moment}")
    show.add_argument("--until", type=_moment, metavar="TIME", help="entries before that time")
    show.add_argument("--agent", metavar="NAME", help="verifications for this agent")
    show.add_argument("--unsafe", action="store_true", help="verifications that did not end in safe")
    show.add_argument("--csv", action="store_true", help="a row for every vote")


def _add_find(actions: Commands) -> None:
    find = _add_reading(actions, "find", "verify the log, then find the entries that hold the hash of a text")
    find.add_argument(
        "--text",
        type=Path,
        required=True,
        metavar="FILE",
        help="a prompt, an answer, a reason, or a conversation as JSON",
    )
    salt = find.add_mutually_exclusive_group(required=True)
    salt.add_argument("--salt-file", type=Path, metavar="FILE", help="holds the tenant's salt")
    salt.add_argument("--salt-env", metavar="NAME", help="the environment variable that holds it")


def _add_prove(actions: Commands) -> None:
    prove = actions.add("prove", "print a proof about a log as JSON")
    whats = Commands(prove, "KIND")
    inclusion = _add_reading(whats, "inclusion", "prove that an entry stands in the log")
    inclusion.add_argument("index", type=int, metavar="INDEX", help="of the entry, from 0")
    inclusion.add_argument("--size", type=int, help="of the log that you hold a checkpoint of (default: the newest)")
    consistency = _add_reading(whats, "consistency", "prove that the log only grew")
    consistency.add_argument("old", type=int, metavar="OLD", help="size of the log that you hold a checkpoint of")
    consistency.add_argument("new", type=int, nargs="?", metavar="NEW", help="a later size (default: the newest)")


def _add_check(actions: Commands) -> None:
    check = actions.add("check", "check what prove printed; needs no log")
    check.add_argument("proof", metavar="PROOF", help="a file, or - for stdin")
    check.add_argument("--key", required=True, metavar="KEY", help=_KEY)
    check.add_argument("--seen", type=Path, action="append", default=[], metavar="FILE", help=_SEEN)


def _add_export(actions: Commands) -> None:
    export = _add_reading(actions, "export", "write the log as one file that can be verified offline")
    add_out(export, "a new file (default: stdout)", metavar="OUT")
    export.add_argument(
        "--with-verifier", type=Path, metavar="DIR", help="put verify_export.py there: it needs Python and nothing else"
    )


def _add_watch(actions: Commands) -> None:
    watch = _add_reading(actions, "watch", "look again and again whether the log only grows; exit 3 when it does not")
    watch.add_argument(
        "--state",
        type=Path,
        required=True,
        metavar="FILE",
        help="remembers the newest checkpoint; out of the log's reach",
    )
    watch.add_argument("--every", type=_seconds, default=60.0, metavar="SECONDS", help="default: %(default)g")
    watch.add_argument("--once", action="store_true", help="look once, for a timer that calls again")


def _moment(text: str) -> str:
    """A time as entries write it, so that the two compare as texts."""
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"wanted a date or a time of ISO 8601; got {text!r}") from None
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= _LONGEST_WAIT_S:
        raise argparse.ArgumentTypeError(f"wanted seconds from 0 to {_LONGEST_WAIT_S}; got {text!r}")
    return seconds
