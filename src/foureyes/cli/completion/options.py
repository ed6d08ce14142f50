"""The command line of ``foureyes completion``."""

from __future__ import annotations

import argparse

__all__ = ["configure"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the shell."""
    parser.epilog = 'bash: eval "$(foureyes completion bash)" in ~/.bashrc. zsh: foureyes completion zsh > a folder of $fpath/_foureyes.'
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"), help="which shell is to complete")
