"""Verifies, shows, proves, exports and watches a log."""

from __future__ import annotations

import argparse
import json
import secrets
import shutil
import sys
import time
from pathlib import Path
from typing import BinaryIO, Final

from foureyes.cli.files import read_text
from foureyes.cli.ledger.entries import find, show
from foureyes.cli.output import CommandOutput
from foureyes.display import plural
from foureyes.errors import FoureyesError, InputError
from foureyes.ledger import (
    Audit,
    Checkpoint,
    ConsistencyProof,
    InclusionProof,
    Log,
    Signer,
    Witness,
    open_log,
    read_keys,
    verify_export,
)
from foureyes.ledger.export import write_export
from foureyes.ledger.proofs import parse_proof

__all__ = ["run"]

_SHOWN_JUMPS: Final = 10


def run(args: argparse.Namespace, output: CommandOutput) -> None:
    """Does what was asked.

    Raises:
        LedgerTampered: the log is not what was written to it; the command line turns that into exit status 3.
        LedgerOtherKey: it is signed with other keys than those given; exit status 4.
    """
    actions = {
        "keygen": _keygen,
        "show": lambda args, output: show(_open_log(args), args, output),
        "find": lambda args, output: find(_open_log(args), args, output),
        "verify": _verify,
        "prove": _prove,
        "check": _check,
        "checkpoint": _checkpoint,
        "export": _export,
        "watch": _watch,
    }
    actions[args.action](args, output)


def _keygen(args: argparse.Namespace, output: CommandOutput) -> None:
    signer = Signer.generate(args.name or f"foureyes.local/{secrets.token_hex(8)}")
    signer.save(args.file)
    output.say(f"{args.file} holds the private key: keep it where nobody who can write to the log can read it")
    output.give(lambda: {"file": str(args.file), "key": str(signer.key)}, lambda: print(signer.key))


def _verify(args: argparse.Namespace, output: CommandOutput) -> None:
    audit = _open_log(args).audit(_seen(args))
    output.give(audit.to_dict)
    _show_audit(audit, output)
    audit.require_whole()


def _show_audit(audit: Audit, output: CommandOutput) -> None:
    output.say(
        f"{audit.origin}: {plural(audit.covered, 'entry', 'entries')} verified, "
        f"{plural(audit.checkpoints, 'signed checkpoint')} checked; root {audit.root}"
    )
    if audit.other_keys and audit.covered == audit.size:
        output.warn(
            f"checkpoints by {', '.join(audit.other_keys)} agree too; whether that key signed them was not checked"
        )
    if audit.clock_jumps:
        output.say(f"the clock went back {plural(audit.clock_jumps, 'time')}:")
        for jump in audit.jumps[:_SHOWN_JUMPS]:
            output.say(f"  at entry {jump.index}, from {jump.before} to {jump.after}")


def _prove(args: argparse.Namespace, output: CommandOutput) -> None:
    log = _open_log(args)
    note = log.head()  # read first, so that the proof is about what this checkpoint signs
    newest = Checkpoint.opened(note, log.keys)
    proof: InclusionProof | ConsistencyProof
    if args.kind == "inclusion":
        proof = log.prove_inclusion(args.index, newest.size if args.size is None else args.size)
    else:
        proof = log.prove_consistency(args.old, newest.size if args.new is None else args.new)
    document = {args.kind: proof.to_dict(), "checkpoint": note}
    output.give(lambda: document, lambda: print(json.dumps(document)))


def _check(args: argparse.Namespace, output: CommandOutput) -> None:
    keys = read_keys(args.key)
    proof, note = parse_proof(sys.stdin.read() if args.proof == "-" else _text(Path(args.proof)))
    proof.check([Checkpoint.opened(each, keys) for each in (note, *_seen(args))])
    output.say(f"{keys[0].name}: {proof}")
    output.give(lambda: {"log": keys[0].name, "proved": str(proof)})


def _checkpoint(args: argparse.Namespace, output: CommandOutput) -> None:
    log = _open_log(args)
    notes = log.checkpoints() if args.all else [log.head()]
    output.give(lambda: {"checkpoints": list(notes)}, lambda: print("\n".join(notes), end=""))


def _export(args: argparse.Namespace, output: CommandOutput) -> None:
    if args.json and args.out is None:
        raise InputError("--json prints the summary on stdout, where the export goes; give -o a file")
    log = _open_log(args)
    n = write_export(log, sys.stdout.buffer) if args.out is None else _export_to_file(log, args.out)
    output.say(f"{plural(n, 'entry', 'entries')} written")
    if args.with_verifier is not None:
        script = args.with_verifier / "verify_export.py"
        _copy(Path(verify_export.__file__), script)
        output.say(f"verify with: python {script} {args.out or 'EXPORT'} --key {args.key}")
    output.give(lambda: {"entries": n, "output": str(args.out)})


def _export_to_file(log: Log, out: Path) -> int:
    """An export that fails leaves no file behind."""
    with _create(out) as file:
        try:
            return write_export(log, file)
        except FoureyesError:
            out.unlink()
            raise


def _watch(args: argparse.Namespace, output: CommandOutput) -> None:
    log, witness = _open_log(args), Witness(args.state)
    while True:
        seen = witness.see(log)
        output.give_now({"log": seen.origin, "size": seen.size, "root": seen.root.hex()})
        output.say(f"{seen.origin}: {plural(seen.size, 'entry', 'entries')}, and it only grew")
        if args.once:
            return
        time.sleep(args.every)


def _seen(args: argparse.Namespace) -> list[str]:
    return [_text(path) for path in args.seen]


def _text(path: Path) -> str:
    return read_text(path).removeprefix("\ufeff")


def _open_log(args: argparse.Namespace) -> Log:
    return open_log(args.log, read_keys(args.key))


def _create(path: Path) -> BinaryIO:
    try:
        return path.open("xb")
    except OSError as error:
        raise InputError(f"cannot write a new file {path}: {error.strerror or error}") from error


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        raise InputError(f"cannot write {target}: {error.strerror or error}") from error
