"""Tells a shell what may come next: the half of completion that runs at every press of the tab key."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

import argcomplete

from foureyes.cli.parser import leaves
from foureyes.cli.verbs import VERBS, parser_of

__all__ = ["answer"]


def answer() -> NoReturn:
    """Writes what fits the command line of the environment to the descriptor that the shell reads, and leaves."""
    parser = parser_of(os.environ.get("COMP_LINE", "").split()[1:2])
    for leaf in leaves(parser):
        for action in leaf._actions:  # noqa: SLF001 - argparse does not show the arguments that a parser has
            if action.metavar in _KNOWN:
                action.completer = _KNOWN[str(action.metavar)]  # type: ignore[attr-defined]
    argcomplete.autocomplete(parser)
    raise SystemExit(0)


def _references(**_: Any) -> Iterable[str]:
    from foureyes.models.weights.listing import listing  # noqa: PLC0415 - whoever completes a verb should not wait for it

    return [row.reference for row in listing()]


def _signals(**_: Any) -> Iterable[str]:
    from foureyes.signals.catalog import signals  # noqa: PLC0415 - numpy

    return [row.name for row in signals()]


_KNOWN: dict[str, Callable[..., Iterable[str]]] = {
    "REF": _references,
    "SIGNAL": _signals,
    "VERB": lambda **_: VERBS,
}
"""What can be suggested where any word is allowed, by its name in the help. Elsewhere it is files."""
