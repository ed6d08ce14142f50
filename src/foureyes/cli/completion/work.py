"""Prints the shell's half of completion: a function that asks ``foureyes`` itself what may come next."""

from __future__ import annotations

import argparse

from argcomplete.shell_integration import shellcode

from foureyes.cli.output import CommandOutput

__all__ = ["run"]


def run(args: argparse.Namespace, output: CommandOutput) -> None:
    """Prints the script."""
    script = shellcode(["foureyes"], shell=args.shell)
    output.give(lambda: {"script": script}, lambda: print(script))
