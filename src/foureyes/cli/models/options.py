"""The command line of ``foureyes models``."""

from __future__ import annotations

import argparse
from typing import Final

from foureyes.cli.parser import Commands
from foureyes.models.weights import KNOWN

__all__ = ["configure"]

_FORMS: Final = f"{', '.join(KNOWN)}, hf:OWNER/NAME[@REVISION], FILE.gguf, gguf:FILE or a folder"


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's actions."""
    actions = Commands(parser, "ACTION")
    actions.add("list", "what is known by name or was converted here: size, licence, place")
    fetched = actions.add("pull", "fetch models and convert them, or mend damaged ones")
    fetched.add_argument("--verify", action="store_true", help="read every byte of what is there already")
    placed = actions.add("path", "print the folder of a model that is on this machine")
    checked = actions.add("verify", "read every byte of models on this machine and compare")
    for action in (fetched, checked):
        action.add_argument("references", nargs="+", metavar="REF", help=_FORMS)
    placed.add_argument("reference", metavar="REF", help=_FORMS)
