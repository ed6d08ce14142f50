"""``foureyes ledger``: verify, prove, export and watch the log of what the guard decided. See docs/ledger.md."""

from __future__ import annotations

import argparse
import json
import math
import secrets
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from foureyes.cli.files import say
from foureyes.errors import FoureyesError, InputError

if TYPE_CHECKING:
    from foureyes.ledger import Audit, ConsistencyProof, InclusionProof, Log

__all__ = ["configure", "run"]

_LOG: Final = "a SQLite file, an export, or postgresql://user@host/database"
_KEY: Final = "a public key NAME+ID+KEY, or a file of them; whoever runs the log gave it to you, the log did not"
_SEEN: Final = "a checkpoint that you kept; may repeat"
_SHOWN_JUMPS: Final = 10
_LONGEST_WAIT_S: Final = 86_400

_Actions: TypeAlias = Any  # argparse does not name the type of what add_subparsers returns


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_keygen(actions)
    _add_verify(actions)
    _add_prove(actions)
    _add_check(actions)
    newest = _add_reading(actions, "checkpoint", "print the newest signed checkpoint; keep it somewhere else")
    newest.add_argument("--all", action="store_true", help="all that were kept, the smallest first")
    _add_export(actions)
    _add_watch(actions)


def run(args: argparse.Namespace) -> int:
    """Does what was asked.

    Raises:
        LedgerTampered: the log is not what was written to it; the command line turns that into exit status 3.
    """
    actions = {
        "keygen": _keygen,
        "verify": _verify,
        "prove": _prove,
        "check": _check,
        "checkpoint": _checkpoint,
        "export": _export,
        "watch": _watch,
    }
    return actions[args.action](args)


def _add_reading(actions: _Actions, name: str, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=summary, description=f"{summary.capitalize()}.")
    parser.add_argument("log", metavar="LOG", help=_LOG)
    parser.add_argument("--key", required=True, metavar="KEY", help=_KEY)
    return parser


def _add_keygen(actions: _Actions) -> None:
    keygen = actions.add_parser("keygen", help="make the key that signs a new log")
    keygen.add_argument("file", type=Path, metavar="FILE", help="a new file for the private key, for its owner only")
    keygen.add_argument("--name", help="of key and log, such as example.com/guard; made up where not given")


def _add_verify(actions: _Actions) -> None:
    verify = _add_reading(actions, "verify", "check every entry, hash and signature of a log")
    verify.add_argument("--seen", type=Path, action="append", default=[], metavar="FILE", help=_SEEN)
    verify.add_argument("--json", action="store_true", help="what was found as JSON on stdout")


def _add_prove(actions: _Actions) -> None:
    prove = actions.add_parser("prove", help="print a proof about a log as JSON")
    whats = prove.add_subparsers(dest="what", metavar="WHAT", required=True)
    inclusion = _add_reading(whats, "inclusion", "prove that an entry stands in the log")
    inclusion.add_argument("index", type=int, metavar="INDEX", help="of the entry, from 0")
    inclusion.add_argument("--size", type=int, help="of the log that you hold a checkpoint of (default: the newest)")
    consistency = _add_reading(whats, "consistency", "prove that the log only grew")
    consistency.add_argument("old", type=int, metavar="OLD", help="size of the log that you hold a checkpoint of")
    consistency.add_argument("new", type=int, nargs="?", metavar="NEW", help="a later size (default: the newest)")


def _add_check(actions: _Actions) -> None:
    check = actions.add_parser("check", help="check what prove printed; needs no log")
    check.add_argument("proof", metavar="PROOF", help="a file, or - for stdin")
    check.add_argument("--key", required=True, metavar="KEY", help=_KEY)
    check.add_argument("--seen", type=Path, action="append", default=[], metavar="FILE", help=_SEEN)


def _add_export(actions: _Actions) -> None:
    export = _add_reading(actions, "export", "write the log as one file that can be verified offline")
    export.add_argument("-o", "--out", type=Path, metavar="OUT", help="a new file (default: stdout)")
    export.add_argument(
        "--with-verifier", type=Path, metavar="DIR", help="put verify_export.py there: it needs Python and cryptography"
    )


def _add_watch(actions: _Actions) -> None:
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
    watch.add_argument("--json", action="store_true", help="a line of JSON on stdout for every look")


def _keygen(args: argparse.Namespace) -> int:
    from foureyes.ledger import Signer  # noqa: PLC0415 - cryptography is heavy for --help

    signer = Signer.generate(args.name or f"foureyes.local/{secrets.token_hex(8)}")
    signer.save(args.file)
    say(f"{args.file} holds the private key: keep it where nobody who can write to the log can read it")
    print(signer.key)
    return 0


def _verify(args: argparse.Namespace) -> int:
    log = _opened(args)
    audit = log.verify(_text(path) for path in args.seen)
    if args.json:
        print(json.dumps(audit.to_json()))
    _tell(audit)
    return 0


def _tell(audit: Audit) -> None:
    say(
        f"{audit.origin}: all {audit.size:,} entries are what was signed; {audit.checkpoints:,} checkpoints agree; "
        f"root {audit.root}"
    )
    if audit.clock_jumps:
        say(f"the clock went back {audit.clock_jumps:,} times:")
    for jump in audit.jumps[:_SHOWN_JUMPS]:
        say(f"  at entry {jump.index}, from {jump.before} to {jump.after}")


def _prove(args: argparse.Namespace) -> int:
    from foureyes.ledger import Checkpoint  # noqa: PLC0415 - cryptography is heavy for --help

    log = _opened(args)
    note = log.head()  # read first, so that the proof is about what this checkpoint signs
    newest = Checkpoint.opened(note, log.keys)
    proof: InclusionProof | ConsistencyProof
    if args.what == "inclusion":
        proof = log.prove_inclusion(args.index, newest.size if args.size is None else args.size)
    else:
        proof = log.prove_consistency(args.old, newest.size if args.new is None else args.new)
    print(json.dumps({args.what: proof.to_json(), "checkpoint": note}))
    return 0


def _check(args: argparse.Namespace) -> int:
    from foureyes.ledger import Checkpoint, read_keys  # noqa: PLC0415 - cryptography is heavy for --help
    from foureyes.ledger.proofs import parse_proof  # noqa: PLC0415 - as above

    keys = read_keys(args.key)
    proof, note = parse_proof(sys.stdin.read() if args.proof == "-" else _text(Path(args.proof)))
    proof.check([Checkpoint.opened(each, keys) for each in (note, *map(_text, args.seen))])
    say(f"{keys[0].name}: {proof}")
    return 0


def _checkpoint(args: argparse.Namespace) -> int:
    log = _opened(args)
    print("\n".join(log.checkpoints() if args.all else [log.head()]), end="")
    return 0


def _export(args: argparse.Namespace) -> int:
    from foureyes.ledger import verify_export  # noqa: PLC0415 - cryptography is heavy for --help
    from foureyes.ledger.export import write_export  # noqa: PLC0415 - as above

    log = _opened(args)
    if args.out is None:
        n = write_export(log, sys.stdout.buffer)
    else:
        with _created(args.out) as file:
            try:
                n = write_export(log, file)
            except FoureyesError:
                args.out.unlink()
                raise
    say(f"{n:,} entries written")
    if args.with_verifier is not None:
        script = args.with_verifier / "verify_export.py"
        _copy(Path(verify_export.__file__), script)
        say(f"verify with: python {script} {args.out or 'EXPORT'} --key {args.key}")
    return 0


def _watch(args: argparse.Namespace) -> int:
    from foureyes.ledger import Witness  # noqa: PLC0415 - cryptography is heavy for --help

    log, witness = _opened(args), Witness(args.state)
    while True:
        seen = witness.see(log)
        if args.json:
            print(json.dumps({"log": seen.origin, "size": seen.size, "root": seen.root.hex()}), flush=True)
        say(f"{seen.origin}: {seen.size:,} entries, and it only grew")
        if args.once:
            return 0
        time.sleep(args.every)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= _LONGEST_WAIT_S:
        raise argparse.ArgumentTypeError(f"wanted seconds from 0 to {_LONGEST_WAIT_S}; got {text!r}")
    return seconds


def _opened(args: argparse.Namespace) -> Log:
    from foureyes.ledger import open_log, read_keys  # noqa: PLC0415 - cryptography is heavy for --help

    return open_log(args.log, read_keys(args.key))


def _created(path: Path) -> Any:
    try:
        return path.open("xb")
    except OSError as error:
        raise InputError(f"cannot write a new file {path}: {error.strerror or error}") from error


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        raise InputError(f"cannot write {target}: {error.strerror or error}") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
