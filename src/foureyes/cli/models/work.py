"""Lists, fetches, locates and checks the weights of verifiers."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, Final

from foureyes.cli.exits import Exit
from foureyes.cli.output import CommandOutput
from foureyes.cli.words import tell_step
from foureyes.errors import FoureyesError, ModelUnavailable
from foureyes.models.weights import locate, pull, verify
from foureyes.models.weights.listing import Listed, listing

__all__ = ["run"]

_MB: Final = 1_000_000


def run(args: argparse.Namespace, output: CommandOutput) -> None:
    """Does what was asked; fails when one of several models is damaged or missing."""
    {"list": _list, "pull": _pull, "path": _path, "verify": _verify}[args.action](args, output)


def _list(_args: argparse.Namespace, output: CommandOutput) -> None:
    rows = listing()
    output.give(lambda: [_as_json(row) for row in rows], lambda: _print(rows))


def _print(rows: Sequence[Listed]) -> None:
    table = [("MODEL", "WEIGHTS", "VOCABULARY", "CHAT", "LICENCE", "ON DISK", "WHERE"), *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _cells(row: Listed) -> tuple[str, ...]:
    known = row.known
    return (
        row.name,
        f"{known.parameters / 1e6:.0f} M" if known else "",
        str(known.vocabulary) if known else "",
        ("yes" if known.chat else "no") if known else "",
        row.licence,
        f"{row.n_bytes / _MB:.0f} MB" if row.n_bytes is not None else "",
        row.problem or str(row.folder or f"not here; foureyes models pull {row.reference}"),
    )


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
        "source": known.source if known else None,
    }


def _pull(args: argparse.Namespace, output: CommandOutput) -> None:
    found = []
    for reference in args.references:
        weights = pull(reference, every_byte=args.verify, on_step=tell_step)
        output.say(f"{weights.name}: ready in {weights.folder} (licence: {weights.licence})")
        found.append({"name": weights.name, "folder": str(weights.folder), "licence": weights.licence})
    output.give(lambda: found)


def _path(args: argparse.Namespace, output: CommandOutput) -> None:
    weights = locate(args.reference)
    if weights is None:
        raise _absent(args.reference)
    output.give(lambda: {"name": weights.name, "folder": str(weights.folder)}, lambda: print(weights.folder))


def _verify(args: argparse.Namespace, output: CommandOutput) -> None:
    """Goes on to the next model after a damaged one: a person wants to know of all."""
    found = []
    for reference in args.references:
        try:
            weights = verify(reference, on_step=tell_step)
            if weights is None:
                raise _absent(reference)
        except ModelUnavailable as error:
            output.status = Exit.FAILED
            output.warn(str(error))
        else:
            output.say(f"{weights.name}: whole, {weights.fingerprint}")
            found.append({"name": weights.name, "fingerprint": weights.fingerprint})
    output.give(lambda: found)


def _absent(reference: str) -> FoureyesError:
    return ModelUnavailable(
        f"{reference} is not on this machine; fetch it with: foureyes models pull {reference}", model=reference
    )
